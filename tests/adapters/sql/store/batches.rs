//! Commands that wait are carried out together: in their order, with one COMMIT, and without getting in each other's way.

use super::context::{TestContext, at};
use super::crowd::{Answer, Crowd};
use super::testbed::{Testbed, on_every_database};
use frontrow_adapters::sql::hook::Fault;
use frontrow_application::Outage;
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Outcome, Rejection, Reservation, SeatNumber};
use futures::FutureExt;
use futures::future::join_all;
use std::sync::atomic::Ordering;

pub fn held(outcome: &Answer) -> &Reservation {
    match outcome {
        Ok(Outcome::Held(reservation)) => reservation,
        other => panic!("{other:?}"),
    }
}

async fn commands_that_wait_share_one_transaction(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let holds: Vec<_> = (1..=20).map(|n| crowd.context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    let told = crowd.together(&holds).await;
    assert!(told.iter().all(|told| held(told).seat_count() == 1));
    assert_eq!((crowd.sizes(), crowd.commits()), (vec![20], 1));
    crowd.assert_right().await;
}

async fn whoever_comes_first_gets_the_seats_and_nobody_else_suffers_for_it(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let commands = [
        context.hold(1, "first", &[1, 2]),
        context.hold(2, "second", &[2, 3]),
        context.hold(3, "third", &[3]),
        context.hold(4, "too-many", &[4, 5, 6, 7, 8]),
    ];
    let told = crowd.together(&commands).await;
    assert_eq!([held(&told[0]).seat_count(), held(&told[2]).seat_count()], [2, 1]);
    let taken = [SeatNumber::new(2).unwrap()].into();
    assert_eq!(told[1], Err(BookingError::Rejected(Rejection::SeatsTaken { seats: taken, yours: Vec::new() })));
    assert!(matches!(told[3], Err(BookingError::Rejected(Rejection::LimitReached { .. }))), "{:?}", told[3]);
    assert_eq!(crowd.commits(), 1);
    crowd.assert_right().await;
}

async fn the_limit_of_a_buyer_counts_what_the_same_batch_holds(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let commands = [context.hold(1, "a", &[1, 2, 3]), context.hold(1, "b", &[4, 5]), context.hold(1, "c", &[6])];
    let told = crowd.together(&commands).await;
    assert_eq!([held(&told[0]).seat_count(), held(&told[2]).seat_count()], [3, 1]);
    let full = Rejection::LimitReached { limit: 4, used: 3, asked: 2 };
    assert_eq!(told[1], Err(BookingError::Rejected(full)));
    crowd.assert_right().await;
}

async fn a_key_that_comes_twice_in_a_batch_stands_for_one_command(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let commands = [context.hold(1, "key", &[1]), context.hold(1, "key", &[1]), context.charge(1, "key")];
    let told = crowd.together(&commands[..2]).await;
    assert_eq!(held(&told[0]), held(&told[1]));
    let reused = crowd.together(&[context.hold(2, "other", &[2]), context.pay(held(&told[0]), "key")]).await;
    assert_eq!(reused[1], Err(BookingError::Rejected(Rejection::KeyReused)));
    crowd.assert_right().await;
}

async fn the_same_seats_are_paid_cancelled_and_held_again_in_one_batch(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let first = context.held(&context.hold(1, "hold", &[1, 2])).await;
    let commands = [context.pay(&first, "pay"), context.cancel(&first, "cancel"), context.hold(2, "again", &[1, 2])];
    let told = crowd.together(&commands).await;
    assert!(matches!(told[0], Ok(Outcome::Paid { .. })) && matches!(told[1], Ok(Outcome::GivenBack(_))), "{told:?}");
    let again = held(&told[2]).clone();
    assert_eq!(crowd.commits(), 1);
    assert_eq!(context.balance(1).await, 100_000);
    crowd.assert_right().await;
    let paid = context.run(&context.pay(&again, "pay-again")).await;
    assert!(matches!(paid, Ok(Outcome::Paid { .. })), "{paid:?}");
    crowd.assert_right().await;
}

async fn seats_are_returned_and_sold_again_in_one_batch(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let first = context.held(&context.hold(1, "hold", &[1, 2, 3])).await;
    let commands = [
        context.pay(&first, "pay"),
        context.cancel_seats(&first, "one", &[1]),
        context.cancel_seats(&first, "again", &[1, 2]),
        context.hold(2, "again", &[1]),
        context.cancel_seats(&first, "other", &[3]),
        context.refund(&first, "rest"),
    ];
    let told = crowd.together(&commands).await;
    let given_back = |told: &Answer| match told {
        Ok(Outcome::GivenBack(reservation)) => reservation.refunds().len(),
        other => panic!("{other:?}"),
    };
    assert_eq!([&told[1], &told[4], &told[5]].map(given_back), [1, 2, 3]);
    assert!(matches!(told[2], Err(BookingError::Rejected(Rejection::SeatsReturned { .. }))), "{told:?}");
    assert_eq!(held(&told[3]).seat_count(), 1);
    assert_eq!(crowd.commits(), 1);
    assert_eq!(context.balance(1).await, 100_000);
    crowd.assert_right().await;
}

async fn who_wants_the_best_seats_gets_those_that_the_batch_has_left(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let blocks: [&[u32]; 4] = [&[1, 2], &[3, 4], &[5, 6], &[7, 8]];
    let commands: Vec<_> = (1..=5).map(|n| context.hold_best(n, "best", &blocks)).collect();
    let told = crowd.together(&commands).await;
    for (told, block) in told.iter().zip(blocks) {
        assert!(held(told).seats().map(SeatNumber::get).eq(block.iter().copied()), "{told:?}");
    }
    assert_eq!(told[4], Err(BookingError::Replan));
    assert_eq!(crowd.commits(), 1);
    crowd.assert_right().await;
}

/// The clock goes on by a second whenever somebody looks at it: at 301 for what keeps the worker busy, at 302 for the batch.
/// Seat 1 can be had from second 303 on.
async fn a_batch_is_decided_at_one_instant(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    context.held(&context.hold(1, "lapses", &[1])).await;
    context.world.set_seconds(301);
    context.world.step.store(1, Ordering::SeqCst);
    let commands = [context.hold_best(2, "best", &[&[1], &[2]]), context.hold_best(3, "best", &[&[1], &[3]])];
    let told = crowd.together(&commands).await;
    context.world.step.store(0, Ordering::SeqCst);
    for (told, seat) in told.iter().zip([2, 3]) {
        assert!(held(told).seats().map(SeatNumber::get).eq([seat]), "{told:?}");
        assert_eq!(held(told).held_until, at(302 + 300));
    }
    crowd.assert_right().await;
}

async fn a_commit_whose_answer_is_lost_is_found_out_for_all(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let mut commands: Vec<_> = (1..=60).map(|n| context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    commands.push(context.hold(61, "late", &[1]));
    let first = context.held(&context.hold(62, "before", &[62])).await;
    commands.push(TestContext::release(&first));
    crowd.gate.lose_commits.store(1, Ordering::SeqCst);
    let told = crowd.together(&commands).await;
    assert!(told[..60].iter().all(|told| held(told).seat_count() == 1));
    assert!(matches!(told[60], Err(BookingError::Rejected(Rejection::SeatsTaken { .. }))), "{:?}", told[60]);
    let repeated = join_all(commands[..60].iter().map(|command| context.run(command))).await;
    assert_eq!(repeated, told[..60]);
    crowd.assert_right().await;
}

async fn what_is_nobodys_fault_is_repeated_whole(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    crowd.gate.faults.lock().unwrap().extend([Fault::Contention, Fault::Contention]);
    let holds: Vec<_> = (1..=8).map(|n| crowd.context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    let told = crowd.together(&holds).await;
    assert!(told.iter().all(|told| held(told).seat_count() == 1));
    assert_eq!((crowd.sizes(), crowd.commits()), (vec![8, 8, 8], 3));
    crowd.assert_right().await;
}

/// Somebody has a ticket for the seat that is not in the bookings: its unique key refuses another one.
async fn one_command_that_the_database_refuses_takes_no_other_with_it(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    for n in 4..=16 {
        context.fund(n).await;
    }
    let mut commands = Vec::new();
    for n in 1..=16_u32 {
        let reservation = context.held(&context.hold(n.into(), "hold", &[n])).await;
        commands.push(context.pay(&reservation, "pay"));
    }
    context.forge_ticket(11).await;
    let told = crowd.together(&commands).await;
    for (n, told) in (1..).zip(&told) {
        let refused = matches!(told, Err(BookingError::Outage(Outage::Busy { .. })));
        assert!(if n == 11 { refused } else { matches!(told, Ok(Outcome::Paid { .. })) }, "{n}: {told:?}");
    }
    assert_eq!(&crowd.sizes()[..3], [16, 8, 8], "it is found by halves");
    context.remove_forged_ticket(11).await;
    crowd.assert_right().await;
}

/// Each row's version counts, not only how many rows there are.
async fn a_row_that_somebody_else_has_changed_is_found_among_those_of_a_batch(testbed: &Testbed) {
    let crowd = Crowd::without_locks(testbed).await;
    let commands: Vec<Command> = (1..=8_u32).map(|n| crowd.context.hold(n.into(), "hold", &[n])).collect();
    let somebody = crowd.context.testbed.clone();
    let changes = async move { somebody.run("UPDATE seat SET version = version + 1 WHERE number = 3").await };
    *crowd.gate.meanwhile.lock().unwrap() = Some(changes.boxed());
    for told in crowd.together(&commands).await {
        assert!(matches!(told, Ok(Outcome::Held(_))), "{told:?}");
    }
    assert_eq!(crowd.sizes(), [8, 4, 4], "what was decided on that row is not written");
    crowd.assert_right().await;
}

async fn nobody_fills_the_queue_alone(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let mut commands: Vec<_> = (0..9).map(|n| context.charge(1, &format!("charge-{n}"))).collect();
    commands.push(context.charge(2, "theirs"));
    let told = crowd.together(&commands).await;
    let too_many = |told: &Answer| matches!(told, Err(BookingError::TooMany { .. }));
    let refused: Vec<_> = (0..10).filter(|n| too_many(&told[*n])).collect();
    assert_eq!(refused, [8], "{told:?}");
    assert!(told.iter().filter(|told| told.is_ok()).count() == 9, "{told:?}");
}

on_every_database! {
    commands_that_wait_share_one_transaction,
    whoever_comes_first_gets_the_seats_and_nobody_else_suffers_for_it,
    the_limit_of_a_buyer_counts_what_the_same_batch_holds,
    a_key_that_comes_twice_in_a_batch_stands_for_one_command,
    the_same_seats_are_paid_cancelled_and_held_again_in_one_batch,
    seats_are_returned_and_sold_again_in_one_batch,
    who_wants_the_best_seats_gets_those_that_the_batch_has_left,
    a_batch_is_decided_at_one_instant,
    a_commit_whose_answer_is_lost_is_found_out_for_all,
    what_is_nobodys_fault_is_repeated_whole,
    one_command_that_the_database_refuses_takes_no_other_with_it,
    a_row_that_somebody_else_has_changed_is_found_among_those_of_a_batch,
    nobody_fills_the_queue_alone,
}
