//! Outages, clock steps, pauses, and calls that lapse.

use super::house::*;
use frontrow_domain::waiting_room::{Queue, *};
use frontrow_domain::*;

/// Persons 1 to 3 are admitted; the first has picked it up.
fn three() -> House {
    let mut house = House::open(room(), 5);
    house.all_come([1, 2, 3]);
    assert_eq!(house.tick(), [1, 2, 3]);
    house.pick_up(1);
    house
}

#[test]
fn a_silence_of_five_seconds_is_no_outage() {
    let mut house = three();
    let admission = house.admission(2);
    house.now = house.now + seconds(5);
    assert!(!house.plan().waits());
    house.tick();
    assert_eq!(house.admission(2), admission);
}

#[test]
fn an_outage_gives_its_time_back_to_everybody_who_was_alive() {
    let mut house = three();
    let before = [1, 2, 3].map(|n| house.admission(n).unwrap());
    let gap = seconds(600);
    house.now = house.now + gap;
    assert!(house.plan().waits(), "everybody's row is needed");
    house.tick();
    let after = [1, 2, 3].map(|n| house.admission(n).unwrap());
    assert_eq!(
        after,
        before.map(|admission| AdmissionPeriod { until: admission.until + gap, max_until: admission.max_until + gap })
    );
    let again = house.admission(1);
    house.now = house.now + seconds(1);
    house.tick();
    assert_eq!(house.admission(1), again, "once");
}

#[test]
fn who_was_over_before_an_outage_gets_nothing_back() {
    let mut house = three();
    let until = house.admission(2).unwrap().until;
    house.run(46, &[]);
    assert!(house.queue().last_tick < until + CLOCK_TOLERANCE);
    // Person 3 leaves during the outage.
    house.now = until + CLOCK_TOLERANCE + millis(1);
    house.tick();
    house.leave(3);
    assert_eq!((house.admission(2), house.active()), (None, 1), "it was over a moment before");
    house.now = house.now + seconds(100);
    house.tick();
    assert_eq!((house.admission(2), house.admission(3), house.active()), (None, None, 1));
}

#[test]
fn a_right_that_ended_before_an_outage_is_not_revived_by_what_the_last_tick_thought() {
    // The page closes after the tick has seen the renewal.
    let mut house = three();
    house.run(48, &[]);
    house.close_page(1);
    house.run(43, &[]);
    let over = house.admission(1).unwrap().until;
    house.now = over + CLOCK_TOLERANCE + millis(1);
    house.queue_mut().last_tick = house.now;
    house.now = house.now + seconds(60);
    house.tick();
    assert_eq!((house.admission(1), house.active()), (None, 0));
}

#[test]
fn whose_renewal_the_last_tick_had_not_seen_gets_the_time_back_too() {
    let mut house = three();
    house.run(40, &[]);
    house.renew(1);
    let before = house.admission(1).unwrap();
    house.now = house.now + seconds(4);
    house.queue_mut().last_tick = house.now + seconds(4);
    house.now = house.now + seconds(304);
    house.tick();
    assert_eq!(house.admission(1).map(|admission| admission.until), Some(before.until + seconds(300)));
}

#[test]
fn a_lobby_has_no_outages() {
    let mut house = House::new(room());
    house.now = house.now + seconds(3600);
    assert!(!house.plan().waits());
}

#[test]
fn a_clock_that_steps_back_moves_nothing() {
    let mut house = three();
    let (tick, open) = (house.now, house.queue().open_time);
    house.all_come([4]);
    house.now = house.now - seconds(10);
    assert_eq!(house.tick(), [4], "whoever was seen a moment ago is present");
    assert_eq!((house.queue().last_tick, house.queue().open_time), (tick, open));
    assert_eq!(house.admission(4).unwrap().until, tick + seconds(45));
    house.now = tick + seconds(1);
    house.tick();
    assert_eq!(house.queue().open_time, open + seconds(1));
}

#[test]
fn open_time_goes_on_by_a_second_a_tick_at_most_and_stands_still_when_closed() {
    let mut house = three();
    let open = house.queue().open_time;
    house.now = house.now + seconds(3600);
    house.tick();
    assert_eq!(house.queue().open_time, open + seconds(1));
    house.now = house.now + millis(300);
    house.tick();
    assert_eq!(house.queue().open_time, open + millis(1300));
    house.phase(Phase::Closed).unwrap();
    house.run(10, &[]);
    assert_eq!(house.queue().open_time, open + millis(1300));
}

#[test]
fn in_a_pause_calls_lapses_and_open_time_stand_still() {
    let mut house = House::open(WaitingRoom { capacity: 2, ..room() }, 50);
    house.run(100, &[]);
    let before = (house.group(), house.queue().open_time, house.queue().trail.clone());
    house.phase(Phase::Paused).unwrap();
    house.run(3600, &[40, 41]);
    assert_eq!((house.group(), house.queue().open_time, house.queue().trail.clone()), before);
    assert_eq!(house.active(), 0);
    house.phase(Phase::Open).unwrap();
    assert_eq!(house.run(1, &[40, 41]), [40, 41]);
}

#[test]
fn a_pause_does_not_let_calls_lapse() {
    let mut house = House::open(room(), 5);
    house.run(800, &[]);
    house.phase(Phase::Paused).unwrap();
    house.run(3600, &[]);
    house.phase(Phase::Open).unwrap();
    house.run(90, &[]);
    assert_eq!(house.status(5), EntryStatus::Called);
    house.run(60, &[]);
    assert_eq!(house.status(5), EntryStatus::Lapsed);
}

#[test]
fn who_is_admitted_goes_on_in_a_pause() {
    let mut house = three();
    house.phase(Phase::Paused).unwrap();
    house.run(30, &[]);
    house.renew(1).unwrap();
    house.held(1, &[1]);
    house.run(30, &[]);
    assert_eq!((house.admission(2), house.active()), (None, 1), "and it ends for whoever does not come");
}

#[test]
fn an_outage_lets_nobody_lapse() {
    let mut house = House::open(room(), 5);
    house.run(880, &[]);
    house.now = house.now + seconds(24 * 3600);
    house.tick();
    assert_eq!(house.status(5), EntryStatus::Called);
}

#[test]
fn a_call_lapses_after_a_quarter_of_an_hour_and_never_before() {
    let mut house = House::open(WaitingRoom { capacity: 4, ..room() }, 3);
    let called_at = house.queue().open_time;
    while house.status(3) == EntryStatus::Called {
        house.now = house.now + millis(900);
        house.tick();
    }
    let after = house.queue().open_time.saturating_sub(called_at);
    assert!(after >= Queue::CALL_LASTS && after <= Queue::CALL_LASTS + seconds(32), "{after:?}");
}

#[test]
fn the_trail_stays_short() {
    let mut house = House::open(room(), 100);
    for step in 0..40_000_u64 {
        house.now = house.now + millis(50 + step * 7 % 900);
        house.tick();
        assert!(house.queue().trail.len() <= 120, "{}", house.queue().trail.len());
    }
    assert!(house.queue().open_time > seconds(4 * 3600));
    let trail = &house.queue().trail;
    assert!(trail.len() > 60 && trail.is_sorted_by_key(|sample| sample.at));
    assert!(trail.windows(2).all(|pair| pair[1].at <= pair[0].at + seconds(32)), "no gap in which a call could lapse");
}
