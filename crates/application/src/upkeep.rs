//! What an installation has to do again and again, without a runtime: whoever drives it brings the timers.

use crate::chore::Chore;
use crate::port::Announcer;
use crate::waiting_room::{DueTick, TickQueues};
use crate::{
    BookingUseCases, CheckClock, ClockSkew, EndedSessions, Error, ExpireHolds, Forget, LeaseChores, Mailed,
    ReturnMoney, Returned, SendMails, SettleCharges, SettleReport, Swept, UseCases,
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
    /// Which row that was, for people; `None` if the error says it, or nobody knows.
    pub failed_row: Option<String>,
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
/// driver begins with the [ticks that are due](Upkeep::due_ticks), each by itself, and waits for none of them; those that
/// [keep a processor busy](DueTick::keeps_busy), on a thread that may block.
pub struct Upkeep {
    expire_holds: Arc<ExpireHolds>,
    settle_charges: Arc<SettleCharges>,
    forget: Arc<Forget>,
    lease_chores: Arc<LeaseChores>,
    tick_queues: Option<Arc<TickQueues>>,
    ended_sessions: Option<Arc<EndedSessions>>,
    /// `None` where nobody has said what to compare the clock with: then it counts as right.
    clock_check: Option<Arc<CheckClock>>,
    return_money: Option<Arc<ReturnMoney>>,
    /// `None` where no mails are sent.
    send_mails: Option<Arc<SendMails>>,
    sweep: Duration,
}

impl Upkeep {
    /// How often to look for ticks that are due, unless an admission ends before: 100 ms.
    pub const TICK_EVERY: Duration = Duration::from_millis(100);
    /// How often the clock is compared with the database's: 1 second.
    pub const CHECK_CLOCK_EVERY: Duration = Duration::from_secs(1);
    /// How often queues are read: 250 ms.
    pub const READ_EVERY: Duration = Duration::from_millis(250);
    /// How often to look for mails to send: 2 seconds.
    pub const MAIL_EVERY: Duration = Duration::from_secs(2);
    /// How often old records are forgotten: 1 minute.
    pub const FORGET_EVERY: Duration = Duration::from_mins(1);

    /// The upkeep of everything. Lapsed holds are marked, unsettled charges asked for, and money for cancelled performances
    /// given back every `sweep`.
    pub fn new(all: &UseCases, sweep: Duration) -> Self {
        Self {
            tick_queues: Some(Arc::clone(&all.tick_queues)),
            ended_sessions: Some(Arc::clone(&all.ended_sessions)),
            clock_check: Some(Arc::clone(&all.check_clock)),
            return_money: Some(Arc::clone(&all.return_money)),
            send_mails: all.send_mails.clone(),
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
            ended_sessions: None,
            clock_check: None,
            return_money: None,
            send_mails: None,
            sweep,
        }
    }

    /// What there is to do, besides ticks.
    pub fn chores(&self) -> impl Iterator<Item = Chore> {
        let clock = self.clock_check.is_some().then_some(Chore::CheckClock);
        let queues = self.tick_queues.is_some().then_some(Chore::ReadQueues);
        let ended = self.ended_sessions.is_some().then_some(Chore::ReadEndedSessions);
        let money = self.return_money.is_some().then_some(Chore::ReturnMoney);
        let mails = self.send_mails.is_some().then_some(Chore::SendMails);
        let first = clock.into_iter().chain(queues).chain(ended).chain([Chore::ExpireHolds, Chore::SettleCharges]);
        first.chain(money).chain(mails).chain([Chore::Forget])
    }

    /// The time from the beginning of one call of [`run`](Upkeep::run) to that of the next.
    pub fn every(&self, chore: Chore) -> Duration {
        let pace = self.pace(chore);
        if chore.is_leased() { LeaseChores::beat(pace) } else { pace }
    }

    /// The time from the beginning of one round to that of the next.
    const fn pace(&self, chore: Chore) -> Duration {
        match chore {
            Chore::CheckClock => Self::CHECK_CLOCK_EVERY,
            Chore::ReadQueues => Self::READ_EVERY,
            Chore::ReadEndedSessions => EndedSessions::READ_EVERY,
            Chore::ExpireHolds | Chore::SettleCharges | Chore::ReturnMoney => self.sweep,
            Chore::SendMails => Self::MAIL_EVERY,
            Chore::Forget => Self::FORGET_EVERY,
        }
    }

    /// One round; `None` if none is due, another instance has the chore, or this instance's [clock is wrong](CheckClock).
    pub async fn run(&self, chore: Chore) -> Result<Option<Round>, Error> {
        if chore.is_leased() && !self.clock_is_right_now().await {
            return Ok(None);
        }
        if chore.is_leased() && !self.lease_chores.is_due(chore, self.pace(chore)).await? {
            return Ok(None);
        }
        let round = self.round(chore).await?;
        if round.again {
            self.lease_chores.hurry(chore);
        }
        Ok(Some(round))
    }

    /// Asks again, since so much depends on it; while the database is away nothing can be done anyway.
    async fn clock_is_right_now(&self) -> bool {
        if let Some(check) = &self.clock_check {
            drop(check.run().await);
        }
        self.clock_is_right()
    }

    fn clock_is_right(&self) -> bool {
        self.clock_check.as_ref().is_none_or(|check| check.is_right())
    }

    /// How far this instance's clock is from the database's, as of the last comparison.
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.clock_check.as_ref().and_then(|check| check.known())
    }

    async fn round(&self, chore: Chore) -> Result<Round, Error> {
        let (rows, batch) = match chore {
            Chore::SettleCharges => return self.settle().await,
            Chore::CheckClock => {
                let Some(check) = &self.clock_check else { return Ok(Round::default()) };
                // While the database is away nothing is known anew, and whatever needs it says so.
                return match check.run().await {
                    Ok(_) | Err(Error::Outage(_)) => Ok(Round::default()),
                    Err(error) => Err(error),
                };
            }
            Chore::ReadQueues => match &self.tick_queues {
                Some(queues) if self.clock_is_right() => (queues.refresh().await?, u32::MAX),
                Some(queues) => (queues.read().await?, u32::MAX),
                None => return Ok(Round::default()),
            },
            Chore::ReadEndedSessions => match &self.ended_sessions {
                Some(ended) => (ended.read().await?, u32::MAX),
                None => return Ok(Round::default()),
            },
            Chore::ExpireHolds => {
                let Swept { marked, failed, more } = self.expire_holds.run().await?;
                return Ok(Round { rows: marked, again: more, failed, ..Round::default() });
            }
            Chore::ReturnMoney => {
                let Some(money) = &self.return_money else { return Ok(Round::default()) };
                let Returned { given_back, failed, more } = money.run().await?;
                let (row, failed) = failed.map(|(id, error)| (format!("reservation {id}"), error)).unzip();
                return Ok(Round { rows: given_back, again: more, failed, failed_row: row, ..Round::default() });
            }
            Chore::SendMails => {
                let Some(mails) = &self.send_mails else { return Ok(Round::default()) };
                let Mailed { sent, failed, more } = mails.run().await?;
                return Ok(Round { rows: sent, again: more, failed, ..Round::default() });
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
    /// of them runs, its queue is passed over. None while this instance's [clock is wrong](CheckClock).
    pub fn due_ticks(&self, urgent: bool) -> Vec<DueTick> {
        if !self.clock_is_right() {
            return Vec::new();
        }
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
        MockPaymentGateway, MockProbe, MockReservationReader, MockWalletReader, StoreError,
    };
    use crate::testing::{at, buyer, clock, ids, reservation};
    use crate::{FaultId, KnownSkew, Page, RoundTimes, SettleProgress, SweepProgress};
    use frontrow_domain::Outcome;
    use mockall::predicate::eq;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
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
            ended_sessions: None,
            clock_check: None,
            return_money: None,
            send_mails: None,
            sweep: SWEEP,
        }
    }

    /// The same, with a database that shows this time; the instance's clock shows second 100.
    fn compared_with(theirs: &Arc<AtomicI64>, chores: MockChoreStore) -> Upkeep {
        let (mut probe, theirs) = (MockProbe::new(), Arc::clone(theirs));
        probe.expect_now().returning(move || Ok(at(theirs.load(Ordering::SeqCst))));
        let check = CheckClock { probe: Arc::new(probe), clock: clock(100), known: KnownSkew::default() };
        Upkeep { clock_check: Some(Arc::new(check)), ..upkeep(no_holds(), chores) }
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
    async fn while_the_clock_is_wrong_nothing_is_done_and_no_lease_taken_and_then_it_goes_on() {
        let mut chores = MockChoreStore::new();
        // Once, when the clock is right again.
        chores.expect_take().times(1).return_const(Ok(true));
        chores.expect_watermark().return_const(Ok(Some(at(100))));
        chores.expect_set_watermark().return_const(Ok(()));
        let theirs = Arc::new(AtomicI64::new(0));
        let upkeep = compared_with(&theirs, chores);
        assert!(!upkeep.clock_is_right() && upkeep.clock_skew().is_none(), "nobody knows yet");
        for wrong in [100 - 3600, 98, 102, 100 + 3600] {
            theirs.store(wrong, Ordering::SeqCst);
            for chore in [Chore::ExpireHolds, Chore::SettleCharges, Chore::Forget] {
                assert_eq!(upkeep.run(chore).await, Ok(None), "{chore:?} at {wrong}");
            }
            assert_eq!(upkeep.run(Chore::CheckClock).await, Ok(Some(Round::default())));
            assert_eq!(upkeep.clock_skew(), Some(ClockSkew { ahead_micros: (100 - wrong) * 1_000_000 }));
            assert!(!upkeep.clock_is_right());
        }
        theirs.store(100, Ordering::SeqCst);
        assert!(upkeep.run(Chore::ExpireHolds).await.unwrap().is_some());
        assert!(upkeep.clock_is_right());
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
