//! Memory gives the same as SQL. `FRONTROW_TEST_SEED` repeats the run that a failure names.

use crate::memory::InMemory;
use crate::sqlite::OnSqlite;
use frontrow_contract_tests::{Failure, same_outcomes};

fn seeds(otherwise: std::ops::Range<u64>) -> Result<Vec<u64>, Failure> {
    match std::env::var("FRONTROW_TEST_SEED") {
        Ok(seed) => Ok(vec![seed.parse()?]),
        Err(_) => Ok(otherwise.collect()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_gives_the_same_as_sqlite() -> Result<(), Failure> {
    for seed in seeds(0..8)? {
        same_outcomes(&InMemory, &OnSqlite::default(), seed, 400).await?;
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
