//! What people ask the servers, written down together with every answer and its times.

use crate::driver::client::Reply;
use crate::driver::{Client, Show};
use crate::test_server::{TestServer, text, time};
use anyhow::{Context, Result, bail, ensure};
use frontrow_adapters::sql::{Database, DatabaseSettings, SqlReaders};
use frontrow_adapters::{SystemClock, UuidV7Source};
use frontrow_application::port::{Clock, IdempotencyRecordReader};
use frontrow_domain::{CommandKey, IdempotencyRecord, Instant, Outcome, ReservationId};
use hyper::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Seats of a hall whose rows have 100 seats each, counted from 0.
pub type Seats = BTreeSet<usize>;

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Record {
    pub customer: usize,
    /// A release has none.
    pub key: Option<String>,
    pub asked: Asked,
    pub answer: Answer,
    /// When the answer was waited for.
    pub from: Instant,
    pub to: Instant,
    /// When it was decided, as the database has it; of what was refused, and of releases, nobody knows.
    pub at: Option<Instant>,
}

#[derive(Clone, Debug)]
pub enum Asked {
    Hold(Seats),
    Best(usize),
    Pay(ReservationId),
    Release(ReservationId),
    Cancel(ReservationId),
    Charge(i64),
}

#[derive(Clone, Debug)]
pub enum Answer {
    Held { id: ReservationId, seats: Seats, until: Instant },
    Done,
    Refused { problem: String, body: Value },
}

/// One connection of a customer.
pub struct Teller {
    pub customer: usize,
    pub client: Client,
    pub show: Show,
    /// Tells their connections apart.
    pub phone: usize,
    pub records: Vec<Record>,
}

impl Teller {
    pub fn new(customer: usize, client: Client, show: Show, phone: usize) -> Self {
        Self { customer, client, show, phone, records: Vec::new() }
    }

    pub async fn hold(&mut self, seats: Seats) -> Result<Option<ReservationId>> {
        let (from, key) = (SystemClock.now(), self.next_key());
        let labels: Vec<String> = seats.iter().map(|seat| label(*seat)).collect();
        let reply = self.client.hold(self.show.performance, &labels, &key).await?;
        self.was_held(from, key, Asked::Hold(seats), reply)
    }

    pub async fn best(&mut self, count: u32) -> Result<Option<ReservationId>> {
        let (from, key) = (SystemClock.now(), self.next_key());
        let reply = self.client.hold_best(self.show.performance, count, &key).await?;
        self.was_held(from, key, Asked::Best(count as usize), reply)
    }

    pub async fn pay(&mut self, id: ReservationId) -> Result<bool> {
        let (from, key) = (SystemClock.now(), self.next_key());
        let reply = self.client.pay(&id.to_string(), &key).await?;
        self.was_done(from, Some(key), Asked::Pay(id), reply)
    }

    pub async fn release(&mut self, id: ReservationId) -> Result<bool> {
        let (from, path) = (SystemClock.now(), format!("/v1/reservations/{id}"));
        let reply = self.client.ask(Method::DELETE, &path, None, None).await?;
        self.was_done(from, None, Asked::Release(id), reply)
    }

    pub async fn cancel(&mut self, id: ReservationId) -> Result<bool> {
        let (from, key) = (SystemClock.now(), self.next_key());
        let reply = self.client.cancel(&id.to_string(), &key).await?;
        self.was_done(from, Some(key), Asked::Cancel(id), reply)
    }

    pub async fn charge(&mut self, amount: i64) -> Result<bool> {
        let (from, key) = (SystemClock.now(), self.next_key());
        let reply = self.client.charge(amount, "tok_accept", &key).await?;
        self.was_done(from, Some(key), Asked::Charge(amount), reply)
    }

    fn next_key(&self) -> String {
        format!("{}-{}", self.phone, self.records.len())
    }

    fn was_held(&mut self, from: Instant, key: String, asked: Asked, reply: Reply) -> Result<Option<ReservationId>> {
        if reply.status != StatusCode::CREATED {
            return self.was_refused(from, Some(key), asked, reply).map(|()| None);
        }
        let id = ReservationId::new(text(&reply.body, "id")?.parse()?);
        let line_items = reply.body["line_items"].as_array().context("no line items")?;
        let seats = line_items.iter().map(|line_item| number(&line_item["seat"])).collect::<Result<_>>()?;
        let answer = Answer::Held { id, seats, until: time(&reply.body, "held_until")? };
        self.write_down(from, Some(key), asked, answer);
        Ok(Some(id))
    }

    fn was_done(&mut self, from: Instant, key: Option<String>, asked: Asked, reply: Reply) -> Result<bool> {
        // Charges that are still pending would be another story.
        if reply.status.is_success() && reply.status != StatusCode::ACCEPTED {
            self.write_down(from, key, asked, Answer::Done);
            return Ok(true);
        }
        self.was_refused(from, key, asked, reply).map(|()| false)
    }

    fn was_refused(&mut self, from: Instant, key: Option<String>, asked: Asked, reply: Reply) -> Result<()> {
        let kind = text(&reply.body, "type")?;
        let problem = kind.rsplit('/').next().unwrap_or_default().to_owned();
        let may_be = match reply.status {
            StatusCode::CONFLICT => true,
            // Whoever plans in vain three times is told to come back; nobody else has to.
            StatusCode::SERVICE_UNAVAILABLE => matches!(asked, Asked::Best(_)) && problem == "busy",
            _ => false,
        };
        ensure!(may_be, "{asked:?} was answered with {} {}", reply.status, reply.body);
        self.write_down(from, key, asked, Answer::Refused { problem, body: reply.body });
        Ok(())
    }

    fn write_down(&mut self, from: Instant, key: Option<String>, asked: Asked, answer: Answer) {
        let (customer, to) = (self.customer, SystemClock.now());
        self.records.push(Record { customer, key, asked, answer, from, to, at: None });
    }
}

pub fn label(seat: usize) -> String {
    format!("A-{}-{}", 1 + seat / 100, 1 + seat % 100)
}

/// The seat that a label names.
pub fn number(label: &Value) -> Result<usize> {
    let label = label.as_str().context("a label is a text")?;
    let parts = label.split('-').skip(1).map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    match parts[..] {
        [row, seat] if row > 0 && (1..=100).contains(&seat) => Ok((row - 1) * 100 + seat - 1),
        _ => bail!("there is no seat {label}"),
    }
}

/// Finds in the database what was done, and when: all that was answered with success and nothing that was refused, as it
/// was answered, and while it was asked for.
pub async fn look_up(server: &TestServer, records: &mut [Record]) -> Result<()> {
    let settings = DatabaseSettings { readers: 4, ..DatabaseSettings::new(server.address()) };
    let database = Arc::new(Database::open(&settings, Arc::new(UuidV7Source)).await?);
    let readers = SqlReaders::new(Arc::clone(&database));
    for record in records {
        let Some(key) = &record.key else { continue };
        let name = CommandKey::new(server.accounts.people[1 + record.customer].user.id, key.clone())?;
        record.at = match (&record.answer, readers.idempotency_record(&name).await?) {
            (Answer::Refused { .. }, None) => None,
            (Answer::Refused { .. }, Some(_)) => bail!("it was refused, and is there: {record:?}"),
            (_, None) => bail!("it was answered, and is not there: {record:?}"),
            (_, Some(stored)) => {
                ensure!(is_the_same(record, &stored), "{record:?} is {:?}", stored.outcome);
                ensure!(record.from <= stored.at && stored.at <= record.to, "{record:?} was done at {:?}", stored.at);
                Some(stored.at)
            }
        };
    }
    database.close().await;
    Ok(())
}

fn is_the_same(record: &Record, stored: &IdempotencyRecord) -> bool {
    match (&record.asked, &record.answer, &stored.outcome) {
        (Asked::Hold(_) | Asked::Best(_), Answer::Held { id, seats, until }, Outcome::Held(reservation)) => {
            let found: Seats = reservation.seats().map(|seat| seat.get() as usize - 1).collect();
            (*id, seats, *until) == (reservation.id, &found, reservation.held_until)
        }
        (Asked::Pay(id), Answer::Done, Outcome::Paid { reservation, .. })
        | (Asked::Cancel(id), Answer::Done, Outcome::GivenBack(reservation)) => *id == reservation.id,
        (Asked::Charge(amount), Answer::Done, Outcome::Charged(payment)) => payment.amount.amount() == *amount,
        _ => false,
    }
}
