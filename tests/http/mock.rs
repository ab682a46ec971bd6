//! The real command `frontrow mock`: what it prints, and docs/mock.md, run as it is written.

use crate::driver::{Log, Server, command};
use crate::test_server::runtime;
use crate::tour::commands;
use anyhow::{Result, ensure};
use std::fs;
use tokio::process::Command;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mock.md");
/// Where the document's reader finds the mock; the test's is elsewhere.
const ADDRESS: &str = "127.0.0.1:8080";

#[test]
fn what_the_document_shows_runs_on_the_real_mock() -> Result<()> {
    runtime()?.block_on(the_document_runs())
}

async fn the_document_runs() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let log = Log::default();
    let mock = ["mock", "--address", "127.0.0.1:0", "--crowd", "50"];
    let mock = Server::run(&mut command(directory.path(), &mock), log.clone()).await?;
    let (document, printed) = (fs::read_to_string(DOCUMENT)?, log.text());
    for line in printed.lines().filter(|line| !line.contains(&mock.address.to_string())) {
        ensure!(document.contains(line), "printed, and not in docs/mock.md: {line}");
    }
    ensure!(printed.contains("lee@example.com") && printed.contains("Northern Lights"), "printed: {printed}");

    let script = commands(&document, "calls")?;
    ensure!(script.contains(ADDRESS), "the document does not talk to {ADDRESS}");
    ensure!(!document.rsplit("<!-- /calls -->").next().unwrap_or_default().contains("curl"), "a call that is not run");
    let script = script.replace(ADDRESS, &mock.address.to_string());
    let mut bash = Command::new("bash");
    let output = bash.args(["-eu", "-o", "pipefail", "-c", &script]).current_dir(directory.path()).output().await?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{said}\n{complained}", output.status);
    for part in ["\"tickets\"", "seats-taken", "\"status\":503", "\"people_ahead\"", "\"ahead_seconds\":300"] {
        ensure!(said.contains(part), "no {part}:\n{said}");
    }
    ensure!(fs::read_dir(directory.path())?.next().is_none(), "the mock has written something");
    mock.stop().await
}
