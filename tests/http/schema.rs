//! Servers are not started on a schema that is not theirs, and say what to do.

use crate::driver::{Log, Server, command};
use crate::test_server::{TestServer, on_every_server};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

on_every_server! { a_server_refuses_a_schema_that_is_missing_older_or_newer }

/// A server that refuses to start does so within this time; otherwise it would serve for ever.
const PATIENCE: Duration = Duration::from_mins(1);

async fn a_server_refuses_a_schema_that_is_missing_older_or_newer(server: &mut TestServer) -> Result<()> {
    let database = server.database_beside().await?.context("a server's")?;
    let directory = tempfile::tempdir()?;
    let directory = directory.path();
    fs::write(directory.join("frontrow.toml"), format!("database_url = {:?}\n", database.url()))?;

    refuses(directory, "serve", "run frontrow migrate").await.context("nothing is there")?;
    refuses(directory, "verify", "run frontrow migrate").await.context("nothing is there")?;
    ensure!(database.execute(&[STEPS]).await.is_err(), "a server that refuses has made tables");

    migrate(directory).await?;
    database.execute(&["DELETE FROM seaql_migrations WHERE version LIKE 'm0011%'"]).await?;
    refuses(directory, "serve", "run frontrow migrate").await.context("a step is missing")?;
    migrate(directory).await.context("the step that was missing")?;
    Server::start(directory, &[], Log::default()).await?.stop().await.context("all is as it should be")?;

    database.execute(&["INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_morrow', 0)"]).await?;
    for action in ["serve", "migrate", "verify"] {
        refuses(directory, action, "made by a newer release (it has m9999_morrow)").await?;
    }
    Ok(())
}

const STEPS: &str = "SELECT * FROM seaql_migrations";

/// The binary ends by itself, and says this.
async fn refuses(directory: &Path, action: &str, what: &str) -> Result<()> {
    let ended = timeout(PATIENCE, command(directory, &[action]).output());
    let Ok(output) = ended.await else { bail!("{action} goes on") };
    let output = output?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success() && said.contains(what), "{action} ends with {}: {said}", output.status);
    Ok(())
}

async fn migrate(directory: &Path) -> Result<()> {
    let output = command(directory, &["migrate"]).output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
