//! What there is before an edit: a public sale behind a waiting room that has just opened, and somebody who holds two seats
//! and has paid for two.

use crate::ask::{Answer, Ask};
use crate::steps::{admit, at, holding, snapshot};
use crate::theatre::{PERFORMANCE, SALE, Theatre};
use frontrow_domain::Instant;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

pub const MICROSECOND: Duration = Duration::from_micros(1);
/// What a seat of tier R costs.
pub const PRICE: i64 = 121_000;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    MayBecome,
    Holds,
    Paid,
    Queue,
}

impl Cell {
    /// In the order of the table.
    pub const ALL: [Self; 4] = [Self::MayBecome, Self::Holds, Self::Paid, Self::Queue];
}

pub struct Stage {
    pub theatre: Theatre,
    pub pass: String,
    pub paid: [String; 2],
    pub held: [String; 2],
    looked_at: RefCell<BTreeSet<Cell>>,
}

impl Stage {
    pub async fn new() -> Self {
        let theatre = Theatre::in_queue(json!({})).await;
        let kim = theatre.customer_with("kim", 1_000_000).await;
        let pass = admit(&theatre, &kim).await;
        let mut ids = Vec::new();
        for seat in ["A-1-3", "A-1-4", "A-1-5", "A-1-6"] {
            let held = theatre.send(&holding(&kim, &[seat]).pass(&pass)).await.with(201);
            ids.push(held["id"].as_str().unwrap().to_owned());
        }
        let [a, b, c, d] = ids.try_into().unwrap();
        let stage = Self { theatre, pass, paid: [a, b], held: [c, d], looked_at: RefCell::default() };
        for id in &stage.paid {
            stage.pay(id).await.with(201);
        }
        stage
    }

    /// The cell is as the table says.
    pub fn note(&self, cell: Cell) {
        self.looked_at.borrow_mut().insert(cell);
    }

    /// Which cells have been looked at, once the books are right.
    pub async fn looked_at(self) -> BTreeSet<Cell> {
        self.theatre.verify().await;
        self.looked_at.into_inner()
    }

    /// The access token of somebody; the one they had may have ended.
    pub async fn of(&self, name: &str) -> String {
        self.theatre.back(name).await
    }

    pub async fn edit_performance(&self, changes: &Value) -> Answer {
        self.edit(&format!("/v1/performances/{PERFORMANCE}"), "", changes).await
    }

    pub async fn edit_sale(&self, changes: &Value) -> Answer {
        self.edit(&format!("/v1/sales/{SALE}"), "", changes).await
    }

    /// Changes what is named, and nothing else.
    pub async fn edit(&self, path: &str, query: &str, changes: &Value) -> Answer {
        let operator = self.of("operator").await;
        let read = self.theatre.send(&Ask::get(Theatre::settings(path)).by(&operator)).await;
        let patch = Ask::patch(format!("{path}{query}")).json(changes).by(&operator);
        let answer = self.theatre.send(&patch.header("If-Match", read.header("etag").unwrap())).await;
        self.theatre.look().await;
        answer
    }

    /// Each of these values is refused, and it is that field's fault.
    pub async fn refuses(&self, of: &str, field: &str, values: &[Value]) {
        let path = if of == "sale" { format!("/v1/sales/{SALE}") } else { format!("/v1/performances/{PERFORMANCE}") };
        for value in values {
            let answer = self.edit(&path, "", &json!({ field: value })).await;
            assert_eq!((answer.status, answer.pointers()), (422, vec![format!("/{field}")]), "{value}: {answer}");
        }
    }

    pub async fn reservation(&self, id: &str) -> Value {
        let kim = self.of("kim").await;
        self.theatre.send(&Ask::get(format!("/v1/reservations/{id}")).by(&kim)).await.with(200)
    }

    pub async fn tickets(&self, id: &str) -> Value {
        let kim = self.of("kim").await;
        self.theatre.send(&Ask::get(format!("/v1/reservations/{id}/tickets")).by(&kim)).await.with(200)["items"].clone()
    }

    /// All of kim's reservations and tickets.
    pub async fn all(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for id in self.held.iter().chain(&self.paid) {
            all.extend([self.reservation(id).await, self.tickets(id).await]);
        }
        all
    }

    /// Nothing of what is held or paid differs from what it was.
    pub async fn all_stays(&self, before: &[Value]) {
        assert_eq!(self.all().await, before);
        self.note(Cell::Holds);
        self.note(Cell::Paid);
    }

    pub async fn pay(&self, id: &str) -> Answer {
        let ask = Ask::post(format!("/v1/reservations/{id}/payment")).by(&self.of("kim").await);
        self.theatre.send(&ask.key(&format!("pay-{id}")).json(&json!({"method": "points"}))).await
    }

    pub async fn cancel(&self, id: &str) -> Answer {
        let ask = Ask::post(format!("/v1/reservations/{id}/cancellation")).by(&self.of("kim").await);
        self.theatre.send(&ask.key(&format!("back-{id}"))).await
    }

    pub async fn balance(&self) -> i64 {
        let wallet = self.theatre.send(&Ask::get("/v1/wallet").by(&self.of("kim").await)).await.with(200);
        wallet["balance"]["amount"].as_i64().unwrap()
    }

    /// Somebody new, who is admitted, tries to hold a seat.
    pub async fn hold_by(&self, name: &str, seat: &str) -> Answer {
        let who = self.theatre.customer_with(name, 1_000_000).await;
        let pass = admit(&self.theatre, &who).await;
        self.theatre.send(&holding(&who, &[seat]).pass(&pass)).await
    }

    pub fn set(&self, at: Instant) {
        self.theatre.clock.set(at);
    }

    /// Ticks that have counted, at least two a second apart; then the queue as everybody sees it.
    pub async fn queue(&self) -> Value {
        for _ in 0..3 {
            self.theatre.clock.advance(Duration::from_secs(1));
            self.theatre.tick().await;
        }
        snapshot(&self.theatre).await
    }

    pub async fn operate(&self, ask: Ask) -> Answer {
        self.theatre.send(&ask.by(&self.of("operator").await)).await
    }

    /// What operators see of the queue.
    pub async fn waiting_room(&self) -> Value {
        self.operate(Ask::get(at("waiting-room"))).await.with(200)
    }
}
