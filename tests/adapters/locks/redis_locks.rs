//! Locks as one has them in Redis: a key that is set if it is not there, runs out by itself, and is deleted by its holder.

use frontrow_domain::{Command, Scope};
use frontrow_test_databases::{PrivateRedis, private_redis};
use redis::aio::MultiplexedConnection;
use redis::{Client, Script};
use std::time::Duration;

/// A lock runs out after so many milliseconds, lest a holder that died keeps it forever.
const LASTS: u64 = 5000;

pub struct RedisLocks {
    connection: MultiplexedConnection,
    unlock: Script,
    _server: PrivateRedis,
}

impl RedisLocks {
    /// On a server of its own; `None` where there is none.
    pub async fn start() -> Option<Self> {
        let server = private_redis("make locks").await?;
        let client = Client::open(server.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        // Locks run out by themselves: nobody would have them wait for a disk.
        let mut relaxed = redis::cmd("CONFIG");
        relaxed.arg("SET").arg("appendonly").arg("no").exec_async(&mut connection).await.unwrap();
        // Whoever comes too late must not delete the lock of the next one.
        let unlock = "local n = 0 for _, key in ipairs(KEYS) do \
                      if redis.call('GET', key) == ARGV[1] then n = n + redis.call('DEL', key) end end return n";
        Some(Self { connection, unlock: Script::new(unlock), _server: server })
    }

    /// Does something while it has a lock for every row of the command's scope.
    pub async fn holding<T>(&self, command: &Command, work: impl Future<Output = T>) -> T {
        let (keys, token) = (keys(&command.scope()), getrandom::u64().unwrap().to_string());
        let mut connection = self.connection.clone();
        for key in &keys {
            while !set(&mut connection, key, &token).await {
                // Nobody is told when it is free: one has to ask again.
                let pause = 500 + u64::from(getrandom::u32().unwrap() % 1000);
                tokio::time::sleep(Duration::from_micros(pause)).await;
            }
        }
        let done = work.await;
        let mut unlock = self.unlock.prepare_invoke();
        for key in &keys {
            unlock.key(key);
        }
        let _: i64 = unlock.arg(&token).invoke_async(&mut connection).await.unwrap();
        done
    }
}

async fn set(connection: &mut MultiplexedConnection, key: &str, token: &str) -> bool {
    let mut set = redis::cmd("SET");
    set.arg(key).arg(token).arg("NX").arg("PX").arg(LASTS);
    let set: Option<String> = set.query_async(connection).await.unwrap();
    set.is_some()
}

/// In the order of all locks: buyers, reservations, seats.
fn keys(scope: &Scope) -> Vec<String> {
    let buyers = scope.buyers.iter().map(|key| format!("{key:?}"));
    let reservations = scope.reservations.iter().map(|id| format!("{id:?}"));
    let seats = scope.seats.iter().map(|key| format!("{key:?}"));
    buyers.chain(reservations).chain(seats).collect()
}
