//! The five calls with which docs/api.md begins, run as they are written.

use crate::driver::{Log, Server, command};
use crate::test_server::runtime;
use crate::tour::commands;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;
use tokio::process::Command;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");

#[test]
fn the_guides_five_calls_end_with_tickets_from_the_mock() -> Result<()> {
    runtime()?.block_on(async {
        let directory = tempfile::tempdir()?;
        let mut mock = command(directory.path(), &["mock", "--address", "127.0.0.1:0"]);
        let mock = Server::run(&mut mock, Log::default()).await?;
        book(directory.path(), &mock, &[]).await?;
        mock.stop().await
    })
}

#[test]
fn the_guides_five_calls_end_with_tickets_from_the_demo() -> Result<()> {
    runtime()?.block_on(async {
        let directory = tempfile::tempdir()?;
        let mut demo = command(directory.path(), &["demo", "--serve"]);
        let demo = Server::run(demo.env("TMPDIR", directory.path()), Log::default()).await?;
        let log = demo.log.text();
        let line = log.lines().find(|line| line.contains("lee@example.com")).context("the demo names no Lee")?;
        let password = line.split_whitespace().last().context("Lee has no password")?;
        book(directory.path(), &demo, &[("title", "Northern Lights"), ("password", password)]).await?;
        demo.stop().await
    })
}

async fn book(directory: &Path, server: &Server, variables: &[(&str, &str)]) -> Result<()> {
    let script = commands(&fs::read_to_string(GUIDE)?, "guide")?;
    ensure!(script.matches("curl").count() == 5, "not five calls:\n{script}");
    let mut bash = Command::new("bash");
    bash.args(["-eu", "-o", "pipefail", "-c", &script]).current_dir(directory).envs(variables.iter().copied());
    let output = bash.env("api", format!("http://{}/v1", server.address)).output().await?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{said}\n{complained}", output.status);
    ensure!(said.matches("FR2-").count() == 2, "not two tickets:\n{said}\n{complained}");
    Ok(())
}
