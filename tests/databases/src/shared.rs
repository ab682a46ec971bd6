//! One server of each kind for all tests of a program.

use crate::server::answers;
use crate::{Kind, Server, TestDatabase, docker, local, settings};
use anyhow::{Error, Result};
use std::io::Write;
use tokio::sync::OnceCell;

/// Finds or starts a server of that kind.
pub async fn server(kind: Kind) -> Result<Server> {
    if let Some(url) = settings::url(kind.name()) {
        let version = answers(kind, &url, || true).await?;
        let from = format!("{version}, named by {}", settings::url_variable(kind.name()));
        return Ok(Server { kind, url, from, _watchdog: None });
    }
    if let Some(reason) = settings::unavailable(kind.name()) {
        return Err(Error::msg(reason));
    }
    let in_docker = match docker::start(kind).await {
        Ok(server) => return Ok(server),
        Err(error) => error,
    };
    local::start(kind).await.map_err(|error| Error::msg(format!("{in_docker:#}; {error:#}")))
}

/// A database of its own. `None`: there is no server of that kind, which has been said with the test's name. Panics if
/// it has to be there.
pub async fn database(kind: Kind, test: &str) -> Option<TestDatabase> {
    static SERVERS: [OnceCell<Result<Server, String>>; Kind::ALL.len()] =
        [const { OnceCell::const_new() }; Kind::ALL.len()];
    let server =
        SERVERS[kind as usize].get_or_init(|| async { server(kind).await.map_err(|error| format!("{error:#}")) });
    match server.await {
        Ok(server) => Some(made(kind, server).await),
        Err(reason) => skip(kind.name(), reason, test),
    }
}

#[expect(clippy::panic, reason = "a test that can't have its database has failed")]
async fn made(kind: Kind, server: &Server) -> TestDatabase {
    match TestDatabase::make(kind, &server.url).await {
        Ok(database) => database,
        Err(error) => panic!("no database can be made on {}: {error:#}", server.from),
    }
}

/// Says that a test is skipped, where nobody captures it.
#[expect(clippy::panic, reason = "a test that must not be skipped has failed")]
pub(crate) fn skip<T>(name: &str, reason: &str, test: &str) -> Option<T> {
    match settings::required() {
        Ok(required) if !required.iter().any(|required| required == name) => {}
        Ok(_) => panic!("{test} needs {name}, which {} requires: {reason}", settings::REQUIRE),
        Err(error) => panic!("{error:#}"),
    }
    // Nothing is lost if nobody listens.
    let _ = std::io::stderr().write_all(format!("SKIPPED on {name}: {test} ({reason})\n").as_bytes());
    None
}
