//! A quiet show beside one that everybody wants: how long the slowest holds of the quiet one take.

use crate::callers::Jobs;
use crate::driver::{Server, Show};
use crate::figures::{median, percentile};
use crate::load::{Client, connect};
use crate::report::{Report, Wanted};
use crate::scripts::{Played, Script, holds, paced, play};
use crate::testbed::{CONNECTIONS, LARGE, PEOPLE, Testbed};
use anyhow::Result;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Holds of the quiet show, and how many come in a second.
const QUIET: usize = 1000;
const PER_SECOND: f64 = 200.0;
const QUIET_CONNECTIONS: usize = 16;
/// The people of the quiet show want nothing of the other one. There are 50 seats for each of the others.
const QUIET_PEOPLE: usize = 64;
const CROWD: usize = PEOPLE - QUIET_PEOPLE;
/// Between the beginning of the rush and that of the quiet show's holds.
const AHEAD: Duration = Duration::from_millis(500);
/// From the beginning of the rush to its end.
const RUSH: Duration = Duration::from_secs(6);

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let server = testbed.start().await?;
    let saturated = testbed.shows(&server, LARGE, testbed.rounds).await?;
    let (mut pairs, mut rush) = (Vec::new(), Vec::new());
    for (round, saturated) in saturated.into_iter().enumerate() {
        let first = if round.is_multiple_of(2) { Some(alone(testbed, &server).await?) } else { None };
        let (beside, crowd) = beside(testbed, &server, saturated).await?;
        let alone = match first {
            Some(p99) => p99,
            None => alone(testbed, &server).await?,
        };
        pairs.push((beside, alone));
        rush.push(crowd.rate());
        testbed.progress("quiet", round);
    }
    report.ratio("p99 of a hold of a quiet show beside a saturated one, to alone, ms", &pairs, Wanted::Most(1.5));
    report.note(format!("quiet: {PER_SECOND} holds/s beside {:.0}", median(&rush)));
    testbed.stop(server).await
}

/// The holds of the quiet show, with everything written: nothing but them is to happen beside the rush.
async fn prepare(testbed: &mut Testbed, server: &Server) -> Result<(Vec<Client>, Script)> {
    let (show, people) = (testbed.show(server, QUIET).await?, testbed.people(QUIET_PEOPLE).await?);
    let jobs = Jobs { seats: QUIET, people: QUIET_PEOPLE, connections: 1 };
    Ok((connect(server.address, QUIET_CONNECTIONS).await?, holds(show, jobs, &people).concat()))
}

/// They come at their own pace, however slow the answers are.
async fn quiet((clients, requests): (Vec<Client>, Script)) -> Result<f64> {
    let played = paced(clients, requests, PER_SECOND).await?;
    Ok(percentile(&played.all_created()?.times(), 99))
}

async fn alone(testbed: &mut Testbed, server: &Server) -> Result<f64> {
    quiet(prepare(testbed, server).await?).await
}

async fn beside(testbed: &mut Testbed, server: &Server, saturated: Show) -> Result<(f64, Played)> {
    let (prepared, people) = (prepare(testbed, server).await?, testbed.people(PEOPLE).await?);
    let jobs = Jobs { seats: 50 * CROWD, people: CROWD, connections: CONNECTIONS };
    let scripts = holds(saturated, jobs, &people[QUIET_PEOPLE..]);
    let clients = connect(server.address, CONNECTIONS).await?;
    let rush = tokio::spawn(play(clients, scripts, Some(Instant::now() + RUSH)));
    sleep(AHEAD).await;
    let quiet = quiet(prepared).await?;
    Ok((quiet, rush.await??))
}
