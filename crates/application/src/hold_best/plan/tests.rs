//! What is planned while others plan, and how new that has to be which it is planned on.

use super::*;
use crate::port::{MockClock, MockSeatSnapshots};
use crate::testing::{at, on_sale, performance, reservation, seat_number};
use frontrow_domain::{LineItem, SeatSet};
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

const WISH: fn() -> Wish = || Wish { count: 2, tier: "R".into(), accessible: false };

fn seconds(seconds: i64) -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(seconds))
}

/// Ten seats of which these are sold.
fn best_at(now: &Arc<AtomicI64>, sold: impl IntoIterator<Item = u32>, start: u32) -> BestSeats {
    let (mut clock, mut snapshots, now) = (MockClock::new(), MockSeatSnapshots::new(), Arc::clone(now));
    clock.expect_now().returning(move || at(now.load(Ordering::SeqCst)));
    let taken: SeatSet = sold.into_iter().map(seat_number).collect();
    let snapshot = Arc::new(SeatSnapshot { count: taken.len(), taken, any_held: false });
    let fresh = Arc::clone(&snapshot);
    snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&snapshot)));
    snapshots.expect_fresh().returning(move |_, _| Ok(Arc::clone(&fresh)));
    BestSeats::new(Arc::new(snapshots), Arc::new(clock), start)
}

fn best(sold: impl IntoIterator<Item = u32>) -> BestSeats {
    best_at(&seconds(100), sold, 0)
}

fn seats(plan: &Plan<'_>) -> Vec<u32> {
    plan.blocks[0].iter().map(|seat| seat.get()).collect()
}

async fn first<'a>(best: &'a BestSeats, on_sale: &OnSale) -> (Vec<u32>, Plan<'a>) {
    let plan = best.plan(on_sale, &WISH(), false, false).await.unwrap();
    (seats(&plan), plan)
}

#[tokio::test]
async fn who_plans_at_the_same_time_tries_other_seats_until_they_are_given_up() {
    let (best, on_sale) = (best([]), on_sale());
    let (one, plan) = first(&best, &on_sale).await;
    let (two, other) = first(&best, &on_sale).await;
    assert_eq!((one, two), (vec![1, 2], vec![3, 4]));
    let last_chance = best.plan(&on_sale, &WISH(), true, true).await.unwrap();
    assert_eq!((seats(&last_chance), last_chance.wait), (vec![5, 6], true));
    assert_eq!(first(&best, &on_sale).await.0, [7, 8], "who waits for seats has them to themselves, too");
    drop((plan, other, last_chance));
    assert_eq!(first(&best, &on_sale).await.0, [1, 2]);
}

#[tokio::test]
async fn instances_begin_at_different_seats_of_a_row() {
    let (on_sale, now) = (on_sale(), seconds(100));
    let middle = best_at(&now, [], 1 << 31);
    assert_eq!(first(&middle, &on_sale).await.0, [7, 8]);
    let middle = best_at(&now, 5..=10, 1 << 31);
    assert_eq!(first(&middle, &on_sale).await.0, [1, 2], "what comes before is as good");
}

#[tokio::test]
async fn what_everybody_else_has_planned_is_waited_for() {
    let (best, on_sale) = (best(3..=10), on_sale());
    let (_, plan) = first(&best, &on_sale).await;
    assert!(!plan.wait);
    let (seats, other) = first(&best, &on_sale).await;
    assert_eq!((seats, other.wait), (vec![1, 2], true));
    drop(other);
    assert!(first(&best, &on_sale).await.1.wait, "still somebody else's");
}

#[tokio::test]
async fn nothing_is_remembered_of_plans_that_have_ended() {
    let (best, on_sale) = (best([]), on_sale());
    drop(first(&best, &on_sale).await);
    let hall = best.hall(on_sale.performance.id);
    assert!(lock(&hall).planned.is_empty() && lock(&hall).missed.is_empty());
}

#[tokio::test]
async fn what_was_missed_is_passed_over_until_it_must_have_been_read() {
    let (now, on_sale) = (seconds(100), on_sale());
    let best = best_at(&now, [], 0);
    let (_, plan) = first(&best, &on_sale).await;
    plan.tried(Some(&reservation()));
    drop(plan);
    let (seats_of_it, plan) = first(&best, &on_sale).await;
    assert_eq!(seats_of_it, [1, 2], "it got its first block");
    plan.tried(Some(&reservation_of(&plan.blocks[2])));
    drop(plan);
    assert_eq!(first(&best, &on_sale).await.0, [5, 6], "the first two were gone");
    let afresh = best.plan(&on_sale, &WISH(), true, false).await.unwrap();
    assert_eq!(seats(&afresh), [5, 6], "that is newer than what was read");
    drop(afresh);
    now.store(102, Ordering::SeqCst);
    assert_eq!(first(&best, &on_sale).await.0, [1, 2]);
}

#[tokio::test]
async fn only_what_was_looked_at_is_missed() {
    let (best, on_sale) = (best([]), on_sale());
    let (_, plan) = first(&best, &on_sale).await;
    plan.tried(None);
    drop(plan);
    assert_eq!(first(&best, &on_sale).await.0, [5, 6], "the store had locked enough before it came to these");
    let last_chance = best.plan(&on_sale, &WISH(), true, true).await.unwrap();
    assert_eq!(seats(&last_chance), [1, 2], "they are read once more");
    last_chance.tried(None);
    drop(last_chance);
    assert_eq!(first(&best, &on_sale).await.0, [9, 10], "whoever waits has looked at all of their seats");
}

#[tokio::test]
async fn who_finds_nothing_shares_a_read_and_who_has_a_last_chance_does_not() {
    let taken = (1..=10).map(seat_number).collect();
    let (now, sold) = (at(100), Arc::new(SeatSnapshot { taken, count: 10, any_held: false }));
    for (wait, since) in [(false, now - Duration::from_millis(250)), (true, now)] {
        let (mut clock, mut snapshots) = (MockClock::new(), MockSeatSnapshots::new());
        clock.expect_now().return_const(now);
        let (recent, fresh) = (Arc::clone(&sold), Arc::clone(&sold));
        snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&recent)));
        snapshots.expect_fresh().once().withf(move |_, asked| *asked == since).return_once(move |_, _| Ok(fresh));
        let best = BestSeats::new(Arc::new(snapshots), Arc::new(clock), 0);
        let plan = best.plan(&on_sale(), &WISH(), wait, wait).await.unwrap();
        assert!(plan.blocks.is_empty());
    }
}

#[test]
fn nobody_waits_for_a_plan_in_another_hall() {
    let best = best([]);
    let other = best.hall(PerformanceId::new(Uuid::from_u128(99)));
    let _busy = lock(&other);
    let plan = best.plan_on(&SeatSnapshot::default(), &on_sale(), &WISH(), false, at(0));
    assert_eq!(seats(&plan), [1, 2]);
}

#[test]
fn halls_that_nobody_plans_for_are_forgotten() {
    let best = best([]);
    let kept = best.hall(performance().id);
    for n in 0..2 * MAX_HALLS {
        best.hall(PerformanceId::new(Uuid::from_u128(1000 + n as u128)));
        assert!(lock(&best.halls).len() <= MAX_HALLS);
    }
    assert!(Arc::ptr_eq(&kept, &best.hall(performance().id)), "somebody plans for that one");
}

fn reservation_of(block: &Block) -> Reservation {
    let line_item = |seat: &SeatNumber| LineItem { seat: *seat, ..reservation().line_items[0].clone() };
    Reservation { line_items: block.iter().map(line_item).collect(), ..reservation() }
}
