//! In memory.

use async_trait::async_trait;
use frontrow_adapters::{ManualClock, Memory, SeededIds};
use frontrow_contract_tests::{
    AccountPorts, BookingPorts, CataloguePorts, Failure, Fixture, KeepingPorts, LineInstance, LinePorts, Part,
    Programme, World, run_all,
};
use std::sync::Arc;

pub struct InMemory;

#[async_trait]
impl World for InMemory {
    async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure> {
        let clock = Arc::new(ManualClock::default());
        let memory = Arc::new(Memory::new(clock.clone(), Arc::new(SeededIds::default())));
        let fixture = fixture(&memory, clock);
        if let (Some(catalogue), Some(accounts)) = (&fixture.catalogue, &fixture.accounts) {
            programme.put_on(catalogue, accounts).await?;
        }
        Ok(fixture)
    }
}

fn fixture(memory: &Arc<Memory>, clock: Arc<ManualClock>) -> Fixture {
    Fixture {
        booking: BookingPorts {
            store: memory.clone(),
            done: memory.clone(),
            seats: memory.clone(),
            reservations: memory.clone(),
            wallets: memory.clone(),
            auditor: memory.clone(),
        },
        catalogue: Some(CataloguePorts {
            venues: memory.clone(),
            concerts: memory.clone(),
            performances: memory.clone(),
            sales: memory.clone(),
            on_sale: memory.clone(),
        }),
        accounts: Some(AccountPorts { accounts: memory.clone(), sessions: memory.clone() }),
        keeping: Some(KeepingPorts { housekeeping: memory.clone(), probe: memory.clone() }),
        lines: Some(lines(memory)),
        set_now: Box::new(move |now| clock.set(now)),
        lose_next_commit: None,
        keep: Box::new(()),
    }
}

fn lines(memory: &Arc<Memory>) -> LinePorts {
    let instance = LineInstance { store: memory.clone(), dispenser: memory.clone() };
    // One process, one instance.
    LinePorts { instances: [instance.clone(), instance], leases: Some(memory.clone()), lose_numbers: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_every_promise() -> Result<(), Failure> {
    // What is in memory has no COMMIT, and is lost with all else.
    run_all(Arc::new(InMemory)).await.require(&[Part::LostCommits, Part::LostNumbers])
}
