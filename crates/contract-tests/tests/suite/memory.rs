//! In memory.

use async_trait::async_trait;
use frontrow_adapters::{Memory, SeededIds};
use frontrow_contract_tests::{
    AccountPorts, BookingStorePorts, CataloguePorts, Durability, Failure, Fixture, KeepingPorts, Part, Programme,
    QueueInstance, QueuePorts, SuitePorts, World, run_all,
};
use std::sync::Arc;

pub struct InMemory;

#[async_trait]
impl World for InMemory {
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
        let memory = Memory::new(suite.clock.clone(), Arc::new(SeededIds::default()));
        let fixture = fixture(&Arc::new(memory.announcing_to(suite.announcer.clone())));
        if let (Some(catalogue), Some(accounts)) = (&fixture.catalogue, &fixture.accounts) {
            programme.put_on(catalogue, accounts).await?;
        }
        Ok(fixture)
    }

    fn name(&self) -> String {
        "memory".into()
    }

    fn seed(&self) -> u64 {
        seed()
    }
}

/// Of the cases' random choices.
pub fn seed() -> u64 {
    std::env::var("FRONTROW_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7)
}

fn fixture(memory: &Arc<Memory>) -> Fixture {
    Fixture {
        booking: BookingStorePorts {
            store: memory.clone(),
            idempotency_records: memory.clone(),
            seats: memory.clone(),
            reservations: memory.clone(),
            wallets: memory.clone(),
            auditor: memory.clone(),
        },
        catalogue: Some(CataloguePorts {
            venues: memory.clone(),
            concerts: memory.clone(),
            programme: memory.clone(),
            performances: memory.clone(),
            sales: memory.clone(),
            on_sale: memory.clone(),
        }),
        accounts: Some(AccountPorts {
            accounts: memory.clone(),
            sessions: memory.clone(),
            outbox: memory.clone(),
            codes: memory.clone(),
        }),
        keeping: Some(KeepingPorts { housekeeping: memory.clone(), chores: memory.clone(), probe: memory.clone() }),
        queues: Some(queues(memory)),
        announces: true,
        durability: Durability::None,
        seat_snapshots: Some(memory.clone()),
        lose_next_commit: None,
        keep: Box::new(()),
    }
}

fn queues(memory: &Arc<Memory>) -> QueuePorts {
    let instance = QueueInstance { store: memory.clone(), dispenser: memory.clone() };
    // One process, one instance.
    QueuePorts { instances: [instance.clone(), instance], leases: Some(memory.clone()), lose_numbers: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_every_promise() -> Result<(), Failure> {
    // What is in memory has no COMMIT, is lost with all else, and ends with the process.
    run_all(Arc::new(InMemory)).await.require(&[Part::LostCommits, Part::LostNumbers, Part::Durability])
}
