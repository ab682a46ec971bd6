//! Three servers on one database: what they answered, all together, is what one after the other could have done.

use crate::driver::{CUSTOMERS, Client, Server, Terms};
use crate::history::{self, judge};
use crate::records::{Record, Seats, Teller};
use crate::test_server::{Amount, TestServer, at_once, on_every_server, seed};
use anyhow::{Context, Result, ensure};
use frontrow_domain::ReservationId;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;
use tokio::time::Instant;

on_every_server! { three_instances_answer_as_one }

const PRICE: i64 = 10;
const CHARGE: i64 = 500;
const LIMIT: u32 = 6;
/// They fight for these.
const SEATS: usize = 30;
/// So short that many lapse, and are paid late.
const HOLD_SECONDS: u32 = 1;
/// However fast the machine is: that holds lapse, and seats are taken over, and these holds lapse as well.
const MIN_TIME: Duration = Duration::from_secs(8);

async fn three_instances_answer_as_one(server: &mut TestServer) -> Result<()> {
    let terms = Terms { price: PRICE, limit_per_person: LIMIT, hold_seconds: HOLD_SECONDS, ..Terms::default() };
    let show = server.publish(terms).await?;
    let others = [server.another().await?, server.another().await?];
    let (seed, steps) = (seed()?, Amount::STEPS.get()?);
    let clients = (0..CUSTOMERS).map(|n| client_of(server, &others, n)).collect::<Result<_>>()?;
    let end = Instant::now() + MIN_TIME;
    let act = |customer, client| {
        let chance = ChaCha8Rng::seed_from_u64(seed.wrapping_add(customer as u64));
        let teller = Teller::new(customer, client, show, customer);
        Actor { teller, chance, held: Vec::new(), paid: Vec::new() }.run(steps, end)
    };
    let records = at_once(clients, act).await.with_context(|| format!("seed {seed}"))?;
    for other in others {
        other.stop().await?;
    }
    let records = records.into_iter().flatten().collect();
    let terms = history::Terms { seats: 100, price: PRICE, limit: LIMIT as usize };
    let seen = judge(server, show, terms, records).await.with_context(|| format!("seed {seed}"))?;
    let enough = [seen.paid_late, seen.refused_late, seen.taken_over, seen.seats_taken, seen.limit_reached];
    ensure!(!enough.contains(&0), "something has not happened: {seen:?}");
    Ok(())
}

/// Every third customer has the same instance.
fn client_of(server: &TestServer, others: &[Server; 2], customer: usize) -> Result<Client> {
    let token = &server.accounts.customers[customer];
    let address = match customer % 3 {
        0 => server.running()?.address,
        n => others[n - 1].address,
    };
    Ok(Client::new(address, Some(token)))
}

/// A customer who takes random actions.
struct Actor {
    teller: Teller,
    chance: ChaCha8Rng,
    held: Vec<ReservationId>,
    paid: Vec<ReservationId>,
}

impl Actor {
    async fn run(mut self, steps: usize, end: Instant) -> Result<Vec<Record>> {
        while self.teller.records.len() < steps || Instant::now() < end {
            match self.chance.random_range(0..10) {
                0..=3 => {
                    let seats = self.some_seats();
                    self.held.extend(self.teller.hold(seats).await?);
                }
                4 | 5 => {
                    let count = self.chance.random_range(1..=2);
                    self.held.extend(self.teller.best(count).await?);
                }
                6 => {
                    if let Some(id) = take_one(&mut self.held, &mut self.chance)
                        && self.teller.pay(id).await?
                    {
                        self.paid.push(id);
                    }
                }
                7 => {
                    if let Some(id) = take_one(&mut self.held, &mut self.chance) {
                        ensure!(self.teller.release(id).await?, "{id} can't be released");
                    }
                }
                8 => {
                    if let Some(id) = take_one(&mut self.paid, &mut self.chance) {
                        ensure!(self.teller.cancel(id).await?, "{id} can't be cancelled");
                    }
                }
                _ => ensure!(self.teller.charge(CHARGE).await?, "nothing can be charged"),
            }
        }
        Ok(self.teller.records)
    }

    fn some_seats(&mut self) -> Seats {
        let mut all: Vec<usize> = (0..SEATS).collect();
        all.shuffle(&mut self.chance);
        all.into_iter().take(self.chance.random_range(1..=4)).collect()
    }
}

/// An old one as well as a new one.
fn take_one(ids: &mut Vec<ReservationId>, chance: &mut ChaCha8Rng) -> Option<ReservationId> {
    if ids.is_empty() { None } else { Some(ids.swap_remove(chance.random_range(0..ids.len()))) }
}
