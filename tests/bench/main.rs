//! What a second is good for, over HTTP, on every database that is installed or has an image: beside the same
//! transactions on the raw driver, in the same run, on the same machine.
//!
//! They take turns, so that what else the machine does meets all of them; a ratio is the median of the paired ratios. Only
//! what was answered with 201 counts. The generator of the load shares the machine with the server and its database.

#[path = "../driver/driver.rs"]
mod driver;

mod http;
mod raw;
mod reference;
mod report;

use anyhow::{Context, Result, ensure};
use driver::{CUSTOMERS, Log, Server, Show, Terms, TestAccounts, command};
use frontrow_test_databases::{HostServer, Kind, TestDatabase, host_server};
use http::Http;
use raw::Testbed;
use reference::{Reference, References};
use report::{Paired, Report};
use std::future::Future;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

const CONNECTIONS: [usize; 3] = [1, 8, 64];
/// Unless `FRONTROW_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 5;
/// Of one turn; one person may have 50 in a sale.
const HOLDS_EACH: usize = 20;
const PRICE: i64 = 10;

/// What somebody does in one turn: holds a seat, and pays it.
#[derive(Clone, Copy)]
pub struct Job {
    pub customer: usize,
    /// Number of the seat, from 0.
    pub seat: usize,
}

/// How many a second.
#[derive(Clone, Copy)]
pub struct Turn {
    pub holds: f64,
    pub payments: f64,
}

fn main() -> Result<()> {
    // Cargo runs benchmarks among the tests too, without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let accounts = TestAccounts::build().await?;
    // All of them, unless `FRONTROW_BENCH_DATABASES` names some.
    let named = std::env::var("FRONTROW_BENCH_DATABASES").ok();
    let is_wanted = |name: &str| named.as_ref().is_none_or(|named| named.split(',').any(|one| one == name));
    if is_wanted("sqlite") {
        measure_on_file(&accounts).await?.write(&mut std::io::stdout())?;
    }
    for kind in Kind::ALL.into_iter().filter(|kind| is_wanted(kind.name())) {
        if let Some(server) = host_server(kind, "make bench", Path::new(env!("CARGO_TARGET_TMPDIR"))).await {
            measure_on_server(&accounts, &server).await?.write(&mut std::io::stdout())?;
        }
    }
    Ok(())
}

/// The directory where Cargo builds, which is on a disk, unlike the system's temporary directory.
fn directory() -> Result<tempfile::TempDir> {
    Ok(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

async fn measure_on_file(accounts: &TestAccounts) -> Result<Report> {
    let (ours, theirs) = (directory()?, directory()?);
    for directory in [&ours, &theirs] {
        accounts.copy_to(directory.path())?;
    }
    let testbed = Testbed::file(&theirs.path().join("frontrow.sqlite")).await?;
    take_turns(Report::of("SQLite"), accounts, ours.path(), testbed).await
}

/// As durable as it comes, and reached without anything in between.
async fn measure_on_server(accounts: &TestAccounts, server: &HostServer) -> Result<Report> {
    let (ours, theirs) = (directory()?, directory()?);
    let databases = [
        TestDatabase::make(server.kind(), server.url()).await?,
        TestDatabase::make(server.kind(), server.url()).await?,
    ];
    for (directory, database) in [&ours, &theirs].into_iter().zip(&databases) {
        accounts.put_on_server(directory.path(), database.url()).await?;
    }
    let testbed = Testbed::Server(server.kind(), databases[1].url().to_owned());
    take_turns(Report::of(server.kind().to_string()), accounts, ours.path(), testbed).await
}

async fn take_turns(mut report: Report, accounts: &TestAccounts, directory: &Path, testbed: Testbed) -> Result<Report> {
    let log = Log::default();
    let server = Server::start(directory, &[("FRONTROW_SWEEP_SECONDS", "3600")], log.clone()).await?;
    let http = Http { address: server.address, tokens: accounts.customers.clone() };
    let references = References::on(testbed).await?;
    let rounds = match std::env::var("FRONTROW_BENCH_ROUNDS") {
        Ok(rounds) => rounds.parse().context("FRONTROW_BENCH_ROUNDS is a whole number")?,
        Err(_) => ROUNDS,
    };
    for round in 0..rounds {
        for connections in CONNECTIONS {
            report.add(
                connections,
                pair(&http, &references, publish(&server, accounts).await?, connections, round).await?,
            );
        }
        let answers = http.answers(publish(&server, accounts).await?, 64).await?;
        let pairs = http.pairs(publish(&server, accounts).await?, 64).await?;
        report.add_rush(answers, pairs);
        eprintln!("round {} of {rounds}", round + 1);
    }
    server.stop().await?;
    let complaints = log.complaints();
    ensure!(complaints.is_empty(), "the server complains:\n{}", complaints.join("\n"));
    verify(directory).await?;
    Ok(report)
}

/// Who goes first changes with every round.
async fn pair(http: &Http, references: &References, show: Show, connections: usize, round: usize) -> Result<Paired> {
    let first = if round.is_multiple_of(2) { Some(http.turn(show, connections).await?) } else { None };
    let full = references.turn(Reference::Full, connections).await?;
    let textbook = references.turn(Reference::Textbook, connections).await?;
    let http = match first {
        Some(turn) => turn,
        None => http.turn(show, connections).await?,
    };
    Ok(Paired { http, full, textbook })
}

/// Seats for one turn.
async fn publish(server: &Server, accounts: &TestAccounts) -> Result<Show> {
    let rows = u32::try_from((2 * CUSTOMERS * HOLDS_EACH).div_ceil(100))?;
    let terms = Terms { rows, price: PRICE, limit_per_person: 50, hold_seconds: 3600 };
    Show::publish(&mut driver::Client::new(server.address, Some(&accounts.operator)), terms).await
}

/// The jobs of a turn, dealt out to that many callers.
pub fn deal(callers: usize) -> Vec<Vec<Job>> {
    let job = |seat| Job { customer: seat % CUSTOMERS, seat };
    (0..callers).map(|caller| (caller..CUSTOMERS * HOLDS_EACH).step_by(callers).map(job).collect()).collect()
}

/// Runs all parts at once; what they made, and how many a second.
pub async fn timed<T, F>(parts: Vec<F>) -> Result<(Vec<Vec<T>>, f64)>
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>>> + Send + 'static,
{
    let begun = Instant::now();
    let parts: Vec<_> = parts.into_iter().map(tokio::spawn).collect();
    let mut made = Vec::with_capacity(parts.len());
    for part in parts {
        made.push(part.await??);
    }
    let taken: Duration = begun.elapsed();
    let count = made.iter().map(Vec::len).sum::<usize>();
    Ok((made, f64::from(u32::try_from(count)?) / taken.as_secs_f64()))
}

async fn verify(directory: &Path) -> Result<()> {
    let ended = command(directory, &["verify"]).status().await?;
    ensure!(ended.success(), "frontrow verify found something wrong");
    Ok(())
}
