//! Many clients, the same seats, at the same moment.

use crate::driver::client::Reply;
use crate::driver::{Client, Show, Terms};
use crate::house::{at_once, run, seat, seed, text};
use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn one_seat_has_one_winner_of_64() -> Result<()> {
    run(async |house| {
        let show = house.publish(Terms::default()).await?;
        let mut clients = house.customers()?;
        for round in 1..=20 {
            let hold = |_, mut client: Client| async move {
                let reply = client.hold(show.performance, &[seat(round)], &format!("round-{round}")).await?;
                Ok((client, reply))
            };
            let replies: Vec<Reply>;
            (clients, replies) = at_once(clients, hold).await?.into_iter().unzip();
            let winners = replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count();
            ensure!(winners == 1, "round {round} has {winners} winners");
            for loser in replies.into_iter().filter(|reply| reply.status != StatusCode::CREATED) {
                let problem = loser.expect(StatusCode::CONFLICT)?;
                ensure!(problem["seats"] == json!([seat(round)]), "the seat in the way is not named: {problem}");
            }
        }
        ensure!(clients[0].available(show).await? == 80);
        Ok(())
    })
}

const SEATS: usize = 40;
const TRIES: usize = 8;

#[test]
fn overlapping_holds_share_no_seat() -> Result<()> {
    run(async |house| {
        let show = house.publish(Terms::default()).await?;
        let seed = seed()?;
        let book = |n: usize, client| overlapping(client, show, seed.wrapping_add(n as u64));
        let won = at_once(house.customers()?, book).await.with_context(|| format!("seed {seed}"))?;

        let (mut sold, mut count) = (BTreeSet::new(), 0);
        for label in won.into_iter().flatten() {
            count += 1;
            ensure!(sold.insert(label.clone()), "{label} was sold twice, seed {seed}");
        }
        ensure!(count > 0, "nobody got a seat");
        let available = house.stranger()?.available(show).await?;
        ensure!(available == 100 - count, "{count} seats were won, {available} of 100 are left, seed {seed}");
        Ok(())
    })
}

/// Holds 1 to 4 seats in random order, again and again, and pays for every other hold; the seats won.
async fn overlapping(mut client: Client, show: Show, seed: u64) -> Result<Vec<String>> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut all: Vec<usize> = (1..=SEATS).collect();
    let mut won = Vec::new();
    for n in 0..TRIES {
        all.shuffle(&mut chance);
        let wanted: Vec<String> = all[..chance.random_range(1..=4)].iter().map(|n| seat(*n)).collect();
        let reply = client.hold(show.performance, &wanted, &format!("hold-{n}")).await?;
        if reply.status == StatusCode::CONFLICT {
            continue;
        }
        let id = text(&reply.expect(StatusCode::CREATED)?, "id")?;
        if chance.random() {
            client.pay(&id, &format!("pay-{n}")).await?.expect(StatusCode::CREATED)?;
        }
        won.extend(wanted);
    }
    Ok(won)
}

#[test]
fn the_limit_per_person_holds_when_one_person_has_many_phones() -> Result<()> {
    run(async |house| {
        let show = house.publish(Terms { limit_per_person: 4, ..Terms::default() }).await?;
        let phones = (0..16).map(|_| house.customer(0)).collect::<Result<Vec<_>>>()?;
        let hold = |n, mut phone: Client| async move {
            phone.hold(show.performance, &[seat(n + 1)], &format!("phone-{n}")).await
        };
        let replies = at_once(phones, hold).await?;
        let count = replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count();
        ensure!(count == 4, "{count} seats are held where 4 are allowed");
        ensure!(replies.iter().all(|reply| matches!(reply.status, StatusCode::CREATED | StatusCode::CONFLICT)));
        ensure!(house.customer(0)?.available(show).await? == 96);
        Ok(())
    })
}
