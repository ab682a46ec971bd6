//! Charging wallets.

use crate::fixture::*;
use frontrow_domain::*;

fn begun(world: &mut World) -> Payment {
    let charge = world.charge(9, 500);
    match world.run(&charge) {
        Ok(Outcome::Charged(payment)) => payment,
        other => panic!("not begun: {other:?}"),
    }
}

#[test]
fn points_come_when_the_gateway_has_accepted_and_only_once() {
    let mut world = World::new();
    let payment = begun(&mut world);
    assert_eq!((payment.state, world.balance(9)), (PaymentState::Pending, 0));
    for _ in 0..3 {
        let settle = world.accept(&payment);
        let Ok(Outcome::Charged(settled)) = world.run(&settle) else { panic!() };
        assert_eq!((settled.state, world.balance(9)), (PaymentState::Succeeded, 500));
    }
    assert_eq!(world.findings(), []);
}

#[test]
fn what_was_declined_stays_declined() {
    let mut world = World::new();
    let payment = begun(&mut world);
    let declined = world.settle(&payment, Settlement::Declined);
    world.run(&declined).unwrap();
    let accepted = world.accept(&payment);
    let Ok(Outcome::Charged(settled)) = world.run(&accepted) else { panic!() };
    assert_eq!((settled.state, world.balance(9)), (PaymentState::Failed, 0));
    assert_eq!(world.findings(), []);
}

#[test]
fn nobody_settles_what_is_not_a_charge_of_that_user() {
    let mut world = World::new();
    let payment = begun(&mut world);
    let foreign = world.accept(&Payment { user: user(1), ..payment });
    assert_eq!(world.refused(&foreign), Rejection::PaymentUnknown);
    let held = world.held(1, &[1]);
    world.paid(&held);
    let points = world.books.payments.values().find(|p| p.kind == PaymentKind::Reservation).unwrap().clone();
    let settle = world.accept(&points);
    assert_eq!(world.refused(&settle), Rejection::PaymentUnknown);
}

#[test]
fn a_wallet_does_not_overflow() {
    let mut world = World::new();
    let whole = Points::MAX.amount();
    world.fund(9, whole - 1);
    let charge = world.charge(9, 2);
    assert_eq!(world.refused(&charge), Rejection::BalanceTooHigh);
    world.fund(9, 1);
    assert_eq!(world.balance(9), whole);
}
