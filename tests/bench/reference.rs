//! What the bookings are compared with: transactions on the raw driver, with as many connections as there are callers.
//!
//! The *full* ones lock, read and write the same rows as Frontrow does, statement by statement. The *textbook* ones do
//! what an article about booking seats does: lock the seats, update them, insert the reservation, commit. The
//! *contended* ones are full ones that give up when the seat turns out to be taken.

use crate::callers::{Job, Jobs, Turn, together};
use crate::figures::per_second;
use crate::raw::{Database, Raw, Value};
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

/// Which transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    Full,
    Textbook,
}

/// As many as there are people in any turn that has a reference.
const CUSTOMERS: usize = 1024;

/// As long as those of a real hold.
const LINE_ITEMS: &str =
    r#"[{"seat":1,"tier":"R","type":"adult","list_price":10,"discount":0,"fee":0,"tax":0,"paid":10}]"#;
const OUTCOME: &str = concat!(
    r#"{"held":{"id":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10","performance":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11","#,
    r#""sale":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13","user":"019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e14","state":"held","#,
    r#""held_until":1800000000000000,"late_until":1800000000000000,"amount":10,"line_items":[{"seat":1,"tier":"R","#,
    r#""type":"adult","list_price":10,"discount":0,"fee":0,"tax":0,"paid":10}],"version":1}}"#,
);
const TIME: i64 = 1_800_000_000_000_000;

struct Texts {
    lock_buyer: &'static str,
    of_buyer: &'static str,
    lock_reservation: &'static str,
    lock_wallet: &'static str,
    lock_seat: &'static str,
    lock_free_seat: &'static str,
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
    new_seats: Rows,
    new_buyers: Rows,
    new_wallet: &'static str,
}

impl Texts {
    fn of(database: &Database) -> Self {
        let text = |text| database.text(text);
        Self {
            lock_buyer: text("SELECT * FROM buyer WHERE sale_id = ? AND user_id = ? FOR UPDATE"),
            of_buyer: text(
                "SELECT * FROM reservation WHERE sale_id = ? AND user_id = ? AND state IN ('held', 'confirmed')",
            ),
            lock_reservation: text("SELECT * FROM reservation WHERE id = ? FOR UPDATE"),
            lock_wallet: text("SELECT * FROM wallet WHERE user_id = ? FOR UPDATE"),
            lock_seat: text("SELECT * FROM seat WHERE performance_id = ? AND number = ? FOR UPDATE"),
            lock_free_seat: text("SELECT * FROM seat WHERE performance_id = ? AND number = ? AND state = 0 FOR UPDATE"),
            idempotency_record: text("SELECT * FROM idempotency_record WHERE user_id = ? AND \"key\" = ?"),
            update_buyer: text("UPDATE buyer SET version = version + 1 WHERE sale_id = ? AND user_id = ?"),
            update_reservation: text(
                "UPDATE reservation SET state = 'confirmed', version = 2 WHERE id = ? AND version = 1",
            ),
            update_wallet: text("UPDATE wallet SET balance = balance - 10, version = version + 1 WHERE user_id = ?"),
            hold_seat: text(
                "UPDATE seat SET state = 2, reservation_id = ?, held_until = ?, version = 2 \
                 WHERE performance_id = ? AND number = ? AND version = 1",
            ),
            sell_seat: text(
                "UPDATE seat SET state = 3, held_until = NULL, version = 3 \
                 WHERE performance_id = ? AND number = ? AND version = 2",
            ),
            new_ticket: text(
                "INSERT INTO ticket (performance_id, number, version, reservation_id, live) VALUES (?, ?, 3, ?, 1)",
            ),
            new_reservation: text(
                "INSERT INTO reservation (id, performance_id, sale_id, user_id, held_until, late_until, amount, \
                 line_items, state, version) VALUES (?, ?, ?, ?, ?, ?, 10, ?, 'held', 1)",
            ),
            new_payment: text(
                "INSERT INTO payment (id, kind, reservation_id, user_id, amount, provider, at, state, version) \
                 VALUES (?, 'reservation', ?, ?, 10, 'points', ?, 'succeeded', 1)",
            ),
            new_transfer: text(
                "INSERT INTO transfer (id, debit, credit, amount, payment_id, at) VALUES (?, ?, ?, 10, ?, ?)",
            ),
            new_idempotency_record: text(
                "INSERT INTO idempotency_record (user_id, \"key\", request_hash, outcome, at) VALUES (?, ?, ?, ?, ?)",
            ),
            new_seats: Rows::of(
                database,
                "INSERT INTO seat (performance_id, number, state, version) VALUES ",
                "(?, ?, 0, 1)",
            ),
            new_buyers: Rows::of(database, "INSERT INTO buyer (sale_id, user_id, version) VALUES ", "(?, ?, 1)"),
            new_wallet: text("INSERT INTO wallet (user_id, balance, version) VALUES (?, 1000000000, 1)"),
        }
    }
}

/// Many rows of two values each, so that a hall is soon filled.
struct Rows {
    one: &'static str,
    many: &'static str,
}

impl Rows {
    const MANY: usize = 100;

    fn of(database: &Database, insert: &str, row: &str) -> Self {
        let many = vec![row; Self::MANY].join(", ");
        Self { one: database.text(&format!("{insert}{row}")), many: database.text(&format!("{insert}{many}")) }
    }

    async fn insert(&self, raw: &mut Raw, rows: &[[Value; 2]]) -> Result<()> {
        for rows in rows.chunks(Self::MANY) {
            if rows.len() == Self::MANY {
                raw.run(self.many, rows.as_flattened()).await?;
                continue;
            }
            for row in rows {
                raw.run(self.one, row).await?;
            }
        }
        Ok(())
    }
}

/// A database with the schema and nothing else in it.
pub struct References {
    database: Database,
    texts: Arc<Texts>,
    customers: Arc<[Uuid]>,
    /// Connections stay open from turn to turn, as those of the server do: they know their statements already.
    idle: Mutex<Vec<Raw>>,
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
    took: Duration,
}

fn id() -> Result<Uuid> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("no randomness")?;
    Ok(Uuid::from_bytes(bytes))
}

impl References {
    pub async fn on(database: Database) -> Result<Self> {
        let texts = Arc::new(Texts::of(&database));
        let customers = (0..CUSTOMERS).map(|_| id()).collect::<Result<_>>()?;
        let references = Self { database, texts, customers, idle: Mutex::default() };
        let mut raw = references.database.connect().await?;
        raw.begin().await?;
        for customer in &*references.customers {
            raw.run(references.texts.new_wallet, &[Value::Id(*customer)]).await?;
        }
        raw.commit().await?;
        Ok(references)
    }

    /// Holds all seats, then pays them.
    pub async fn turn(&self, reference: Reference, jobs: Jobs) -> Result<Turn> {
        let callers = self.callers(reference, self.publish(jobs).await?, jobs.connections).await?;
        let parts = callers.into_iter().zip(jobs.deal()).map(|(caller, jobs)| caller.hold_all(jobs)).collect();
        let (callers, taken) = together(parts).await?;
        let times: Vec<Duration> = callers.iter().flat_map(|(_, held)| held).map(|held| held.took).collect();
        let holds = per_second(times.len(), taken);
        let parts = callers.into_iter().map(|(caller, held)| caller.pay_all(held)).collect();
        let (callers, taken) = together(parts).await?;
        self.put_back(callers).await;
        Ok(Turn { holds, payments: per_second(times.len(), taken), times })
    }

    /// Holds each seat and pays it before the next; how long all of them take.
    pub async fn sell(&self, jobs: Jobs) -> Result<Duration> {
        let callers = self.callers(Reference::Full, self.publish(jobs).await?, jobs.connections).await?;
        let parts = callers.into_iter().zip(jobs.deal()).map(|(caller, jobs)| caller.sell_all(jobs)).collect();
        let (callers, taken) = together(parts).await?;
        self.put_back(callers).await;
        Ok(taken)
    }

    /// Lets everybody want the seats that the wishes name; how many tries there are a second, and how many win.
    pub async fn contend(&self, jobs: Jobs, wishes: Vec<Vec<Job>>) -> Result<(f64, usize)> {
        let tries = wishes.iter().map(Vec::len).sum();
        let callers = self.callers(Reference::Full, self.publish(jobs).await?, jobs.connections).await?;
        let parts = callers.into_iter().zip(wishes).map(|(caller, wishes)| caller.want_all(wishes)).collect();
        let (won, taken) = together(parts).await?;
        let winners = won.iter().map(|(_, won)| won).sum();
        self.put_back(won.into_iter().map(|(caller, _)| caller).collect()).await;
        Ok((per_second(tries, taken), winners))
    }

    async fn callers(&self, reference: Reference, show: Show, connections: usize) -> Result<Vec<Caller>> {
        let mut idle = self.idle.lock().await;
        while idle.len() < connections {
            idle.push(self.database.connect().await?);
        }
        let caller = |raw| {
            let (texts, customers) = (Arc::clone(&self.texts), Arc::clone(&self.customers));
            Caller { raw, texts, customers, full: reference == Reference::Full, show }
        };
        let surplus = idle.len() - connections;
        Ok(idle.drain(surplus..).map(caller).collect())
    }

    async fn put_back(&self, callers: Vec<Caller>) {
        self.idle.lock().await.extend(callers.into_iter().map(|caller| caller.raw));
    }

    async fn publish(&self, jobs: Jobs) -> Result<Show> {
        let show = Show { performance: id()?, sale: id()? };
        let seats = (1..=i64::try_from(jobs.seats)?).map(|n| [Value::Id(show.performance), Value::Number(n)]);
        let buyers = self.customers.iter().take(jobs.people).map(|id| [Value::Id(show.sale), Value::Id(*id)]);
        let mut raw = self.database.connect().await?;
        raw.begin().await?;
        self.texts.new_seats.insert(&mut raw, &seats.collect::<Vec<_>>()).await?;
        self.texts.new_buyers.insert(&mut raw, &buyers.collect::<Vec<_>>()).await?;
        raw.commit().await?;
        Ok(show)
    }
}

/// Somebody with a connection.
struct Caller {
    raw: Raw,
    texts: Arc<Texts>,
    customers: Arc<[Uuid]>,
    full: bool,
    show: Show,
}

impl Caller {
    async fn hold_all(mut self, jobs: Vec<Job>) -> Result<(Self, Vec<Held>)> {
        let mut held = Vec::with_capacity(jobs.len());
        for job in jobs {
            held.push(self.hold(job).await?);
        }
        Ok((self, held))
    }

    async fn pay_all(mut self, held: Vec<Held>) -> Result<Self> {
        for held in held {
            self.pay(held).await?;
        }
        Ok(self)
    }

    async fn sell_all(mut self, jobs: Vec<Job>) -> Result<Self> {
        for job in jobs {
            let held = self.hold(job).await?;
            self.pay(held).await?;
        }
        Ok(self)
    }

    async fn want_all(mut self, wishes: Vec<Job>) -> Result<(Self, usize)> {
        let mut won = 0;
        for wish in wishes {
            won += usize::from(self.want(wish).await?);
        }
        Ok((self, won))
    }

    /// A hold of which nothing is done yet.
    fn held(&self, job: Job) -> Result<Held> {
        let customer = *self.customers.get(job.person).context("too few customers")?;
        Ok(Held { reservation: id()?, customer, seat: i64::try_from(job.seat)? + 1, took: Duration::ZERO })
    }

    fn buyer(&self, held: Held) -> [Value; 2] {
        [Value::Id(self.show.sale), Value::Id(held.customer)]
    }

    fn seat(&self, held: Held) -> [Value; 2] {
        [Value::Id(self.show.performance), Value::Number(held.seat)]
    }

    async fn lock_buyer(&mut self, held: Held) -> Result<()> {
        if self.full {
            let buyer = self.buyer(held);
            self.raw.run(self.texts.lock_buyer, &buyer).await?;
            self.raw.run(self.texts.of_buyer, &buyer).await?;
        }
        Ok(())
    }

    async fn hold(&mut self, job: Job) -> Result<Held> {
        let (held, begun) = (self.held(job)?, Instant::now());
        self.raw.begin().await?;
        self.lock_buyer(held).await?;
        self.raw.run(self.texts.lock_seat, &self.seat(held)).await?;
        self.write_hold(held).await?;
        Ok(Held { took: begun.elapsed(), ..held })
    }

    /// Whether the seat was still free.
    async fn want(&mut self, job: Job) -> Result<bool> {
        let held = self.held(job)?;
        self.raw.begin().await?;
        self.lock_buyer(held).await?;
        if self.raw.run(self.texts.lock_free_seat, &self.seat(held)).await? == 0 {
            self.raw.rollback().await?;
            return Ok(false);
        }
        self.write_hold(held).await?;
        Ok(true)
    }

    async fn write_hold(&mut self, held: Held) -> Result<()> {
        let (buyer, key) = (self.buyer(held), Value::Key(held.reservation.to_string()));
        let (user, reservation, time) = (Value::Id(held.customer), Value::Id(held.reservation), Value::Number(TIME));
        if self.full {
            self.raw.run(self.texts.idempotency_record, &[user.clone(), key.clone()]).await?;
            self.raw.run(self.texts.update_buyer, &buyer).await?;
        }
        let ([performance, number], [sale, _]) = (self.seat(held), buyer);
        let seat = [reservation.clone(), time.clone(), performance.clone(), number];
        self.raw.run(self.texts.hold_seat, &seat).await?;
        let row = [reservation, performance, sale, user.clone(), time.clone(), time.clone(), Value::Text(LINE_ITEMS)];
        self.raw.run(self.texts.new_reservation, &row).await?;
        if self.full {
            let row = [user, key, Value::Bytes(vec![7; 32]), Value::Text(OUTCOME), time];
            self.raw.run(self.texts.new_idempotency_record, &row).await?;
        }
        self.raw.commit().await
    }

    async fn pay(&mut self, held: Held) -> Result<()> {
        let (payment, transfer) = (id()?, id()?);
        let (user, named) = (Value::Id(held.customer), Value::Id(held.reservation));
        let key = Value::Key(payment.to_string());
        self.raw.begin().await?;
        self.lock_buyer(held).await?;
        self.raw.run(self.texts.lock_reservation, std::slice::from_ref(&named)).await?;
        self.raw.run(self.texts.lock_wallet, std::slice::from_ref(&user)).await?;
        if self.full {
            self.raw.run(self.texts.lock_seat, &self.seat(held)).await?;
            self.raw.run(self.texts.idempotency_record, &[user.clone(), key.clone()]).await?;
        }
        self.raw.run(self.texts.update_reservation, std::slice::from_ref(&named)).await?;
        self.raw.run(self.texts.update_wallet, std::slice::from_ref(&user)).await?;
        self.raw.run(self.texts.sell_seat, &self.seat(held)).await?;
        let [performance, number] = self.seat(held);
        self.raw.run(self.texts.new_ticket, &[performance, number, named.clone()]).await?;
        let (payment, time) = (Value::Id(payment), Value::Number(TIME));
        self.raw.run(self.texts.new_payment, &[payment.clone(), named, user.clone(), time.clone()]).await?;
        if self.full {
            let row = [Value::Id(transfer), user.clone(), Value::Id(self.show.sale), payment, time.clone()];
            self.raw.run(self.texts.new_transfer, &row).await?;
            let row = [user, key, Value::Bytes(vec![7; 32]), Value::Text(OUTCOME), time];
            self.raw.run(self.texts.new_idempotency_record, &row).await?;
        }
        self.raw.commit().await
    }
}
