//! Sweeps, step by step.

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

fn busy() -> BookingError {
    BookingError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) })
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
    for (at_second, looks_from) in [(NOW - 5, begun), (NOW - 6, from(3940))] {
        let sweep = Script::from(3940, vec![(looks_from, page(&[], None))]).build();
        sweep.progress.put(Some(Sweep { after: begun, left: None, at: at(at_second) }));
        assert_eq!(sweep.run().await, Ok(marked(0, false)));
    }
}

#[tokio::test]
async fn a_busy_store_is_left_to_the_buyers() {
    let holds = [hold(1, 3100), hold(2, 3500), hold(3, 3990)];
    for error in [busy(), BookingError::Unknown(None)] {
        // What was not marked is looked for again.
        let looks = vec![(from(3000), page(&holds, Some(holds[2]))), (from(3440), page(&holds[1..], None))];
        let script = Script::from(3000, looks).refusing(vec![(2, error.clone()), (3, error)]).asked(3);
        assert_eq!(script.play(&[3440]).await, [marked(1, false), marked(0, false)]);
    }
}

#[tokio::test]
async fn a_hold_that_never_gets_an_answer_stops_one_sweep_and_no_other() {
    let holds = [hold(1, 3100), hold(2, 3500), hold(3, 3990)];
    for error in [busy(), BookingError::Unknown(None)] {
        let failed = |marked| Swept { marked, failed: Some(error.clone().into()), more: false };
        let later = [holds[1], hold(4, 3995)];
        let looks = vec![
            (from(3000), page(&holds, Some(holds[2]))),
            (from(3440), page(&holds[1..], None)),
            (from(3440), page(&later, None)),
        ];
        let script = Script::from(3000, looks).refusing(vec![(2, error.clone())]).asked(2 + 2 + 2);
        assert_eq!(script.play(&[3440]).await, [marked(1, false), failed(1), failed(1)]);
    }
}

#[tokio::test]
async fn several_holds_that_never_get_an_answer_stop_a_sweep_each() {
    let holds = [hold(1, 3100), hold(2, 3500), hold(3, 3980), hold(4, 3990)];
    let looks = vec![
        (from(3000), page(&holds, None)),
        (from(3040), page(&holds, None)),
        (from(3040), page(&holds, Some(holds[3]))),
        (holds[3].position, page(&[hold(5, 3995)], None)),
    ];
    let script = Script::from(3000, looks).refusing(vec![(1, busy()), (2, busy())]).asked(1 + 1 + 4 + 1);
    let failed = Swept { marked: 2, failed: Some(busy().into()), more: true };
    // They are tried for ten minutes, too.
    let written = [3040, NOW - 600 - 60];
    assert_eq!(script.play(&written).await, [marked(0, false), marked(0, false), failed, marked(1, false)]);
}

#[tokio::test]
async fn a_hold_that_gets_its_answer_after_all_is_one_like_the_others_again() {
    let holds = [hold(1, 3950), hold(2, 3990)];
    let sweep = Script::from(3940, vec![(from(3940), page(&holds, None))]).build();
    let behind = hold(3, 3930);
    for hold in [behind, holds[0]] {
        sweep.progress.suspect(hold.position);
    }
    assert_eq!(sweep.run().await, Ok(marked(2, false)));
    assert!(!sweep.progress.suspects(holds[0].position));
    assert!(!sweep.progress.suspects(behind.position), "no sweep looks at it any more");
}

#[tokio::test]
async fn a_buyer_who_has_too_much_waiting_keeps_no_other_from_it() {
    let holds = [hold(1, 3600), hold(2, 3900), hold(3, 3990)];
    let too_many = BookingError::TooMany { most: 8, retry_after: Duration::from_secs(1) };
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
    housekeeping.expect_forget_sessions().with(eq(at(now)), eq(Forget::BATCH)).return_once(|_, _| Ok(5));
    let forget = Forget { housekeeping: Arc::new(housekeeping), clock: clock(now) };
    assert_eq!(forget.run().await, Ok(12));
    let mut broken = MockHousekeeping::new();
    let fault = FaultId(Uuid::nil());
    broken.expect_forget_idempotency_records().return_once(move |_, _| Err(StoreError::Fault(fault)));
    let forget = Forget { housekeeping: Arc::new(broken), clock: clock(now) };
    assert_eq!(forget.run().await, Err(Error::Fault(fault)));
}
