//! A rush for the best pairs on two servers, while pairs are given back: if a buyer is told that nothing is left, then no
//! pair could be had all the time from a quarter of a second before the request until its answer.

use crate::driver::{CUSTOMERS, Client, Terms};
use crate::history::{self, judge};
use crate::records::{Record, Teller};
use crate::test_server::{TestServer, at_once, on_every_server, seed};
use anyhow::{Context, Result, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;
use tokio::time::Instant;

on_every_server! { nobody_is_told_that_nothing_is_left_while_a_pair_can_be_had }

/// Several of them belong to the same customer. Twice as many, and on a slow machine the last in the worker's queue reach
/// the deadline of a request.
const BUYERS: usize = 100;
const PRICE: i64 = 10;
/// Long enough for holds to lapse, and for others to get their seats.
const RUSH: Duration = Duration::from_secs(6);
/// However slow the machine is.
const MIN_TRIES: usize = 5;

async fn nobody_is_told_that_nothing_is_left_while_a_pair_can_be_had(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { price: PRICE, hold_seconds: 1, ..Terms::default() }).await?;
    let other = server.another().await?;
    let addresses = [server.running()?.address, other.address];
    let (seed, end) = (seed()?, Instant::now() + RUSH);
    let client = |n: usize| Client::new(addresses[n % 2], Some(&server.accounts.customers[n % CUSTOMERS]));
    let buy = |n: usize, client| {
        let chance = ChaCha8Rng::seed_from_u64(seed.wrapping_add(n as u64));
        buy(Teller::new(n % CUSTOMERS, client, show, n), chance, end)
    };
    let records = at_once((0..BUYERS).map(client).collect(), buy).await.with_context(|| format!("seed {seed}"))?;
    other.stop().await?;
    let records = records.into_iter().flatten().collect();
    let terms = history::Terms { seats: 100, price: PRICE, limit: 50 };
    let seen = judge(server, show, terms, records).await.with_context(|| format!("seed {seed}"))?;
    ensure!(seen.nothing_left > 0 && seen.taken_over > 0, "something has not happened: {seen:?}");
    Ok(())
}

/// Takes pairs as long as there are some, and gives some of them back, or forgets them.
async fn buy(mut teller: Teller, mut chance: ChaCha8Rng, end: Instant) -> Result<Vec<Record>> {
    while teller.records.len() < MIN_TRIES || Instant::now() < end {
        let Some(pair) = teller.best(2).await? else { continue };
        match chance.random_range(0..10) {
            0 | 1 => {
                teller.release(pair).await?;
            }
            2..=4 => {}
            paid => {
                if teller.pay(pair).await? && paid == 5 {
                    teller.cancel(pair).await?;
                }
            }
        }
    }
    Ok(teller.records)
}
