//! The in-memory booking store, its auditor, its housekeeping and its probe.

use super::Memory;
use super::state::State;
use async_trait::async_trait;
use frontrow_application::FaultId;
use frontrow_application::port::{
    Auditor, BookingError, BookingStore, Housekeeping, IdempotencyRecordReader, LoadGauge, Probe, StoreError,
};
use frontrow_domain::{
    Catalogue, Command, CommandKey, Event, Finding, IdempotencyRecord, Instant, Outcome, Performance,
    PerformanceStatus, QueueRecords, Sale, SaleTerms, SessionId, Stop, audit, audit_queues,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[async_trait]
impl BookingStore for Memory {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        // The books are written last and at once, so a rule that panics leaves them as they were.
        let carried_out = catch_unwind(AssertUnwindSafe(|| self.carry_out(&command)));
        match carried_out {
            Ok(Ok((outcome, events))) => {
                if !events.is_empty() {
                    self.announcer.announce(&events);
                }
                Ok(outcome)
            }
            Ok(Err(Stop::Rejected(rejection))) => Err(rejection.into()),
            Ok(Err(Stop::Replan)) => Err(BookingError::Replan),
            Ok(Err(bug)) => Err(self.fault(&command, &bug.to_string())),
            Err(_) => Err(self.fault(&command, "a panic")),
        }
    }
}

/// Nothing ever waits here.
impl LoadGauge for Memory {
    fn is_high(&self) -> bool {
        false
    }
}

impl Memory {
    fn carry_out(&self, command: &Command) -> Result<(Outcome, Vec<Event>), Stop> {
        let mut state = self.state();
        let now = self.clock.now();
        state.bookings.carry_out(command, now)
    }

    fn fault(&self, command: &Command, cause: &str) -> BookingError {
        let fault = FaultId(self.ids.id());
        tracing::error!(%fault, command = command.operation.name(), cause, "a command failed");
        BookingError::Fault(fault)
    }
}

#[async_trait]
impl IdempotencyRecordReader for Memory {
    async fn idempotency_record(&self, key: &CommandKey) -> Result<Option<IdempotencyRecord>, StoreError> {
        Ok(self.state().bookings.idempotency_records.get(key).cloned())
    }
}

#[async_trait]
impl Auditor for Memory {
    async fn audit(&self, now: Instant) -> Result<Vec<Finding>, StoreError> {
        let state = self.state();
        let mut findings = audit(&state.bookings, &state.catalogue(), now);
        findings.extend(audit_queues(&state.bookings, &QueueRecords::of(&state.rooms, state.terms())));
        Ok(findings)
    }
}

impl State {
    fn catalogue(&self) -> Catalogue {
        let settled = self.catalogue.performances.values().filter(|stored| {
            let Performance { id, status, .. } = &stored.value;
            *status == PerformanceStatus::Cancelled && !self.catalogue.owing.contains(id)
        });
        Catalogue {
            settled: settled.map(|stored| stored.value.id).collect(),
            performances: self.catalogue.performances.keys().copied().collect(),
            sales: self.catalogue.sales.keys().copied().collect(),
            users: self.accounts.users.keys().copied().collect(),
        }
    }

    /// Of the sales that have a waiting room.
    fn terms(&self) -> Vec<SaleTerms> {
        let sales = self.catalogue.sales.values().map(|stored| &stored.value);
        sales.filter(|sale| sale.waiting_room.is_some()).map(Sale::terms).collect()
    }
}

#[async_trait]
impl Housekeeping for Memory {
    async fn forget_idempotency_records(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        let records = &mut self.state().bookings.idempotency_records;
        let old = records.values().filter(|record| record.at < before).map(|record| record.key.clone());
        let old: Vec<CommandKey> = old.take(limit as usize).collect();
        let forgotten = old.iter().filter_map(|key| records.remove(key));
        Ok(u32::try_from(forgotten.count()).unwrap_or(limit))
    }

    async fn forget_refresh_tokens(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        let tokens = &mut self.state().accounts.tokens;
        let old = tokens.values().filter(|token| token.expires < before).map(|token| token.hash);
        let old: Vec<[u8; 32]> = old.take(limit as usize).collect();
        let forgotten = old.iter().filter_map(|hash| tokens.remove(hash));
        Ok(u32::try_from(forgotten.count()).unwrap_or(limit))
    }

    async fn forget_sessions(&self, before: Instant, limit: u32) -> Result<u32, StoreError> {
        let sessions = &mut self.state().accounts.sessions;
        let old = sessions.values().filter(|kept| kept.session.expires < before).map(|kept| kept.session.id);
        let old: Vec<SessionId> = old.take(limit as usize).collect();
        let forgotten = old.iter().filter_map(|id| sessions.remove(id));
        Ok(u32::try_from(forgotten.count()).unwrap_or(limit))
    }
}

#[async_trait]
impl Probe for Memory {
    async fn now(&self) -> Result<Instant, StoreError> {
        Ok(self.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventLog, SeededIds};
    use frontrow_application::port::Clock;
    use frontrow_domain::{Charge, Operation, PaymentId, Points, Settle, Settlement, TransferId, UserId};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use uuid::Uuid;

    /// A clock that breaks once.
    struct Breaking(AtomicBool);

    impl Clock for Breaking {
        fn now(&self) -> Instant {
            assert!(!self.0.swap(false, Ordering::Relaxed), "the clock is broken");
            Instant::from_micros(0)
        }
    }

    fn charge() -> Command {
        let (payment, user) = (PaymentId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let charge = Charge { payment, user, amount: Points::new(500).unwrap(), provider: "sandbox".into() };
        Command::keyed(CommandKey::new(user, "tap-1").unwrap(), [0; 32], Operation::Charge(charge))
    }

    #[tokio::test]
    async fn a_panic_is_a_fault_and_the_store_goes_on() {
        let memory = Memory::new(Arc::new(Breaking(AtomicBool::new(true))), Arc::new(SeededIds::default()));
        assert!(matches!(memory.execute(charge()).await, Err(BookingError::Fault(_))));
        assert_eq!(memory.idempotency_record(charge().key.as_ref().unwrap()).await, Ok(None));
        assert!(memory.execute(charge()).await.is_ok());
    }

    #[tokio::test]
    async fn what_happened_is_announced_once() {
        let heard = Arc::new(EventLog::default());
        let memory = Memory::default().announcing_to(heard.clone());
        let Ok(Outcome::Charged(payment)) = memory.execute(charge()).await else { panic!("the charge begins") };
        let settlement = Settlement::Accepted { provider_ref: "ref".into() };
        let transfer = TransferId::new(Uuid::from_u128(3));
        let settle = Settle { payment: payment.id, user: payment.user, settlement, transfer };
        for _ in 0..2 {
            assert!(memory.execute(Command::unkeyed(Operation::Settle(settle.clone()))).await.is_ok());
        }
        assert_eq!(heard.take(), [Event::ChargeSettled(payment.id)]);
    }
}
