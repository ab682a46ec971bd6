//! The connection to Redis: one for all, with many questions at a time. A new one is looked at before it is used.

use super::mark;
use super::settings::RedisSettings;
use super::trouble::{Remedy, Trouble, remedy};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A connection, and which run of which server it leads to.
#[derive(Clone)]
pub(super) struct RedisConnection {
    pub connection: MultiplexedConnection,
    /// The server's run id: another one after every start, and on every other server.
    pub run: Arc<str>,
    number: u64,
}

/// The server that the connection leads to.
pub(super) struct Server {
    client: Client,
    config: AsyncConnectionConfig,
    runtime: Handle,
    state: Mutex<State>,
    /// What the key is called that the server has to have, if it has to have one.
    mark: Option<String>,
    /// Whether it had it once: what it has lost since is put back, because it went on in a new epoch.
    is_ours: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    link: Option<RedisConnection>,
    /// Connections are numbered.
    made: u64,
    away_until: Option<Instant>,
}

/// How long nobody tries to connect after an attempt that failed: whoever asks meanwhile is told at once.
const HOLD_OFF: Duration = Duration::from_millis(500);

impl Server {
    pub(super) fn new(client: Client, settings: &RedisSettings, runtime: Handle) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(settings.connect_within))
            .set_response_timeout(Some(settings.answer_within));
        let mark = settings.mark.as_deref().map(|mark| mark::key(&settings.prefix, mark));
        Self { client, config, runtime, state: Mutex::default(), mark, is_ours: Arc::default() }
    }

    /// The connection, or a new one.
    pub(super) async fn link(&self) -> Result<RedisConnection, Trouble> {
        let mut state = self.state.lock().await;
        if let Some(link) = &state.link {
            return Ok(link.clone());
        }
        if state.away_until.is_some_and(|until| Instant::now() < until) {
            return Err(Trouble::Away);
        }
        state.made += 1;
        match self.connect(state.made).await {
            Ok(link) => {
                state.away_until = None;
                state.link = Some(link.clone());
                Ok(link)
            }
            Err(error) => {
                tracing::warn!(%error, "no connection to Redis: nobody can join a queue");
                state.away_until = Some(Instant::now() + HOLD_OFF);
                Err(Trouble::Away)
            }
        }
    }

    /// What works a connection lives on the runtime that the connection is made on: not on that of whoever asks.
    async fn connect(&self, number: u64) -> RedisResult<RedisConnection> {
        let (client, config) = (self.client.clone(), self.config.clone());
        let (mark, is_ours) = (self.mark.clone(), Arc::clone(&self.is_ours));
        let connected = self.runtime.spawn(async move {
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            let run = inspect(&mut connection).await?;
            if let Some(mark) = mark.filter(|_| !is_ours.load(Ordering::SeqCst)) {
                recognize(&mut connection, &mark).await?;
                is_ours.store(true, Ordering::SeqCst);
            }
            Ok(RedisConnection { connection, run, number })
        });
        connected.await.unwrap_or_else(|_| Err((ErrorKind::Client, "the runtime has ended").into()))
    }

    /// Gives the server its mark again, if it has lost it. `Ok` if that was done, or is of no matter, or if it may be
    /// asked again at once, on another connection; the mark is there in the first two cases.
    pub(super) async fn put_mark_back(&self, link: &RedisConnection) -> Result<bool, Trouble> {
        let Some(mark) = self.mark.as_ref().filter(|_| self.is_ours.load(Ordering::SeqCst)) else { return Ok(true) };
        match mark::put(&mut link.connection.clone(), mark).await {
            Ok(false) => Ok(true),
            Ok(true) => {
                tracing::warn!("Redis had lost its mark, which was put back: what else it has lost is in a new epoch");
                Ok(true)
            }
            Err(error) => self.after_error(link, &error).await.map(|()| false),
        }
    }

    /// Drops the connection if the error says that it is of no use any more. `Ok` if the same may be asked again at once.
    pub(super) async fn after_error(&self, link: &RedisConnection, error: &RedisError) -> Result<(), Trouble> {
        let remedy = remedy(error);
        if remedy == Remedy::None {
            return Err(Trouble::Defect(error.to_string()));
        }
        tracing::warn!(%error, "Redis gave no answer");
        if remedy != Remedy::Wait {
            let mut state = self.state.lock().await;
            if state.link.as_ref().is_some_and(|known| known.number == link.number) {
                state.link = None;
                state.away_until = (remedy == Remedy::Leave).then(|| Instant::now() + HOLD_OFF);
            }
        }
        if remedy == Remedy::Reconnect { Ok(()) } else { Err(Trouble::Away) }
    }
}

/// The run id of the server; warns of what would lose queue entries without a word.
async fn inspect(connection: &mut MultiplexedConnection) -> RedisResult<Arc<str>> {
    let server: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
    let memory: String = redis::cmd("INFO").arg("memory").query_async(connection).await?;
    let policy = field(&memory, "maxmemory_policy").unwrap_or_default();
    let limited = field(&memory, "maxmemory").is_some_and(|bytes| bytes != "0");
    if limited && policy.starts_with("allkeys") {
        tracing::warn!(
            policy,
            "Redis may evict queue entries when its memory is full: set maxmemory-policy to noeviction"
        );
    }
    let run = field(&server, "run_id").filter(|run| !run.is_empty());
    let run = run.ok_or((ErrorKind::UnexpectedReturnType, "the server does not say its run id"))?;
    tracing::info!(run, "connected to Redis");
    Ok(run.into())
}

/// Another server would give numbers that nobody knows of where the others join.
async fn recognize(connection: &mut MultiplexedConnection, mark: &str) -> RedisResult<()> {
    if mark::is_there(connection, mark).await? {
        return Ok(());
    }
    let other = "this is not the Redis that the installation takes numbers from: it lacks the installation's mark";
    Err((ErrorKind::InvalidClientConfig, other).into())
}

/// A field of what INFO says.
fn field<'a>(about: &'a str, name: &str) -> Option<&'a str> {
    about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let about = "# Memory\r\nmaxmemory_policy:noeviction\r\nmaxmemory:0\r\n";
        assert_eq!(field(about, "maxmemory"), Some("0"));
        assert_eq!(field(about, "maxmemory_policy"), Some("noeviction"));
        assert_eq!(field(about, "memory"), None);
    }
}
