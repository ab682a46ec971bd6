//! Holds while hundreds of connections read as fast as they can, beside as many that read bare answers: as fast as they
//! can, and as many a second as were read of ours.

use crate::bare::Bare;
use crate::callers::Jobs;
use crate::driver::Show;
use crate::figures::{median, number, per_second};
use crate::load::{Client, Requests, connect, tally};
use crate::programme::Read;
use crate::report::{Report, Wanted};
use crate::scripts::{Played, holds, paced, play};
use crate::testbed::{CONNECTIONS, LARGE, PEOPLE, Testbed};
use anyhow::{Result, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const POLLERS: usize = 512;
/// How long they read, how long before the first hold, and how long holds are made.
const POLLING: Duration = Duration::from_secs(4);
const AHEAD: Duration = Duration::from_millis(500);
const HOLDING: Duration = Duration::from_secs(3);
/// Shows that are booked in one round.
const SHOWS: usize = 3;

/// Holds a second, and answers a second to those who read meanwhile.
#[derive(Clone, Copy)]
struct Beside {
    holds: f64,
    reads: f64,
}

/// Who holds seats, and where.
struct Rush {
    server: SocketAddr,
    people: Arc<[String]>,
}

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let programme = testbed.programme().await?;
    let server = testbed.start().await?;
    let rush = Rush { server: server.address, people: testbed.people(PEOPLE).await? };
    let (mut rounds, mut notes) = (Vec::new(), Vec::new());
    for round in 0..testbed.rounds {
        let show = |turn| programme.show(SHOWS * round + turn);
        let (read, bare_show, paced_show) = (show(0)?, show(1)?, show(2)?);
        let (reads, missing) = programme.reads(server.address, read).await?;
        ensure!(!reads.is_empty(), "nothing can be read: {}", missing.join("; "));
        notes = missing;
        let answers: Vec<_> = reads.iter().map(|read| read.answer.clone()).collect();
        let bare = Bare::start(&answers).await?;
        let of_bare = async || rush.while_read(bare_show, bare.address, by_turns(&reads, |read| &read.bare)).await;
        let first = if round.is_multiple_of(2) { None } else { Some(of_bare().await?) };
        let ours = rush.while_read(read, server.address, by_turns(&reads, |read| &read.request)).await?;
        let of_bare = match first {
            Some(beside) => beside,
            None => of_bare().await?,
        };
        let equal = rush.while_paced(paced_show, bare.address, &reads, ours.0.reads).await?;
        notes.extend([&ours.1, &of_bare.1].into_iter().flatten().cloned());
        rounds.push([ours.0, of_bare.0, equal]);
        testbed.progress("polling", round);
    }
    write(report, &rounds);
    report.notes(notes.into_iter().map(|note| format!("polling: {note}")));
    testbed.stop(server).await
}

fn write(report: &mut Report, rounds: &[[Beside; 3]]) {
    let to = |n: usize| -> Vec<_> { rounds.iter().map(|round| (round[0].holds, round[n].holds)).collect() };
    report.ratio("holds beside 512 who read, to 512 who read bare answers, /s", &to(1), Wanted::Least(0.9));
    report.ratio("holds beside 512 who read, to as many bare answers a second, /s", &to(2), Wanted::Least(0.9));
    let [ours, bare, equal] =
        [0, 1, 2].map(|n: usize| median(&rounds.iter().map(|round| round[n].reads).collect::<Vec<_>>()));
    report.note(format!("polling: {ours:.0} reads/s; bare: {bare:.0}, then {equal:.0}"));
}

/// Every reader asks for one after the other, and each begins with another one.
fn by_turns(reads: &[Read], request: fn(&Read) -> &Vec<u8>) -> Requests {
    let requests: Vec<Vec<u8>> = reads.iter().map(request).cloned().collect();
    Arc::new(move |connection, n| requests.get((connection + n) % requests.len()).cloned())
}

impl Rush {
    /// The holds, and what was answered to the readers besides what they wanted.
    async fn while_read(
        &self,
        show: Show,
        readers: SocketAddr,
        requests: Requests,
    ) -> Result<(Beside, Option<String>)> {
        const EXPECTED: [u16; 2] = [200, 304];
        let clients = connect(readers, POLLERS).await?;
        let held = self.prepare(show).await?;
        let reading = tokio::spawn(tally(clients, requests, POLLING));
        let held = held.run().await?;
        let read = reading.await??;
        Ok((Beside { holds: held.rate(), reads: read.rate(&EXPECTED) }, read.others(&EXPECTED)))
    }

    async fn while_paced(&self, show: Show, readers: SocketAddr, reads: &[Read], rate: f64) -> Result<Beside> {
        let clients = connect(readers, POLLERS).await?;
        let held = self.prepare(show).await?;
        let by_turns = by_turns(reads, |read| &read.bare);
        let requests = (0..).map_while(|n| by_turns(0, n));
        let enough = |(n, _): &(usize, Vec<u8>)| number(*n) < rate * POLLING.as_secs_f64();
        let requests = requests.enumerate().take_while(enough).map(|(_, request)| request).collect();
        let reading = tokio::spawn(paced(clients, requests, rate));
        let held = held.run().await?;
        let read = reading.await??;
        let answered = read.answers.iter().map(Vec::len).sum();
        Ok(Beside { holds: held.rate(), reads: per_second(answered, read.taken) })
    }

    async fn prepare(&self, show: Show) -> Result<Holders> {
        let jobs = Jobs { seats: LARGE, people: PEOPLE, connections: CONNECTIONS };
        let scripts = holds(show, jobs, &self.people);
        Ok(Holders { clients: connect(self.server, CONNECTIONS).await?, scripts })
    }
}

/// Those who hold seats, with everything written.
struct Holders {
    clients: Vec<Client>,
    scripts: Vec<Vec<Vec<u8>>>,
}

impl Holders {
    async fn run(self) -> Result<Played> {
        sleep(AHEAD).await;
        play(self.clients, self.scripts, Some(Instant::now() + HOLDING)).await
    }
}
