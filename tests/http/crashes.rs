//! The server or its database dies, or the server is asked to stop, while people book: what it has answered is true for
//! ever.

use crate::driver::{CUSTOMERS, Client, Show, Terms, TestAccounts};
use crate::test_server::{Amount, TestServer, on_every_database, seat, text, time, until};
use anyhow::{Context, Result, ensure};
use frontrow_adapters::SystemClock;
use frontrow_application::port::Clock;
use frontrow_domain::{Instant, TAKEOVER_GRACE};
use hyper::{Method, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::task::JoinSet;

on_every_database! {
    what_was_acknowledged_survives_kill_9,
    a_server_that_is_asked_to_stop_finishes_what_it_began,
}

const PRICE: i64 = 10;
/// All at one performance, each on a connection of their own: so many commands wait together.
const BUYERS: usize = CUSTOMERS;
/// What each of them may book in a round, in a part of a row of their own.
const SEATS_EACH: usize = 12;
/// Buyers who share a row.
const BUYERS_A_ROW: usize = 8;
/// A hold that lapses takes some seconds; so only every such round has one.
const ROUNDS_A_BRIEF_HOLD: usize = 5;

/// What one customer has been told.
#[derive(Clone, Default)]
struct Told {
    customer: usize,
    held: Vec<String>,
    paid: Vec<String>,
    /// The request whose answer did not come: a hold by its seat and key, or a payment by its reservation and key.
    open: Option<(Open, String)>,
}

#[derive(Clone)]
enum Open {
    Hold(String),
    Pay(String),
}

/// Counts answers, and tells when there are enough.
struct Meter {
    answers: AtomicUsize,
    enough: usize,
    reached: Notify,
}

impl Meter {
    fn count(&self) {
        if self.answers.fetch_add(1, Ordering::Relaxed) + 1 == self.enough {
            self.reached.notify_one();
        }
    }
}

/// Commands, and the transactions that they were carried out in.
#[derive(Clone, Copy, Debug, Default)]
struct Merged {
    commands: f64,
    transactions: f64,
}

impl Merged {
    /// By this server, since it was started.
    async fn so_far(server: &TestServer) -> Result<Self> {
        let commands = server.metric("frontrow_commands_together_sum").await?;
        Ok(Self { commands, transactions: server.metric("frontrow_commands_together_count").await? })
    }

    fn add(&mut self, other: Self) {
        self.commands += other.commands;
        self.transactions += other.transactions;
    }

    /// Otherwise nothing was interrupted but single commands.
    fn ensure_together(self) -> Result<()> {
        eprintln!("{} commands in {} transactions", self.commands, self.transactions);
        ensure!(self.commands > self.transactions, "no commands were carried out together: {self:?}");
        Ok(())
    }
}

/// Holds and pays one seat after another until the server is gone.
async fn book(mut client: Client, show: Show, round: usize, meter: Arc<Meter>, mut told: Told) -> Told {
    for n in 0..SEATS_EACH {
        let label = seat_of(told.customer, n);
        let key = format!("hold-{round}-{n}");
        told.open = Some((Open::Hold(label.clone()), key.clone()));
        let Ok(id) = client.held(show, &[label], &key).await else { return told };
        meter.count();
        told.held.push(id.clone());
        let key = format!("pay-{round}-{n}");
        told.open = Some((Open::Pay(id.clone()), key.clone()));
        let Ok(reply) = client.pay(&id, &key).await else { return told };
        if reply.status != StatusCode::CREATED {
            return told;
        }
        meter.count();
        told.paid.push(id);
    }
    told.open = None;
    told
}

/// Nobody is in anybody's way: a part of a row for each customer.
fn seat_of(customer: usize, n: usize) -> String {
    format!("A-{}-{}", 1 + customer / BUYERS_A_ROW, 1 + customer % BUYERS_A_ROW * SEATS_EACH + n)
}

/// Lets people book until that many answers have come, then calls `end` to end the server. Returns what everybody was told,
/// and the result of `end`.
async fn under_load<T>(
    server: &mut TestServer,
    show: Show,
    round: usize,
    end: impl AsyncFnOnce(&mut TestServer) -> Result<T>,
) -> Result<(Vec<Told>, T)> {
    let meter =
        Arc::new(Meter { answers: AtomicUsize::new(0), enough: 70 + 17 * (round % 10), reached: Notify::new() });
    let mut buyers = JoinSet::new();
    for customer in 0..BUYERS {
        let told = Told { customer, ..Told::default() };
        buyers.spawn(book(server.customer(customer)?, show, round, Arc::clone(&meter), told));
    }
    tokio::select! {
        () = meter.reached.notified() => {}
        Some(told) = buyers.join_next() => {
            let Told { customer, open, .. } = told?;
            let what = open.map(|(_, key)| key);
            anyhow::bail!("customer {customer} gave up at {what:?} before the server was ended");
        }
    }
    let ended = end(server).await?;
    Ok((buyers.join_all().await, ended))
}

/// Everything that anybody was told is there, and what they were not told has happened once or not at all.
async fn check(server: &TestServer, show: Show, told: Vec<Told>, spent: &mut [i64]) -> Result<()> {
    for Told { customer, held, mut paid, open } in told {
        let mut client = server.customer(customer)?;
        match open {
            Some((Open::Hold(label), key)) => drop(client.held(show, &[label], &key).await?),
            Some((Open::Pay(id), key)) => {
                client.pay(&id, &key).await?.expect(StatusCode::CREATED)?;
                paid.push(id);
            }
            None => {}
        }
        for id in held {
            let status = client.status_of(&id).await?;
            let expected = if paid.contains(&id) { "confirmed" } else { "held" };
            ensure!(status == expected, "{id} was acknowledged as {expected} and is {status}");
        }
        for id in &paid {
            let tickets = client.get(&format!("/v1/reservations/{id}/tickets")).await?;
            let tickets = tickets["items"].as_array().context("no items")?;
            ensure!(tickets.len() == 1, "{id} has {} tickets", tickets.len());
            text(&tickets[0], "code")?;
        }
        spent[customer] += PRICE * i64::try_from(paid.len())?;
        ensure!(client.balance().await? == TestAccounts::POINTS - spent[customer]);
    }
    Ok(())
}

async fn publish(server: &TestServer) -> Result<Show> {
    server.publish(Terms { rows: u32::try_from(BUYERS / BUYERS_A_ROW)?, price: PRICE, ..Terms::default() }).await
}

async fn what_was_acknowledged_survives_kill_9(server: &mut TestServer) -> Result<()> {
    let mut spent = [0; BUYERS];
    let (mut too_early, mut merged) = (0, Merged::default());
    for round in 0..Amount::KILLS.get()? {
        let show = publish(server).await?;
        let brief = if round % ROUNDS_A_BRIEF_HOLD == 0 { Some(Brief::publish(server).await?) } else { None };
        let (told, (brief, killed)) = under_load(server, show, round, async |server| {
            let killed = Merged::so_far(server).await?;
            let brief = match brief {
                Some(show) => Some(Brief::hold(server, show).await?),
                None => None,
            };
            server.kill().await.map(|()| (brief, killed))
        })
        .await?;
        merged.add(killed);
        server.audit().await.context("after the kill")?;
        server.start().await?;
        if let Some(brief) = brief {
            too_early += brief.lapses(server).await.with_context(|| format!("round {round}"))?;
        }
        check(server, show, told, &mut spent).await.with_context(|| format!("round {round}"))?;
    }
    ensure!(too_early > 0, "every server came back too late to take a seat over too early");
    merged.ensure_together()
}

/// A short hold from just before a kill.
struct Brief {
    show: Show,
    id: String,
    held_until: Instant,
}

impl Brief {
    async fn publish(server: &TestServer) -> Result<Show> {
        server.publish(Terms { hold_seconds: 1, ..Terms::default() }).await
    }

    async fn hold(server: &TestServer, show: Show) -> Result<Self> {
        let key = show.performance.simple().to_string();
        let reply = server.customer(0)?.hold(show.performance, &[seat(1)], &key).await?;
        let held = reply.expect(StatusCode::CREATED)?;
        Ok(Self { show, id: text(&held, "id")?, held_until: time(&held, "held_until")? })
    }

    /// The hold lapses exactly at its time, and its seat can be taken over exactly at its time, whatever has happened
    /// to the server since. Returns how many attempts came too early.
    async fn lapses(&self, server: &TestServer) -> Result<usize> {
        let (mut holder, mut other) = (server.customer(0)?, server.customer(1)?);
        let free = self.held_until + TAKEOVER_GRACE;
        let mut tries = 0;
        until("the seat is taken over", async || {
            let asked = SystemClock.now();
            let status = holder.status_of(&self.id).await?;
            let told = SystemClock.now();
            match status.as_str() {
                "held" => ensure!(asked < self.held_until, "the hold goes on"),
                "expired" => ensure!(self.held_until <= told, "the hold has lapsed too early"),
                other => anyhow::bail!("the hold is {other}"),
            }
            tries += 1;
            let key = format!("{}-{tries}", self.show.performance.simple());
            let asked = SystemClock.now();
            let reply = other.hold(self.show.performance, &[seat(1)], &key).await?;
            let told = SystemClock.now();
            if reply.status == StatusCode::CREATED {
                ensure!(free <= told, "the seat was taken over too early");
                return Ok(Some(tries - 1));
            }
            reply.expect(StatusCode::CONFLICT)?;
            ensure!(asked < free, "the seat can't be had although its hold has lapsed");
            Ok(None)
        })
        .await
    }
}

async fn a_server_that_is_asked_to_stop_finishes_what_it_began(server: &mut TestServer) -> Result<()> {
    let mut spent = [0; BUYERS];
    for round in 0..2 {
        let show = publish(server).await?;
        let (told, ()) = under_load(server, show, round, TestServer::stop).await?;
        server.start().await?;
        check(server, show, told, &mut spent).await.with_context(|| format!("round {round}"))?;
    }
    Ok(())
}

mod database {
    use super::*;
    use crate::test_server::on_every_server;
    use frontrow_test_databases::PrivateServer;
    use std::time::Duration;
    use tokio::time::{Instant, timeout};

    /// After its database is there again the server is ready by itself within this time, whatever else the machine has to
    /// do. On a quiet one it takes less than two seconds: the test says how long.
    const READY: Duration = Duration::from_mins(1);

    on_every_server! { run_on_private: what_was_acknowledged_survives_the_death_of_the_database }

    async fn what_was_acknowledged_survives_the_death_of_the_database(
        server: &mut TestServer,
        database_server: &mut PrivateServer,
    ) -> Result<()> {
        let (mut spent, mut longest) = ([0; BUYERS], Duration::ZERO);
        for round in 0..Amount::DATABASE_KILLS.get()? {
            let show = publish(server).await?;
            let (told, ()) = under_load(server, show, round, async |_| database_server.kill()).await?;
            database_server.start().await?;
            let back = Instant::now();
            let ready = timeout(READY, until("the server is ready", async || is_ready(server).await));
            ready.await.with_context(|| format!("not ready within {READY:?}")).flatten()?;
            longest = longest.max(back.elapsed());
            check(server, show, told, &mut spent).await.with_context(|| format!("round {round}"))?;
            server.audit().await.context("after the kill")?;
        }
        eprintln!("ready again {longest:?} after the database, at most");
        Merged::so_far(server).await?.ensure_together()
    }

    async fn is_ready(server: &TestServer) -> Result<Option<()>> {
        let reply = server.stranger()?.ask(Method::GET, "/readyz", None, None).await?;
        Ok((reply.status == StatusCode::OK).then_some(()))
    }
}
