//! Upkeep: marks lapsed holds, and deletes what is no longer needed.

use crate::Error;
use crate::chore::Chore;
use crate::port::{
    BookingError, BookingStore, ChoreLease, ChoreStore, Clock, HoldPosition, Housekeeping, LapsedHold,
    ReservationReader,
};
use frontrow_domain::{Command, Expire, Instant, Operation};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// How far [`ExpireHolds`] has come in a sweep that takes several runs, and what stopped earlier ones.
#[derive(Default)]
pub struct SweepProgress(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    sweep: Option<Sweep>,
    /// Holds at which sweeps were stopped, because the store had no answer for them. Each may be at fault itself.
    suspects: BTreeSet<HoldPosition>,
}

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
        let sweep = sweep.unwrap_or_else(|| self.progress.begin(Sweep::beginning_at(stored, now)));
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

    /// Those at which a sweep was stopped before come last. If the others get their answers, the store has time, and whatever
    /// is wrong is wrong with these.
    async fn mark(&self, lapsed: &[LapsedHold]) -> Marking {
        let mut marking = Marking::default();
        let (suspects, others): (Vec<_>, Vec<_>) =
            lapsed.iter().partition(|hold| self.progress.suspects(hold.position));
        for hold in others {
            if self.try_to_mark(hold, &mut marking).await.is_err() {
                self.progress.suspect(hold.position);
                let first = suspects.first().map_or(hold.position, |first| hold.position.min(first.position));
                marking.stopped = Some(first.held_until);
                return marking;
            }
        }
        for hold in suspects {
            match self.try_to_mark(hold, &mut marking).await {
                Ok(()) => self.progress.acquit(hold.position),
                Err(error) => marking.fail(hold.position.held_until, error),
            }
        }
        marking
    }

    /// An error says that the store has no answer: it may have no time, or the hold is at fault.
    async fn try_to_mark(&self, hold: &LapsedHold, marking: &mut Marking) -> Result<(), BookingError> {
        let LapsedHold { position: HoldPosition { id, held_until }, buyer } = *hold;
        let expire = Expire { reservation: id, buyer };
        match self.store.execute(Command::unkeyed(Operation::Expire(expire))).await {
            Ok(_) => marking.marked += 1,
            // Buyers come first: what is not marked now is marked by the next sweep.
            Err(BookingError::TooMany { .. }) => marking.leave(held_until),
            Err(error) if error.is_transient() || matches!(error, BookingError::Replan | BookingError::Unknown(_)) => {
                return Err(error);
            }
            Err(error) => marking.fail(held_until, error),
        }
        Ok(())
    }
}

/// What has become of a page of lapsed holds.
#[derive(Default)]
struct Marking {
    marked: u32,
    failed: Option<Error>,
    /// When the oldest ended that could not be marked.
    left: Option<Instant>,
    /// When the oldest ended that was not tried, because the store had no time for more; `None` if it had time for all.
    stopped: Option<Instant>,
}

impl Marking {
    fn leave(&mut self, held_until: Instant) {
        self.left = Some(self.left.map_or(held_until, |left| left.min(held_until)));
    }

    fn fail(&mut self, held_until: Instant, error: BookingError) {
        self.leave(held_until);
        self.failed.get_or_insert_with(|| error.into());
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
        self.progress().sweep.take()
    }

    fn put(&self, sweep: Option<Sweep>) {
        self.progress().sweep = sweep;
    }

    /// Holds that no sweep looks at any more are forgotten.
    fn begin(&self, sweep: Sweep) -> Sweep {
        self.progress().suspects.retain(|hold| *hold > sweep.after);
        sweep
    }

    fn suspects(&self, hold: HoldPosition) -> bool {
        self.progress().suspects.contains(&hold)
    }

    fn suspect(&self, hold: HoldPosition) {
        self.progress().suspects.insert(hold);
    }

    fn acquit(&self, hold: HoldPosition) {
        self.progress().suspects.remove(&hold);
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deletes idempotency records, refresh tokens and sessions that are no longer needed.
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
        let sessions = self.housekeeping.forget_sessions(now, Self::BATCH).await?;
        Ok(records + tokens + sessions)
    }
}

#[cfg(test)]
mod tests;
