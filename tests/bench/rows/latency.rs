//! How long the slowest holds take: when everybody sends as soon as they can, and when requests come at their own pace.

use crate::callers::Jobs;
use crate::driver::Server;
use crate::figures::percentile;
use crate::load::connect;
use crate::reference::Reference;
use crate::report::{Report, Wanted};
use crate::scripts::{Played, holds, paced, play};
use crate::testbed::{CONNECTIONS, PEOPLE, Testbed};
use anyhow::Result;

const SEATS: usize = 5 * PEOPLE;
/// Of one connection.
const ALONE: usize = 512;
/// Part of the capacity that is asked for in the open loop.
const LOAD: f64 = 0.7;

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let server = testbed.start().await?;
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for round in 0..testbed.rounds {
        let jobs = Jobs { seats: SEATS, people: PEOPLE, connections: CONNECTIONS };
        let first = if round.is_multiple_of(2) { None } else { Some(full(testbed, jobs).await?) };
        let http = hold_all(testbed, &server, jobs).await?;
        let full = match first {
            Some(full) => full,
            None => full(testbed, jobs).await?,
        };
        closed.push((percentile(&http.times(), 99), full));
        let alone = Jobs { seats: ALONE, people: PEOPLE, connections: 1 };
        let alone = percentile(&hold_all(testbed, &server, alone).await?.times(), 50);
        open.push((at_their_own_pace(testbed, &server, jobs, LOAD * http.rate()).await?, alone));
        testbed.progress("latency", round);
    }
    report.ratio("p99 of a hold, 64 connections, to full, ms", &closed, Wanted::Most(1.0));
    let what = "p99 of a hold in an open loop at 70 % of the capacity, to the median of one connection, ms";
    report.ratio(what, &open, Wanted::Most(5.0));
    testbed.stop(server).await
}

async fn hold_all(testbed: &mut Testbed, server: &Server, jobs: Jobs) -> Result<Played> {
    let (show, people) = (testbed.show(server, jobs.seats).await?, testbed.people(jobs.people).await?);
    let scripts = holds(show, jobs, &people);
    play(connect(server.address, jobs.connections).await?, scripts, None).await?.all_created()
}

async fn full(testbed: &Testbed, jobs: Jobs) -> Result<f64> {
    Ok(percentile(&testbed.references.turn(Reference::Full, jobs).await?.times, 99))
}

async fn at_their_own_pace(testbed: &mut Testbed, server: &Server, jobs: Jobs, rate: f64) -> Result<f64> {
    let (show, people) = (testbed.show(server, jobs.seats).await?, testbed.people(jobs.people).await?);
    let requests = holds(show, Jobs { connections: 1, ..jobs }, &people).concat();
    let played = paced(connect(server.address, jobs.connections).await?, requests, rate).await?;
    Ok(percentile(&played.all_created()?.times(), 99))
}
