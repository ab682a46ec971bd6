//! Upkeep: marks lapsed holds, and deletes what is no longer needed.

use crate::Error;
use crate::chore::Chore;
use crate::port::{
    BookingError, BookingStore, ChoreLease, ChoreStore, Clock, HoldPosition, Housekeeping, LapsedHold,
    ReservationReader,
};
use frontrow_domain::{Command, Expire, Instant, Operation};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Marks lapsed holds, so that their owners and others hear of it. Seats don't wait for it: whether a hold has lapsed is a
/// matter of time.
///
/// A sweep looks at all holds that have ended since the watermark, a page in each run. The watermark is stored, so that
/// whoever sweeps next, after a restart or elsewhere, does not begin with the first hold that was ever made.
pub struct ExpireHolds {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds them.
    pub reservations: Arc<dyn ReservationReader>,
    /// Keeps the watermark.
    pub chores: Arc<dyn ChoreStore>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
    /// The sweep that this instance is in.
    pub progress: SweepProgress,
}

/// How far [`ExpireHolds`] has come in a sweep that takes several runs.
#[derive(Default)]
pub struct SweepProgress(Mutex<Option<Sweep>>);

#[derive(Clone, Copy)]
struct Sweep {
    /// The next run goes on after this hold.
    after: HoldPosition,
    /// When the oldest hold ended that could not be marked; `None` if there is none.
    left: Option<Instant>,
    /// When the last run ended.
    at: Instant,
}

/// What a run of [`ExpireHolds`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Holds that were marked.
    pub marked: u32,
    /// The first error, if there were holds that could not be marked. It kept no other from being marked.
    pub failed: Option<Error>,
    /// Whether there are more to look at: then the next run goes on where this one has stopped.
    pub more: bool,
}

impl ExpireHolds {
    /// Holds of one run: 500.
    pub const BATCH: u32 = 500;
    /// Every sweep begins this long before the watermark's instant, 1 minute: the clocks of several instances differ,
    /// and a hold may be committed some time after it was decided.
    pub const MARGIN: Duration = Duration::from_mins(1);
    /// A hold that can't be marked is tried again in every sweep for this long after it has lapsed, 10 minutes. Then it
    /// is left as it is, or all later sweeps would begin with it. Nothing but its mark is missing: it has lapsed,
    /// marked or not.
    pub const RETRY_FOR: Duration = Duration::from_mins(10);
    /// A watermark that has moved less than this, 10 seconds, is not worth a write.
    const STEP: Duration = Duration::from_secs(10);

    /// Marks a page of lapsed holds, the oldest first.
    pub async fn run(&self) -> Result<Swept, Error> {
        let now = self.clock.now();
        let stored = self.chores.watermark(Chore::ExpireHolds).await?;
        let sweep = self.progress.take().filter(|sweep| sweep.goes_on_at(now));
        let sweep = sweep.unwrap_or_else(|| Sweep::beginning_at(stored, now));
        let page = self.reservations.lapsed(sweep.after, now, Self::BATCH).await?;
        let Marking { marked, failed, left, stopped } = self.mark(&page.items).await;
        let left = sweep.left.or(left);
        let looked_to = stopped.or(page.next.map(|next| next.held_until)).unwrap_or(now);
        let watermark = watermark(looked_to, left, now);
        if stored.is_none_or(|stored| stored.since(watermark).max(watermark.since(stored)) >= Self::STEP) {
            self.chores.set_watermark(Chore::ExpireHolds, watermark).await?;
        }
        let next = page.next.filter(|_| stopped.is_none());
        self.progress.put(next.map(|after| Sweep { after, left, at: self.clock.now() }));
        Ok(Swept { marked, failed, more: next.is_some() })
    }

    async fn mark(&self, lapsed: &[LapsedHold]) -> Marking {
        let mut marking = Marking::default();
        for LapsedHold { position: HoldPosition { id, held_until }, buyer } in lapsed {
            let expire = Expire { reservation: *id, buyer: *buyer };
            match self.store.execute(Command::unkeyed(Operation::Expire(expire))).await {
                Ok(_) => marking.marked += 1,
                // Buyers come first: what is not marked now is marked by the next sweep.
                Err(BookingError::TooMany { .. }) => marking.leave(*held_until),
                Err(error)
                    if error.is_transient() || matches!(error, BookingError::Replan | BookingError::Unknown(_)) =>
                {
                    marking.stopped = Some(*held_until);
                    break;
                }
                Err(error) => {
                    marking.leave(*held_until);
                    marking.failed.get_or_insert_with(|| error.into());
                }
            }
        }
        marking
    }
}

/// What has become of a page of lapsed holds.
#[derive(Default)]
struct Marking {
    marked: u32,
    failed: Option<Error>,
    /// When the oldest ended that could not be marked.
    left: Option<Instant>,
    /// When the one ended at which the store had no time for more; `None` if it had time for all.
    stopped: Option<Instant>,
}

impl Marking {
    /// Holds come in the order of their ends, so that the first is the oldest.
    fn leave(&mut self, held_until: Instant) {
        self.left.get_or_insert(held_until);
    }
}

impl Sweep {
    /// At the watermark; from the first hold of all if none is stored. A clock that was ahead, and has been set back,
    /// may have stored one behind which there are holds of its future, so that no sweep begins later than the margin
    /// before now.
    fn beginning_at(watermark: Option<Instant>, now: Instant) -> Self {
        let watermark = watermark.unwrap_or(Instant::from_micros(i64::MIN));
        Self { after: HoldPosition::before_all_at(watermark.min(now - ExpireHolds::MARGIN)), left: None, at: now }
    }

    /// Whoever has not gone on for as long as a lease lasts may have lost the chore, and another has moved the
    /// watermark.
    fn goes_on_at(&self, now: Instant) -> bool {
        now.since(self.at) < ChoreLease::LONGEST
    }
}

/// Where the next sweep has to begin after all holds were looked at that end before `looked_to`.
fn watermark(looked_to: Instant, left: Option<Instant>, now: Instant) -> Instant {
    let left = left.map(|left| left.max(now - ExpireHolds::RETRY_FOR));
    left.map_or(looked_to, |left| left.min(looked_to)) - ExpireHolds::MARGIN
}

impl SweepProgress {
    fn take(&self) -> Option<Sweep> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, sweep: Option<Sweep>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sweep;
    }
}

/// Deletes idempotency records and refresh tokens that are no longer needed.
pub struct Forget {
    /// Does it.
    pub housekeeping: Arc<dyn Housekeeping>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl Forget {
    /// How long an idempotency record is kept: 24 hours.
    pub const IDEMPOTENCY_RETENTION: Duration = Duration::from_hours(24);
    /// Rows of one run: 1000.
    pub const BATCH: u32 = 1000;

    /// Deletes the oldest; returns how many rows.
    pub async fn run(&self) -> Result<u32, Error> {
        let now = self.clock.now();
        let records =
            self.housekeeping.forget_idempotency_records(now - Self::IDEMPOTENCY_RETENTION, Self::BATCH).await?;
        let tokens = self.housekeeping.forget_refresh_tokens(now, Self::BATCH).await?;
        Ok(records + tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockBookingStore, MockChoreStore, MockHousekeeping, MockReservationReader, StoreError};
    use crate::testing::{at, clock, reservation};
    use crate::{FaultId, Outage, Page};
    use frontrow_domain::{Outcome, ReservationId};
    use mockall::Sequence;
    use mockall::predicate::eq;
    use uuid::Uuid;

    const NOW: i64 = 4000;

    fn id(n: u128) -> ReservationId {
        ReservationId::new(Uuid::from_u128(n))
    }

    /// Hold `n`, which ended at that second.
    fn hold(n: u128, held_until: i64) -> LapsedHold {
        let position = HoldPosition { held_until: at(held_until), id: id(n) };
        LapsedHold { position, buyer: reservation().buyer() }
    }

    fn from(seconds: i64) -> HoldPosition {
        HoldPosition::before_all_at(at(seconds))
    }

    fn page(items: &[LapsedHold], next: Option<LapsedHold>) -> Page<LapsedHold, HoldPosition> {
        Page { items: items.to_vec(), next: next.map(|hold| hold.position) }
    }

    /// A sweep, step by step.
    struct Script {
        now: i64,
        stored: Option<i64>,
        /// By run: where it has to look from, and what it finds there.
        looks: Vec<(HoldPosition, Page<LapsedHold, HoldPosition>)>,
        /// What the store answers to a hold, if not that it is marked.
        refusals: Vec<(u128, BookingError)>,
        /// Holds that the store has to be asked for, with repetitions.
        asked: usize,
        /// The watermarks that have to be written.
        written: Vec<i64>,
    }

    impl Script {
        fn from(stored: i64, looks: Vec<(HoldPosition, Page<LapsedHold, HoldPosition>)>) -> Self {
            let asked = looks.iter().map(|(_, page)| page.items.len()).sum();
            Self { now: NOW, stored: Some(stored), looks, refusals: Vec::new(), asked, written: Vec::new() }
        }

        fn refusing(self, refusals: Vec<(u128, BookingError)>) -> Self {
            Self { refusals, ..self }
        }

        fn asked(self, asked: usize) -> Self {
            Self { asked, ..self }
        }

        /// What each run did.
        async fn play(self, written: &[i64]) -> Vec<Swept> {
            let runs = self.looks.len();
            let sweep = Self { written: written.to_vec(), ..self }.build();
            let mut swept = Vec::new();
            for _ in 0..runs {
                swept.push(sweep.run().await.unwrap());
            }
            swept
        }

        fn build(self) -> ExpireHolds {
            let (mut reservations, mut order) = (MockReservationReader::new(), Sequence::new());
            for (after, page) in self.looks {
                reservations
                    .expect_lapsed()
                    .with(eq(after), eq(at(self.now)), eq(ExpireHolds::BATCH))
                    .times(1)
                    .in_sequence(&mut order)
                    .return_once(|_, _, _| Ok(page));
            }
            let mut store = MockBookingStore::new();
            let refusals = self.refusals;
            store.expect_execute().times(self.asked).returning(move |command| {
                let Operation::Expire(expire) = command.operation else { panic!("{command:?}") };
                let refusal = refusals.iter().find(|(n, _)| expire.reservation == id(*n));
                refusal.map_or(Ok(Outcome::Expired(expire.reservation)), |(_, error)| Err(error.clone()))
            });
            let (mut chores, mut order) = (MockChoreStore::new(), Sequence::new());
            let stored = Arc::new(Mutex::new(self.stored.map(at)));
            let read = Arc::clone(&stored);
            chores.expect_watermark().with(eq(Chore::ExpireHolds)).returning(move |_| Ok(*read.lock().unwrap()));
            for written in self.written {
                let stored = Arc::clone(&stored);
                chores
                    .expect_set_watermark()
                    .with(eq(Chore::ExpireHolds), eq(at(written)))
                    .times(1)
                    .in_sequence(&mut order)
                    .returning(move |_, watermark| {
                        *stored.lock().unwrap() = Some(watermark);
                        Ok(())
                    });
            }
            ExpireHolds {
                store: Arc::new(store),
                reservations: Arc::new(reservations),
                chores: Arc::new(chores),
                clock: clock(self.now),
                progress: SweepProgress::default(),
            }
        }
    }

    fn marked(marked: u32, more: bool) -> Swept {
        Swept { marked, failed: None, more }
    }

    fn broken() -> (BookingError, Error) {
        let fault = FaultId(Uuid::nil());
        (BookingError::Fault(fault), Error::Fault(fault))
    }

    #[tokio::test]
    async fn lapsed_holds_are_marked_page_by_page_and_the_watermark_follows() {
        let (one, two, three) = (hold(1, 3100), hold(2, 3500), hold(3, 3990));
        let looks = vec![
            (from(3000), page(&[one, two], Some(two))),
            (two.position, page(&[three], None)),
            (from(3940), page(&[], None)),
        ];
        // The third look begins another sweep.
        let swept = Script::from(3000, looks).play(&[3440, 3940]).await;
        assert_eq!(swept, [marked(2, true), marked(1, false), marked(0, false)]);
    }

    #[tokio::test]
    async fn the_first_sweep_of_all_begins_with_the_first_hold_of_all() {
        let first = HoldPosition::before_all_at(Instant::from_micros(i64::MIN));
        let script = Script { stored: None, ..Script::from(0, vec![(first, page(&[], None))]) };
        assert_eq!(script.play(&[3940]).await, [marked(0, false)]);
    }

    #[tokio::test]
    async fn a_watermark_of_a_clock_that_was_ahead_is_taken_back() {
        let look = || vec![(from(3940), page(&[], None))];
        Script::from(9000, look()).play(&[3940]).await;
        // As much ahead as clocks may be: it stays.
        Script::from(3941, look()).play(&[]).await;
    }

    #[tokio::test]
    async fn a_watermark_that_hardly_moves_is_not_written() {
        let look = |from_| vec![(from(from_), page(&[], None))];
        Script::from(3931, look(3931)).play(&[]).await;
        Script::from(3930, look(3930)).play(&[3940]).await;
    }

    #[tokio::test]
    async fn a_sweep_that_was_left_for_as_long_as_a_lease_begins_again() {
        let begun = hold(1, 3500).position;
        for (at_second, looks_from) in [(NOW - 9, begun), (NOW - 10, from(3940))] {
            let sweep = Script::from(3940, vec![(looks_from, page(&[], None))]).build();
            sweep.progress.put(Some(Sweep { after: begun, left: None, at: at(at_second) }));
            assert_eq!(sweep.run().await, Ok(marked(0, false)));
        }
    }

    #[tokio::test]
    async fn a_busy_store_is_left_to_the_buyers() {
        let busy = BookingError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) });
        let holds = [hold(1, 3100), hold(2, 3500), hold(3, 3990)];
        for error in [busy, BookingError::Unknown(None)] {
            // What was not marked is looked for again.
            let looks = vec![(from(3000), page(&holds, Some(holds[2]))), (from(3440), page(&holds[1..], None))];
            let script = Script::from(3000, looks).refusing(vec![(2, error)]).asked(3);
            assert_eq!(script.play(&[3440]).await, [marked(1, false), marked(0, false)]);
        }
    }

    #[tokio::test]
    async fn a_buyer_who_has_too_much_waiting_keeps_no_other_from_it() {
        let holds = [hold(1, 3600), hold(2, 3900), hold(3, 3990)];
        let too_many = BookingError::TooMany { retry_after: Duration::from_secs(1) };
        let script = Script::from(3000, vec![(from(3000), page(&holds, None))]).refusing(vec![(2, too_many)]);
        assert_eq!(script.play(&[3840]).await, [marked(2, false)]);
    }

    #[tokio::test]
    async fn a_hold_that_cannot_be_marked_keeps_no_other_from_it_and_is_told() {
        let holds = [hold(1, 3600), hold(2, 3900), hold(3, 3990)];
        let (refused, told) = broken();
        // The next sweep tries it again.
        let looks = vec![(from(3000), page(&holds, None)), (from(3840), page(&holds[1..2], None))];
        let script = Script::from(3000, looks).refusing(vec![(2, refused)]);
        let failed = |marked| Swept { marked, failed: Some(told.clone()), more: false };
        assert_eq!(script.play(&[3840]).await, [failed(2), failed(0)]);
    }

    #[tokio::test]
    async fn a_page_of_holds_that_cannot_be_marked_does_not_stop_the_sweep() {
        let holds: Vec<_> = (0..u128::from(ExpireHolds::BATCH)).map(|n| hold(n, 3900)).collect();
        let (last, other) = (holds[holds.len() - 1], hold(1000, 3950));
        let (refused, told) = broken();
        let refusals = holds.iter().map(|hold| (hold.position.id.uuid().as_u128(), refused.clone())).collect();
        let looks = vec![(from(3000), page(&holds, Some(last))), (last.position, page(&[other], None))];
        let swept = Script::from(3000, looks).refusing(refusals).play(&[3840]).await;
        assert_eq!(swept, [Swept { marked: 0, failed: Some(told), more: true }, marked(1, false)]);
    }

    #[tokio::test]
    async fn a_hold_that_cannot_be_marked_for_10_minutes_is_left() {
        let (oldest, now) = (hold(1, 3399), NOW);
        let (refused, _) = broken();
        let looks = vec![(from(3339), page(&[oldest], None))];
        // Later sweeps begin after it: ten minutes, and the margin, before now.
        Script::from(3339, looks).refusing(vec![(1, refused.clone())]).play(&[]).await;
        let looks = vec![(from(3000), page(&[hold(1, 3060)], None))];
        Script::from(3000, looks).refusing(vec![(1, refused.clone())]).play(&[now - 600 - 60]).await;
        // But not after what was not looked at yet.
        let looks = vec![(from(1000), page(&[hold(1, 1060)], Some(hold(2, 1200))))];
        Script::from(1000, looks).refusing(vec![(1, refused)]).play(&[1140]).await;
    }

    #[tokio::test]
    async fn a_watermark_that_cannot_be_read_or_written_is_an_error() {
        let fault = FaultId(Uuid::nil());
        let sweep = |chores: MockChoreStore| ExpireHolds {
            chores: Arc::new(chores),
            ..Script::from(0, vec![(from(0), page(&[], None))]).build()
        };
        let mut unread = MockChoreStore::new();
        unread.expect_watermark().returning(move |_| Err(StoreError::Fault(fault)));
        let untouched = ExpireHolds { chores: Arc::new(unread), ..Script::from(0, Vec::new()).build() };
        assert_eq!(untouched.run().await, Err(Error::Fault(fault)));
        let mut unwritten = MockChoreStore::new();
        unwritten.expect_watermark().returning(|_| Ok(Some(at(0))));
        unwritten.expect_set_watermark().returning(move |_, _| Err(StoreError::Fault(fault)));
        assert_eq!(sweep(unwritten).run().await, Err(Error::Fault(fault)));
    }

    #[tokio::test]
    async fn keys_are_kept_for_a_day_and_tokens_until_they_expire() {
        let (now, day) = (500_000, 24 * 3600);
        let mut housekeeping = MockHousekeeping::new();
        housekeeping
            .expect_forget_idempotency_records()
            .with(eq(at(now - day)), eq(Forget::BATCH))
            .return_once(|_, _| Ok(3));
        housekeeping.expect_forget_refresh_tokens().with(eq(at(now)), eq(Forget::BATCH)).return_once(|_, _| Ok(4));
        let forget = Forget { housekeeping: Arc::new(housekeeping), clock: clock(now) };
        assert_eq!(forget.run().await, Ok(7));
        let mut broken = MockHousekeeping::new();
        let fault = FaultId(Uuid::nil());
        broken.expect_forget_idempotency_records().return_once(move |_, _| Err(StoreError::Fault(fault)));
        let forget = Forget { housekeeping: Arc::new(broken), clock: clock(now) };
        assert_eq!(forget.run().await, Err(Error::Fault(fault)));
    }
}
