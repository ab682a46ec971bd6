//! What a waiting room costs: looking at its queue, joining it, checking in, and how soon the next person is admitted
//! after somebody has left. Each beside a bare server that says hello, in the same run, on the same processors as the
//! load itself.
//!
//! They take turns, so that what else the machine does meets both; a ratio is the median of the paired ratios.

// An optimised build computes the layout of the deepest futures.
#![recursion_limit = "256"]

#[allow(dead_code, unused_imports, reason = "the tests' driver, of which this needs a part")]
#[path = "../../driver/driver.rs"]
mod driver;

#[allow(dead_code, reason = "the other benchmark's, too")]
#[path = "../bare.rs"]
mod bare;
#[allow(dead_code, reason = "the other benchmark's, too")]
#[path = "../load.rs"]
mod load;

mod absent;
mod admissions;
mod report;
mod testbed;
mod turns;

use anyhow::Result;
use bare::{Bare, FixedAnswer};
use frontrow_test_databases::{Kind, private_redis, private_server};
use report::Report;
use testbed::Testbed;

/// Unless `FRONTROW_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == bare::ARGUMENT) {
        return bare::serve();
    }
    // Cargo runs benchmarks among the tests too, without this.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let mut report = Report::default();
    let measured = Box::pin(measure_all(&mut report)).await;
    // What was measured before something went wrong is worth reading.
    report.write(&mut std::io::stdout())?;
    measured
}

async fn measure_all(report: &mut Report) -> Result<()> {
    absent::measure(report);
    let hello = Bare::start(&[FixedAnswer::hello()]).await?;
    let accounts = driver::TestAccounts::build().await?;
    let testbed = Testbed::file(&accounts, None).await?;
    turns::measure(&testbed, &hello, report).await?;
    testbed.end().await?;
    if let Some(redis) = private_redis("make bench").await {
        let testbed = Testbed::file(&accounts, Some(redis.url())).await?;
        turns::join_in_turns(&testbed, &hello, report).await?;
        turns::bytes_a_person(&testbed, redis.url(), report).await?;
        testbed.end().await?;
    }
    if let Some(server) = private_server(Kind::Postgres, "make bench").await {
        let testbed = Testbed::server(&accounts, &server).await?;
        turns::join_in_turns(&testbed, &hello, report).await?;
        turns::check_in_in_turns(&testbed, &hello, report).await?;
        admissions::measure(&testbed, report).await?;
        testbed.end().await?;
    }
    Ok(())
}

/// How often everything takes its turn.
fn rounds() -> Result<usize> {
    match std::env::var("FRONTROW_BENCH_ROUNDS") {
        Ok(rounds) => Ok(rounds.parse()?),
        Err(_) => Ok(ROUNDS),
    }
}
