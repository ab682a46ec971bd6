//! Holds and payments a second over HTTP, beside the same commands given to the store without HTTP, in the same run, on
//! the same machine and the same database file.
//!
//! The two take turns, so that what else the machine does meets both; the ratio is the median of the paired ratios.
//! Only what was answered with 201 counts. The generator of the load shares the machine with the server.

#[path = "../driver/driver.rs"]
mod driver;

mod direct;
mod http;
mod report;

use anyhow::{Result, ensure};
use direct::Direct;
use driver::{CUSTOMERS, Server, Show, Stage, Terms, command};
use http::Http;
use report::Report;
use std::future::Future;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

const CONNECTIONS: [usize; 3] = [1, 8, 64];
const ROUNDS: usize = 5;
/// Of one turn; one person may have 50 in a sale.
const HOLDS_EACH: usize = 20;
const PRICE: i64 = 10;

/// What somebody does in one turn: holds a seat, and pays it.
#[derive(Clone, Copy)]
pub struct Job {
    pub customer: usize,
    /// From 0.
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
    // Where Cargo builds: a file on a disk, unlike the system's directory for what is temporary.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let stage = Stage::build().await?;
    stage.copy_to(directory.path())?;
    let server = Server::start(directory.path(), &[("FRONTROW_SWEEP_SECONDS", "3600")]).await?;
    let http = Http { address: server.address, tokens: stage.customers.clone() };
    let direct = Direct::open(directory.path()).await?;

    let mut report = Report::default();
    for round in 0..ROUNDS {
        for connections in CONNECTIONS {
            let shows = [publish(&server, &stage).await?, publish(&server, &stage).await?];
            let (over_http, without) = if round % 2 == 0 {
                let over_http = http.turn(shows[0], connections).await?;
                (over_http, direct.turn(shows[1], connections).await?)
            } else {
                let without = direct.turn(shows[1], connections).await?;
                (http.turn(shows[0], connections).await?, without)
            };
            report.add(connections, over_http, without);
        }
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    direct.close().await;
    server.stop().await?;
    verify(directory.path()).await?;
    Ok(report.write(&mut std::io::stdout())?)
}

/// Seats for one turn.
async fn publish(server: &Server, stage: &Stage) -> Result<Show> {
    let rows = u32::try_from((CUSTOMERS * HOLDS_EACH).div_ceil(100))?;
    let terms = Terms { rows, price: PRICE, limit_per_person: 50, hold_seconds: 3600 };
    Show::publish(&mut driver::Client::new(server.address, Some(&stage.operator)), terms).await
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
