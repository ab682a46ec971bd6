//! Numbers from Valkey or Redis, leased by each kind of store.

use crate::memory::InMemory;
use crate::sql::OnSql;
use async_trait::async_trait;
use frontrow_adapters::UuidV7Source;
use frontrow_adapters::redis::{RedisDispenser, RedisSettings};
use frontrow_application::port::{IdSource, NumberDispenser};
use frontrow_contract_tests::{Durability, Failure, Fixture, LoseNumbers, Part, Programme, SuitePorts, World, run_all};
use frontrow_test_databases::{RedisServer, redis_server};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// The world of another, whose numbers come from a server that all worlds share: their keys have names of their own.
struct WithRedis<W> {
    inner: W,
    server: RedisServer,
}

/// The least, so that numbers run out and are leased while people join.
const BLOCK: u64 = 256;
/// For a server that works but is slow where many tests share two cores.
const PATIENCE: Duration = Duration::from_secs(30);

#[async_trait]
impl<W: World> World for WithRedis<W> {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let fixture = self.inner.fresh(programme, suite).await?;
        with_numbers(fixture, self.server.clone(), format!("frontrow-{}", UuidV7Source.id())).await
    }

    fn name(&self) -> String {
        format!("{} with numbers from Redis", self.inner.name())
    }

    fn seed(&self) -> u64 {
        self.inner.seed()
    }
}

/// The fixture, now and whenever it is reopened, with numbers from the server.
fn with_numbers(fixture: Fixture, server: RedisServer, prefix: String) -> BoxFuture<'static, Result<Fixture, Failure>> {
    Box::pin(async move {
        let mut fixture = fixture;
        let queues = fixture.queues.as_mut().ok_or_else(|| Failure::new("it has queues"))?;
        let leases = queues.leases.take().ok_or_else(|| Failure::new("it leases numbers"))?;
        let settings = RedisSettings {
            prefix: prefix.clone(),
            block: BLOCK,
            connect_within: PATIENCE,
            answer_within: PATIENCE,
            ..RedisSettings::new(server.url())
        };
        for instance in &mut queues.instances {
            let ids = Arc::new(UuidV7Source);
            let opened = RedisDispenser::open_with(settings.clone(), leases.clone(), ids).await?;
            let dispenser: Arc<dyn NumberDispenser> = Arc::new(opened);
            instance.dispenser = dispenser;
        }
        queues.lose_numbers = Some(loses(server.clone(), prefix.clone()));
        if let Durability::Kept(reopen) = fixture.durability {
            let again = || -> BoxFuture<'static, Result<Fixture, Failure>> {
                Box::pin(async move { with_numbers(reopen().await?, server, prefix).await })
            };
            fixture.durability = Durability::Kept(Box::new(again));
        }
        Ok(fixture)
    })
}

/// What FLUSHALL does to one that has the server for itself.
fn loses(server: RedisServer, prefix: String) -> LoseNumbers {
    Box::new(move || {
        let (server, prefix) = (server.clone(), prefix.clone());
        Box::pin(async move {
            let lost = server.delete(&prefix).await.map_err(|error| Failure::new(format!("{error:#}")))?;
            if lost == 0 { Err(Failure::new("nothing was there that could be lost")) } else { Ok(()) }
        })
    })
}

async fn keeps_every_promise(inner: impl World + 'static, test: &str, may_be_missing: &[Part]) -> Result<(), Failure> {
    let Some(server) = redis_server(test).await else { return Ok(()) };
    run_all(Arc::new(WithRedis { inner, server })).await.require(may_be_missing)
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_every_promise_with_leases_from_sqlite() -> Result<(), Failure> {
    let test = "redis_keeps_every_promise_with_leases_from_sqlite";
    keeps_every_promise(OnSql::file(), test, &[Part::Leases]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_every_promise_with_leases_from_memory() -> Result<(), Failure> {
    let test = "redis_keeps_every_promise_with_leases_from_memory";
    keeps_every_promise(InMemory, test, &[Part::Leases, Part::LostCommits, Part::Durability]).await
}
