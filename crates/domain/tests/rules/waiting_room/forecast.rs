//! How long it takes, and when to ask again.

use super::test_room::*;
use crate::fixture::at;
use frontrow_domain::waiting_room::*;
use std::time::Duration;

fn number(number: u64) -> QueueNumber {
    QueueNumber::new(number).unwrap()
}

/// A queue that has been open for so long, and how far it had called at certain moments.
fn queue(open: Duration, called: &[(Duration, u64)]) -> Queue {
    let mut waiting_room = TestRoom::open(room(), 1);
    let queue = waiting_room.queue_mut();
    (queue.open_time, queue.groups[0].issued) = (open, 1_000_000);
    queue.groups[0].called = called.last().unwrap().1;
    queue.trail = called
        .iter()
        .map(|(at, called)| Sample { at: *at, called: vec![*called], checked_in: *called, admitted: *called })
        .collect();
    queue.checked_in = called.last().unwrap().1;
    queue.clone()
}

fn passed(queue: &Queue) -> u64 {
    Forecast::of(queue, Group::FIRST).passed_a_minute
}

#[test]
fn the_pace_is_what_passed_in_the_last_minute() {
    let queue =
        queue(seconds(1000), &[(seconds(900), 100), (seconds(939), 130), (seconds(941), 150), (seconds(999), 730)]);
    assert_eq!(passed(&queue), 600);
}

#[test]
fn less_than_a_minute_is_made_a_minutes_worth() {
    assert_eq!(passed(&queue(seconds(20), &[(seconds(0), 0), (seconds(20), 100)])), 300);
    assert_eq!(passed(&queue(millis(200), &[(seconds(0), 10)])), 600, "of a second at least");
}

#[test]
fn the_free_admissions_of_an_opening_are_no_pace() {
    let mut waiting_room = TestRoom::new(WaitingRoom { capacity: 500, rate: 300, burst: 200, ..room() });
    waiting_room.all_join(1..=5000, 0);
    waiting_room.tick();
    let wait = Forecast::of(waiting_room.queue(), Group::FIRST).wait(3000).unwrap();
    assert!(wait.least >= seconds(400) && wait.most <= seconds(1200), "{wait:?}");
}

#[test]
fn nobody_knows_how_long_it_takes_while_nothing_moves() {
    let queue = queue(seconds(1000), &[(seconds(900), 100)]);
    assert_eq!(Forecast::of(&queue, Group::FIRST).wait(1), None);
    let other = Group::new(3).unwrap();
    assert_eq!(Forecast::of(&queue, other).passed_a_minute, 0, "there is no such group");
}

#[test]
fn a_wait_is_a_range_around_ahead_by_pace() {
    let forecast = Forecast { passed_a_minute: 600, share: 1000 };
    assert_eq!(forecast.wait(0), Some(Wait { least: seconds(0), most: seconds(0) }));
    assert_eq!(forecast.wait(1000), Some(Wait { least: seconds(80), most: seconds(150) }));
    let longest = forecast.wait(u64::MAX).unwrap();
    assert_eq!(longest.least, seconds(7 * 24 * 3600) * 8 / 10);
}

/// Real seconds of somebody in a queue in which half of the people never come, over what was forecast.
#[test]
fn forecasts_come_true() {
    let mut waiting_room = TestRoom::new(WaitingRoom { capacity: 40, rate: 120, burst: 20, ..room() });
    waiting_room.all_join(1..=2000, 0);
    waiting_room.tick();
    let mut forecasts = Vec::new();
    let mut called_at = vec![None; 2001];
    for second in 1..=700_u64 {
        waiting_room.now = waiting_room.now + seconds(1);
        let called = waiting_room.group().called.min(2000);
        for n in 1..=u128::from(called) {
            let at = &mut called_at[usize::try_from(n).unwrap()];
            at.get_or_insert(second);
            if n % 2 == 0 && waiting_room.bookings.buyers.get(&key(n)).is_none_or(|buyer| buyer.generation == 0) {
                waiting_room.come(n);
            }
        }
        for n in waiting_room.tick() {
            waiting_room.pick_up(n);
            waiting_room.leave(n);
        }
        if second % 60 == 5
            && let EntryStatus::Waiting { ahead } = waiting_room.status(1500)
        {
            forecasts.push((second, Forecast::of(waiting_room.queue(), Group::FIRST).wait(ahead).unwrap()));
        }
    }
    let called = called_at[1500].unwrap();
    // Until it is known how many come, everybody is thought to.
    for (second, wait) in forecasts.into_iter().filter(|(second, _)| *second > 90) {
        let real = seconds(called - second);
        assert!(real + seconds(5) >= wait.least && real <= wait.most + seconds(5), "{second}: {wait:?}, but {real:?}");
    }
}

fn again(queue: &Queue, status: EntryStatus, n: u64, now: i64) -> Duration {
    AskAgain::of(queue, at(OPENS), Group::FIRST, number(n), status, at(now)).0
}

#[test]
fn ask_again_after_a_part_of_the_wait_between_bounds_and_not_all_at_once() {
    let moving = queue(seconds(1000), &[(seconds(900), 100), (seconds(999), 700)]);
    let bounds = |status, least: Duration, most: Duration| {
        let all: Vec<Duration> = (1..=1000).map(|n| again(&moving, status, n, 2000)).collect();
        assert!(all.iter().all(|again| (least..=most).contains(again)), "{status:?}");
        let spread = most.saturating_sub(least) / 4;
        for quarter in 0..4 {
            let from = least + spread * quarter;
            let within = all.iter().filter(|again| (from..from + spread).contains(*again)).count();
            assert!((200..=300).contains(&within), "{status:?}, {quarter}: {within}");
        }
    };
    let most = |wait: Duration| wait * 13 / 10;
    let (soonest, latest) = (AskAgain::SOONEST, AskAgain::LATEST);
    bounds(EntryStatus::Called, soonest, most(soonest));
    bounds(EntryStatus::Lapsed, soonest, most(soonest));
    bounds(EntryStatus::Waiting { ahead: 1 }, soonest, most(soonest));
    // 400 ahead at 600 a minute: at most a minute.
    bounds(EntryStatus::Waiting { ahead: 400 }, seconds(6), most(seconds(6)));
    bounds(EntryStatus::Waiting { ahead: 900_000 }, latest, most(latest));
    let still = queue(seconds(1000), &[(seconds(900), 100)]);
    assert!(again(&still, EntryStatus::Waiting { ahead: 1 }, 1, 2000) <= seconds(12), "the next may be called soon");
    assert!(again(&still, EntryStatus::Waiting { ahead: 20 }, 1, 2000) >= latest);
}

#[test]
fn the_lobby_asks_again_after_the_opening_spread_over_a_quarter_of_a_minute() {
    let lobby = TestRoom::new(room()).queue().clone();
    let all = |now| (1..=1000).map(move |n| (n, now)).map(|(n, now)| again(&lobby, EntryStatus::Lobby, n, now));
    assert!(all(0).all(|again| (seconds(40)..seconds(55)).contains(&again)));
    assert!(all(OPENS).all(|again| (seconds(30)..seconds(45)).contains(&again)));
    assert!(all(-3600).all(|again| again == AskAgain::LATEST));
    assert_eq!(
        again(&lobby, EntryStatus::Lobby, 1, 0),
        again(&lobby, EntryStatus::Lobby, 1, 0),
        "the same for the same"
    );
}

#[test]
fn while_the_lots_are_drawn_nobody_asks_every_three_seconds() {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    waiting_room.join(1);
    waiting_room.tick();
    let queue = waiting_room.queue().clone();
    assert!((1..=1000).all(|n| again(&queue, EntryStatus::Lobby, n, OPENS + 20) >= seconds(30)));
}

#[test]
fn how_far_off_the_estimates_are_is_known_when_those_who_were_told_are_called() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 1000, rate: 60, burst: 1, ..room() }, 2_000);
    let mut came = 0;
    // Everybody who is called comes; the worst average of so many seconds.
    let mut worst = |waiting_room: &mut TestRoom, seconds: u64| {
        let averages = (0..seconds).map(|_| {
            let called = u128::from(waiting_room.group().called.min(2_000));
            let new: Vec<u128> = (came + 1..=called).collect();
            came = called;
            waiting_room.run(1, &new);
            waiting_room.queue().estimates.off()
        });
        averages.flatten().max()
    };
    assert_eq!(worst(&mut waiting_room, 10), None, "nothing is known yet");
    worst(&mut waiting_room, 700);
    let steady = worst(&mut waiting_room, 200).unwrap();
    assert!(steady < 300, "{steady} of a thousand");
    waiting_room.change(QueueChange { rate: Some(20), ..QueueChange::default() }).unwrap();
    let slower = worst(&mut waiting_room, 400).unwrap();
    assert!(slower > 2 * steady && slower > 100, "{steady}, then {slower} of a thousand");
}
