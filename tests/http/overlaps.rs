//! Many clients, the same seats, at the same moment.

use crate::driver::client::Reply;
use crate::driver::{CUSTOMERS, Client, Show, Terms};
use crate::test_server::{Amount, TestServer, at_once, on_every_database, seat, seed, text};
use anyhow::{Context, Result, anyhow, bail, ensure};
use hyper::{Method, StatusCode};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

on_every_database! {
    one_seat_has_one_winner_of_200,
    overlapping_holds_share_no_seat,
    buyers_of_pairs_sell_the_hall_out,
    the_limit_per_person_holds_when_one_person_has_many_phones,
}

/// Clients of one seat; several of them belong to the same customer.
const RIVALS: usize = 200;

/// Few enough that no customer reaches the sale's limit, and so is refused for another reason.
const ROUNDS_OF_A_SHOW: usize = 50;

async fn one_seat_has_one_winner_of_200(server: &mut TestServer) -> Result<()> {
    let rounds = Amount::RUSHES.get()?;
    let mut clients = rivals(server)?;
    for first in (0..rounds).step_by(ROUNDS_OF_A_SHOW) {
        let show = server.publish(Terms::default()).await?;
        let end = rounds.min(first + ROUNDS_OF_A_SHOW);
        for round in first..end {
            let number = 1 + round - first;
            clients = one_winner(clients, show, &seat(number)).await.with_context(|| format!("round {round}"))?;
        }
        ensure!(clients[0].available(show).await? == 100 - u64::try_from(end - first)?);
    }
    Ok(())
}

async fn one_winner(clients: Vec<Client>, show: Show, label: &String) -> Result<Vec<Client>> {
    let hold = |n: usize, mut client: Client| async move {
        let key = format!("{}-{label}-{n}", show.performance.simple());
        let reply = client.hold(show.performance, std::slice::from_ref(label), &key).await?;
        Ok((client, reply))
    };
    let (clients, replies): (Vec<Client>, Vec<Reply>) = at_once(clients, hold).await?.into_iter().unzip();
    let winners = replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count();
    ensure!(winners == 1, "{winners} winners");
    for loser in replies.into_iter().filter(|reply| reply.status != StatusCode::CREATED) {
        let problem = loser.expect(StatusCode::CONFLICT)?;
        ensure!(problem["seats"] == json!([label]), "the seat in the way is not named: {problem}");
    }
    Ok(clients)
}

fn rivals(server: &TestServer) -> Result<Vec<Client>> {
    (0..RIVALS).map(|n| server.customer(n % CUSTOMERS)).collect()
}

const SEATS: usize = 40;

/// The owner of each seat, as that owner sees it: from the answer to the hold until just before the release.
type Owners = Mutex<BTreeMap<String, String>>;

async fn overlapping_holds_share_no_seat(server: &mut TestServer) -> Result<()> {
    let seconds = u64::try_from(Amount::RUSH_SECONDS.get()?)?;
    let show = server.publish(Terms { price: 10, ..Terms::default() }).await?;
    let seed = seed()?;
    let (owners, holds) = (Arc::new(Owners::default()), Arc::new(AtomicUsize::new(0)));
    let until = Instant::now() + Duration::from_secs(seconds);
    let rush = |n: usize, client| {
        let (owners, chance) = (Arc::clone(&owners), ChaCha8Rng::seed_from_u64(seed.wrapping_add(n as u64)));
        let holds = Arc::clone(&holds);
        async move { Rush { client, show, owners, chance, until, holds }.run().await }
    };
    at_once(server.customers()?, rush).await.with_context(|| format!("seed {seed}"))?;
    let owned = owners.lock().map_or(0, |owners| owners.len());
    let available = server.stranger()?.available(show).await?;
    ensure!(available == 100 - u64::try_from(owned)?, "{owned} seats are owned, {available} of 100 left, seed {seed}");
    Ok(())
}

/// One of many who book 1 to 4 seats in random order, again and again.
struct Rush {
    client: Client,
    show: Show,
    owners: Arc<Owners>,
    chance: ChaCha8Rng,
    until: Instant,
    /// Of everybody.
    holds: Arc<AtomicUsize>,
}

/// However slow the machine is, there are so many.
const MIN_HOLDS: usize = 100;

impl Rush {
    /// Nobody is told anything but that they have the seats, or that they can't.
    async fn run(mut self) -> Result<()> {
        let mut all: Vec<usize> = (1..=SEATS).collect();
        for n in 0.. {
            if Instant::now() >= self.until && self.holds.load(Ordering::Relaxed) >= MIN_HOLDS {
                break;
            }
            all.shuffle(&mut self.chance);
            let wanted: Vec<String> = all[..self.chance.random_range(1..=4)].iter().map(|n| seat(*n)).collect();
            let reply = self.client.hold(self.show.performance, &wanted, &format!("hold-{n}")).await?;
            if reply.status == StatusCode::CONFLICT {
                continue;
            }
            let id = text(&reply.expect(StatusCode::CREATED)?, "id")?;
            self.holds.fetch_add(1, Ordering::Relaxed);
            for label in &wanted {
                let owner = self.owners()?.insert(label.clone(), id.clone());
                ensure!(owner.is_none(), "{label} belongs to {owner:?} and to {id}");
            }
            self.give_back(&id, n, wanted).await?;
        }
        Ok(())
    }

    async fn give_back(&mut self, id: &str, n: usize, seats: Vec<String>) -> Result<()> {
        let pays = self.chance.random();
        if pays {
            self.client.pay(id, &format!("pay-{n}")).await?.expect(StatusCode::CREATED)?;
        }
        if n > 20 && self.chance.random_range(0..100) == 0 {
            return Ok(());
        }
        for label in seats {
            self.owners()?.remove(&label);
        }
        if pays {
            self.client.cancel(id, &format!("cancel-{n}")).await?.expect(StatusCode::OK)?;
        } else {
            let path = format!("/v1/reservations/{id}");
            self.client.ask(Method::DELETE, &path, None, None).await?.expect(StatusCode::NO_CONTENT)?;
        }
        Ok(())
    }

    fn owners(&self) -> Result<MutexGuard<'_, BTreeMap<String, String>>> {
        self.owners.lock().map_err(|_| anyhow!("somebody panicked"))
    }
}

/// Counts up with everything that happens, to see what came first.
static MOMENTS: AtomicU64 = AtomicU64::new(0);

fn moment() -> u64 {
    MOMENTS.fetch_add(1, Ordering::SeqCst)
}

async fn buyers_of_pairs_sell_the_hall_out(server: &mut TestServer) -> Result<()> {
    const ROWS: u32 = 3;
    let show = server.publish(Terms { rows: ROWS, ..Terms::default() }).await?;
    // With 200, the last in the worker's queue reach the deadline of a request on a slow machine.
    let buyers: Vec<_> = rivals(server)?.into_iter().take(RIVALS / 2).collect();
    let buyers = at_once(buyers, |n, client| buy_pairs(client, show, n)).await?;
    let (mut sold, mut last_begun, mut first_refused) = (BTreeSet::new(), 0, u64::MAX);
    for Pairs { pairs, refused } in buyers {
        for (begun, pair) in pairs {
            let numbers: Vec<u32> = pair.iter().filter_map(|label| label.rsplit('-').next()?.parse().ok()).collect();
            ensure!(matches!(numbers[..], [a, b] if a + 1 == b), "{pair:?} are not side by side");
            for label in pair {
                ensure!(sold.insert(label.clone()), "{label} was given to two");
            }
            last_begun = last_begun.max(begun);
        }
        first_refused = first_refused.min(refused);
    }
    ensure!(sold.len() == ROWS as usize * 100, "{} seats were sold", sold.len());
    ensure!(last_begun < first_refused, "somebody was told that all is sold, and somebody who came later got seats");
    Ok(())
}

struct Pairs {
    /// When each was asked for, and its seats.
    pairs: Vec<(u64, Vec<String>)>,
    /// When they were told that there is nothing left.
    refused: u64,
}

async fn buy_pairs(mut client: Client, show: Show, buyer: usize) -> Result<Pairs> {
    let mut pairs = Vec::new();
    for n in 0.. {
        let begun = moment();
        let reply = client.hold_best(show.performance, 2, &format!("pair-{buyer}-{n}")).await?;
        match reply.status {
            StatusCode::CREATED => pairs.push((begun, seats_of(&reply.body)?)),
            // All planned seats were gone five times in a row; the client tries again. The server's log shows in the end
            // that no deadlock caused it.
            StatusCode::SERVICE_UNAVAILABLE => {
                ensure!(reply.body["type"] == "/problems/busy", "{}", reply.body);
            }
            StatusCode::CONFLICT => {
                ensure!(reply.body["type"] == "/problems/sold-out", "{}", reply.body);
                break;
            }
            _ => bail!("{} {}", reply.status, reply.body),
        }
    }
    Ok(Pairs { pairs, refused: moment() })
}

fn seats_of(reservation: &Value) -> Result<Vec<String>> {
    let line_items = reservation["line_items"].as_array().context("no line items")?;
    line_items.iter().map(|line_item| text(line_item, "seat")).collect()
}

async fn the_limit_per_person_holds_when_one_person_has_many_phones(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { limit_per_person: 4, ..Terms::default() }).await?;
    let phones = (0..16).map(|_| server.customer(0)).collect::<Result<Vec<_>>>()?;
    // Only so many of one person may wait at a time.
    let hold = |n, mut phone: Client| async move {
        loop {
            let reply = phone.hold(show.performance, &[seat(n + 1)], &format!("phone-{n}")).await?;
            if reply.status != StatusCode::TOO_MANY_REQUESTS {
                return Ok(reply);
            }
        }
    };
    let replies = at_once(phones, hold).await?;
    let count = replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count();
    ensure!(count == 4, "{count} seats are held where 4 are allowed");
    ensure!(replies.iter().all(|reply| matches!(reply.status, StatusCode::CREATED | StatusCode::CONFLICT)));
    ensure!(server.customer(0)?.available(show).await? == 96);
    Ok(())
}
