//! `run-tests [PROGRAM…] [-- ARGUMENT…]`: runs compiled test programs side by side, with a server of every kind that can
//! be had. Without names, all of them and the tests in the documentation; every program gets the arguments.
//!
//! What there is to run comes on standard input, as `cargo test --no-run --message-format=json-render-diagnostics` says it.

mod outcome;
mod programs;
mod schedule;

use anyhow::{Context, Result};
use frontrow_test_databases::Servers;
use std::io::{Write, stdin, stdout};
use std::process::ExitCode;
use tokio::time::Instant;

fn main() -> Result<ExitCode> {
    let begun = Instant::now();
    let mut words = std::env::args().skip(1);
    let names: Vec<String> = words.by_ref().take_while(|word| word != "--").collect();
    let arguments: Vec<String> = words.collect();
    let programs = programs::read(stdin().lock(), &names).context("cargo's messages on standard input")?;
    let cores = std::thread::available_parallelism()?.get();
    let servers = Servers::start()?;
    servers.report()?;
    let outcomes = schedule::run(programs, cores, |program| {
        let mut command = program.command(&arguments);
        servers.tell(&mut command);
        command
    })?;
    // Again: the last lines are what people read.
    servers.report()?;
    let mut out = stdout().lock();
    for failed in outcomes.iter().flat_map(|outcome| &outcome.failed) {
        writeln!(out, "FAILED: {failed}")?;
    }
    let count = |of: fn(&outcome::Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let (passed, failed, skipped) = (count(|o| o.passed), count(|o| o.failed.len()), count(|o| o.skipped.len()));
    let seconds = begun.elapsed().as_secs();
    writeln!(
        out,
        "{} programs, {passed} tests passed, {failed} failed, {skipped} skipped, {seconds} s",
        outcomes.len()
    )?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
