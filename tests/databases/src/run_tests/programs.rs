//! The test programs that Cargo has compiled.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::Command;

/// The tests in the documentation, which Cargo compiles and runs itself.
const DOCUMENTATION: &str = "doc";

/// Programs that take longest and mostly wait, the longest first, with the tests of each that run at a time per core. The
/// others compute: one test per core.
const SLOW: [(&str, usize); 4] = [("http", 1), ("suite", 1), ("sql", 1), ("frontrow_adapters", 1)];

/// Something to run.
pub struct Program {
    /// What it is called on the command line.
    pub name: String,
    /// How many of its tests run at a time per core.
    pub tests_per_core: usize,
    /// `None`: Cargo runs the tests in the documentation.
    executable: Option<PathBuf>,
    /// Where tests expect to run: the folder of their package.
    directory: PathBuf,
}

/// What is needed of a message of Cargo's.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    target: Target,
}

#[derive(Default, Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Default, Deserialize)]
struct Target {
    name: String,
}

/// The programs named, or all, those first that take longest.
pub fn read(messages: impl BufRead, names: &[String]) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for line in messages.lines() {
        let line = line?;
        let message: Message = serde_json::from_str(&line).with_context(|| line.clone())?;
        let (Some(executable), true) = (message.executable, message.profile.test) else { continue };
        let directory = message.manifest_path.parent().context("a manifest is in a folder")?.to_owned();
        programs.push(Program::new(message.target.name, Some(executable), directory));
    }
    ensure!(!programs.is_empty(), "there is no test program");
    programs.push(Program::new(DOCUMENTATION.to_owned(), None, PathBuf::from(".")));
    if !names.is_empty() {
        for name in names {
            ensure!(programs.iter().any(|program| program.name == *name), "no test program is called {name}");
        }
        programs.retain(|program| names.contains(&program.name));
    }
    programs.sort_by_key(|program| SLOW.iter().position(|(name, _)| *name == program.name).unwrap_or(SLOW.len()));
    Ok(programs)
}

impl Program {
    fn new(name: String, executable: Option<PathBuf>, directory: PathBuf) -> Self {
        let slow = SLOW.iter().find(|(slow, _)| *slow == name);
        Self { tests_per_core: slow.map_or(1, |(_, tests)| *tests), name, executable, directory }
    }

    /// Runs its tests with these arguments; the environment is for others to add.
    pub fn command(&self, arguments: &[String]) -> Command {
        let Some(executable) = &self.executable else {
            let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.args(["test", "--locked", "--workspace", "--no-fail-fast", "--doc", "--"]).args(arguments);
            return command;
        };
        let mut command = Command::new(executable);
        command.args(arguments).current_dir(&self.directory).env("CARGO_MANIFEST_DIR", &self.directory);
        command
    }
}
