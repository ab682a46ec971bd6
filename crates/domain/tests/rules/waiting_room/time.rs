//! Outages, clock steps, pauses, and calls that lapse.

use super::test_room::*;
use crate::fixture::at;
use frontrow_domain::waiting_room::{Queue, *};
use frontrow_domain::*;
use std::time::Duration;

/// Persons 1 to 3 are admitted; the first has picked it up.
fn three() -> TestRoom {
    let mut waiting_room = TestRoom::open(room(), 5);
    waiting_room.all_come([1, 2, 3]);
    assert_eq!(waiting_room.tick(), [1, 2, 3]);
    waiting_room.pick_up(1);
    waiting_room
}

#[test]
fn a_queue_that_has_moved_into_the_future_stands_still_until_it_is_reset() {
    let mut waiting_room = TestRoom::open(room(), 5);
    let right = waiting_room.now;
    waiting_room.tick_at(right + seconds(3600));
    waiting_room.now = right + seconds(1);
    waiting_room.queue_mut().allowance = 0;
    waiting_room.all_come([1]);
    let stands_still = waiting_room.queue().last_tick;
    assert_eq!((waiting_room.run(10, &[1]), waiting_room.queue().last_tick), (vec![], stands_still));

    let reset = |waiting_room: &mut TestRoom, now| {
        let next = waiting_room.queue().update(&QueueUpdate::ResetClock(now)).unwrap();
        let changed = next.version != waiting_room.queue().version;
        *waiting_room.queue_mut() = next;
        changed
    };
    let now = waiting_room.now;
    assert!(reset(&mut waiting_room, now));
    assert_eq!(waiting_room.queue().last_tick, now);
    assert!(!reset(&mut waiting_room, now + seconds(1)), "its last tick is not in the future");
    assert_eq!(waiting_room.run(10, &[1]), [1], "it goes on");
}

#[test]
fn a_queue_that_was_sold_out_in_the_future_is_over_now() {
    let mut waiting_room = TestRoom::open(room(), 5);
    let right = waiting_room.now;
    waiting_room.stock = Stock::SoldOut;
    for after in [3600, 3602] {
        waiting_room.tick_at(right + seconds(after));
    }
    assert_eq!(waiting_room.queue().phase, Phase::Closed);
    let now = right + seconds(10);
    let reset = waiting_room.queue().update(&QueueUpdate::ResetClock(now)).unwrap();
    assert_eq!(reset.nothing_left, Some(NothingLeft { since: now - seconds(2), seen: now }), "for as long as before");
    assert_eq!(reset.closed_since, Some(now));
    let goes_on = [Stock::SoldOut, Stock::Left(1)].map(|stock| reset.goes_on(stock, now));
    assert_eq!((reset.phase, goes_on), (Phase::Closed, [false, true]));
    assert!(reset.is_forgotten(reset.dates.unwrap().closes.max(now) + Queue::REMEMBERED));
}

#[test]
fn a_tick_trusts_the_earlier_clock_and_none_that_is_more_than_a_second_ahead() {
    let theirs = at(100);
    for (ours, now) in [
        (theirs - seconds(3600), Some(theirs - seconds(3600))),
        (theirs, Some(theirs)),
        (theirs + CLOCK_SKEW, Some(theirs)),
        (theirs + CLOCK_SKEW + Duration::from_micros(1), None),
        (theirs + seconds(3600), None),
    ] {
        assert_eq!(Tick::instant(ours, theirs), now);
    }
}

#[test]
fn a_silence_of_five_seconds_is_no_outage() {
    let mut waiting_room = three();
    let admission = waiting_room.admission(2);
    waiting_room.now = waiting_room.now + seconds(5);
    assert!(!waiting_room.plan().waits());
    waiting_room.tick();
    assert_eq!(waiting_room.admission(2), admission);
}

#[test]
fn an_outage_gives_its_time_back_to_everybody_who_was_alive() {
    let mut waiting_room = three();
    let before = [1, 2, 3].map(|n| waiting_room.admission(n).unwrap());
    let gap = seconds(600);
    waiting_room.now = waiting_room.now + gap;
    assert!(waiting_room.plan().waits(), "everybody's row is needed");
    waiting_room.tick();
    let after = [1, 2, 3].map(|n| waiting_room.admission(n).unwrap());
    assert_eq!(
        after,
        before.map(|admission| AdmissionPeriod { until: admission.until + gap, max_until: admission.max_until + gap })
    );
    let again = waiting_room.admission(1);
    waiting_room.now = waiting_room.now + seconds(1);
    waiting_room.tick();
    assert_eq!(waiting_room.admission(1), again, "once");
}

#[test]
fn who_was_over_before_an_outage_gets_nothing_back() {
    let mut waiting_room = three();
    let until = waiting_room.admission(2).unwrap().until;
    waiting_room.run(46, &[]);
    assert!(waiting_room.queue().last_tick < until + CLOCK_TOLERANCE);
    // Person 3 leaves during the outage.
    waiting_room.now = until + CLOCK_TOLERANCE + millis(1);
    waiting_room.tick();
    waiting_room.leave(3);
    assert_eq!((waiting_room.admission(2), waiting_room.active()), (None, 1), "it was over a moment before");
    waiting_room.now = waiting_room.now + seconds(100);
    waiting_room.tick();
    assert_eq!((waiting_room.admission(2), waiting_room.admission(3), waiting_room.active()), (None, None, 1));
}

#[test]
fn a_right_that_ended_before_an_outage_is_not_revived_by_what_the_last_tick_thought() {
    // The page closes after the tick has seen the renewal.
    let mut waiting_room = three();
    waiting_room.run(48, &[]);
    waiting_room.close_page(1);
    waiting_room.run(43, &[]);
    let over = waiting_room.admission(1).unwrap().until;
    waiting_room.now = over + CLOCK_TOLERANCE + millis(1);
    waiting_room.queue_mut().last_tick = waiting_room.now;
    waiting_room.now = waiting_room.now + seconds(60);
    waiting_room.tick();
    assert_eq!((waiting_room.admission(1), waiting_room.active()), (None, 0));
}

#[test]
fn whose_renewal_the_last_tick_had_not_seen_gets_the_time_back_too() {
    let mut waiting_room = three();
    waiting_room.run(40, &[]);
    waiting_room.renew(1);
    let before = waiting_room.admission(1).unwrap();
    waiting_room.now = waiting_room.now + seconds(4);
    waiting_room.queue_mut().last_tick = waiting_room.now + seconds(4);
    waiting_room.now = waiting_room.now + seconds(304);
    waiting_room.tick();
    assert_eq!(waiting_room.admission(1).map(|admission| admission.until), Some(before.until + seconds(300)));
}

#[test]
fn a_lobby_has_no_outages() {
    let mut waiting_room = TestRoom::new(room());
    waiting_room.now = waiting_room.now + seconds(3600);
    assert!(!waiting_room.plan().waits());
}

#[test]
fn a_clock_that_steps_back_moves_nothing() {
    let mut waiting_room = three();
    let (tick, open) = (waiting_room.now, waiting_room.queue().open_time);
    waiting_room.all_come([4]);
    waiting_room.now = waiting_room.now - seconds(10);
    assert_eq!(waiting_room.tick(), [4], "whoever was seen a moment ago is present");
    assert_eq!((waiting_room.queue().last_tick, waiting_room.queue().open_time), (tick, open));
    assert_eq!(waiting_room.admission(4).unwrap().until, tick + seconds(45));
    waiting_room.now = tick + seconds(1);
    waiting_room.tick();
    assert_eq!(waiting_room.queue().open_time, open + seconds(1));
}

#[test]
fn open_time_goes_on_by_a_second_a_tick_at_most_and_stands_still_when_closed() {
    let mut waiting_room = three();
    let open = waiting_room.queue().open_time;
    waiting_room.now = waiting_room.now + seconds(3600);
    waiting_room.tick();
    assert_eq!(waiting_room.queue().open_time, open + seconds(1));
    waiting_room.now = waiting_room.now + millis(300);
    waiting_room.tick();
    assert_eq!(waiting_room.queue().open_time, open + millis(1300));
    waiting_room.phase(Phase::Closed).unwrap();
    waiting_room.run(10, &[]);
    assert_eq!(waiting_room.queue().open_time, open + millis(1300));
}

#[test]
fn in_a_pause_calls_lapses_and_open_time_stand_still() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 2, ..room() }, 50);
    waiting_room.run(100, &[]);
    let before = (waiting_room.group(), waiting_room.queue().open_time, waiting_room.queue().trail.clone());
    waiting_room.phase(Phase::Paused).unwrap();
    waiting_room.run(3600, &[40, 41]);
    assert_eq!((waiting_room.group(), waiting_room.queue().open_time, waiting_room.queue().trail.clone()), before);
    assert_eq!(waiting_room.active(), 0);
    waiting_room.phase(Phase::Open).unwrap();
    assert_eq!(waiting_room.run(1, &[40, 41]), [40, 41]);
}

#[test]
fn a_pause_does_not_let_calls_lapse() {
    let mut waiting_room = TestRoom::open(room(), 5);
    waiting_room.run(800, &[]);
    waiting_room.phase(Phase::Paused).unwrap();
    waiting_room.run(3600, &[]);
    waiting_room.phase(Phase::Open).unwrap();
    waiting_room.run(90, &[]);
    assert_eq!(waiting_room.status(5), EntryStatus::Called);
    waiting_room.run(60, &[]);
    assert_eq!(waiting_room.status(5), EntryStatus::Lapsed);
}

#[test]
fn who_is_admitted_goes_on_in_a_pause() {
    let mut waiting_room = three();
    waiting_room.phase(Phase::Paused).unwrap();
    waiting_room.run(30, &[]);
    waiting_room.renew(1).unwrap();
    waiting_room.held(1, &[1]);
    waiting_room.run(30, &[]);
    assert_eq!((waiting_room.admission(2), waiting_room.active()), (None, 1), "and it ends for whoever does not come");
}

#[test]
fn an_outage_lets_nobody_lapse() {
    let mut waiting_room = TestRoom::open(room(), 5);
    waiting_room.run(880, &[]);
    waiting_room.now = waiting_room.now + seconds(24 * 3600);
    waiting_room.tick();
    assert_eq!(waiting_room.status(5), EntryStatus::Called);
}

#[test]
fn a_call_lapses_after_a_quarter_of_an_hour_and_never_before() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 4, ..room() }, 3);
    let called_at = waiting_room.queue().open_time;
    while waiting_room.status(3) == EntryStatus::Called {
        waiting_room.now = waiting_room.now + millis(900);
        waiting_room.tick();
    }
    let after = waiting_room.queue().open_time.saturating_sub(called_at);
    assert!(after >= Queue::CALL_LASTS && after <= Queue::CALL_LASTS + seconds(32), "{after:?}");
}

#[test]
fn the_trail_stays_short() {
    let mut waiting_room = TestRoom::open(room(), 100);
    for step in 0..40_000_u64 {
        waiting_room.now = waiting_room.now + millis(50 + step * 7 % 900);
        waiting_room.tick();
        assert!(waiting_room.queue().trail.len() <= 120, "{}", waiting_room.queue().trail.len());
    }
    assert!(waiting_room.queue().open_time > seconds(4 * 3600));
    let trail = &waiting_room.queue().trail;
    assert!(trail.len() > 60 && trail.is_sorted_by_key(|sample| sample.at));
    assert!(trail.windows(2).all(|pair| pair[1].at <= pair[0].at + seconds(32)), "no gap in which a call could lapse");
}
