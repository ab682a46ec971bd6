//! What an installation has to do again and again, without a runtime: whoever drives it brings the timers.

use crate::port::{Announcer, TickReport};
use crate::waiting_room::TickQueues;
use crate::{BookingUseCases, Error, ExpireHolds, Forget, SettleCharges, SettleReport, UseCases};
use frontrow_domain::waiting_room::Tick;
use frontrow_domain::{BuyerKey, Event, Payment};
use std::sync::Arc;
use std::time::Duration;

/// One thing that is done again and again. Every instance does all of them; they don't get in each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Admits people from queues.
    TickQueues,
    /// Reads the queues, so that looking at them costs no store operation.
    ReadQueues,
    /// Marks lapsed holds.
    ExpireHolds,
    /// Asks the gateway for what it has not settled.
    SettleCharges,
    /// Forgets old idempotency records and expired refresh tokens.
    Forget,
}

/// What a round of a chore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Rows dealt with.
    pub rows: u32,
    /// Whether the batch was full: then there may be more, and the next round comes at once.
    pub again: bool,
    /// Who was admitted; an [`AdmissionWatch`](crate::port::AdmissionWatch) may want to know.
    pub admitted: Vec<BuyerKey>,
    /// Open charges that another gateway began, each in the first round that finds it: an operator has to know of them.
    pub of_other_gateways: Vec<Payment>,
}

/// Does every chore, a round at a time.
///
/// A driver runs each of the [`chores`](Upkeep::chores) by itself: a round every [`every`](Upkeep::every), another at once
/// while [`Round::again`] says so, and after an error the next one as if nothing had been. When [`RingingAnnouncer`] rings,
/// it calls [`tick_now`](Upkeep::tick_now).
pub struct Upkeep {
    expire_holds: Arc<ExpireHolds>,
    settle_charges: Arc<SettleCharges>,
    forget: Arc<Forget>,
    tick_queues: Option<Arc<TickQueues>>,
    sweep: Duration,
}

impl Upkeep {
    /// How often queues are ticked, unless an admission ends before: 100 ms.
    pub const TICK_EVERY: Duration = Duration::from_millis(100);
    /// How often queues are read: 250 ms.
    pub const READ_EVERY: Duration = Duration::from_millis(250);
    /// How often old records are forgotten: 1 minute.
    pub const FORGET_EVERY: Duration = Duration::from_mins(1);

    /// The upkeep of everything. Lapsed holds are marked and unsettled charges asked for every `sweep`.
    pub fn new(all: &UseCases, sweep: Duration) -> Self {
        Self { tick_queues: Some(Arc::clone(&all.tick_queues)), ..Self::of_bookings(&all.booking, sweep) }
    }

    /// The upkeep of bookings without waiting rooms.
    pub fn of_bookings(all: &BookingUseCases, sweep: Duration) -> Self {
        Self {
            expire_holds: Arc::clone(&all.expire_holds),
            settle_charges: Arc::clone(&all.settle_charges),
            forget: Arc::clone(&all.forget),
            tick_queues: None,
            sweep,
        }
    }

    /// What there is to do.
    pub fn chores(&self) -> impl Iterator<Item = Chore> {
        let queues = [Chore::TickQueues, Chore::ReadQueues].into_iter().filter(|_| self.tick_queues.is_some());
        queues.chain([Chore::ExpireHolds, Chore::SettleCharges, Chore::Forget])
    }

    /// The time from the beginning of one round to that of the next.
    pub const fn every(&self, chore: Chore) -> Duration {
        match chore {
            Chore::TickQueues => Self::TICK_EVERY,
            Chore::ReadQueues => Self::READ_EVERY,
            Chore::ExpireHolds | Chore::SettleCharges => self.sweep,
            Chore::Forget => Self::FORGET_EVERY,
        }
    }

    /// One round.
    pub async fn run(&self, chore: Chore) -> Result<Round, Error> {
        let (rows, batch) = match chore {
            Chore::TickQueues => return self.tick(false).await,
            Chore::SettleCharges => return self.settle().await,
            Chore::ReadQueues => match &self.tick_queues {
                Some(queues) => (queues.refresh().await?, u32::MAX),
                None => return Ok(Round::default()),
            },
            Chore::ExpireHolds => (self.expire_holds.run().await?, ExpireHolds::BATCH),
            Chore::Forget => (self.forget.run().await?, Forget::BATCH),
        };
        Ok(Round { rows, again: rows >= batch, ..Round::default() })
    }

    /// A round of [`Chore::TickQueues`] that also ticks the queues that rest: an admission has ended here.
    pub async fn tick_now(&self) -> Result<Round, Error> {
        self.tick(true).await
    }

    async fn settle(&self) -> Result<Round, Error> {
        let SettleReport { settled, of_others } = self.settle_charges.run().await?;
        let again = settled >= SettleCharges::BATCH;
        Ok(Round { rows: settled, again, of_other_gateways: of_others, ..Round::default() })
    }

    async fn tick(&self, urgent: bool) -> Result<Round, Error> {
        let Some(queues) = &self.tick_queues else { return Ok(Round::default()) };
        let mut round = Round::default();
        for TickReport { admitted, .. } in queues.run(urgent).await? {
            // One that admitted as many as a tick can may have to leave others to the next.
            round.again |= admitted.len() >= Tick::BATCH;
            round.admitted.extend(admitted);
        }
        round.rows = u32::try_from(round.admitted.len()).unwrap_or(u32::MAX);
        Ok(round)
    }
}

impl Chore {
    /// The word for it, in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TickQueues => "tick_queues",
            Self::ReadQueues => "read_queues",
            Self::ExpireHolds => "expire_holds",
            Self::SettleCharges => "settle_charges",
            Self::Forget => "forget",
        }
    }
}

/// Announces to another, and rings when an admission has ended: whoever waits longest need not wait for the next tick.
pub struct RingingAnnouncer<R> {
    /// Announces.
    pub next: Arc<dyn Announcer>,
    /// Must neither block nor panic: it is called on the store's own tasks.
    pub ring: R,
}

impl<R: Fn() + Send + Sync> Announcer for RingingAnnouncer<R> {
    fn announce(&self, events: &[Event]) {
        self.next.announce(events);
        if events.iter().any(|event| matches!(event, Event::AdmissionEnded(_))) {
            (self.ring)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SettleProgress;
    use crate::port::{
        MockAnnouncer, MockBookingStore, MockHousekeeping, MockPaymentGateway, MockReservationReader, MockWalletReader,
    };
    use crate::testing::{buyer, clock, ids, reservation};
    use frontrow_domain::Outcome;
    use std::sync::atomic::{AtomicU32, Ordering};

    const SWEEP: Duration = Duration::from_secs(5);

    /// An upkeep without queues, where that many holds have lapsed.
    fn upkeep(lapsed: usize) -> Upkeep {
        let (mut store, mut reservations) = (MockBookingStore::new(), MockReservationReader::new());
        store.expect_execute().returning(|_| Ok(Outcome::Expired(reservation().id)));
        let found = vec![(reservation().id, reservation().buyer()); lapsed];
        reservations.expect_lapsed().returning(move |_, _| Ok(found.clone()));
        let store = Arc::new(store);
        Upkeep {
            expire_holds: Arc::new(ExpireHolds {
                store: store.clone(),
                reservations: Arc::new(reservations),
                clock: clock(100),
            }),
            settle_charges: Arc::new(SettleCharges {
                store,
                wallets: Arc::new(MockWalletReader::new()),
                gateway: Arc::new(MockPaymentGateway::new()),
                ids: ids(),
                clock: clock(100),
                progress: SettleProgress::default(),
            }),
            forget: Arc::new(Forget { housekeeping: Arc::new(MockHousekeeping::new()), clock: clock(100) }),
            tick_queues: None,
            sweep: SWEEP,
        }
    }

    #[tokio::test]
    async fn a_full_batch_is_followed_by_another_at_once() {
        for (lapsed, again) in [(0, false), (3, false), (ExpireHolds::BATCH, true)] {
            let round = upkeep(lapsed as usize).run(Chore::ExpireHolds).await;
            assert_eq!(round, Ok(Round { rows: lapsed, again, ..Round::default() }));
        }
    }

    #[tokio::test]
    async fn without_waiting_rooms_there_is_nothing_to_read_or_tick() {
        let upkeep = upkeep(0);
        let chores: Vec<_> = upkeep.chores().map(Chore::name).collect();
        assert_eq!(chores, ["expire_holds", "settle_charges", "forget"]);
        assert_eq!(upkeep.tick_now().await, Ok(Round::default()));
        assert_eq!(upkeep.run(Chore::ReadQueues).await, Ok(Round::default()));
        assert_eq!((upkeep.every(Chore::ExpireHolds), upkeep.every(Chore::Forget)), (SWEEP, Upkeep::FORGET_EVERY));
    }

    #[test]
    fn it_rings_when_an_admission_has_ended_and_only_then() {
        let mut next = MockAnnouncer::new();
        next.expect_announce().times(2).return_const(());
        let rung = AtomicU32::new(0);
        let bell = || {
            rung.fetch_add(1, Ordering::Relaxed);
        };
        let announcer = RingingAnnouncer { next: Arc::new(next), ring: bell };
        announcer.announce(&[Event::Held(reservation().id)]);
        assert_eq!(rung.load(Ordering::Relaxed), 0);
        announcer.announce(&[Event::Held(reservation().id), Event::AdmissionEnded(buyer(1).key)]);
        assert_eq!(rung.load(Ordering::Relaxed), 1);
    }
}
