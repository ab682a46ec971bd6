//! What the bookings are compared with: transactions on the raw driver, with as many connections as there are callers.
//!
//! The *full* ones lock, read and write the same rows as Frontrow does, statement by statement. The *textbook* ones do
//! what an article about booking seats does: lock the seats, update them, insert the reservation, commit.

use crate::driver::CUSTOMERS;
use crate::raw::{Raw, Testbed, Value};
use crate::{Job, Turn, deal, timed};
use anyhow::{Context, Result};
use std::sync::Arc;
use uuid::Uuid;

/// Which transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    Full,
    Textbook,
}

/// As long as those of a real hold.
const LINE_ITEMS: &str =
    r#"[{"seat":1,"tier":"R","type":"adult","list_price":10,"discount":0,"fee":0,"tax":0,"paid":10}]"#;
const OUTCOME: &str = r#"{"held":{"id":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10","performance":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11","sale":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13","user":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e14","state":"held","held_until":1800000000000000,"late_until":1800000000000000,"amount":10,"line_items":[{"seat":1,"tier":"R","type":"adult","list_price":10,"discount":0,"fee":0,"tax":0,"paid":10}],"version":1}}"#;
const TIME: i64 = 1_800_000_000_000_000;

struct Texts {
    lock_buyer: &'static str,
    of_buyer: &'static str,
    lock_reservation: &'static str,
    lock_wallet: &'static str,
    lock_seat: &'static str,
    idempotency_record: &'static str,
    update_buyer: &'static str,
    update_reservation: &'static str,
    update_wallet: &'static str,
    hold_seat: &'static str,
    sell_seat: &'static str,
    new_ticket: &'static str,
    new_reservation: &'static str,
    new_payment: &'static str,
    new_transfer: &'static str,
    new_idempotency_record: &'static str,
    new_seat: &'static str,
    new_buyer: &'static str,
    new_wallet: &'static str,
}

impl Texts {
    fn of(testbed: &Testbed) -> Self {
        let text = |text| testbed.text(text);
        Self {
            lock_buyer: text("SELECT * FROM buyer WHERE sale_id = ? AND user_id = ? FOR UPDATE"),
            of_buyer: text(
                "SELECT * FROM reservation WHERE sale_id = ? AND user_id = ? AND state IN ('held', 'confirmed')",
            ),
            lock_reservation: text("SELECT * FROM reservation WHERE id = ? FOR UPDATE"),
            lock_wallet: text("SELECT * FROM wallet WHERE user_id = ? FOR UPDATE"),
            lock_seat: text("SELECT * FROM seat WHERE performance_id = ? AND number = ? FOR UPDATE"),
            idempotency_record: text("SELECT * FROM idempotency_record WHERE user_id = ? AND \"key\" = ?"),
            update_buyer: text("UPDATE buyer SET version = version + 1 WHERE sale_id = ? AND user_id = ?"),
            update_reservation: text(
                "UPDATE reservation SET state = 'confirmed', version = 2 WHERE id = ? AND version = 1",
            ),
            update_wallet: text("UPDATE wallet SET balance = balance - 10, version = version + 1 WHERE user_id = ?"),
            hold_seat: text(
                "UPDATE seat SET state = 2, reservation_id = ?, held_until = ?, version = 2 WHERE performance_id = ? AND number = ? AND version = 1",
            ),
            sell_seat: text(
                "UPDATE seat SET state = 3, held_until = NULL, version = 3 WHERE performance_id = ? AND number = ? AND version = 2",
            ),
            new_ticket: text(
                "INSERT INTO ticket (performance_id, number, version, reservation_id, live) VALUES (?, ?, 3, ?, 1)",
            ),
            new_reservation: text(
                "INSERT INTO reservation (id, performance_id, sale_id, user_id, held_until, late_until, amount, line_items, state, version) VALUES (?, ?, ?, ?, ?, ?, 10, ?, 'held', 1)",
            ),
            new_payment: text(
                "INSERT INTO payment (id, kind, reservation_id, user_id, amount, provider, at, state, version) VALUES (?, 'reservation', ?, ?, 10, 'points', ?, 'succeeded', 1)",
            ),
            new_transfer: text(
                "INSERT INTO transfer (id, debit, credit, amount, payment_id, at) VALUES (?, ?, ?, 10, ?, ?)",
            ),
            new_idempotency_record: text(
                "INSERT INTO idempotency_record (user_id, \"key\", request_hash, outcome, at) VALUES (?, ?, ?, ?, ?)",
            ),
            new_seat: text("INSERT INTO seat (performance_id, number, state, version) VALUES (?, ?, 0, 1)"),
            new_buyer: text("INSERT INTO buyer (sale_id, user_id, version) VALUES (?, ?, 1)"),
            new_wallet: text("INSERT INTO wallet (user_id, balance, version) VALUES (?, 1000000000, 1)"),
        }
    }
}

/// A database with the schema and nothing else in it.
pub struct References {
    testbed: Testbed,
    texts: Arc<Texts>,
    customers: Vec<Uuid>,
}

/// What a turn books.
#[derive(Clone, Copy)]
struct Show {
    performance: Uuid,
    sale: Uuid,
}

/// A hold that was made.
#[derive(Clone, Copy)]
struct Held {
    reservation: Uuid,
    customer: Uuid,
    seat: i64,
}

fn id() -> Result<Uuid> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("no randomness")?;
    Ok(Uuid::from_bytes(bytes))
}

impl References {
    pub async fn on(testbed: Testbed) -> Result<Self> {
        let texts = Arc::new(Texts::of(&testbed));
        let customers = (0..CUSTOMERS).map(|_| id()).collect::<Result<Vec<_>>>()?;
        let mut raw = testbed.connect().await?;
        raw.begin().await?;
        for customer in &customers {
            raw.run(texts.new_wallet, &[Value::Id(*customer)]).await?;
        }
        raw.commit().await?;
        Ok(Self { testbed, texts, customers })
    }

    /// Everybody's jobs over that many connections, on seats of their own.
    pub async fn turn(&self, reference: Reference, connections: usize) -> Result<Turn> {
        let show = self.publish().await?;
        let mut raws = Vec::with_capacity(connections);
        for _ in 0..connections {
            raws.push(self.testbed.connect().await?);
        }
        let parts = deal(connections).into_iter().zip(raws);
        let parts =
            parts.map(|(jobs, raw)| hold(raw, Arc::clone(&self.texts), reference, show, self.with_customers(jobs)));
        let (held, holds) = timed(parts.collect()).await?;
        let mut parts = Vec::with_capacity(connections);
        for held in held {
            parts.push(pay(self.testbed.connect().await?, Arc::clone(&self.texts), reference, show, held));
        }
        let (_, payments) = timed(parts).await?;
        Ok(Turn { holds, payments })
    }

    fn with_customers(&self, jobs: Vec<Job>) -> Vec<(Job, Uuid)> {
        jobs.into_iter().map(|job| (job, self.customers[job.customer])).collect()
    }

    async fn publish(&self) -> Result<Show> {
        let show = Show { performance: id()?, sale: id()? };
        let mut raw = self.testbed.connect().await?;
        raw.begin().await?;
        for seat in 1..=i64::try_from(deal(1).concat().len())? {
            raw.run(self.texts.new_seat, &[Value::Id(show.performance), Value::Number(seat)]).await?;
        }
        for customer in &self.customers {
            raw.run(self.texts.new_buyer, &[Value::Id(show.sale), Value::Id(*customer)]).await?;
        }
        raw.commit().await?;
        Ok(show)
    }
}

async fn hold(
    mut raw: Raw,
    texts: Arc<Texts>,
    reference: Reference,
    show: Show,
    jobs: Vec<(Job, Uuid)>,
) -> Result<Vec<Held>> {
    let mut held = Vec::with_capacity(jobs.len());
    let full = reference == Reference::Full;
    for (job, customer) in jobs {
        let (reservation, number) = (id()?, i64::try_from(job.seat)? + 1);
        let buyer = [Value::Id(show.sale), Value::Id(customer)];
        let seat = [Value::Id(show.performance), Value::Number(number)];
        let key = Value::Text(reservation.to_string().leak());
        raw.begin().await?;
        if full {
            raw.run(texts.lock_buyer, &buyer).await?;
            raw.run(texts.of_buyer, &buyer).await?;
        }
        raw.run(texts.lock_seat, &seat).await?;
        if full {
            raw.run(texts.idempotency_record, &[Value::Id(customer), key.clone()]).await?;
            raw.run(texts.update_buyer, &buyer).await?;
        }
        let [performance, number_value] = seat;
        raw.run(texts.hold_seat, &[Value::Id(reservation), Value::Number(TIME), performance.clone(), number_value])
            .await?;
        let [sale, user] = buyer;
        let row = [
            Value::Id(reservation),
            performance,
            sale,
            user.clone(),
            Value::Number(TIME),
            Value::Number(TIME),
            Value::Text(LINE_ITEMS),
        ];
        raw.run(texts.new_reservation, &row).await?;
        if full {
            raw.run(
                texts.new_idempotency_record,
                &[user, key, Value::Bytes(vec![7; 32]), Value::Text(OUTCOME), Value::Number(TIME)],
            )
            .await?;
        }
        raw.commit().await?;
        held.push(Held { reservation, customer, seat: number });
    }
    Ok(held)
}

async fn pay(mut raw: Raw, texts: Arc<Texts>, reference: Reference, show: Show, held: Vec<Held>) -> Result<Vec<()>> {
    let full = reference == Reference::Full;
    let mut paid = Vec::with_capacity(held.len());
    for Held { reservation, customer, seat } in held {
        let (payment, transfer) = (id()?, id()?);
        let buyer = [Value::Id(show.sale), Value::Id(customer)];
        let seat = [Value::Id(show.performance), Value::Number(seat)];
        let (user, named) = (Value::Id(customer), Value::Id(reservation));
        let key = Value::Text(payment.to_string().leak());
        raw.begin().await?;
        if full {
            raw.run(texts.lock_buyer, &buyer).await?;
            raw.run(texts.of_buyer, &buyer).await?;
        }
        raw.run(texts.lock_reservation, std::slice::from_ref(&named)).await?;
        raw.run(texts.lock_wallet, std::slice::from_ref(&user)).await?;
        if full {
            raw.run(texts.lock_seat, &seat).await?;
            raw.run(texts.idempotency_record, &[user.clone(), key.clone()]).await?;
        }
        raw.run(texts.update_reservation, std::slice::from_ref(&named)).await?;
        raw.run(texts.update_wallet, std::slice::from_ref(&user)).await?;
        raw.run(texts.sell_seat, &seat).await?;
        let [performance, number] = seat;
        raw.run(texts.new_ticket, &[performance, number, named.clone()]).await?;
        let row = [Value::Id(payment), named, user.clone(), Value::Number(TIME)];
        raw.run(texts.new_payment, &row).await?;
        if full {
            let row =
                [Value::Id(transfer), user.clone(), Value::Id(show.sale), Value::Id(payment), Value::Number(TIME)];
            raw.run(texts.new_transfer, &row).await?;
            raw.run(
                texts.new_idempotency_record,
                &[user, key, Value::Bytes(vec![7; 32]), Value::Text(OUTCOME), Value::Number(TIME)],
            )
            .await?;
        }
        raw.commit().await?;
        paid.push(());
    }
    Ok(paid)
}
