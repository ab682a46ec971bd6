//! The same request twice.

use crate::fixture::*;
use frontrow_domain::*;

#[test]
fn a_repetition_changes_nothing_and_gives_the_same_outcome() {
    let mut world = World::new();
    let hold = world.hold(1, &[1]);
    let first = world.run(&hold).unwrap();
    let Outcome::Held(held) = first.clone() else { panic!() };
    let pay = world.pay(&held);
    let paid = world.run(&pay).unwrap();
    let before = world.bookings.clone();
    world.now = at(PAY_UNTIL + 1);
    assert_eq!(world.run(&hold), Ok(first), "as it was, although the sale has closed and the hold is paid");
    assert_eq!(world.run(&pay), Ok(paid));
    assert!(world.bookings == before);
}

#[test]
fn a_key_is_for_one_request_of_one_user() {
    let mut world = World::new();
    let hold = world.hold(1, &[1]);
    world.run(&hold).unwrap();
    let other = Command { request_hash: [1; 32], ..world.hold(1, &[2]) };
    let reused = Command { key: hold.key.clone(), ..other };
    assert_eq!(world.refused(&reused), Rejection::KeyReused);
    let name = hold.key.unwrap().name().to_owned();
    let lees = Command { key: Some(CommandKey::new(user(2), name).unwrap()), ..world.hold(2, &[2]) };
    assert!(world.run(&lees).is_ok());
}

#[test]
fn a_refused_request_can_be_repeated_when_the_reason_is_gone() {
    let mut world = World::new();
    let lees = world.held(2, &[1]);
    let hold = world.hold(1, &[1]);
    world.refused(&hold);
    world.run(&release(&lees)).unwrap();
    assert!(world.run(&hold).is_ok());
}
