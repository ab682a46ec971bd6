//! What an installation has to do again and again, without a runtime: whoever drives it brings the timers.

use crate::chore::Chore;
use crate::port::Announcer;
use crate::waiting_room::{DueTick, TickQueues};
use crate::{
    BookingUseCases, Error, ExpireHolds, Forget, LeaseChores, ReturnMoney, Returned, SettleCharges, SettleReport,
    Swept, UseCases,
};
use frontrow_domain::{Event, Payment, Seat};
use std::sync::Arc;
use std::time::Duration;

/// What a round of a chore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Rows dealt with.
    pub rows: u32,
    /// Whether there may be more: then the next round comes at once.
    pub again: bool,
    /// The first error, if there were rows that could not be dealt with. It kept no other row from it.
    pub failed: Option<Error>,
    /// Open charges that another gateway began, each in the first round that finds it: an operator has to know of them.
    pub of_other_gateways: Vec<Payment>,
}

/// Does every chore, a round at a time.
///
/// A driver runs each of the [`chores`](Upkeep::chores) by itself: it calls [`run`](Upkeep::run) every
/// [`every`](Upkeep::every), another time at once while [`Round::again`] says so, and after an error as if nothing had been.
/// At the end it calls [`give_back`](Upkeep::give_back).
///
/// Every instance drives its own. Chores that [are leased](Chore::is_leased) are done by one of them at a time: the others'
/// calls only find out whether its lease has ended.
///
/// Queues are ticked apart from that. Every [`TICK_EVERY`](Upkeep::TICK_EVERY), and when [`RingingAnnouncer`] rings, the
/// driver begins with the [ticks that are due](Upkeep::due_ticks), each by itself, and waits for none of them.
pub struct Upkeep {
    expire_holds: Arc<ExpireHolds>,
    settle_charges: Arc<SettleCharges>,
    forget: Arc<Forget>,
    lease_chores: Arc<LeaseChores>,
    tick_queues: Option<Arc<TickQueues>>,
    return_money: Option<Arc<ReturnMoney>>,
    sweep: Duration,
}

impl Upkeep {
    /// How often to look for ticks that are due, unless an admission ends before: 100 ms.
    pub const TICK_EVERY: Duration = Duration::from_millis(100);
    /// How often queues are read: 250 ms.
    pub const READ_EVERY: Duration = Duration::from_millis(250);
    /// How often old records are forgotten: 1 minute.
    pub const FORGET_EVERY: Duration = Duration::from_mins(1);

    /// The upkeep of everything. Lapsed holds are marked, unsettled charges asked for, and money for cancelled performances
    /// given back every `sweep`.
    pub fn new(all: &UseCases, sweep: Duration) -> Self {
        Self {
            tick_queues: Some(Arc::clone(&all.tick_queues)),
            return_money: Some(Arc::clone(&all.return_money)),
            ..Self::of_bookings(&all.booking, sweep)
        }
    }

    /// The upkeep of bookings without waiting rooms.
    pub fn of_bookings(all: &BookingUseCases, sweep: Duration) -> Self {
        Self {
            expire_holds: Arc::clone(&all.expire_holds),
            settle_charges: Arc::clone(&all.settle_charges),
            forget: Arc::clone(&all.forget),
            lease_chores: Arc::clone(&all.lease_chores),
            tick_queues: None,
            return_money: None,
            sweep,
        }
    }

    /// What there is to do, besides ticks.
    pub fn chores(&self) -> impl Iterator<Item = Chore> {
        let queues = self.tick_queues.is_some().then_some(Chore::ReadQueues);
        let money = self.return_money.is_some().then_some(Chore::ReturnMoney);
        queues.into_iter().chain([Chore::ExpireHolds, Chore::SettleCharges]).chain(money).chain([Chore::Forget])
    }

    /// The time from the beginning of one call of [`run`](Upkeep::run) to that of the next.
    pub fn every(&self, chore: Chore) -> Duration {
        let pace = self.pace(chore);
        if chore.is_leased() { LeaseChores::beat(pace) } else { pace }
    }

    /// The time from the beginning of one round to that of the next.
    const fn pace(&self, chore: Chore) -> Duration {
        match chore {
            Chore::ReadQueues => Self::READ_EVERY,
            Chore::ExpireHolds | Chore::SettleCharges | Chore::ReturnMoney => self.sweep,
            Chore::Forget => Self::FORGET_EVERY,
        }
    }

    /// One round; `None` if none is due, or another instance has the chore.
    pub async fn run(&self, chore: Chore) -> Result<Option<Round>, Error> {
        if chore.is_leased() && !self.lease_chores.is_due(chore, self.pace(chore)).await? {
            return Ok(None);
        }
        let round = self.round(chore).await?;
        if round.again {
            self.lease_chores.hurry(chore);
        }
        Ok(Some(round))
    }

    async fn round(&self, chore: Chore) -> Result<Round, Error> {
        let (rows, batch) = match chore {
            Chore::SettleCharges => return self.settle().await,
            Chore::ReadQueues => match &self.tick_queues {
                Some(queues) => (queues.refresh().await?, u32::MAX),
                None => return Ok(Round::default()),
            },
            Chore::ExpireHolds => {
                let Swept { marked, failed, more } = self.expire_holds.run().await?;
                return Ok(Round { rows: marked, again: more, failed, ..Round::default() });
            }
            Chore::ReturnMoney => {
                let Some(money) = &self.return_money else { return Ok(Round::default()) };
                let Returned { given_back, failed, more } = money.run().await?;
                return Ok(Round { rows: given_back, again: more, failed, ..Round::default() });
            }
            Chore::Forget => (self.forget.run().await?, Forget::BATCH),
        };
        Ok(Round { rows, again: rows >= batch, ..Round::default() })
    }

    /// Gives all chores back that this instance has, so that the others need not wait for the ends of their leases.
    pub async fn give_back(&self) -> Result<(), Error> {
        let mut given = Ok(());
        for chore in self.chores().filter(|chore| chore.is_leased()) {
            given = given.and(self.lease_chores.give_back(chore).await);
        }
        given
    }

    /// The ticks that are due, with those of queues that rest if it is `urgent`: an admission has ended here. As long as one
    /// of them runs, its queue is passed over.
    pub fn due_ticks(&self, urgent: bool) -> Vec<DueTick> {
        self.tick_queues.as_ref().map_or_else(Vec::new, |queues| queues.due(urgent))
    }

    async fn settle(&self) -> Result<Round, Error> {
        let SettleReport { settled, of_others } = self.settle_charges.run().await?;
        let again = settled >= SettleCharges::BATCH;
        Ok(Round { rows: settled, again, of_other_gateways: of_others, ..Round::default() })
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

    fn seats_written(&self, seats: &[Seat]) {
        self.next.seats_written(seats);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{
        ChoreLease, HoldPosition, LapsedHold, MockAnnouncer, MockBookingStore, MockChoreStore, MockHousekeeping,
        MockPaymentGateway, MockReservationReader, MockWalletReader, StoreError,
    };
    use crate::testing::{at, buyer, clock, ids, reservation};
    use crate::{FaultId, Page, RoundTimes, SettleProgress, SweepProgress};
    use frontrow_domain::Outcome;
    use mockall::predicate::eq;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use uuid::Uuid;

    const SWEEP: Duration = Duration::from_secs(5);

    /// An upkeep without queues that finds these lapsed holds.
    fn upkeep(found: Page<LapsedHold, HoldPosition>, chores: MockChoreStore) -> Upkeep {
        let (mut store, mut reservations) = (MockBookingStore::new(), MockReservationReader::new());
        store.expect_execute().returning(|_| Ok(Outcome::Expired(reservation().id)));
        reservations.expect_lapsed().returning(move |_, _, _| Ok(found.clone()));
        let (store, chores) = (Arc::new(store), Arc::new(chores));
        Upkeep {
            expire_holds: Arc::new(ExpireHolds {
                store: store.clone(),
                reservations: Arc::new(reservations),
                chores: chores.clone(),
                clock: clock(100),
                progress: SweepProgress::default(),
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
            lease_chores: Arc::new(LeaseChores {
                chores,
                clock: clock(100),
                ids: ids(),
                holder: OnceLock::new(),
                rounds: RoundTimes::default(),
            }),
            tick_queues: None,
            return_money: None,
            sweep: SWEEP,
        }
    }

    fn no_holds() -> Page<LapsedHold, HoldPosition> {
        Page { items: Vec::new(), next: None }
    }

    /// An instance that gets every lease that it asks for.
    fn alone() -> MockChoreStore {
        let mut chores = MockChoreStore::new();
        chores.expect_take().return_const(Ok(true));
        chores.expect_watermark().return_const(Ok(Some(at(30))));
        chores.expect_set_watermark().return_const(Ok(()));
        chores
    }

    #[tokio::test]
    async fn while_there_are_more_holds_another_round_comes_at_once() {
        let position = HoldPosition { held_until: at(50), id: reservation().id };
        let hold = LapsedHold { position, buyer: reservation().buyer() };
        for (rows, next) in [(0, None), (0, Some(position)), (3, None), (3, Some(position))] {
            let found = Page { items: vec![hold; rows as usize], next };
            let round = upkeep(found, alone()).run(Chore::ExpireHolds).await;
            assert_eq!(round, Ok(Some(Round { rows, again: next.is_some(), ..Round::default() })));
        }
    }

    #[tokio::test]
    async fn what_another_instance_does_is_left_to_it() {
        let mut chores = MockChoreStore::new();
        let lease = ChoreLease { holder: Uuid::from_u128(1), until: at(106) };
        for chore in [Chore::ExpireHolds, Chore::SettleCharges, Chore::Forget] {
            chores.expect_take().with(eq(chore), eq(lease), eq(at(100))).times(1).returning(|_, _, _| Ok(false));
        }
        // Nothing is read, asked or deleted: those mocks expect nothing.
        let upkeep = upkeep(no_holds(), chores);
        for chore in upkeep.chores() {
            assert_eq!(upkeep.run(chore).await, Ok(None), "{chore:?}");
        }
    }

    #[tokio::test]
    async fn a_lease_that_cannot_be_had_or_refused_fails_the_round() {
        let fault = FaultId(Uuid::nil());
        let mut chores = MockChoreStore::new();
        chores.expect_take().returning(move |_, _, _| Err(StoreError::Fault(fault)));
        assert_eq!(upkeep(no_holds(), chores).run(Chore::ExpireHolds).await, Err(Error::Fault(fault)));
    }

    #[tokio::test]
    async fn at_the_end_every_chore_is_given_back_even_if_one_can_not_be() {
        let (fault, holder) = (FaultId(Uuid::nil()), Uuid::from_u128(1));
        let mut chores = alone();
        for (chore, given) in [
            (Chore::ExpireHolds, Ok(())),
            (Chore::SettleCharges, Err(StoreError::Fault(fault))),
            (Chore::Forget, Ok(())),
        ] {
            chores.expect_give_back().with(eq(chore), eq(holder)).times(1).return_const(given);
        }
        let upkeep = upkeep(no_holds(), chores);
        upkeep.run(Chore::ExpireHolds).await.unwrap();
        assert_eq!(upkeep.give_back().await, Err(Error::Fault(fault)));
    }

    #[tokio::test]
    async fn without_waiting_rooms_there_is_nothing_to_read_or_tick() {
        let upkeep = upkeep(no_holds(), alone());
        let chores: Vec<_> = upkeep.chores().map(Chore::name).collect();
        assert_eq!(chores, ["expire_holds", "settle_charges", "forget"]);
        assert!(upkeep.due_ticks(true).is_empty());
        assert_eq!(upkeep.run(Chore::ReadQueues).await, Ok(Some(Round::default())));
    }

    #[test]
    fn leases_are_renewed_more_often_than_rounds_come() {
        let upkeep = upkeep(no_holds(), alone());
        assert_eq!(upkeep.every(Chore::ReadQueues), Upkeep::READ_EVERY);
        assert_eq!(upkeep.every(Chore::ExpireHolds), SWEEP / 2);
        assert_eq!(upkeep.every(Chore::Forget), LeaseChores::RENEW_WITHIN);
    }

    #[tokio::test]
    async fn a_round_that_is_not_due_yet_is_left_unless_there_is_more_to_do() {
        let position = HoldPosition { held_until: at(50), id: reservation().id };
        let hold = LapsedHold { position, buyer: reservation().buyer() };
        for next in [Some(position), None] {
            let upkeep = upkeep(Page { items: vec![hold], next }, alone());
            assert!(upkeep.run(Chore::ExpireHolds).await.unwrap().is_some());
            assert_eq!(upkeep.run(Chore::ExpireHolds).await.unwrap().is_some(), next.is_some());
        }
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
