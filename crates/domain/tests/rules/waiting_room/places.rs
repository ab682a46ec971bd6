//! Places, and how they stand.

use super::house::*;
use crate::fixture::{at, just_before};
use frontrow_domain::waiting_room::*;

#[test]
fn one_place_a_person_by_ascending_number() {
    let mut house = House::new(room());
    let first = house.join(1);
    assert_eq!((first.number.get(), house.join(2).number.get()), (1, 2));
    assert_eq!(house.join(1), first);
    assert_eq!(house.rooms.issued[&(house.sale.id, Group::FIRST)], 2);
}

#[test]
fn a_worthless_place_is_exchanged_for_one_at_the_end_and_only_once() {
    let mut house = House::new(room());
    let worthless = house.join(1);
    house.join(2);
    let new = house.rooms.join(key(1), Group::FIRST, Some(worthless));
    assert_eq!(new.number.get(), 3);
    assert_eq!(house.rooms.join(key(1), Group::FIRST, Some(worthless)), new);
}

#[test]
fn groups_count_for_themselves() {
    let mut house = House::new(WaitingRoom { groups: vec![group(1, None), group(1, Some("x"))], ..room() });
    assert_eq!(house.join_in(1, 0).number, house.join_in(2, 1).number);
}

#[test]
fn the_line_opens_at_the_exact_instant() {
    let mut house = House::new(room());
    house.join(1);
    house.tick_at(just_before(OPENS));
    assert_eq!((house.line().phase, house.standing(1)), (Phase::Lobby, Standing::Lobby));
    house.tick_at(at(OPENS));
    assert_eq!((house.line().phase, house.standing(1)), (Phase::Open, Standing::Called));
    assert_eq!(house.line().open_time, seconds(0), "the lobby is no open time");
}

#[test]
fn a_rank_waits_is_called_and_lapses_by_arithmetic() {
    let mut house = House::open(room(), 30);
    let line = house.line_mut();
    (line.groups[0].called, line.groups[0].lapsed) = (20, 10);
    let of = |rank| line.standing(Group::FIRST, Rank::new(rank));
    assert_eq!(of(21), Standing::Waiting { ahead: 1 });
    assert_eq!(of(30), Standing::Waiting { ahead: 10 });
    assert_eq!((of(20), of(11)), (Standing::Called, Standing::Called));
    assert_eq!((of(10), of(1)), (Standing::Lapsed, Standing::Lapsed));
    assert_eq!(line.standing(Group::new(1).unwrap(), Rank::new(1)), Standing::Lobby, "there is no such group");
}

#[test]
fn nobody_is_called_before_the_draw() {
    let mut house = House::new(WaitingRoom { draw: true, ..room() });
    house.join(1);
    house.tick();
    assert_eq!((house.line().phase, house.standing(1)), (Phase::Open, Standing::Lobby));
    house.run(30, &[1]);
    assert_eq!((house.active(), house.group().called), (0, 0));
    assert_eq!(house.line().open_time, seconds(0), "nothing runs before the draw");
}

#[test]
fn people_ahead_never_rise() {
    let mut house = House::new(room());
    house.all_join(1..=200, 0);
    let (mut ahead, mut booking) = (vec![u64::MAX; 201], Vec::new());
    for second in 0..600_u32 {
        house.now = house.now + seconds(1);
        for n in 1..=200_u128 {
            match house.standing(n) {
                Standing::Waiting { ahead: now } => {
                    let index = usize::try_from(n).unwrap();
                    assert!(now <= ahead[index], "{n} at {second}");
                    ahead[index] = now;
                }
                // Every third never comes.
                Standing::Called if n % 3 > 0 && house.slot(n).is_none() => drop(house.come(n)),
                _ => {}
            }
        }
        if second % 50 == 0 {
            house.change(LineChange { capacity: Some(5 + second % 20), ..LineChange::default() }).unwrap();
        }
        if second >= 3 {
            booking.drain(..booking.len().min(3)).collect::<Vec<_>>().into_iter().for_each(|n| house.leave(n));
        }
        for n in house.tick() {
            house.pick_up(n);
            booking.push(n);
        }
    }
    assert_eq!(house.standing(200), Standing::Called);
}

#[test]
fn nobody_is_born_lapsed_though_the_call_runs_ahead() {
    let mut house = House::open(room(), 1);
    assert!(house.group().called > house.group().issued, "there are free slots");
    house.run(2000, &[]);
    assert_eq!((house.standing(1), house.group().lapsed), (Standing::Lapsed, 1));
    house.join(2);
    assert_eq!(house.standing(2), Standing::Called);
    house.tick();
    assert_eq!(house.standing(2), Standing::Called);
    house.run(900 - 60, &[]);
    assert_eq!(house.standing(2), Standing::Called);
    house.run(120, &[]);
    assert_eq!(house.standing(2), Standing::Lapsed);
}
