//! `with-test-databases COMMAND ARGUMENTS…`: runs a command with a server of every kind that can be had.

use anyhow::{Context, Result};
use frontrow_test_databases::Servers;
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().context("write the command that needs databases")?;
    let servers = Servers::start()?;
    let mut command = Command::new(program);
    command.args(words);
    servers.tell(&mut command);
    servers.report()?;
    let status = command.status().context("the command does not run")?;
    // Again: the last lines are what people read.
    servers.report()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
