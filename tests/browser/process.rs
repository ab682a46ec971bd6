//! Child processes, which end with whoever started them.

use anyhow::{Context, Result};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// What starts does so within this time, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running process, killed when it is dropped.
pub struct Process {
    _child: Child,
    output: Output,
}

/// What a process has written, line by line.
#[derive(Clone)]
struct Output {
    lines: Arc<Mutex<Vec<String>>>,
    written: watch::Sender<()>,
}

impl Process {
    /// Starts it, and waits until `ready` finds in a line what it is looking for.
    pub async fn start<T>(command: &mut Command, ready: impl Fn(&str) -> Option<T>) -> Result<(Self, T)> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("{command:?} can't be started"))?;
        let output = Output { lines: Arc::default(), written: watch::Sender::new(()) };
        tokio::spawn(output.clone().follow(child.stdout.take().context("piped")?));
        tokio::spawn(output.clone().follow(child.stderr.take().context("piped")?));
        let process = Self { _child: child, output };
        let found = timeout(PATIENCE, process.find(ready)).await;
        let found = found.with_context(|| format!("{command:?} is not ready:\n{}", process.output()))?;
        Ok((process, found))
    }

    /// Waits until `look` finds something in a line.
    async fn find<T>(&self, look: impl Fn(&str) -> Option<T>) -> T {
        let mut written = self.output.written.subscribe();
        loop {
            written.mark_unchanged();
            if let Some(found) = self.line(&look) {
                return found;
            }
            // It can't close: this process has a sender.
            let _ = written.changed().await;
        }
    }

    /// What `look` finds in the lines written so far.
    pub fn line<T>(&self, look: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.output.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().find_map(|line| look(line))
    }

    /// All lines so far.
    pub fn output(&self) -> String {
        self.output.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

impl Output {
    async fn follow(self, stream: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            self.written.send_replace(());
        }
    }
}
