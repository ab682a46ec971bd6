//! How many at a time, and how fast.

use super::house::*;
use frontrow_domain::waiting_room::*;

fn wide(rate: u32, burst: u32) -> WaitingRoom {
    WaitingRoom { capacity: 1000, rate, burst, ..room() }
}

/// People 1 to 200, all of them called, and checked in.
fn crowd(room: WaitingRoom) -> House {
    let mut house = House::open(room, 200);
    house.queue_mut().groups[0].called = 200;
    house.all_come(1..=200);
    house
}

#[test]
fn so_many_at_a_time_and_no_more() {
    let mut house = crowd(WaitingRoom { capacity: 7, ..room() });
    assert_eq!(house.tick().len(), 7);
    assert_eq!(house.tick().len(), 0);
    assert_eq!(house.rooms.log.iter().map(|row| (row.active_after, row.capacity)).max(), Some((7, 7)));
    house.leave(3);
    assert_eq!(house.tick(), [8]);
}

#[test]
fn a_lower_capacity_admits_nobody_until_enough_have_gone() {
    let mut house = crowd(WaitingRoom { capacity: 7, ..room() });
    house.tick();
    house.change(QueueChange { capacity: Some(4), ..QueueChange::default() }).unwrap();
    for n in 1..=3 {
        house.leave(n);
        assert_eq!(house.tick().len(), 0, "{n}");
    }
    house.leave(4);
    assert_eq!(house.tick(), [8]);
    assert_eq!(house.rooms.log.last().map(|row| (row.active_after, row.capacity)), Some((4, 4)));
    house.change(QueueChange { capacity: Some(6), ..QueueChange::default() }).unwrap();
    assert_eq!(house.tick(), [9, 10]);
}

#[test]
fn the_burst_comes_at_once_and_then_the_rate_decides_to_the_microsecond() {
    let mut house = crowd(wide(60, 5));
    assert_eq!(house.tick(), [1, 2, 3, 4, 5]);
    let then = house.now;
    house.now = then + seconds(1) - std::time::Duration::from_micros(1);
    assert_eq!(house.tick(), []);
    house.now = then + seconds(1);
    assert_eq!(house.tick(), [6]);
    // What is earned and not used is kept, up to the burst.
    house.now = then + seconds(2);
    house.change(QueueChange { capacity: Some(1), ..QueueChange::default() }).unwrap();
    (3..=12).for_each(|second| drop(house.tick_at(then + seconds(second))));
    house.change(QueueChange { capacity: Some(1000), ..QueueChange::default() }).unwrap();
    house.all_come(7..=200);
    assert_eq!(house.tick(), [7, 8, 9, 10, 11]);
}

#[test]
fn rates_add_up_without_fractions() {
    for rate in [1, 7, 59, 61, 130] {
        let mut house = crowd(wide(rate, 2));
        let mut admitted = house.tick().len() as u64;
        for _ in 0..1200 {
            house.now = house.now + millis(50);
            house.all_come((1..=200).filter(|n| house_has_no(&house, *n)).collect::<Vec<_>>());
            admitted += house.tick().len() as u64;
        }
        assert_eq!(admitted, u64::from(rate).min(198) + 2, "{rate}");
    }
}

fn house_has_no(house: &House, n: u128) -> bool {
    house.admission(n).is_none()
}

#[test]
fn no_window_has_more_than_the_burst_and_the_rate_allow() {
    let mut house = crowd(wide(300, 8));
    for step in 0..400_u64 {
        house.now = house.now + millis(37 + step * 31 % 160);
        let waiting: Vec<u128> = (1..=200).filter(|n| house_has_no(&house, *n)).collect();
        house.all_come(waiting);
        house.tick();
    }
    let log = &house.rooms.log;
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
    let mut house = crowd(wide(60, 50));
    house.change(QueueChange { burst: Some(2), ..QueueChange::default() }).unwrap();
    assert_eq!(house.tick(), [1, 2]);
    house.change(QueueChange { burst: Some(100), ..QueueChange::default() }).unwrap();
    assert_eq!(house.tick(), []);
    house.now = house.now + seconds(1);
    assert_eq!(house.tick(), [3]);
}

#[test]
fn a_tick_earns_for_a_second_at_most() {
    let mut house = crowd(wide(60, 50));
    house.queue_mut().allowance = 0;
    house.now = house.now + seconds(4);
    assert_eq!(house.tick(), [1]);
    assert_eq!(house.queue().open_time, seconds(1));
}

#[test]
fn nothing_is_earned_in_a_pause() {
    let mut house = crowd(wide(60, 50));
    house.queue_mut().allowance = 0;
    house.phase(Phase::Paused).unwrap();
    house.run(60, &[]);
    house.phase(Phase::Open).unwrap();
    house.all_come(1..=200);
    assert_eq!(house.tick(), []);
    house.now = house.now + seconds(1);
    assert_eq!(house.tick(), [1]);
}

#[test]
fn nobody_is_admitted_for_a_second_after_bookings_were_turned_away() {
    let mut house = House::open(room(), 4);
    house.all_come(1..=4);
    turned_away(&mut house);
    assert_eq!(house.active(), 0);
    let begun = house.now;
    assert_eq!(house.tick_at(begun + millis(999)), []);
    assert_eq!(house.tick_at(begun + millis(1000)), [1, 2, 3, 4]);
}

#[test]
fn a_queue_does_not_stand_still_for_as_long_as_bookings_are_turned_away() {
    let mut house = House::open(WaitingRoom { rate: 60, burst: 1, ..room() }, 4);
    house.all_come(1..=4);
    for _ in 0..100 {
        turned_away(&mut house);
        house.now = house.now + millis(100);
    }
    assert_eq!(house.active(), 4, "in ten seconds");
}

/// A tick that hears of it.
fn turned_away(house: &mut House) {
    let mut input = house.rooms.input(&house.bookings, house.sale.id, house.stock, house.now).unwrap();
    input.turned_away = true;
    let tick = Tick::plan(house.queue(), &house.sale, SESSION, &input, house.now);
    let locked = house.lock(&tick, &[]);
    house.rooms.store(&mut house.bookings, tick.carry_out(&locked)).unwrap();
}
