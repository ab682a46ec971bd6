//! What a waiting line costs: looking at it, joining it, claiming, and how fast a free slot is taken again. Each beside a
//! bare server that says hello, in the same run, on the same processors as the load itself.
//!
//! They take turns, so that what else the machine does meets both; a ratio is the median of the paired ratios.

#[allow(dead_code, unused_imports, reason = "the tests' driver, of which this needs a part")]
#[path = "../../driver/driver.rs"]
mod driver;

mod absent;
mod hello;
mod load;
mod place;
mod report;
mod slots;
mod turns;

use anyhow::Result;
use frontrow_test_databases::{Kind, private_redis, private_server};
use place::Place;
use report::Report;

/// Unless `FRONTROW_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == hello::ARGUMENT) {
        return hello::serve();
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
    let hello = hello::Hello::start().await?;
    let stage = driver::Stage::build().await?;
    let place = Place::file(&stage, None).await?;
    turns::measure(&place, &hello, report).await?;
    place.end().await?;
    if let Some(redis) = private_redis("make bench").await {
        let place = Place::file(&stage, Some(redis.url())).await?;
        turns::join_in_turns(&place, &hello, report).await?;
        turns::bytes_a_person(&place, redis.url(), report).await?;
        place.end().await?;
    }
    if let Some(server) = private_server(Kind::Postgres, "make bench").await {
        let place = Place::server(&stage, &server).await?;
        turns::join_in_turns(&place, &hello, report).await?;
        turns::claim_in_turns(&place, &hello, report).await?;
        slots::measure(&place, report).await?;
        place.end().await?;
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
