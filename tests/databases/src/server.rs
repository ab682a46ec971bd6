//! A server that somebody else ends as soon as this process is gone.

use crate::{Kind, Protocol};
use anyhow::{Context, Result, bail};
use sqlx::{Connection, MySqlConnection, PgConnection};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// A server where databases may be made.
pub struct Server {
    /// Its kind.
    pub kind: Kind,
    /// Where its administrator connects.
    pub url: String,
    /// Where it comes from.
    pub from: String,
    pub(crate) _watchdog: Option<Watchdog>,
}

/// Ends something once this process has closed a pipe, which it does in any case: even killed, it has closed all it had.
pub(crate) struct Watchdog {
    child: Child,
    /// What the script has said first: the process to watch.
    pub(crate) process: String,
}

/// No server takes longer to start, even one that was killed, on a machine that has a lot else to do.
const PATIENCE: Duration = Duration::from_mins(3);
const PACE: Duration = Duration::from_millis(50);

impl Watchdog {
    /// Runs a shell script that says one line and reads one line: when that comes, or its source ends, it is to clean up.
    pub(crate) fn run(script: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new("sh");
        // A group of its own: what interrupts the tests from the keyboard is for them.
        command
            .args(["-c", script, "sh"])
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().context("sh does not run")?;
        let mut process = String::new();
        BufReader::new(child.stdout.take().context("piped")?).read_line(&mut process)?;
        Ok(Self { child, process: process.trim().to_owned() })
    }

    /// Has it clean up as if this process had gone, but for the data.
    pub(crate) fn kill(self) -> Result<()> {
        self.say(b"keep\n")
    }

    /// The same, but the server is asked to end, and is given its time.
    pub(crate) fn stop(self) -> Result<()> {
        self.say(b"stop\n")
    }

    fn say(mut self, word: &[u8]) -> Result<()> {
        let mut stdin = self.child.stdin.take().context("piped")?;
        Ok(stdin.write_all(word)?)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It cleans up, and ends.
        let _ = self.child.wait();
    }
}

/// A port of loopback that nobody has; and none of those that the system gives to whoever connects, so that a server that is
/// killed still finds it free when it comes back.
pub(crate) fn free_port() -> Result<u16> {
    const PORTS: Range<u16> = 10_000..32_000;
    const TRIES: usize = 1000;
    for _ in 0..TRIES {
        let port = PORTS.start + u16::try_from(getrandom::u32()? % u32::from(PORTS.end - PORTS.start))?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port of {PORTS:?} is free")
}

/// What the server says of itself, once it answers.
pub(crate) async fn answers(kind: Kind, url: &str, has_ended: impl FnMut() -> bool) -> Result<String> {
    until_answered(async || version(kind, url).await, has_ended).await
}

/// Asks again and again.
pub(crate) async fn until_answered(
    ask: impl AsyncFn() -> Result<String>,
    mut has_ended: impl FnMut() -> bool,
) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(version) => return Ok(version),
            Err(error) if Instant::now() > deadline => return Err(error.context("it does not answer")),
            Err(_) if has_ended() => bail!("it has ended by itself"),
            Err(_) => tokio::time::sleep(PACE).await,
        }
    }
}

async fn version(kind: Kind, url: &str) -> Result<String> {
    const VERSION: &str = "SELECT VERSION()";
    let version: String = match kind.protocol() {
        Protocol::Postgres => {
            let mut connection = PgConnection::connect(url).await?;
            sqlx::query_scalar(VERSION).fetch_one(&mut connection).await?
        }
        Protocol::MySql => {
            let mut connection = MySqlConnection::connect(url).await?;
            sqlx::query_scalar(VERSION).fetch_one(&mut connection).await?
        }
    };
    if !kind.is(&version) {
        bail!("it is {version}");
    }
    Ok(version.split(" on ").next().unwrap_or_default().to_owned())
}
