//! Twice as many holds as can be done: payments of what is held already must not suffer for it.

use crate::callers::Jobs;
use crate::driver::{Server, Show};
use crate::figures::{median, number, percentile};
use crate::load::{Client, connect};
use crate::report::{Report, Wanted};
use crate::scripts::{Played, Script, holds, paced, payments, play};
use crate::testbed::{CONNECTIONS, LARGE, PEOPLE, Testbed};
use anyhow::Result;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Payments, and how many come in a second.
const PAYMENTS: usize = 400;
const PER_SECOND: f64 = 200.0;
/// Who pays wants nothing else.
const PAYERS: usize = 64;
const PAYING_CONNECTIONS: usize = 32;
/// Holds that come at once fill the queue, and more.
const CROWD: usize = 2048;
/// Of the capacity.
const LOAD: f64 = 2.0;
/// How long it takes to see what the capacity is.
const MEASURED: Duration = Duration::from_secs(2);
/// How long the rush lasts. The payments begin when it has filled the queue, and end before it does.
const RUSH: Duration = Duration::from_secs(4);
const AHEAD: Duration = Duration::from_secs(1);

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let server = testbed.start().await?;
    let shows = testbed.shows(&server, LARGE, 2 * testbed.rounds).await?;
    let (mut pairs, mut paid, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (round, shows) in shows.chunks(2).enumerate() {
        let alone = slowest(&pay(prepare(testbed, &server).await?).await?);
        let capacity = capacity(testbed, &server, shows[0]).await?;
        let (payments, rush) = beside(testbed, &server, shows[1], LOAD * capacity).await?;
        pairs.push((slowest(&payments), alone));
        paid.push(100.0 * number(payments.count(201)) / number(PAYMENTS));
        refused.push(100.0 * number(rush.count(503)) / number(rush.times().len()));
        testbed.progress("overload", round);
    }
    report.ratio("p99 of a payment at twice the capacity, to alone, ms", &pairs, Wanted::Nothing);
    report.figure("payments that succeed at twice the capacity, %", &paid, Wanted::Exactly(100.0));
    report.note(format!("overload: {:.0} % of the holds were told to come back", median(&refused)));
    testbed.stop(server).await
}

fn slowest(payments: &Played) -> f64 {
    percentile(&payments.times(), 99)
}

/// Payments of seats that are held, with everything written.
async fn prepare(testbed: &mut Testbed, server: &Server) -> Result<(Vec<Client>, Script)> {
    let (show, people) = (testbed.show(server, PAYMENTS).await?, testbed.people(PAYERS).await?);
    let jobs = Jobs { seats: PAYMENTS, people: PAYERS, connections: CONNECTIONS };
    let held = play(connect(server.address, CONNECTIONS).await?, holds(show, jobs, &people), None).await?;
    let script = payments(&held.all_created()?, jobs, &people).concat();
    Ok((connect(server.address, PAYING_CONNECTIONS).await?, script))
}

async fn pay((clients, script): (Vec<Client>, Script)) -> Result<Played> {
    paced(clients, script, PER_SECOND).await
}

/// Holds a second.
async fn capacity(testbed: &mut Testbed, server: &Server, show: Show) -> Result<f64> {
    let people = testbed.people(PEOPLE).await?;
    let jobs = Jobs { seats: LARGE, people: PEOPLE, connections: CONNECTIONS };
    let clients = connect(server.address, CONNECTIONS).await?;
    let played = play(clients, holds(show, jobs, &people), Some(Instant::now() + MEASURED)).await?;
    Ok(played.rate())
}

/// The payments, and the holds of another show that come meanwhile.
async fn beside(testbed: &mut Testbed, server: &Server, show: Show, rate: f64) -> Result<(Played, Played)> {
    let (prepared, people) = (prepare(testbed, server).await?, testbed.people(PEOPLE).await?);
    let jobs = Jobs { seats: LARGE, people: PEOPLE - PAYERS, connections: 1 };
    let mut script = holds(show, jobs, &people[PAYERS..]).concat();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
    script.truncate((rate * RUSH.as_secs_f64()) as usize);
    let clients = connect(server.address, CROWD).await?;
    let rush = tokio::spawn(paced(clients, script, rate));
    sleep(AHEAD).await;
    let payments = pay(prepared).await?;
    Ok((payments, rush.await??))
}
