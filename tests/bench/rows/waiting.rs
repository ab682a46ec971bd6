//! Thousands of connections that all wait for a hold: does the server still do as much as for 64?

use crate::callers::{Jobs, together};
use crate::driver::{Server, Show};
use crate::figures::{median, number, per_second};
use crate::load::{Client, connect, header};
use crate::report::{Report, Wanted};
use crate::scripts::{Script, holds};
use crate::testbed::{CONNECTIONS, LARGE, Testbed};
use anyhow::Result;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

const CROWD: usize = 8192;
/// Files that this process needs for other things, and the server for its own.
const OTHER_FILES: u64 = 500;
const TIME: Duration = Duration::from_secs(5);

/// What was answered in time.
#[derive(Clone, Copy, Default)]
struct Answered {
    held: usize,
    told_to_wait: usize,
    others: usize,
}

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let files = usize::try_from(crate::open_files()?.0.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    // A multiple of the usual connections, so that nobody is on two of them.
    let crowd = CROWD.min(files / CONNECTIONS * CONNECTIONS);
    testbed.people(crowd).await?;
    let server = testbed.start().await?;
    let shows = testbed.shows(&server, LARGE, 2 * testbed.rounds).await?;
    let (mut pairs, mut told_to_wait, mut others) = (Vec::new(), Vec::new(), 0);
    for (round, shows) in shows.chunks(2).enumerate() {
        let counts = if round.is_multiple_of(2) { [crowd, CONNECTIONS] } else { [CONNECTIONS, crowd] };
        let mut rates = [0.0; 2];
        for (show, connections) in shows.iter().zip(counts) {
            let answered = hold(testbed, &server, *show, crowd, connections).await?;
            rates[usize::from(connections == CONNECTIONS)] = per_second(answered.held, TIME);
            others += answered.others;
            if connections == crowd {
                told_to_wait.push(number(answered.told_to_wait) / number(answered.held));
            }
        }
        pairs.push((rates[0], rates[1]));
        testbed.progress("waiting", round);
    }
    report.ratio(format!("holds, {crowd} connections waiting, to {CONNECTIONS}, /s"), &pairs, Wanted::Least(0.9));
    let told_to_wait = median(&told_to_wait);
    report.note(format!("waiting: {told_to_wait:.2} times told to come back for each hold, {others} other answers"));
    testbed.stop(server).await
}

/// As many people as there are connections at most, so that nobody waits for more than one answer.
async fn hold(
    testbed: &mut Testbed,
    server: &Server,
    show: Show,
    people: usize,
    connections: usize,
) -> Result<Answered> {
    let jobs = Jobs { seats: LARGE, people, connections };
    let scripts = holds(show, jobs, &testbed.people(people).await?);
    let clients = connect(server.address, connections).await?;
    let until = Instant::now() + TIME;
    let parts = clients.into_iter().zip(scripts).map(|(client, script)| patiently(client, script, until)).collect();
    let add = |all: Answered, part: Answered| Answered {
        held: all.held + part.held,
        told_to_wait: all.told_to_wait + part.told_to_wait,
        others: all.others + part.others,
    };
    Ok(together(parts).await?.0.into_iter().fold(Answered::default(), add))
}

/// Whoever is told to come back does so when they are told.
async fn patiently(mut client: Client, script: Script, until: Instant) -> Result<Answered> {
    let mut answered = Answered::default();
    let mut requests = script.into_iter().peekable();
    while let Some(request) = requests.peek() {
        if Instant::now() >= until {
            break;
        }
        let status = client.ask(request).await?;
        let now = Instant::now();
        let retry_after = header(client.head()?, "retry-after").and_then(|seconds| seconds.parse().ok());
        match (status, retry_after) {
            (429 | 503, Some(seconds)) => {
                answered.told_to_wait += 1;
                sleep_until(until.min(now + Duration::from_secs(seconds))).await;
                continue;
            }
            (201, _) => answered.held += usize::from(now < until),
            _ => answered.others += 1,
        }
        requests.next();
    }
    Ok(answered)
}
