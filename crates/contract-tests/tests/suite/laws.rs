//! Memory gives the same as SQL, and a batch the same as its commands one by one. `FRONTROW_TEST_SEED` repeats
//! the run that a failure names.

use crate::gate::Gate;
use crate::memory::InMemory;
use crate::sql::OnSql;
use frontrow_contract_tests::{Failure, batches_give_the_same, same_outcomes};
use frontrow_test_databases::{Kind, for_each_kind};
use std::sync::Arc;

fn seeds(otherwise: std::ops::Range<u64>) -> Result<Vec<u64>, Failure> {
    match std::env::var("FRONTROW_TEST_SEED") {
        Ok(seed) => Ok(vec![seed.parse()?]),
        Err(_) => Ok(otherwise.collect()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_gives_the_same_as_sqlite() -> Result<(), Failure> {
    for seed in seeds(0..8)? {
        same_outcomes(&InMemory, &OnSql::file(), seed, 400).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_gives_the_same_as_itself() -> Result<(), Failure> {
    for seed in seeds(100..110)? {
        same_outcomes(&InMemory, &InMemory, seed, 4000).await?;
    }
    Ok(())
}

async fn batches(seed: u64, world: OnSql) -> Result<(), Failure> {
    let gate = Arc::new(Gate::default());
    batches_give_the_same(&world.behind(gate.clone()), &*gate, seed, 400).await
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_give_the_same_as_one_by_one_on_sqlite() -> Result<(), Failure> {
    for seed in seeds(0..3)? {
        batches(seed, OnSql::file()).await?;
    }
    Ok(())
}

macro_rules! on_server {
    ($server:ident $kind:ident;) => {
        mod $server {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn gives_the_same_as_memory() -> Result<(), Failure> {
                let world = OnSql::server(Kind::$kind, "gives_the_same_as_memory").await;
                let Some(world) = world else { return Ok(()) };
                for seed in seeds(20..24)? {
                    same_outcomes(&InMemory, &world, seed, 400).await?;
                }
                Ok(())
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn batches_give_the_same_as_one_by_one() -> Result<(), Failure> {
                for seed in seeds(40..41)? {
                    let world = OnSql::server(Kind::$kind, "batches_give_the_same_as_one_by_one").await;
                    let Some(world) = world else { return Ok(()) };
                    batches(seed, world).await?;
                }
                Ok(())
            }
        }
    };
}

for_each_kind! { on_server; }
