//! A Redis-compatible server, Valkey or Redis. It takes no SQL, and so it is no [`Kind`](crate::Kind).

use crate::home::Home;
use crate::installation::{Installation, find};
use crate::server::{Watchdog, until_answered};
use crate::shared::skip;
use crate::{docker, settings};
use anyhow::{Context, Error, Result};
use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use std::sync::Arc;
use tokio::sync::OnceCell;

const IMAGE: &str = "valkey/valkey:8.1";
/// The image's data directory.
const DATA: &str = "/data";
/// Every answered write is on the disk: tests mustn't run with more lenient settings than the recommended ones.
const DURABLE: [&str; 6] = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

/// A server that all tests share. Their keys have names that no other test has; nobody flushes or kills it.
#[derive(Clone)]
pub struct RedisServer {
    url: String,
    from: String,
    _watchdog: Option<Arc<Watchdog>>,
}

impl RedisServer {
    /// The word for it in settings.
    pub const NAME: &'static str = "redis";

    /// Where to connect.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it comes from.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Deletes all keys whose names begin like that: what a flush does to those who know no others. Says how many there
    /// were.
    pub async fn delete(&self, prefix: &str) -> Result<usize> {
        let mut connection = connect(&self.url).await?;
        let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{prefix}*")).query_async(&mut connection).await?;
        if !keys.is_empty() {
            redis::cmd("DEL").arg(&keys).exec_async(&mut connection).await?;
        }
        Ok(keys.len())
    }

    /// Whether a key has a time to run out; `None` if there is no such key.
    pub async fn runs_out(&self, key: &str) -> Result<Option<bool>> {
        let left: i64 = redis::cmd("TTL").arg(key).query_async(&mut connect(&self.url).await?).await?;
        Ok((left != -2).then_some(left >= 0))
    }
}

async fn connect(url: &str) -> RedisResult<MultiplexedConnection> {
    redis::Client::open(url)?.get_multiplexed_async_connection().await
}

/// Finds or starts a server.
pub async fn find_redis() -> Result<RedisServer> {
    if let Some(url) = settings::url(RedisServer::NAME) {
        let variable = settings::url_variable(RedisServer::NAME);
        let version = version(&url).await.with_context(|| format!("no server answers where {variable} says"))?;
        let from = format!("{version}, named by {variable}");
        return Ok(RedisServer { url, from, _watchdog: None });
    }
    if let Some(reason) = settings::unavailable(RedisServer::NAME) {
        return Err(Error::msg(reason));
    }
    let in_docker = match in_container().await {
        Ok(server) => return Ok(server),
        Err(error) => error,
    };
    installed().await.map_err(|error| Error::msg(format!("{in_docker:#}; {error:#}")))
}

/// The server of this run. `None`: there is none, which has been said with the test's name. Panics if it has to be
/// there.
pub async fn redis_server(test: &str) -> Option<RedisServer> {
    static SERVER: OnceCell<Result<RedisServer, String>> = OnceCell::const_new();
    let server = SERVER.get_or_init(|| async { find_redis().await.map_err(|error| format!("{error:#}")) });
    match server.await {
        Ok(server) => Some(server.clone()),
        Err(reason) => skip(RedisServer::NAME, reason, test),
    }
}

async fn in_container() -> Result<RedisServer> {
    let image = docker::available_image(RedisServer::NAME, IMAGE)?;
    let (port, watchdog) = docker::run_in_memory(&image, DATA, &start()).await?;
    let url = address(port);
    let version = answers(&url, || false).await?;
    Ok(RedisServer { url, from: format!("{version}, container of {image}"), _watchdog: Some(Arc::new(watchdog)) })
}

async fn installed() -> Result<RedisServer> {
    let installation = install()?;
    let mut watchdog = installation.start()?;
    let url = address(installation.port);
    let version = answers(&url, || watchdog.has_ended()).await?;
    let from = format!("{version}, {}", installation.program.display());
    installation.leave_to_watchdog();
    Ok(RedisServer { url, from, _watchdog: Some(Arc::new(watchdog)) })
}

fn install() -> Result<Installation> {
    let mut installation = Installation::new(find(&["valkey-server", "redis-server"], &[])?)?;
    let (program, directory) = (installation.program.display().to_string(), installation.path().display().to_string());
    let port = installation.port.to_string();
    let mut words = vec![program.as_str(), "--bind", "127.0.0.1", "--port", &port, "--dir", &directory];
    words.extend(DURABLE);
    installation.words = words.into_iter().map(str::to_owned).collect();
    Ok(installation)
}

/// A server that nobody else uses: it may be flushed, stopped and killed. What it has answered survives its death.
pub struct PrivateRedis {
    url: String,
    home: Home,
}

/// `None`: there is none, which has been said with the test's name. Panics if it has to be there.
pub async fn private_redis(test: &str) -> Option<PrivateRedis> {
    match PrivateRedis::make().await {
        Ok(server) => Some(server),
        Err(error) => skip(RedisServer::NAME, &format!("{error:#}"), test),
    }
}

impl PrivateRedis {
    async fn make() -> Result<Self> {
        let (port, home) = match install() {
            Ok(installation) => (installation.port, Home::local(installation)),
            Err(error) => private_container().map_err(|other| Error::msg(format!("{error:#}; {other:#}")))?,
        };
        let mut server = Self { url: address(port), home };
        server.start_again().await?;
        Ok(server)
    }

    /// Where to connect, also after it was started again.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks it to end, and returns when it has.
    pub fn stop(&mut self) -> Result<()> {
        self.home.stop()
    }

    /// Kills it at once (SIGKILL), and returns when it has gone.
    pub fn kill(&mut self) -> Result<()> {
        self.home.kill()
    }

    /// Starts it at the same address, on the same data; returns once it answers.
    pub async fn start_again(&mut self) -> Result<()> {
        self.home.start()?;
        answers(&self.url, || self.home.has_ended()).await?;
        Ok(())
    }
}

fn private_container() -> Result<(u16, Home)> {
    let image = docker::available_image(RedisServer::NAME, IMAGE)?;
    // Not in memory, because memory is lost when the container stops.
    let (port, watchdog) = docker::run_again_and_again(&image, &start(), &["--volume", DATA])?;
    Ok((port, Home::Container(watchdog)))
}

fn start() -> docker::Start {
    docker::Start { environment: None, words: Box::new(words) }
}

/// What a container's server is told.
fn words(host: &str, port: u16) -> Vec<String> {
    let port = port.to_string();
    let listens = ["--bind", host, "--port", &port, "--protected-mode", "no", "--dir", DATA];
    listens.into_iter().chain(DURABLE).map(str::to_owned).collect()
}

fn address(port: u16) -> String {
    format!("redis://127.0.0.1:{port}/")
}

/// What the server says of itself, once it answers.
async fn answers(url: &str, has_ended: impl FnMut() -> bool) -> Result<String> {
    until_answered(async || version(url).await, has_ended).await
}

async fn version(url: &str) -> Result<String> {
    let mut connection = connect(url).await?;
    // While it reads its log it tells about itself already, but takes no other commands.
    redis::cmd("PING").exec_async(&mut connection).await?;
    let about: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    let said = |field: &str| about.lines().find_map(|line| line.strip_prefix(field));
    // Valkey says, too, which Redis it is like.
    let valkey = said("valkey_version:").map(|version| format!("Valkey {version}"));
    let version = valkey.or_else(|| said("redis_version:").map(|version| format!("Redis {version}")));
    version.context("it does not say which version it is")
}
