//! Numbers from Valkey or Redis, leased by each kind of store.

use crate::memory::InMemory;
use crate::sql::OnSql;
use async_trait::async_trait;
use frontrow_adapters::UuidV7Source;
use frontrow_adapters::redis::{RedisDispenser, RedisSettings};
use frontrow_application::port::{IdSource, NumberDispenser};
use frontrow_contract_tests::{Failure, Fixture, LoseNumbers, Part, Programme, World, run_all};
use frontrow_test_databases::{RedisServer, redis_server};
use std::sync::Arc;

/// The world of another, whose numbers come from a server that all worlds share: their keys have names of their own.
struct WithRedis<W> {
    inner: W,
    server: RedisServer,
}

/// The least, so that numbers run out and are leased while people join.
const BLOCK: u64 = 256;

#[async_trait]
impl<W: World> World for WithRedis<W> {
    async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure> {
        let mut fixture = self.inner.fresh(programme).await?;
        let lines = fixture.lines.as_mut().ok_or_else(|| Failure::new("it has lines"))?;
        let leases = lines.leases.take().ok_or_else(|| Failure::new("it leases numbers"))?;
        let prefix = format!("frontrow-{}", UuidV7Source.id());
        let settings = RedisSettings { prefix: prefix.clone(), block: BLOCK, ..RedisSettings::new(self.server.url()) };
        for instance in &mut lines.instances {
            let ids = Arc::new(UuidV7Source);
            let opened = RedisDispenser::open_with(settings.clone(), leases.clone(), ids).await?;
            let dispenser: Arc<dyn NumberDispenser> = Arc::new(opened);
            instance.dispenser = dispenser;
        }
        lines.lose_numbers = Some(loses(self.server.clone(), prefix));
        Ok(fixture)
    }
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
    keeps_every_promise(InMemory, test, &[Part::Leases, Part::LostCommits]).await
}
