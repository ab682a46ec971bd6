//! Which program runs when.

use crate::outcome::{self, Outcome};
use crate::programs::Program;
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{Write, stdout};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::time::Instant;

/// Tests that run at a time per core, of all programs together. Most of them wait for somebody, but with more of them at a
/// time the limits of waiting that they have were reached.
const TESTS_PER_CORE: usize = 3;
/// Whoever looks on sees this often that something goes on.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);

struct Running {
    program: Program,
    output: NamedTempFile,
    begun: Instant,
}

/// How a program has ended.
type Ended = Result<(), String>;

/// Runs the programs in that order, as many side by side as fit, and says of each how it ended.
pub fn run(programs: Vec<Program>, cores: usize, command: impl Fn(&Program) -> Command) -> Result<Vec<Outcome>> {
    let (sender, ended) = mpsc::channel();
    let mut waiting = VecDeque::from(programs);
    let mut running: Vec<Option<Running>> = Vec::new();
    let mut outcomes = Vec::new();
    let mut free = TESTS_PER_CORE;
    loop {
        while let Some(program) = take_what_fits(&mut waiting, free) {
            free -= program.tests_per_core;
            let command = command(&program);
            let started = start(program, command, cores, running.len(), sender.clone())?;
            running.push(Some(started));
        }
        if running.iter().all(Option::is_none) {
            return Ok(outcomes);
        }
        match ended.recv_timeout(SIGN_OF_LIFE) {
            Ok((number, status)) => {
                let Running { program, output, begun } = running[number].take().context("a program ends once")?;
                free += program.tests_per_core;
                outcomes.push(report(&program, &read(&output)?, begun, status)?);
            }
            Err(RecvTimeoutError::Timeout) => show_life(running.iter().flatten())?,
            Err(RecvTimeoutError::Disconnected) => return Ok(outcomes),
        }
    }
}

fn take_what_fits(waiting: &mut VecDeque<Program>, free: usize) -> Option<Program> {
    let first = waiting.iter().position(|program| program.tests_per_core <= free)?;
    waiting.remove(first)
}

fn start(
    program: Program,
    mut command: Command,
    cores: usize,
    number: usize,
    sender: Sender<(usize, Ended)>,
) -> Result<Running> {
    let output = NamedTempFile::new()?;
    let file: File = output.reopen()?;
    command.env("RUST_TEST_THREADS", (program.tests_per_core * cores).to_string());
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut child = command.spawn().with_context(|| format!("{} does not start", program.name))?;
    std::thread::spawn(move || {
        let ended = match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(error.to_string()),
        };
        // Nobody listens after an error.
        let _ = sender.send((number, ended));
    });
    Ok(Running { program, output, begun: Instant::now() })
}

fn read(output: &NamedTempFile) -> Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(output.path())?).into_owned())
}

/// One line, and all that the program wrote if it failed.
fn report(program: &Program, output: &str, begun: Instant, ended: Ended) -> Result<Outcome> {
    let outcome = outcome::read(&program.name, output, ended);
    let verdict = if outcome.failed.is_empty() { "ok" } else { "FAILED" };
    let (name, seconds) = (&program.name, begun.elapsed().as_secs());
    let mut out = stdout().lock();
    if !outcome.failed.is_empty() {
        writeln!(out, "\n--- {name}:\n{output}---")?;
    }
    writeln!(out, "{seconds:5} s  {name}: {verdict}, {} passed, {} failed", outcome.passed, outcome.failed.len())?;
    for skipped in &outcome.skipped {
        writeln!(out, "         {skipped}")?;
    }
    Ok(outcome)
}

fn show_life<'a>(running: impl Iterator<Item = &'a Running>) -> Result<()> {
    let mut so_far = Vec::new();
    for Running { program, output, .. } in running {
        let tests = read(output)?.lines().filter(|line| line.starts_with("test ") && line.contains(" ... ")).count();
        so_far.push(format!("{} {tests}", program.name));
    }
    writeln!(stdout().lock(), "         so far: {}", so_far.join(", "))?;
    Ok(())
}
