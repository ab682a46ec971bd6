//! `with-test-databases COMMAND ARGUMENTS…`: runs a command with a server of every kind that can be had.

use anyhow::{Context, Result};
use frontrow_test_databases::{Kind, RedisServer, Server, UNAVAILABLE, find_redis, server, url_variable};
use std::io::Write;
use std::process::{Command, ExitCode};

/// Each server, or why there is none.
struct Found {
    databases: Vec<(Kind, Result<Server, String>)>,
    redis: Result<RedisServer, String>,
}

/// Of one server: its name in the settings; its address and where it comes from, or why there is none.
type Told<'a> = (&'a str, Result<(&'a str, &'a str), &'a str>);

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().context("write the command that needs databases")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let found = runtime.block_on(find_all());
    let mut command = Command::new(program);
    command.args(words).env_remove(UNAVAILABLE);
    let mut missing = String::new();
    for (name, server) in found.each() {
        match server {
            Ok((url, _)) => drop(command.env(url_variable(name), url)),
            Err(reason) => missing.extend([name, ": ", reason, "\n"]),
        }
    }
    command.env(UNAVAILABLE, &missing);
    tell(&found)?;
    let status = command.status().context("the command does not run")?;
    tell(&found)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

async fn find_all() -> Found {
    let (mysql, mariadb, postgres, redis) =
        tokio::join!(server(Kind::MySql), server(Kind::MariaDb), server(Kind::Postgres), find_redis());
    let databases = [(Kind::MySql, mysql), (Kind::MariaDb, mariadb), (Kind::Postgres, postgres)];
    Found { databases: databases.map(|(kind, server)| (kind, said(server))).into(), redis: said(redis) }
}

/// In one line.
fn said<T>(server: Result<T>) -> Result<T, String> {
    server.map_err(|error| format!("{error:#}").replace('\n', " "))
}

impl Found {
    fn each(&self) -> impl Iterator<Item = Told<'_>> {
        let databases = self.databases.iter().map(|(kind, server)| {
            let server = server.as_ref().map(|server| (server.url.as_str(), server.from.as_str()));
            (kind.name(), server.map_err(String::as_str))
        });
        let redis = self.redis.as_ref().map(|server| (server.url(), server.from())).map_err(String::as_str);
        databases.chain([(RedisServer::NAME, redis)])
    }
}

/// Before and after: the last lines are what people read.
fn tell(found: &Found) -> Result<()> {
    let mut out = std::io::stderr().lock();
    for (name, server) in found.each() {
        match server {
            Ok((_, from)) => writeln!(out, "{name}: {from}")?,
            Err(reason) => writeln!(out, "{name}: NOT COVERED ({reason})")?,
        }
    }
    Ok(())
}
