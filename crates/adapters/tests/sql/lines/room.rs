//! A sale with a waiting room, and instances that tick it.

use crate::store::place;
use crate::store::stage::{SALE, Stage, at, user};
use async_trait::async_trait;
use frontrow_adapters::sql::SqlLines;
use frontrow_adapters::sql::hook::Hook;
use frontrow_application::PageRequest;
use frontrow_application::port::{Clock, Join, LineStore, TickOrder};
use frontrow_domain::waiting_room::{
    AdmissionTerms, Admitted, Claim, Claimed, Group, GroupTerms, Line, Place, QueueNumber, Rank, Stock, WaitingRoom,
};
use frontrow_domain::{BuyerKey, Command, Renew, Sale, What};
use std::sync::Arc;
use std::time::Duration;

/// Does nothing.
pub struct Nobody;

#[async_trait]
impl Hook for Nobody {}

pub struct Room {
    pub stage: Stage,
    pub sale: Arc<Sale>,
}

pub fn key(n: u128) -> BuyerKey {
    BuyerKey { sale: SALE, user: user(n) }
}

impl Room {
    /// On a new stage: the sale is open, nobody has come yet.
    pub async fn new(place: &place::Place, capacity: u32) -> Self {
        // Boxed: what contains all that opening a database does is too deep for the compiler.
        let stage = Box::pin(Stage::new(place, 2, Arc::new(Nobody))).await;
        let group = GroupTerms { name: "All".into(), weight: 1, code: None };
        let settings = WaitingRoom {
            lobby_opens: at(0),
            capacity,
            rate: 1_000_000,
            burst: 100_000,
            session: Duration::from_mins(10),
            groups: vec![group],
            draw: false,
            strict: false,
            terms: AdmissionTerms { leave_on_payment: true },
        };
        let sale = Sale {
            id: SALE,
            name: "General".into(),
            performances: [crate::store::stage::PERFORMANCE].into(),
            opens: at(0),
            closes: at(100_000),
            pay_until: at(200_000),
            cancel_until: at(100_000),
            limit_per_person: 4,
            hold_duration: Duration::from_mins(5),
            waiting_room: Some(settings.clone()),
            published: true,
        };
        let room = Self { sale: Arc::new(sale), stage };
        let line = Line::new(&room.sale, &settings, [0; 32], room.stage.world.now());
        room.instance().await.open_line(&line).await.unwrap();
        room
    }

    pub async fn instance(&self) -> Arc<SqlLines> {
        self.instance_with(Arc::new(Nobody)).await
    }

    pub async fn instance_with(&self, hook: Arc<dyn Hook>) -> Arc<SqlLines> {
        let world = &self.stage.world;
        let lines = SqlLines::open_with_hook(&self.stage.database, world.clone(), world.clone(), hook).await;
        Arc::new(lines.unwrap())
    }

    pub fn order(&self) -> TickOrder {
        let session = self.sale.waiting_room.as_ref().unwrap().session;
        TickOrder { sale: self.sale.clone(), session, issued: vec![64], stock: Stock::Unknown, turned_away: false }
    }

    /// By number n.
    pub fn claim(&self, n: u128) -> Claim {
        let (number, now) = (u64::try_from(n).unwrap(), self.stage.world.now());
        Claim {
            key: key(n),
            group: Group::FIRST,
            number: QueueNumber::new(number).unwrap(),
            rank: Rank::new(number),
            claimed_at: now,
            seen_at: now,
        }
    }

    pub async fn come(&self, lines: &SqlLines, n: u128) {
        assert_eq!(lines.claim(self.claim(n), false).await, Ok(Claimed::AtDoor), "{n}");
    }

    /// What a client does that hears that it is admitted.
    pub async fn pick_up(&self, n: u128) {
        let Claim { group, number, .. } = self.claim(n);
        let pick_up = Renew { buyer: key(n), place: Some(Place { group, number }), closing: false };
        self.stage.run(&Command::unkeyed(What::Renew(pick_up))).await.unwrap();
    }

    pub async fn leave(&self, n: u128) {
        self.stage.run(&Command::unkeyed(What::Leave(key(n)))).await.unwrap();
    }

    pub async fn taken(&self) -> i64 {
        self.stage.place.count("admission").await
    }

    /// Slots and the rights of buyers are the same, and nothing else is wrong.
    pub async fn assert_consistent(&self) {
        let place = &self.stage.place;
        let with_slot = "admission a JOIN buyer b ON b.sale_id = a.sale_id AND b.user_id = a.user_id \
                         WHERE b.admitted_until IS NOT NULL AND b.version > 0";
        assert_eq!(place.count(with_slot).await, self.taken().await);
        assert_eq!(place.count("buyer WHERE admitted_until IS NOT NULL").await, self.taken().await);
        assert_eq!(self.stage.audit().await, []);
    }

    pub async fn log(&self, lines: &SqlLines) -> Vec<Admitted> {
        let (mut log, mut after) = (Vec::new(), None);
        loop {
            let page = lines.log(SALE, PageRequest { limit: 3, after }).await.unwrap();
            log.extend(page.items);
            after = page.next;
            if after.is_none() {
                return log;
            }
        }
    }
}

pub fn join(n: u128) -> Join {
    Join { key: key(n), group: Group::FIRST, worthless: None, proved: None }
}
