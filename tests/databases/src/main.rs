//! `with-test-databases COMMAND ARGUMENTS…`: runs a command with a server of every kind that can be had.

use anyhow::{Context, Result};
use frontrow_test_databases::{Kind, Server, UNAVAILABLE, server};
use std::io::Write;
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().context("write the command that needs databases")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let found = runtime.block_on(find_all());
    let mut command = Command::new(program);
    command.args(words).env_remove(UNAVAILABLE);
    let mut missing = String::new();
    for (kind, server) in &found {
        match server {
            Ok(server) => drop(command.env(format!("FRONTROW_TEST_{}_URL", kind.name().to_uppercase()), &server.url)),
            Err(reason) => missing.extend([kind.name(), ": ", reason, "\n"]),
        }
    }
    command.env(UNAVAILABLE, &missing);
    tell(&found)?;
    let status = command.status().context("the command does not run")?;
    tell(&found)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

async fn find_all() -> Vec<(Kind, Result<Server, String>)> {
    let (mysql, mariadb, postgres) = tokio::join!(server(Kind::MySql), server(Kind::MariaDb), server(Kind::Postgres));
    let said = |server: Result<Server>| server.map_err(|error| format!("{error:#}").replace('\n', " "));
    vec![(Kind::MySql, said(mysql)), (Kind::MariaDb, said(mariadb)), (Kind::Postgres, said(postgres))]
}

/// Before and after: the last lines are what people read.
fn tell(found: &[(Kind, Result<Server, String>)]) -> Result<()> {
    let mut out = std::io::stderr().lock();
    for (kind, server) in found {
        match server {
            Ok(server) => writeln!(out, "{kind}: {}", server.from)?,
            Err(reason) => writeln!(out, "{kind}: NOT COVERED ({reason})")?,
        }
    }
    Ok(())
}
