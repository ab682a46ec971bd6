//! Several servers on one database: any of them ticks, and what one signs all know.

use super::crowd::{AdmissionLog, QueueClient};
use super::{Queue, endpoints, entry, kind};
use crate::driver::{CUSTOMERS, Client, Terms};
use crate::test_server::{TestServer, on_every_server, until};
use anyhow::{Context, Result, bail, ensure};
use frontrow_adapters::SystemClock;
use frontrow_application::port::Clock;
use frontrow_domain::waiting_room::Tick;
use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

on_every_server! { what_one_instance_signs_another_knows, admissions_go_on_when_an_instance_is_killed }

const WAIT: Duration = Duration::from_secs(2);
/// Before a request that led to nothing is made again.
const PACE: Duration = Duration::from_millis(200);

async fn what_one_instance_signs_another_knows(server: &mut TestServer) -> Result<()> {
    let queue = Queue::publish(&mut server.operator()?, Terms::default(), &json!({"strict": true})).await?;
    let other = server.another().await?;
    let mut client = queue.client(&endpoints(&[server.running()?.address]), &server.accounts.customers[0]);
    let joined = client.join().await?.expect(StatusCode::CREATED)?;
    client.endpoints = endpoints(&[other.address]);
    let looked = until("the other instance has read the queue", async || {
        Ok(Some(client.look().await?).filter(|reply| reply.status == StatusCode::OK))
    });
    ensure!(entry(&looked.await?.body)? == entry(&joined)?);
    until("the other instance lets them in", async || {
        let reply = client.check_in(WAIT).await?;
        Ok((reply.status == StatusCode::CREATED).then_some(()))
    })
    .await?;
    client.endpoints = endpoints(&[server.running()?.address]);
    client.hold_best(1, "R", "hold").await?.expect(StatusCode::CREATED)?;
    other.stop().await
}

async fn admissions_go_on_when_an_instance_is_killed(server: &mut TestServer) -> Result<()> {
    let room = json!({"capacity": CUSTOMERS, "rate_per_minute": 600, "burst": 1});
    let queue = Queue::publish(&mut server.operator()?, Terms::default(), &room).await?;
    let survivor = server.another().await?;
    let endpoints = endpoints(&[survivor.address]);
    let admitted = Arc::new(AtomicUsize::new(0));
    let mut people = JoinSet::new();
    for access in &server.accounts.customers {
        people.spawn(come_and_go(queue.client(&endpoints, access), admitted.clone()));
    }
    let mut kills = Vec::new();
    for _ in 0..3 {
        // Both tick: it is chance which of them was at it when one is killed.
        more(&admitted, 5, &mut people).await.context("before a kill")?;
        server.kill().await?;
        kills.push(SystemClock.now());
        more(&admitted, 5, &mut people).await.context("after a kill")?;
        server.start().await?;
    }
    people.shutdown().await;
    let log = AdmissionLog::read(&mut Client::new(survivor.address, None), queue.sale).await?;
    for killed in kills {
        let killed = Timestamp::from_microsecond(killed.micros())?;
        let next = log.entries.iter().map(|entry| entry.admitted_at).filter(|at| *at > killed).min();
        let gap = Duration::try_from(next.context("nobody was admitted after a kill")? - killed)?;
        // A longer one would count as an outage.
        ensure!(gap < Tick::OUTAGE, "nobody was admitted for {gap:?} after a kill");
    }
    survivor.stop().await
}

/// Waits for that many more admissions.
async fn more(admitted: &AtomicUsize, count: usize, people: &mut JoinSet<Result<()>>) -> Result<()> {
    let enough = admitted.load(Ordering::Relaxed) + count;
    until("more are admitted", async || {
        if let Some(ended) = people.try_join_next() {
            bail!("somebody went home: {:?}", ended?);
        }
        Ok((admitted.load(Ordering::Relaxed) >= enough).then_some(()))
    })
    .await
}

/// Joins, is admitted, leaves, and joins again, at the end.
async fn come_and_go(mut client: QueueClient, admitted: Arc<AtomicUsize>) -> Result<()> {
    loop {
        let joined = client.join().await?;
        // The survivor may not have read the queue yet, and nobody may join more than five times a minute.
        if ["not-found", "too-many-joins"].contains(&kind(&joined)) {
            sleep(PACE).await;
            continue;
        }
        ensure!(joined.status.is_success(), "{joined:?}");
        loop {
            let reply = client.check_in(WAIT).await?;
            match reply.status {
                StatusCode::CREATED => break,
                StatusCode::ACCEPTED => {}
                StatusCode::CONFLICT if kind(&reply) == "not-your-turn" => sleep(PACE).await,
                _ => bail!("{reply:?}"),
            }
        }
        admitted.fetch_add(1, Ordering::Relaxed);
        client.leave().await?.expect(StatusCode::NO_CONTENT)?;
    }
}
