//! Disks fill up, databases die and servers are killed while people do everything that is written. Whatever was answered
//! is there afterwards, and whatever was refused can be repeated.

mod people;
mod scene;

use crate::driver::{Show, Terms};
use crate::test_server::{Amount, TestServer, on_every_server, run_on_ram_disk, seed, until};
use anyhow::{Context, Result, ensure};
use frontrow_test_databases::{PrivateServer, RamDisk};
use futures::future::try_join_all;
use hyper::{Method, StatusCode};
use people::{BUYERS, Told};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use scene::{Pending, Scene};
use std::time::Duration;
use tokio::time::Instant;

on_every_server! { run_on_private: what_was_answered_is_there_whatever_dies }

/// Answers before something happens, at most: nothing is special about the first ones.
const MAX_CALM: usize = 300;
/// Requests that have to be refused before a full disk is freed: else nobody would have noticed it.
const REFUSALS: usize = 20;
/// What may be left on a full disk, in bytes: some writes still find room, others don't.
const MAX_LEFT: u64 = 256 * 1024;

#[test]
fn what_was_answered_is_there_although_the_disk_fills_up() -> Result<()> {
    let test = "what_was_answered_is_there_although_the_disk_fills_up";
    run_on_ram_disk(test, async |server, disk| {
        again_and_again(server, async |server, scene, chance| suffer_from_disk(server, disk, scene, chance).await).await
    })
}

async fn what_was_answered_is_there_whatever_dies(
    server: &mut TestServer,
    database_server: &mut PrivateServer,
) -> Result<()> {
    again_and_again(server, async |server, scene, chance| {
        suffer_from_deaths(server, database_server, scene, chance).await
    })
    .await
}

/// Rounds of mishaps, until their time is over; at least one.
async fn again_and_again(
    server: &mut TestServer,
    mut suffer: impl AsyncFnMut(&mut TestServer, &Scene, &mut ChaCha8Rng) -> Result<()>,
) -> Result<()> {
    let seed = seed()?;
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let pending = Pending::default();
    let end = Instant::now() + Duration::from_secs(u64::try_from(Amount::ANSWERED_SECONDS.get()?)?);
    for round in 1.. {
        let played = play_round(server, round, &pending, &mut chance, &mut suffer).await;
        played.with_context(|| format!("seed {seed}, round {round}"))?;
        if Instant::now() >= end {
            break;
        }
    }
    Ok(())
}

async fn play_round(
    server: &mut TestServer,
    round: u32,
    pending: &Pending,
    chance: &mut ChaCha8Rng,
    suffer: &mut impl AsyncFnMut(&mut TestServer, &Scene, &mut ChaCha8Rng) -> Result<()>,
) -> Result<()> {
    let terms = Terms { rows: u32::try_from(BUYERS)?, price: people::PRICE, hold_seconds: 3000, ..Terms::default() };
    let show: Show = server.publish(terms).await?;
    let scene = Scene::of(server, show, round, pending.clone()).await?;
    let acts = people::everybody(&scene, chance);
    let mishaps = async {
        let suffered = suffer(server, &scene, chance).await;
        scene.stop();
        suffered
    };
    let (told, ()) = tokio::try_join!(try_join_all(acts), mishaps)?;
    ensure!(told.iter().map(Told::count).sum::<usize>() > 0, "nothing was answered");
    for told in &told {
        told.check(server, &scene).await.with_context(|| format!("{told:?}"))?;
    }
    server.audit().await
}

/// The disk is full for a while, or the server is killed, or both.
async fn suffer_from_disk(
    server: &mut TestServer,
    disk: &RamDisk,
    scene: &Scene,
    chance: &mut ChaCha8Rng,
) -> Result<()> {
    scene.answers(chance.random_range(1..MAX_CALM)).await?;
    let (fills, kills) = match chance.random_range(0..4) {
        0 => (false, true),
        1 => (true, true),
        _ => (true, false),
    };
    if fills {
        disk.fill(chance.random_range(0..MAX_LEFT))?;
        scene.refusals(REFUSALS).await?;
        until("/readyz says that nothing can be written", async || Ok((!is_ready(server).await?).then_some(())))
            .await?;
    }
    if kills {
        server.kill().await?;
        scene.moved_to(None);
    }
    disk.free()?;
    if kills {
        server.start().await?;
        scene.moved_to(Some(server.running()?.address));
    }
    recover(server, scene).await
}

/// The database is killed and comes back, or the server, or both.
async fn suffer_from_deaths(
    server: &mut TestServer,
    database_server: &mut PrivateServer,
    scene: &Scene,
    chance: &mut ChaCha8Rng,
) -> Result<()> {
    scene.answers(chance.random_range(1..MAX_CALM)).await?;
    let kills_ours = chance.random_ratio(1, 3);
    database_server.kill()?;
    if kills_ours {
        server.kill().await?;
        scene.moved_to(None);
    } else {
        scene.refusals(REFUSALS).await?;
    }
    database_server.start().await?;
    if kills_ours {
        server.start().await?;
        scene.moved_to(Some(server.running()?.address));
    }
    recover(server, scene).await
}

/// All goes on by itself.
async fn recover(server: &TestServer, scene: &Scene) -> Result<()> {
    until("the server is ready", async || Ok(is_ready(server).await?.then_some(()))).await?;
    scene.answers(50).await
}

async fn is_ready(server: &TestServer) -> Result<bool> {
    let reply = server.stranger()?.ask(Method::GET, "/readyz", None, None).await?;
    ensure!(matches!(reply.status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE), "{reply:?}");
    Ok(reply.status == StatusCode::OK)
}
