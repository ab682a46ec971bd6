//! The servers, and what happens to them.

use crate::driver::Server;
use crate::queue::crowd::Endpoints;
use crate::test_server::TestServer;
use anyhow::{Context, Result, ensure};
use frontrow_adapters::SystemClock;
use frontrow_application::port::Clock;
use frontrow_test_databases::{PrivateRedis, PrivateServer};
use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until};

/// How many there are.
const SERVERS: usize = 3;
/// Between two kills.
const PACE: Duration = Duration::from_secs(2);
/// How long the database is down: longer than the pause between ticks that counts as an outage.
const OUTAGE: Duration = Duration::from_secs(6);
const LONG_OUTAGE: Duration = Duration::from_secs(10);
/// A run that lasts at least this long gets the longer outage.
const LONG: Duration = Duration::from_mins(1);

/// Some have joined by then.
const PATIENCE: Duration = Duration::from_mins(2);

/// The servers.
pub struct Troupe {
    servers: Vec<Server>,
}

/// What happens takes place here.
pub struct Scene<'a> {
    pub server: &'a TestServer,
    pub endpoints: &'a Endpoints,
    pub database: &'a mut PrivateServer,
    /// How long it goes on.
    pub time: Duration,
}

impl Troupe {
    pub async fn assemble(server: &TestServer) -> Result<Self> {
        let mut servers = Vec::with_capacity(SERVERS);
        for _ in 0..SERVERS {
            servers.push(server.another().await?);
        }
        Ok(Self { servers })
    }

    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.servers.first().context("no server runs")?.address)
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    pub async fn stop(self) -> Result<()> {
        for server in self.servers {
            server.stop().await?;
        }
        Ok(())
    }

    /// A kill every two seconds, and the database is gone once. When it was over.
    pub async fn suffer(&mut self, scene: &mut Scene<'_>, seed: u64) -> Result<Timestamp> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let begun = Instant::now();
        let mut gone = false;
        while begun.elapsed() < scene.time {
            let next = Instant::now() + PACE;
            if !gone && begun.elapsed() > scene.time / 2 {
                gone = true;
                scene.database.kill()?;
                // People go on asking meanwhile.
                sleep(if scene.time < LONG { OUTAGE } else { LONG_OUTAGE }).await;
                scene.database.start().await?;
            } else {
                self.kill(chance.random_range(0..SERVERS), scene).await?;
            }
            sleep_until(next).await;
        }
        ensure!(gone, "there was no time for the outage");
        Ok(Timestamp::from_microsecond(SystemClock.now().micros())?)
    }

    /// Another one begins at once, on another port.
    async fn kill(&mut self, which: usize, scene: &Scene<'_>) -> Result<()> {
        let mut victim = self.servers.swap_remove(which);
        victim.child.kill().await?;
        self.tell(scene.endpoints);
        self.servers.push(scene.server.another().await?);
        self.tell(scene.endpoints);
        Ok(())
    }

    fn tell(&self, endpoints: &Endpoints) {
        *endpoints.addresses.write().unwrap_or_else(PoisonError::into_inner) = self.addresses();
    }
}

/// Redis forgets everything, once it is time.
pub async fn forget_when(redis: &PrivateRedis, is_time: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_time() {
        ensure!(Instant::now() < deadline, "not enough people join");
        sleep(Duration::from_millis(20)).await;
    }
    flush(redis).await
}

/// As if somebody had taken the wrong terminal.
async fn flush(redis: &PrivateRedis) -> Result<()> {
    let address = redis.url().trim_start_matches("redis://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"FLUSHALL\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    ensure!(&answer == b"+OK\r\n", "{answer:?}");
    Ok(())
}
