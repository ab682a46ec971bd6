//! Every server that can be had, started once for the processes that run under a launcher.

use crate::{Kind, RedisServer, Server, UNAVAILABLE, find_redis, server, url_variable};
use anyhow::Result;
use futures::future::join_all;
use std::io::Write;
use std::process::Command;
use tokio::runtime::Runtime;

/// Each server, or why there is none. They end when this is dropped.
pub struct Servers {
    databases: Vec<(Kind, Result<Server, String>)>,
    redis: Result<RedisServer, String>,
    _runtime: Runtime,
}

/// A server's name in the settings; its address and where it comes from, or why there is none.
type Described<'a> = (&'a str, Result<(&'a str, &'a str), &'a str>);

impl Servers {
    /// Finds or starts all of them at once.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (databases, redis) = runtime.block_on(async {
            let databases = Kind::ALL.map(|kind| async move { (kind, in_one_line(server(kind).await)) });
            tokio::join!(join_all(databases), find_redis())
        });
        Ok(Self { databases, redis: in_one_line(redis), _runtime: runtime })
    }

    /// Tells a command where they are.
    pub fn tell(&self, command: &mut Command) {
        let mut missing = String::new();
        for (name, server) in self.each() {
            match server {
                Ok((url, _)) => drop(command.env(url_variable(name), url)),
                Err(reason) => missing.extend([name, ": ", reason, "\n"]),
            }
        }
        command.env(UNAVAILABLE, missing);
    }

    /// Says on standard error what tests run on, and what they can't run on.
    pub fn report(&self) -> Result<()> {
        let mut out = std::io::stderr().lock();
        for (name, server) in self.each() {
            match server {
                Ok((_, from)) => writeln!(out, "{name}: {from}")?,
                Err(reason) => writeln!(out, "{name}: NOT COVERED ({reason})")?,
            }
        }
        Ok(())
    }

    fn each(&self) -> impl Iterator<Item = Described<'_>> {
        let databases = self.databases.iter().map(|(kind, server)| {
            let server = server.as_ref().map(|server| (server.url.as_str(), server.from.as_str()));
            (kind.name(), server.map_err(String::as_str))
        });
        let redis = self.redis.as_ref().map(|server| (server.url(), server.from())).map_err(String::as_str);
        databases.chain([(RedisServer::NAME, redis)])
    }
}

fn in_one_line<T>(server: Result<T>) -> Result<T, String> {
    server.map_err(|error| format!("{error:#}").replace('\n', " "))
}
