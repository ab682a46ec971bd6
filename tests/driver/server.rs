//! The binary, as a child process.

use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What starts or stops does so within this time.
const PATIENCE: Duration = Duration::from_mins(1);
/// Of a longer log nobody reads the beginning.
const LOG_LINES: usize = 200;

/// A running server, killed when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub child: Child,
    pub log: Log,
    /// Where its metrics are, once it has said so; never if it was told not to serve any.
    #[allow(dead_code, reason = "the benchmarks and the rush look at no metrics")]
    pub metrics: Arc<OnceLock<SocketAddr>>,
    followers: [JoinHandle<()>; 2],
}

/// What a server wrote, or several.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<LogLines>>);

#[derive(Default)]
struct LogLines {
    last: Vec<String>,
    complaints: Vec<String>,
}

/// `frontrow` with everything that it keeps in that directory, and no setting from elsewhere but its `frontrow.toml`.
pub fn command(directory: &Path, arguments: &[&str]) -> Command {
    // Cargo tells tests and benchmarks where the binary is. An example has to be it itself.
    let own = std::env::current_exe().unwrap_or_default();
    let mut command = Command::new(option_env!("CARGO_BIN_EXE_frontrow").map_or(own, PathBuf::from));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("FRONTROW_")) {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .current_dir(directory)
        .env("FRONTROW_LISTEN", "127.0.0.1:0")
        .env("FRONTROW_METRICS_LISTEN", "off")
        .env("FRONTROW_KEYS_FILE", directory.join("keys.json"))
        .env("FRONTROW_LOG", "warn,frontrow_server=info")
        .env("FRONTROW_SWEEP_SECONDS", "1")
        // A few people do there what a crowd does elsewhere.
        .env("FRONTROW_ACCOUNT_LIMITS", "off")
        // People log in once for all tests, and a soak takes hours.
        .env("FRONTROW_ACCESS_TOKEN_MINUTES", "1440")
        .kill_on_drop(true);
    command
}

impl Server {
    /// Serves the directory's database, on a free port, with these additional settings. Several servers may share a log.
    pub async fn start(directory: &Path, settings: &[(&str, &str)], log: Log) -> Result<Self> {
        let mut serve = command(directory, &["serve"]);
        Self::run(serve.envs(settings.iter().copied()), log).await
    }

    /// Runs a command that serves, until it says where.
    pub async fn run(command: &mut Command, log: Log) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (found, mut address) = mpsc::channel(1);
        let (metrics, out, err) = (Arc::default(), child.stdout.take(), child.stderr.take());
        let followers = [
            tokio::spawn(log.clone().follow(out.context("piped")?, found.clone(), Arc::clone(&metrics))),
            tokio::spawn(log.clone().follow(err.context("piped")?, found, Arc::clone(&metrics))),
        ];
        let address = tokio::time::timeout(PATIENCE, address.recv()).await.ok().flatten();
        let Some(address) = address else { bail!("the server did not start:\n{}", log.text()) };
        Ok(Self { address, child, log, metrics, followers })
    }

    /// Bytes of memory that the process has in use, as the system counts them.
    #[allow(dead_code, reason = "the benchmarks ask for it")]
    pub fn resident_bytes(&self) -> Result<usize> {
        let id = self.child.id().context("the server has ended by itself")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: usize = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// Processor time that the process has taken so far, in all its threads.
    #[allow(dead_code, reason = "one benchmark asks for it")]
    pub fn processor_seconds(&self) -> Result<f64> {
        /// The system counts in hundredths of a second, whatever its own clock does.
        const PER_SECOND: f64 = 100.0;
        let id = self.child.id().context("the server has ended by itself")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name, in brackets, may have spaces; behind it, in user mode and in the system are the 12th and the 13th.
        let (_, fields) = stat.rsplit_once(") ").context("no name")?;
        let times = fields.split(' ').skip(11).take(2).map(str::parse::<u32>).collect::<Result<Vec<_>, _>>()?;
        ensure!(times.len() == 2, "no times: {stat}");
        Ok(times.into_iter().map(f64::from).sum::<f64>() / PER_SECOND)
    }

    /// Asks it to stop, and waits until it has finished what it began.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("the server has ended by itself")?;
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id.to_string()]).status().await?;
        ensure!(asked.success(), "the server has ended by itself:\n{}", self.log.text());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.context("the server did not stop")??;
        for follower in self.followers {
            follower.await?;
        }
        ensure!(ended.success(), "the server stopped with {ended}:\n{}", self.log.text());
        Ok(())
    }
}

impl Log {
    /// The last lines.
    pub fn text(&self) -> String {
        self.lines().last.join("\n")
    }

    /// What went wrong inside: what was given up after some tries, a deadlock or a lost connection for example, and
    /// defects. The first of them, if there are many.
    pub fn complaints(&self) -> Vec<String> {
        self.lines().complaints.clone()
    }

    fn lines(&self) -> MutexGuard<'_, LogLines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, line: String) {
        let mut lines = self.lines();
        // What strangers send is none of our errors.
        let is_error = line.contains("\"level\":\"ERROR\"") && line.contains("\"target\":\"frontrow_");
        let is_complaint = is_error || line.contains("gave up for now");
        if is_complaint && lines.complaints.len() < LOG_LINES {
            lines.complaints.push(line.clone());
        }
        let surplus = (lines.last.len() + 1).saturating_sub(LOG_LINES);
        lines.last.drain(..surplus);
        lines.last.push(line);
    }

    /// Keeps the output, and passes on the first address in it, and that of the metrics.
    async fn follow(
        self,
        stream: impl AsyncRead + Unpin,
        found: mpsc::Sender<SocketAddr>,
        metrics: Arc<OnceLock<SocketAddr>>,
    ) {
        let mut lines = BufReader::new(stream).lines();
        let mut found = Some(found);
        while let Ok(Some(line)) = lines.next_line().await {
            if line.starts_with("metrics ")
                && let Some(address) = address_in(&line)
            {
                metrics.get_or_init(|| address);
            }
            if let Some(address) = address_in(&line)
                && let Some(found) = found.take()
            {
                // Nobody waits for a second one.
                let _ = found.try_send(address);
            }
            self.keep(line);
        }
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, text) = line.split_once("http://")?;
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).unwrap_or(text.len());
    text[..end].parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}
