//! The binary `frontrow`: settings, wiring, telemetry, shutdown, commands.
// The futures of commands are nested this deeply.
#![recursion_limit = "256"]

pub mod application;
pub mod background;
pub mod cli;
pub mod commands;
pub mod database;
pub mod demo;
pub mod draw;
pub mod exposure;
pub mod gateway;
pub mod installation;
pub mod keys;
pub mod listen;
pub mod logs;
pub mod mailing;
pub mod metrics_page;
pub mod mock;
pub mod operator;
pub mod refused;
pub mod reload;
pub mod rotation;
pub mod sale;
pub mod serve;
pub mod settings;
pub mod signers;
pub mod user;
pub mod verify;

use clap::Parser;
use cli::Cli;
use refused::Refused;
use settings::{Flaw, Flaws, Given};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// The exit code for a wrong command line, wrong settings, or a `verify` that can't tell.
const REFUSED: u8 = 2;

/// Runs one command. Exits with 0 when it's done, 2 if the command line or the settings are wrong, otherwise with 1;
/// `verify` has exit codes of its own.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => return show(&message),
    };
    let done =
        given(&cli, environment).map_err(anyhow::Error::from).and_then(|given| commands::run(cli.action, &given));
    done.unwrap_or_else(|error| {
        eprintln!("frontrow: {error:#}");
        if error.is::<Flaws>() || error.is::<Refused>() { REFUSED.into() } else { ExitCode::FAILURE }
    })
}

/// Help goes to standard output and is a success; a wrong command line is a failure.
fn show(message: &clap::Error) -> ExitCode {
    let printed = message.print().is_ok();
    match u8::try_from(message.exit_code()) {
        Ok(code) if printed => code.into(),
        _ => ExitCode::FAILURE,
    }
}

fn given(cli: &Cli, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Given, Flaws> {
    let mut ours = BTreeMap::new();
    let mut flaws = Vec::new();
    let mut credentials = None;
    for (name, value) in environment {
        if name == "CREDENTIALS_DIRECTORY" {
            credentials = Some(PathBuf::from(value));
            continue;
        }
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with("FRONTROW_") {
            continue;
        }
        match value.into_string() {
            Ok(value) => {
                ours.insert(name, value);
            }
            Err(_) => flaws.push(Flaw {
                name,
                origin: "the environment".to_owned(),
                found: None,
                instead: "write UTF-8 text".to_owned(),
            }),
        }
    }
    if flaws.is_empty() {
        let (file, flags) = (cli.config.clone(), cli.flags.clone());
        Ok(Given { file, directory: PathBuf::new(), credentials, environment: ours, flags })
    } else {
        Err(Flaws(flaws))
    }
}
