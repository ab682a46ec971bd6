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
    let points = world.bookings.payments.values().find(|p| p.kind == PaymentKind::Reservation).unwrap().clone();
    let settle = world.accept(&points);
    assert_eq!(world.refused(&settle), Rejection::PaymentUnknown);
}

/// What becomes of the payment when the gateway says that.
fn settled(world: &mut World, payment: &Payment, settlement: Settlement) -> PaymentState {
    let settle = world.settle(payment, settlement);
    match world.run(&settle) {
        Ok(Outcome::Charged(payment)) => payment.state,
        other => panic!("not settled: {other:?}"),
    }
}

fn accepted() -> Settlement {
    Settlement::Accepted { provider_ref: "ref".into() }
}

#[test]
fn a_charge_is_1_to_10_000_000_points() {
    let mut world = World::new();
    for amount in [0, Payment::MAX_CHARGE + 1, Points::MAX.amount()] {
        let charge = world.charge(9, amount);
        assert_eq!(world.refused(&charge), Rejection::ChargeOutOfRange, "{amount}");
    }
    for amount in [Payment::MIN_CHARGE, Payment::MAX_CHARGE] {
        world.fund(9, amount);
    }
    assert_eq!(world.balance(9), 10_000_001);
}

#[test]
fn room_is_kept_from_the_beginning_of_a_charge_to_its_end() {
    let mut world = World::new();
    world.enrich(9, Points::MAX.amount() - 1000);
    let first = world.charge(9, 600);
    let Ok(Outcome::Charged(first)) = world.run(&first) else { panic!("there is room for one") };
    assert_eq!((world.pending(9), world.findings()), (600, vec![]));
    let second = world.charge(9, 401);
    assert_eq!(world.refused(&second), Rejection::BalanceTooHigh);
    assert_eq!(settled(&mut world, &first, Settlement::Declined), PaymentState::Failed);
    assert_eq!(world.pending(9), 0);
    let Ok(Outcome::Charged(second)) = world.run(&second) else { panic!("the room is free again") };
    assert_eq!(settled(&mut world, &second, accepted()), PaymentState::Succeeded);
    assert_eq!((world.balance(9), world.pending(9)), (Points::MAX.amount() - 599, 0));
    assert_eq!(world.findings(), []);
}

#[test]
fn what_is_given_back_leaves_the_room_alone_that_is_kept() {
    let mut world = World::new();
    world.enrich(9, Points::MAX.amount());
    let held = world.held(9, &[1]);
    world.paid(&held);
    let charge = world.charge(9, 1);
    let Ok(Outcome::Charged(pending)) = world.run(&charge) else { panic!("what was paid has left room") };
    let (cancel, refund) = (world.cancel(&held), world.refund(&held));
    assert_eq!(world.refused(&cancel), Rejection::BalanceTooHigh);
    assert_eq!(world.refused(&refund), Rejection::BalanceTooHigh);
    settled(&mut world, &pending, Settlement::Declined);
    world.run(&refund).unwrap();
    assert_eq!((world.balance(9), world.findings()), (Points::MAX.amount(), vec![]));
}

#[test]
fn what_the_gateway_took_without_room_goes_back_and_is_told_until_it_has() {
    let mut world = World::new();
    let half = Points::MAX.amount() / 2 + 1;
    let (first, second) = (world.old_charge(9, half), world.old_charge(9, half));
    assert_eq!((world.pending(9), world.findings()), (Points::MAX.amount(), vec![]));
    assert_eq!(settled(&mut world, &first, accepted()), PaymentState::Succeeded);
    assert_eq!(settled(&mut world, &second, accepted()), PaymentState::Returning);
    assert_eq!((world.balance(9), world.pending(9)), (half, 0));
    let findings = world.findings();
    assert!(findings.iter().all(|finding| finding.rule == Rule::ChargesCredited), "{findings:?}");
    assert!(findings[0].row.contains(&second.id.to_string()), "{findings:?}");

    // Whatever the gateway says meanwhile: it is not credited as well.
    for settlement in [accepted(), Settlement::Declined] {
        assert_eq!(settled(&mut world, &second, settlement), PaymentState::Returning);
    }
    for settlement in [Settlement::Returned, Settlement::Returned, accepted(), Settlement::Declined] {
        assert_eq!(settled(&mut world, &second, settlement), PaymentState::Returned);
    }
    assert_eq!((world.balance(9), world.findings()), (half, vec![]));
}

#[test]
fn nothing_is_given_back_that_is_pending_or_settled() {
    let mut world = World::new();
    let payment = begun(&mut world);
    assert_eq!(settled(&mut world, &payment, Settlement::Returned), PaymentState::Pending);
    assert_eq!(settled(&mut world, &payment, accepted()), PaymentState::Succeeded);
    assert_eq!(settled(&mut world, &payment, Settlement::Returned), PaymentState::Succeeded);
    assert_eq!((world.balance(9), world.findings()), (500, vec![]));
}

#[test]
fn an_old_charge_of_nothing_is_settled_without_a_transfer() {
    let mut world = World::new();
    let nothing = world.old_charge(9, 0);
    assert_eq!(settled(&mut world, &nothing, accepted()), PaymentState::Succeeded);
    assert_eq!((world.balance(9), world.findings()), (0, vec![]));
}

#[test]
fn a_reference_that_can_not_be_kept_does_not_keep_the_points_away() {
    for (provider_ref, kept) in [("é".repeat(128), true), ("e".repeat(129), false), ("ref\0".into(), false)] {
        let mut world = World::new();
        let payment = begun(&mut world);
        settled(&mut world, &payment, Settlement::Accepted { provider_ref: provider_ref.clone() });
        let stored = &world.bookings.payments[&payment.id];
        assert_eq!(stored.provider_ref, kept.then_some(provider_ref));
        assert_eq!((world.balance(9), world.findings()), (500, vec![]));
    }
}
