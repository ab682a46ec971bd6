//! The tour in the README, run as it is written.

use crate::driver::{Log, Server, command};
use crate::test_server::{TestServer, on_every_database, verify};
use anyhow::{Context, Result, ensure};
use std::fs;
use tokio::process::Command;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
/// Where the README's reader finds the demo; the test's is elsewhere, so that several can run at once.
const ADDRESS: &str = "127.0.0.1:8080";

on_every_database! { the_readmes_tour_ends_with_a_ticket }

async fn the_readmes_tour_ends_with_a_ticket(server: &mut TestServer) -> Result<()> {
    let script = commands(&fs::read_to_string(README)?, "tour")?;
    ensure!(script.contains(ADDRESS), "the tour does not talk to {ADDRESS}");
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("frontrow.sqlite");
    let file = file.to_str().context("UTF-8")?;
    let database = server.database_beside().await?;
    let url = database.as_ref().map_or(format!("sqlite://{file}"), |database| database.url().to_owned());
    fs::write(directory.path().join("frontrow.toml"), format!("database_url = {url:?}\n"))?;
    let mut demo = command(directory.path(), &["demo", "--serve"]);
    let demo = Server::run(&mut demo, Log::default()).await?;

    let script = script.replace(ADDRESS, &demo.address.to_string());
    let mut bash = Command::new("bash");
    let output = bash.args(["-eu", "-o", "pipefail", "-c", &script]).current_dir(directory.path()).output().await?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{said}\n{complained}", output.status);
    ensure!(said.contains("\"tickets\"") && said.contains("confirmed"), "no ticket:\n{said}\n{complained}");

    demo.stop().await?;
    let (code, output) = verify(directory.path()).await?;
    ensure!(code == Some(0), "frontrow verify exits with {code:?}:\n{output}");
    Ok(())
}

/// The commands between the markers of that name: all of a `sh` block, and what follows the prompt in a `console` block.
pub fn commands(document: &str, name: &str) -> Result<String> {
    let (_, rest) = document.split_once(&format!("<!-- {name} -->")).with_context(|| format!("no {name}"))?;
    let (marked, _) =
        rest.split_once(&format!("<!-- /{name} -->")).with_context(|| format!("the {name} has no end"))?;
    let (mut script, mut block) = (String::new(), None);
    for line in marked.lines() {
        match (block, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (Some("sh"), None) => script.extend([line, "\n"]),
            (Some("console"), None) => {
                let command = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> "));
                script.extend(command.map(|command| format!("{command}\n")));
            }
            _ => {}
        }
    }
    ensure!(!script.is_empty(), "the {name} has no commands");
    Ok(script)
}
