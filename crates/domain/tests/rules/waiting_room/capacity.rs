//! How many at a time, and how fast.

use super::test_room::*;
use frontrow_domain::waiting_room::*;

fn wide(rate: u32, burst: u32) -> WaitingRoom {
    WaitingRoom { capacity: 1000, rate, burst, ..room() }
}

/// People 1 to 200, all of them called, and checked in.
fn crowd(room: WaitingRoom) -> TestRoom {
    let mut waiting_room = TestRoom::open(room, 200);
    waiting_room.queue_mut().groups[0].called = 200;
    waiting_room.all_come(1..=200);
    waiting_room
}

#[test]
fn so_many_at_a_time_and_no_more() {
    let mut waiting_room = crowd(WaitingRoom { capacity: 7, ..room() });
    assert_eq!(waiting_room.tick().len(), 7);
    assert_eq!(waiting_room.tick().len(), 0);
    assert_eq!(waiting_room.rooms.log.iter().map(|row| (row.active_after, row.capacity)).max(), Some((7, 7)));
    waiting_room.leave(3);
    assert_eq!(waiting_room.tick(), [8]);
}

#[test]
fn a_lower_capacity_admits_nobody_until_enough_have_gone() {
    let mut waiting_room = crowd(WaitingRoom { capacity: 7, ..room() });
    waiting_room.tick();
    waiting_room.change(QueueChange { capacity: Some(4), ..QueueChange::default() }).unwrap();
    for n in 1..=3 {
        waiting_room.leave(n);
        assert_eq!(waiting_room.tick().len(), 0, "{n}");
    }
    waiting_room.leave(4);
    assert_eq!(waiting_room.tick(), [8]);
    assert_eq!(waiting_room.rooms.log.last().map(|row| (row.active_after, row.capacity)), Some((4, 4)));
    waiting_room.change(QueueChange { capacity: Some(6), ..QueueChange::default() }).unwrap();
    assert_eq!(waiting_room.tick(), [9, 10]);
}

#[test]
fn the_burst_comes_at_once_and_then_the_rate_decides_to_the_microsecond() {
    let mut waiting_room = crowd(wide(60, 5));
    assert_eq!(waiting_room.tick(), [1, 2, 3, 4, 5]);
    let then = waiting_room.now;
    waiting_room.now = then + seconds(1) - std::time::Duration::from_micros(1);
    assert_eq!(waiting_room.tick(), []);
    waiting_room.now = then + seconds(1);
    assert_eq!(waiting_room.tick(), [6]);
    // What is earned and not used is kept, up to the burst.
    waiting_room.now = then + seconds(2);
    waiting_room.change(QueueChange { capacity: Some(1), ..QueueChange::default() }).unwrap();
    (3..=12).for_each(|second| drop(waiting_room.tick_at(then + seconds(second))));
    waiting_room.change(QueueChange { capacity: Some(1000), ..QueueChange::default() }).unwrap();
    waiting_room.all_come(7..=200);
    assert_eq!(waiting_room.tick(), [7, 8, 9, 10, 11]);
}

#[test]
fn rates_add_up_without_fractions() {
    for rate in [1, 7, 59, 61, 130] {
        let mut waiting_room = crowd(wide(rate, 2));
        let mut admitted = waiting_room.tick().len() as u64;
        for _ in 0..1200 {
            waiting_room.now = waiting_room.now + millis(50);
            waiting_room.all_come((1..=200).filter(|n| house_has_no(&waiting_room, *n)).collect::<Vec<_>>());
            admitted += waiting_room.tick().len() as u64;
        }
        assert_eq!(admitted, u64::from(rate).min(198) + 2, "{rate}");
    }
}

fn house_has_no(waiting_room: &TestRoom, n: u128) -> bool {
    waiting_room.admission(n).is_none()
}

#[test]
fn no_window_has_more_than_the_burst_and_the_rate_allow() {
    let mut waiting_room = crowd(wide(300, 8));
    for step in 0..400_u64 {
        waiting_room.now = waiting_room.now + millis(37 + step * 31 % 160);
        let waiting: Vec<u128> = (1..=200).filter(|n| house_has_no(&waiting_room, *n)).collect();
        waiting_room.all_come(waiting);
        waiting_room.tick();
    }
    let log = &waiting_room.rooms.log;
    assert_eq!(log.len(), 200);
    for (first, from) in log.iter().enumerate() {
        for (last, to) in log.iter().enumerate().skip(first) {
            let micros = u64::try_from(to.at.since(from.at).as_micros()).unwrap();
            let most = 8 * Queue::ADMISSION_COST + 300 * micros;
            assert!((last - first + 1) as u64 * Queue::ADMISSION_COST <= most, "{first} to {last}");
        }
    }
}

#[test]
fn a_smaller_burst_counts_at_once_and_a_larger_one_is_earned() {
    let mut waiting_room = crowd(wide(60, 50));
    waiting_room.change(QueueChange { burst: Some(2), ..QueueChange::default() }).unwrap();
    assert_eq!(waiting_room.tick(), [1, 2]);
    waiting_room.change(QueueChange { burst: Some(100), ..QueueChange::default() }).unwrap();
    assert_eq!(waiting_room.tick(), []);
    waiting_room.now = waiting_room.now + seconds(1);
    assert_eq!(waiting_room.tick(), [3]);
}

#[test]
fn a_tick_earns_for_a_second_at_most() {
    let mut waiting_room = crowd(wide(60, 50));
    waiting_room.queue_mut().allowance = 0;
    waiting_room.now = waiting_room.now + seconds(4);
    assert_eq!(waiting_room.tick(), [1]);
    assert_eq!(waiting_room.queue().open_time, seconds(1));
}

#[test]
fn nothing_is_earned_in_a_pause() {
    let mut waiting_room = crowd(wide(60, 50));
    waiting_room.queue_mut().allowance = 0;
    waiting_room.phase(Phase::Paused).unwrap();
    waiting_room.run(60, &[]);
    waiting_room.phase(Phase::Open).unwrap();
    waiting_room.all_come(1..=200);
    assert_eq!(waiting_room.tick(), []);
    waiting_room.now = waiting_room.now + seconds(1);
    assert_eq!(waiting_room.tick(), [1]);
}

#[test]
fn nobody_is_admitted_for_a_second_after_bookings_were_turned_away() {
    let mut waiting_room = TestRoom::open(room(), 4);
    waiting_room.all_come(1..=4);
    turned_away(&mut waiting_room);
    assert_eq!(waiting_room.active(), 0);
    let begun = waiting_room.now;
    assert_eq!(waiting_room.tick_at(begun + millis(999)), []);
    assert_eq!(waiting_room.tick_at(begun + millis(1000)), [1, 2, 3, 4]);
}

#[test]
fn a_queue_does_not_stand_still_for_as_long_as_bookings_are_turned_away() {
    let mut waiting_room = TestRoom::open(WaitingRoom { rate: 60, burst: 1, ..room() }, 4);
    waiting_room.all_come(1..=4);
    for _ in 0..100 {
        turned_away(&mut waiting_room);
        waiting_room.now = waiting_room.now + millis(100);
    }
    assert_eq!(waiting_room.active(), 4, "in ten seconds");
}

/// A tick that hears of it.
fn turned_away(waiting_room: &mut TestRoom) {
    let mut input = waiting_room
        .rooms
        .input(&waiting_room.bookings, waiting_room.sale.id, waiting_room.stock, waiting_room.now)
        .unwrap();
    input.turned_away = true;
    let tick = Tick::plan(waiting_room.queue(), &waiting_room.sale, SESSION, &input, waiting_room.now);
    let locked = waiting_room.lock(&tick, &[]);
    waiting_room.rooms.store(&mut waiting_room.bookings, tick.carry_out(&locked)).unwrap();
}
