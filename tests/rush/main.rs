//! Thousands of scripted people queue for a show of 50 seats, on the embedded default: `make demo-rush`. In the end it says
//! who waited how long, and checks from the public log that nobody was overtaken.

#[path = "../driver/crowd.rs"]
mod crowd;
#[allow(dead_code, unused_imports, reason = "tests and benchmarks drive more of the server")]
#[path = "../driver/driver.rs"]
mod driver;

mod display;
mod outcome;
mod report;
mod script;
mod show;
mod tally;

use anyhow::{Context, Result, ensure};
use crowd::{Endpoints, Person, QueueClient};
use display::Display;
use driver::{Log, Server, command};
use outcome::Outcome;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use script::{Script, Shared};
use show::{Opening, Show};
use std::ffi::OsString;
use std::io::{Write, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Unless the command line says otherwise.
const PEOPLE: usize = 2000;
/// With fewer some seats may be left; more take longer than anybody will watch.
const MIN: usize = 500;
const MAX: usize = 20_000;
/// Of all scripted people together.
const CONNECTIONS: usize = 256;
/// So many of them may wait, checked in, with a request that waits, too; the others ask again.
const WAITING_REQUESTS: usize = 160;
/// From the first join to the last person's way home.
const LONGEST: Duration = Duration::from_mins(3);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().map(people) {
        // Cargo has no binary for an example to start: the server is this program, too.
        Some(None) => frontrow_server::main(std::env::args_os(), std::env::vars_os()),
        None => conclude(PEOPLE),
        Some(Some(people)) => conclude(people),
    }
}

/// How many, if it is a number.
fn people(argument: OsString) -> Option<usize> {
    argument.into_string().ok()?.parse().ok()
}

fn conclude(people: usize) -> ExitCode {
    let done = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match done.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(rush(people))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rush: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn rush(people: usize) -> Result<()> {
    ensure!((MIN..=MAX).contains(&people), "{MIN} to {MAX} people, not {people}");
    let directory = tempfile::tempdir()?;
    eprintln!("{people} people sign up, with points in their wallets");
    let opening = Opening { lobby: Duration::from_secs(10) };
    let (show, people) = show::prepare(directory.path(), people, opening).await?;
    let server = Server::run(&mut command(directory.path(), &["serve"]), Log::default()).await?;
    let outcomes = play(&server, &show, people).await;
    let log = show.admission_log(&server).await;
    server.stop().await?;
    let (outcomes, tally) = outcomes?;
    let sound = report::print(&outcomes, &tally, &log?)?;
    verify(directory.path()).await?;
    ensure!(sound, "something is wrong: see above");
    Ok(())
}

/// Lets everybody act their script, to the end.
async fn play(server: &Server, show: &Show, people: Vec<Person>) -> Result<(Vec<Outcome>, Arc<Tally>)> {
    let tally = Arc::new(Tally::default());
    let endpoints = Arc::new(Endpoints::new(vec![server.address], CONNECTIONS));
    let (end, ended) = watch::channel(false);
    let shared = Arc::new(Shared {
        tally: tally.clone(),
        opens: show.opens_at(),
        waiting_requests: Semaphore::new(WAITING_REQUESTS),
        ended,
    });
    let begun = Instant::now();
    let mut actors = JoinSet::new();
    for (n, person) in people.into_iter().enumerate() {
        let script = Script::write(&mut ChaCha8Rng::seed_from_u64(n as u64), show.opens_at() - begun);
        let client = QueueClient {
            endpoints: endpoints.clone(),
            sale: show.sale,
            performance: show.performance,
            access: person.access,
            token: None,
            pass: None,
        };
        actors.spawn(script.act(client, shared.clone(), begun));
    }
    let display = tokio::spawn(Display::new(tally.clone()).follow(show.queue(server), end));
    let outcomes = timeout(LONGEST, actors.join_all()).await.context("it takes too long")?;
    display.abort();
    let outcomes = outcomes.into_iter().collect::<Result<_>>().with_context(|| server.log.text())?;
    Ok((outcomes, tally))
}

async fn verify(directory: &Path) -> Result<()> {
    let output = command(directory, &["verify"]).output().await?;
    let said = [output.stdout, output.stderr].concat();
    let verdict = if output.status.success() { "   ok" } else { "WRONG" };
    writeln!(stdout(), "{verdict}  frontrow verify: {}", String::from_utf8_lossy(&said).trim())?;
    ensure!(output.status.success(), "frontrow verify found something wrong");
    Ok(())
}
