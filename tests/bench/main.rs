//! What bookings and reads cost over HTTP, on every database that is installed or has an image: beside transactions on
//! the raw driver and a bare server, in the same run, on the same machine.
//!
//! They take turns, so that what else the machine does meets all of them; a ratio is the median of the paired ratios.
//! Only success counts. The generator of the load shares the machine with the server and its database.
//!
//! These variables choose what is measured:
//! - `FRONTROW_BENCH_DATABASES`: some of sqlite, mysql, mariadb, postgres; else all of them;
//! - `FRONTROW_BENCH_ROWS`: some [groups](rows::Group); else all of them;
//! - `FRONTROW_BENCH_ROUNDS`: how often each takes its turn, 5 if nothing is said;
//! - `FRONTROW_BENCH_SEATS`: of the sale that is measured as a whole, 10,000 if nothing is said, 50,000 at most.

// An optimised build computes the layout of the deepest futures.
#![recursion_limit = "256"]

#[allow(dead_code, unused_imports, reason = "the tests' driver, of which this needs a part")]
#[path = "../driver/driver.rs"]
mod driver;
#[path = "../driver/people.rs"]
mod people;

#[allow(dead_code, reason = "the other benchmark's, too")]
mod bare;
mod callers;
mod figures;
#[allow(dead_code, reason = "the other benchmark's, too")]
mod load;
mod programme;
mod raw;
mod reference;
mod report;
mod rows;
mod scripts;
mod testbed;

use anyhow::{Context, Result, ensure};
use driver::TestAccounts;
use frontrow_test_databases::{Kind, host_server};
use report::Report;
use rows::Group;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use testbed::{Extent, LARGE, Testbed};

const ROUNDS: usize = 5;
/// More would need more than a hundred performances.
const MOST_ROUNDS: usize = 30;
const SALE_SEATS: usize = 10_000;
/// No group takes longer on one database, or something is wrong.
const LONGEST: Duration = Duration::from_hours(1);
/// Connections that the rows ask for, and some.
const FILES: u64 = 20_000;
const SQLITE: &str = "sqlite";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == bare::ARGUMENT) {
        return bare::serve();
    }
    // Cargo runs benchmarks among the tests too, without this.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    raise_limit()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(Choice::read()?.measure())
}

/// Most systems let a process open 1,024 files unless it asks for more, which only the shell does here.
fn raise_limit() -> Result<()> {
    // Where nobody says how many, there is nothing to raise.
    let Ok((soft, hard)) = open_files() else { return Ok(()) };
    if soft >= FILES || soft >= hard {
        return Ok(());
    }
    let limit = format!("ulimit -S -n {} && exec \"$0\" \"$@\"", hard.min(FILES));
    let mut again = Command::new("sh");
    again.args(["-c", &limit]).arg(std::env::current_exe()?).args(std::env::args_os().skip(1));
    // It only comes back if that has failed.
    Err(again.exec().into())
}

/// How many files this process may open, as it is and at most.
pub fn open_files() -> Result<(u64, u64)> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).context("no limit of open files")?;
    let mut numbers = line.split_whitespace().map(|word| word.parse().unwrap_or(u64::MAX));
    Ok((numbers.next().context("no soft limit")?, numbers.next().context("no hard limit")?))
}

/// What is measured.
struct Choice {
    databases: Vec<String>,
    groups: Vec<Group>,
    extent: Extent,
}

impl Choice {
    fn read() -> Result<Self> {
        let databases = names("FRONTROW_BENCH_DATABASES", [SQLITE].into_iter().chain(Kind::ALL.map(Kind::name)))?;
        let groups = names("FRONTROW_BENCH_ROWS", Group::ALL.into_iter().map(Group::name))?;
        let groups = Group::ALL.into_iter().filter(|group| groups.iter().any(|name| name == group.name())).collect();
        let extent = Extent {
            rounds: number("FRONTROW_BENCH_ROUNDS", ROUNDS, MOST_ROUNDS)?,
            sale_seats: number("FRONTROW_BENCH_SEATS", SALE_SEATS, LARGE)?,
        };
        Ok(Self { databases, groups, extent })
    }

    async fn measure(self) -> Result<()> {
        eprintln!("{} rounds; a sale of {} seats", self.extent.rounds, self.extent.sale_seats);
        let accounts = TestAccounts::build().await?;
        let mut failed = Vec::new();
        if self.databases.iter().any(|name| name == SQLITE) {
            failed.extend(self.measure_on(Testbed::file(&accounts, self.extent).await?).await?);
        }
        for kind in Kind::ALL.into_iter().filter(|kind| self.databases.iter().any(|name| name == kind.name())) {
            if let Some(server) = host_server(kind, "make bench", Path::new(env!("CARGO_TARGET_TMPDIR"))).await {
                failed.extend(self.measure_on(Testbed::server(&accounts, self.extent, &server).await?).await?);
            }
        }
        ensure!(failed.is_empty(), "{}", failed.join("\n"));
        Ok(())
    }

    /// What failed. The rest is worth reading all the same.
    async fn measure_on(&self, mut testbed: Testbed) -> Result<Vec<String>> {
        let mut report = Report::of(&testbed.name);
        let mut failed = Vec::new();
        for group in &self.groups {
            let measured = tokio::time::timeout(LONGEST, group.measure(&mut testbed, &mut report)).await;
            if let Err(error) = measured.context("took too long").flatten() {
                failed.push(format!("{}, {}: {error:#}", testbed.name, group.name()));
            }
        }
        report.notes(failed.iter().cloned());
        report.write(&mut std::io::stdout())?;
        if let Err(error) = testbed.end().await {
            failed.push(format!("{error:#}"));
        }
        Ok(failed)
    }
}

/// Those that the variable names, or all of them.
fn names(variable: &str, all: impl Iterator<Item = &'static str>) -> Result<Vec<String>> {
    let all: Vec<String> = all.map(str::to_owned).collect();
    let Ok(named) = std::env::var(variable) else { return Ok(all) };
    let named: Vec<String> = named.split(',').map(|name| name.trim().to_owned()).collect();
    let unknown = named.iter().find(|name| !all.contains(name));
    ensure!(unknown.is_none(), "{variable}: {} is none of {}", unknown.map_or("", String::as_str), all.join(", "));
    Ok(named)
}

fn number(variable: &str, default: usize, most: usize) -> Result<usize> {
    let Ok(text) = std::env::var(variable) else { return Ok(default) };
    let number = text.parse().with_context(|| format!("{variable} is a whole number"))?;
    ensure!((1..=most).contains(&number), "{variable} is from 1 to {most}");
    Ok(number)
}
