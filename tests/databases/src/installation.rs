//! An installed program with a temporary directory and a port of its own.

use crate::server::{Watchdog, free_port};
use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Everything that it takes to start a server repeatedly.
pub(crate) struct Installation {
    pub(crate) program: PathBuf,
    pub(crate) port: u16,
    /// The command that starts it.
    pub(crate) words: Vec<String>,
    directory: TempDir,
}

impl Installation {
    pub(crate) fn new(program: PathBuf) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("frontrow-test-").tempdir()?;
        Ok(Self { program, port: free_port()?, words: Vec::new(), directory })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the server; it ends with the watchdog.
    pub(crate) fn start(&self) -> Result<Watchdog> {
        // Its children first: without their parent they would go on for a while, and hold what the next one needs.
        let script = "directory=$1; shift; \"$@\" </dev/null >\"$directory/log\" 2>&1 & process=$!; echo $process; \
                      exec >&-; read word; if [ \"$word\" = stop ]; then kill -TERM $process; \
                      else pkill -KILL -P $process; kill -KILL $process; fi; wait; \
                      [ \"$word\" ] || rm -rf \"$directory\"";
        let directory = self.path().display().to_string();
        let words = [&directory].into_iter().chain(&self.words).map(String::as_str);
        Watchdog::run(script, &words.collect::<Vec<_>>())
    }

    /// The watchdog removes the directory, after the server has ended.
    pub(crate) fn leave_to_watchdog(self) {
        let _ = self.directory.keep();
    }
}

/// The first folder that has one of these programs; in it, the first of the names.
pub(crate) fn find(names: &[&str], first: &[PathBuf]) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = first.iter().cloned().chain(env::split_paths(&path)).chain(["/usr/sbin".into()]);
    let programs = folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    let found = programs.into_iter().find(|program| program.is_file());
    found.with_context(|| format!("{} is not installed", names.join(" or ")))
}
