//! Three servers, one database, one Redis, and a crowd, while everything breaks that can: servers are killed, Redis forgets
//! everything, the database is gone for a while.

mod person;
mod troupe;

use super::Queue;
use super::crowd::{AdmissionLog, Endpoints, settle};
use crate::driver::{Client, Terms};
use crate::test_server::{Amount, TestServer, change_installation, on_every_server, seed, until};
use anyhow::{Context, Result, ensure};
use frontrow_server::keys::Keys;
use frontrow_server::settings::{Given, Settings};
use frontrow_test_databases::{PrivateRedis, PrivateServer, private_redis};
use futures::future::join_all;
use jiff::Timestamp;
use person::{Crowd, Told};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use troupe::{Scene, Troupe};

on_every_server! { run_on_private: nobody_loses_their_entry_whatever_breaks }

const CONNECTIONS: usize = 128;
const PRICE: i64 = 10;

async fn nobody_loses_their_entry_whatever_breaks(server: &mut TestServer, database: &mut PrivateServer) -> Result<()> {
    let Some(redis) = private_redis("nobody_loses_their_entry_whatever_breaks").await else { return Ok(()) };
    let people = Amount::QUEUE_PEOPLE.get()?;
    let time = Duration::from_secs(u64::try_from(Amount::QUEUE_SECONDS.get()?)?);
    let seed = seed()?;
    server.stop().await?;
    let people = prepare(server, &redis, people).await?;
    let mut troupe = Troupe::assemble(server).await?;
    let mut operator = Client::new(troupe.address()?, Some(&server.accounts.operator));
    let queue = publish(&mut operator, people.len(), time).await?;

    let endpoints = Arc::new(Endpoints::new(troupe.addresses(), CONNECTIONS));
    let crowd = Crowd::of(people.len(), time);
    let actors = people.iter().enumerate().map(|(n, person)| {
        let chance = ChaCha8Rng::seed_from_u64(seed.wrapping_add(n as u64));
        crowd.act(queue.client(&endpoints, &person.access), chance)
    });
    let mut scene = Scene { server, endpoints: &endpoints, database, time };
    let forgets = troupe::forget_when(&redis, || crowd.has_joined_in_part());
    let (told, mishaps, forgot) = tokio::join!(join_all(actors), troupe.suffer(&mut scene, seed), forgets);
    let last = mishaps.with_context(|| format!("seed {seed}"))?;
    forgot?;
    let told = told.into_iter().collect::<Result<Vec<Told>>>();
    let mut operator = Client::new(troupe.address()?, Some(&server.accounts.operator));
    let report = queue.report(&mut operator).await?;
    let told = told.with_context(|| format!("seed {seed}: {report}"))?;
    check(&told, queue, &mut operator, last).await.with_context(|| format!("seed {seed}"))?;
    troupe.stop().await
}

/// Redis is in the settings, and everybody has an account; nothing runs yet.
async fn prepare(server: &TestServer, redis: &PrivateRedis, people: usize) -> Result<Vec<super::crowd::Person>> {
    let directory = server.directory.path();
    let mut file = OpenOptions::new().append(true).open(directory.join("frontrow.toml"))?;
    writeln!(file, "redis_url = {:?}", redis.url())?;
    change_installation(directory, &["numbers"], &[]).await?;
    let library = frontrow_server::application::Application::open(&settings(directory)?, &keys(directory)?).await?;
    let hash = &server.accounts.people[0].password_hash;
    let people = settle(&library, hash, people, PRICE).await;
    library.close().await;
    people
}

fn settings(directory: &Path) -> Result<Settings> {
    Ok(Settings::load(&Given { directory: directory.to_owned(), ..Given::default() })?)
}

fn keys(directory: &Path) -> Result<Keys> {
    Keys::load_or_create(&directory.join("keys.json"))
}

/// The queue is so slow that it lasts longer than what happens to it, though one in ten never comes.
async fn publish(operator: &mut Client, people: usize, time: Duration) -> Result<Queue> {
    let lasts = time + time / 4;
    let rate = (people as u64 * 60).div_ceil(lasts.as_secs().max(1));
    let rows = u32::try_from(people.div_ceil(100))?;
    let terms = Terms { rows, price: PRICE, limit_per_person: 1, hold_seconds: 600 };
    let room = json!({"capacity": 30, "rate_per_minute": rate, "burst": 5});
    Queue::publish(operator, terms, &room).await
}

/// What everybody was told is true, and the log shows nothing that must not be.
async fn check(told: &[Told], queue: Queue, operator: &mut Client, last: Timestamp) -> Result<()> {
    let mut owners = BTreeMap::new();
    for (n, told) in told.iter().enumerate() {
        told.check().await.with_context(|| format!("person {n}: {told:?}"))?;
        for entry in &told.entries {
            let other = owners.insert(*entry, n);
            ensure!(other.is_none(), "{entry:?} belongs to {n} and to {other:?}");
        }
    }
    let log = AdmissionLog::read(operator, queue.sale).await?;
    ensure!(log.overshoots().is_empty(), "{:#?}", log.overshoots());
    ensure!(log.overtakings().is_empty(), "{:#?}", log.overtakings());
    for told in told.iter().filter(|told| told.was_admitted()) {
        let entry = told.entries.first().context("admitted without a queue entry")?;
        ensure!(log.entries.iter().any(|logged| (logged.group, logged.rank) == *entry), "{entry:?} is not in the log");
    }
    // Else all that was broken was broken too late.
    let is_above_all_leased = |entry: &(u64, u64)| entry.1 > told.len() as u64;
    let came_after = told.iter().any(|told| told.entries.iter().any(is_above_all_leased));
    ensure!(came_after, "all had joined before Redis forgot everything");
    ensure!(log.entries.iter().any(|entry| entry.admitted_at > last), "all were through before the last mishap");
    no_admission_is_leaked(told, queue, operator).await
}

/// When the sale has closed and everybody has left, nobody is admitted any more.
async fn no_admission_is_leaked(told: &[Told], queue: Queue, operator: &mut Client) -> Result<()> {
    queue.change(operator, json!({"phase": "closed"})).await?;
    for told in told {
        told.go_home().await?;
    }
    let report = queue.report(operator).await?;
    ensure!(report["active"] == 0, "{report}");
    let closed = |queue: &Value| queue["phase"] == "closed";
    until("a queue that is over says so", async || queue.snapshot(operator, closed).await).await.map(drop)
}
