//! Three servers on one database: what they answered, all together, is what one after the other could have done.

use crate::driver::{CUSTOMERS, Client, Server, Show, Stage, Terms};
use crate::house::{Amount, House, at_once, on_every_server, seat, seed, text};
use anyhow::{Context, Result, bail, ensure};
use frontrow_adapters::sql::{Database, DatabaseSettings, SqlReaders};
use frontrow_adapters::{SystemClock, UuidV7Source};
use frontrow_application::port::{Clock, DoneReader};
use frontrow_domain::{CommandKey, Done, Instant, Outcome, ReservationId};
use hyper::{Method, StatusCode};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

on_every_server! { three_instances_answer_as_one }

const PRICE: i64 = 10;
const CHARGE: i64 = 500;
const LIMIT: usize = 6;
/// They fight for these.
const SEATS: usize = 30;

/// Something that was answered with success.
struct Answered {
    customer: usize,
    what: Answer,
    /// When the answer was waited for.
    from: Instant,
    to: Instant,
}

enum Answer {
    /// What was carried out under that key.
    Keyed { key: String, did: Did },
    /// A release has no key.
    Released(ReservationId),
}

#[derive(Debug, PartialEq, Eq)]
enum Did {
    Held { id: ReservationId, seats: BTreeSet<String> },
    Paid(ReservationId),
    Cancelled(ReservationId),
    Charged,
}

async fn three_instances_answer_as_one(house: &mut House) -> Result<()> {
    let show =
        house.publish(Terms { price: PRICE, limit_per_person: u32::try_from(LIMIT)?, ..Terms::default() }).await?;
    let others = [house.another().await?, house.another().await?];
    let seed = seed()?;
    let steps = Amount::STEPS.get()?;
    let clients = (0..CUSTOMERS).map(|n| client_of(house, &others, n)).collect::<Result<_>>()?;
    let act = |customer, client| {
        let chance = ChaCha8Rng::seed_from_u64(seed.wrapping_add(customer as u64));
        async move {
            Actor { customer, client, show, chance, answered: Vec::new(), held: Vec::new(), paid: Vec::new() }
                .run(steps)
                .await
        }
    };
    let histories = at_once(clients, act).await.with_context(|| format!("seed {seed}"))?;
    for other in others {
        other.stop().await?;
    }
    let history: Vec<Answered> = histories.into_iter().flatten().collect();
    explain(house, show, &history).await.with_context(|| format!("{} answers, seed {seed}", history.len()))
}

/// Every third customer has the same instance.
fn client_of(house: &House, others: &[Server; 2], customer: usize) -> Result<Client> {
    let token = &house.stage.customers[customer];
    let address = match customer % 3 {
        0 => house.server()?.address,
        n => others[n - 1].address,
    };
    Ok(Client::new(address, Some(token)))
}

/// A customer who does this and that, and writes down what succeeds.
struct Actor {
    customer: usize,
    client: Client,
    show: Show,
    chance: ChaCha8Rng,
    answered: Vec<Answered>,
    held: Vec<ReservationId>,
    paid: Vec<ReservationId>,
}

impl Actor {
    async fn run(mut self, steps: usize) -> Result<Vec<Answered>> {
        for n in 0..steps {
            match self.chance.random_range(0..10) {
                0..=3 => self.hold(n).await?,
                4 | 5 => self.hold_best(n).await?,
                6 => self.pay(n).await?,
                7 => self.release().await?,
                8 => self.cancel(n).await?,
                _ => self.charge(n).await?,
            }
        }
        Ok(self.answered)
    }

    fn write_down(&mut self, from: Instant, what: Answer) {
        self.answered.push(Answered { customer: self.customer, what, from, to: SystemClock.now() });
    }

    async fn hold(&mut self, n: usize) -> Result<()> {
        let mut all: Vec<usize> = (1..=SEATS).collect();
        all.shuffle(&mut self.chance);
        let wanted: Vec<String> = all[..self.chance.random_range(1..=4)].iter().map(|n| seat(*n)).collect();
        let (from, key) = (SystemClock.now(), format!("hold-{n}"));
        let reply = self.client.hold(self.show.performance, &wanted, &key).await?;
        self.was_held(from, key, reply.status, &reply.body)
    }

    async fn hold_best(&mut self, n: usize) -> Result<()> {
        let (from, key) = (SystemClock.now(), format!("best-{n}"));
        let count = self.chance.random_range(1..=2);
        let reply = self.client.hold_best(self.show.performance, count, &key).await?;
        self.was_held(from, key, reply.status, &reply.body)
    }

    fn was_held(&mut self, from: Instant, key: String, status: StatusCode, body: &serde_json::Value) -> Result<()> {
        match status {
            StatusCode::CREATED => {
                let id = ReservationId::new(text(body, "id")?.parse()?);
                let lines = body["lines"].as_array().context("no lines")?;
                let seats = lines.iter().map(|line| text(line, "seat")).collect::<Result<_>>()?;
                self.held.push(id);
                self.write_down(from, Answer::Keyed { key, did: Did::Held { id, seats } });
            }
            StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => {}
            _ => bail!("{status} {body}"),
        }
        Ok(())
    }

    async fn pay(&mut self, n: usize) -> Result<()> {
        let Some(id) = self.held.pop() else { return Ok(()) };
        let (from, key) = (SystemClock.now(), format!("pay-{n}"));
        self.client.pay(&id.to_string(), &key).await?.expect(StatusCode::CREATED)?;
        self.paid.push(id);
        self.write_down(from, Answer::Keyed { key, did: Did::Paid(id) });
        Ok(())
    }

    async fn release(&mut self) -> Result<()> {
        let Some(id) = self.held.pop() else { return Ok(()) };
        let (from, path) = (SystemClock.now(), format!("/v1/reservations/{id}"));
        self.client.ask(Method::DELETE, &path, None, None).await?.expect(StatusCode::NO_CONTENT)?;
        self.write_down(from, Answer::Released(id));
        Ok(())
    }

    async fn cancel(&mut self, n: usize) -> Result<()> {
        let Some(id) = self.paid.pop() else { return Ok(()) };
        let (from, key) = (SystemClock.now(), format!("cancel-{n}"));
        self.client.cancel(&id.to_string(), &key).await?.expect(StatusCode::OK)?;
        self.write_down(from, Answer::Keyed { key, did: Did::Cancelled(id) });
        Ok(())
    }

    async fn charge(&mut self, n: usize) -> Result<()> {
        let (from, key) = (SystemClock.now(), format!("charge-{n}"));
        self.client.charge(CHARGE, "tok_accept", &key).await?.expect(StatusCode::CREATED)?;
        self.write_down(from, Answer::Keyed { key, did: Did::Charged });
        Ok(())
    }
}

/// Every answer is what the database has under its key; carried out in the order of their instants all of them are
/// possible, and lead to what is there in the end.
async fn explain(house: &House, show: Show, history: &[Answered]) -> Result<()> {
    let settings = DatabaseSettings { url: house.database_url()?.to_owned(), readers: 4, create: false };
    let database = Arc::new(Database::open(&settings, Arc::new(UuidV7Source)).await?);
    let readers = SqlReaders::new(Arc::clone(&database));
    let mut keyed = Vec::new();
    for answered in history {
        if let Answer::Keyed { key, did } = &answered.what {
            let name = CommandKey::new(house.stage.people[1 + answered.customer].user.id, key.clone())?;
            let done = readers.done(&name).await?.with_context(|| format!("{name} was answered, and is not there"))?;
            ensure!(*did == did_of(&done)?, "{name} was answered with {did:?}, and is {:?}", done.outcome);
            ensure!(answered.from <= done.at && done.at <= answered.to, "{name} was not done while it was asked for");
            keyed.push((done.at, answered.customer, did));
        }
    }
    database.close().await;
    keyed.sort_by_key(|(at, ..)| *at);
    let mut model = Model::of(history);
    for (at, customer, did) in keyed {
        model.carry_out(at, customer, did).with_context(|| format!("{did:?} of customer {customer} at {at:?}"))?;
    }
    model.compare(house, show).await
}

fn did_of(done: &Done) -> Result<Did> {
    Ok(match &done.outcome {
        Outcome::Held(reservation) => Did::Held {
            id: reservation.id,
            seats: reservation.seats().map(|number| seat(number.get() as usize)).collect(),
        },
        Outcome::Paid { reservation, .. } => Did::Paid(reservation.id),
        Outcome::GivenBack(reservation) => Did::Cancelled(reservation.id),
        Outcome::Charged(_) => Did::Charged,
        other => bail!("nobody asked for {other:?}"),
    })
}

/// Who has which seat, and how many points: one thing after the other.
struct Model {
    owners: BTreeMap<String, ReservationId>,
    seats: BTreeMap<ReservationId, (usize, BTreeSet<String>)>,
    paid: BTreeSet<ReservationId>,
    points: Vec<i64>,
    /// When the release of a reservation was asked for; it happened then, or a little later.
    releases: BTreeMap<ReservationId, Instant>,
}

impl Model {
    fn of(history: &[Answered]) -> Self {
        let released = history.iter().filter_map(|answered| match answered.what {
            Answer::Released(id) => Some((id, answered.from)),
            Answer::Keyed { .. } => None,
        });
        Self {
            owners: BTreeMap::new(),
            seats: BTreeMap::new(),
            paid: BTreeSet::new(),
            points: vec![Stage::POINTS; CUSTOMERS],
            releases: released.collect(),
        }
    }

    fn carry_out(&mut self, at: Instant, customer: usize, did: &Did) -> Result<()> {
        match did {
            Did::Held { id, seats } => self.hold(at, customer, *id, seats),
            Did::Paid(id) => {
                let cost = self.cost(*id)?;
                ensure!(self.paid.insert(*id), "it was paid before");
                self.points[customer] -= cost;
                Ok(())
            }
            Did::Cancelled(id) => {
                let cost = self.cost(*id)?;
                ensure!(self.paid.remove(id), "it was not paid");
                self.points[customer] += cost;
                self.give_up(*id);
                Ok(())
            }
            Did::Charged => {
                self.points[customer] += CHARGE;
                Ok(())
            }
        }
    }

    fn hold(&mut self, at: Instant, customer: usize, id: ReservationId, seats: &BTreeSet<String>) -> Result<()> {
        for label in seats {
            if let Some(owner) = self.owners.get(label).copied() {
                let released = self.releases.remove(&owner).is_some_and(|from| from <= at);
                ensure!(released, "{label} belongs to {owner} at that moment");
                self.give_up(owner);
            }
        }
        let theirs = |(_, (who, _)): &(&ReservationId, &(usize, BTreeSet<String>))| *who == customer;
        let others: Vec<ReservationId> = self.seats.iter().filter(theirs).map(|(id, _)| *id).collect();
        // Their own releases came before: they do one thing at a time.
        for other in others {
            if self.releases.get(&other).is_some_and(|from| *from <= at) {
                self.give_up(other);
            }
        }
        let used: usize = self.seats.iter().filter(theirs).map(|(_, (_, seats))| seats.len()).sum();
        ensure!(used + seats.len() <= LIMIT, "{used} seats and {} more are above the limit", seats.len());
        self.owners.extend(seats.iter().map(|label| (label.clone(), id)));
        self.seats.insert(id, (customer, seats.clone()));
        Ok(())
    }

    fn cost(&self, id: ReservationId) -> Result<i64> {
        let (_, seats) = self.seats.get(&id).context("nobody holds it")?;
        Ok(PRICE * i64::try_from(seats.len())?)
    }

    fn give_up(&mut self, id: ReservationId) {
        if let Some((_, seats)) = self.seats.remove(&id) {
            for label in seats {
                self.owners.remove(&label);
            }
        }
    }

    /// What is left over is what the servers show.
    async fn compare(mut self, house: &House, show: Show) -> Result<()> {
        for id in std::mem::take(&mut self.releases).into_keys() {
            self.give_up(id);
        }
        let available = house.stranger()?.available(show).await?;
        ensure!(available == 100 - u64::try_from(self.owners.len())?, "{available} seats are left");
        for (customer, points) in self.points.iter().enumerate() {
            let balance = house.customer(customer)?.balance().await?;
            ensure!(balance == *points, "customer {customer} has {balance} points instead of {points}");
        }
        Ok(())
    }
}
