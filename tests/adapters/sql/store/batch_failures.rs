//! What goes wrong in a batch concerns only those whom it must concern.

use super::batches::held;
use super::context::{TestContext, at};
use super::crowd::{Asking, Crowd, PATIENCE, answers, asking, queue};
use super::testbed::{Testbed, on_every_database};
use frontrow_adapters::sql::hook::Fault;
use frontrow_application::Outage;
use frontrow_application::deadline::within;
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, Operation, Outcome};
use futures::future::join_all;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// How long those wait who do not wait for long. Where a worker takes longer to begin, it is tried with the next.
const SOON: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(3), Duration::from_secs(9)];
/// Two who wait together, the second of whom looks at the clock. The first gets an answer that comes later, too.
const LATE: [usize; 2] = [5, 6];

/// Eight holds of a seat each, whose first attempt has begun and stands still at the gate until two of them are late;
/// then it fails. Says how many commands its attempts had; `None` if it had not begun in time.
async fn some_are_late(crowd: &Crowd, soon: Duration, fault: Fault) -> Option<Vec<usize>> {
    let (context, gate) = (&crowd.context, &crowd.gate);
    let holds: Vec<_> = (1..=8).map(|n| context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    let busy = crowd.keep_busy().await;
    let mut all: Vec<Asking<'_>> = crowd.asking(&holds);
    for late in LATE {
        all[late] = asking(within(soon, context.run(&holds[late])));
    }
    queue(&mut all).await;
    gate.close();
    gate.open();
    busy.await.unwrap();
    gate.reached().await;
    let told = answers(&mut all[LATE[1]..=LATE[1]]).await.remove(0);
    gate.faults.lock().unwrap().push(fault);
    gate.open();
    let mut others = all;
    drop(others.remove(LATE[1]));
    let mut first_late = vec![others.remove(LATE[0])];
    let others = answers(&mut others).await;
    // Nobody has asked for this answer before it was there.
    let refused = answers(&mut first_late).await.remove(0);
    if crowd.sizes()[0] != holds.len() {
        return None;
    }
    assert_eq!(told, Err(BookingError::Unknown(holds[LATE[1]].key.clone())), "a worker was at it");
    assert!(matches!(refused, Err(BookingError::Outage(Outage::Busy { .. }))), "{refused:?}");
    assert!(others.iter().all(|told| held(told).seat_count() == 1), "{others:?}");
    assert_has_not_happened(crowd, &LATE.map(|late| holds[late].clone())).await;
    Some(crowd.sizes())
}

/// They hold their seats only now.
async fn assert_has_not_happened(crowd: &Crowd, holds: &[Command]) {
    let sizes = crowd.sizes();
    crowd.context.world.set_seconds(2);
    for hold in holds {
        assert_eq!(
            crowd.context.held(hold).await.held_until,
            at(302),
            "it was held by the batch, at second 1: {sizes:?}"
        );
    }
    crowd.assert_right().await;
}

/// The same until it has begun in time.
async fn attempts_while_some_are_late(testbed: &Testbed, fault: Fault) -> Vec<usize> {
    for soon in SOON {
        let crowd = Crowd::new(testbed).await;
        if let Some(sizes) = some_are_late(&crowd, soon, fault).await {
            return sizes;
        }
    }
    panic!("the worker did not begin within {SOON:?}");
}

async fn who_is_late_is_refused_before_the_next_attempt_and_the_others_go_on(testbed: &Testbed) {
    let sizes = attempts_while_some_are_late(testbed, Fault::Contention).await;
    assert_eq!(sizes[..2], [8, 6], "{sizes:?}");
}

async fn who_is_late_is_refused_before_the_attempts_of_halves_too(testbed: &Testbed) {
    let sizes = attempts_while_some_are_late(testbed, Fault::Other).await;
    assert_eq!(sizes[..3], [8, 4, 2], "{sizes:?}");
}

async fn a_rule_that_panics_takes_nobody_else_with_it(testbed: &Testbed) {
    const PANICS: usize = 10;
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let holds: Vec<_> = (1..=16).map(|n| context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    *crowd.gate.panics.lock().unwrap() = Some(holds[PANICS].clone());
    let told = crowd.together(&holds).await;
    for (n, told) in told.iter().enumerate() {
        let is_fault = matches!(told, Err(BookingError::Fault(_)));
        assert!(if n == PANICS { is_fault } else { held(told).seat_count() == 1 }, "{n}: {told:?}");
    }
    assert_eq!(crowd.sizes()[..3], [16, 8, 8], "it is found by halves");

    *crowd.gate.panics.lock().unwrap() = None;
    // The same worker, for there is no other.
    assert_has_not_happened(&crowd, &holds[PANICS..=PANICS]).await;
}

async fn an_announcer_that_panics_changes_no_answer_and_ends_no_worker(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let holds: Vec<_> = (1..=3).map(|n| crowd.context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    crowd.context.world.announcer_panics.store(true, Ordering::SeqCst);
    let told = crowd.together(&holds[..2]).await;
    assert!(told.iter().all(|told| held(told).seat_count() == 1), "{told:?}");
    assert_eq!((crowd.sizes(), crowd.commits()), (vec![2], 1));
    // The same worker, for there is no other.
    crowd.context.held(&holds[2]).await;
    crowd.assert_right().await;
}

/// What a unique key refuses, because somebody has put into the database what is not in the bookings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forged {
    /// A valid ticket of the seat, which can be looked up.
    Ticket,
    /// A row with the id of the payment, which nobody looks for.
    Payment,
}

/// These buyers pay together, each for the seat of their number, some of which are refused. Says how many commands each attempt
/// had.
async fn pay_while_some_are_refused(
    crowd: &Crowd,
    buyers: RangeInclusive<u32>,
    refused: &[u32],
    forged: Forged,
) -> Vec<usize> {
    let context = &crowd.context;
    let mut payments = Vec::new();
    for n in buyers.clone() {
        context.fund(n.into()).await;
        let reservation = context.held(&context.hold(n.into(), "hold", &[n])).await;
        let pay = context.pay(&reservation, "pay");
        match &pay.operation {
            Operation::Pay(pay) if refused.contains(&n) && forged == Forged::Payment => {
                context.forge_payment(pay.payment).await;
            }
            _ if refused.contains(&n) => context.forge_ticket(n).await,
            _ => {}
        }
        payments.push(pay);
    }
    let told = crowd.together(&payments).await;
    for (n, told) in buyers.zip(&told) {
        let is_refused = matches!(told, Err(BookingError::Outage(Outage::Busy { .. })));
        let is_paid = matches!(told, Ok(Outcome::Paid { .. }));
        assert!(if refused.contains(&n) { is_refused } else { is_paid }, "{n}: {told:?}");
    }
    for seat in refused {
        context.remove_forged_ticket(*seat).await;
    }
    context.remove_forged_payments().await;
    crowd.sizes()
}

async fn where_the_database_keeps_refusing_commands_the_others_are_committed_without_them(testbed: &Testbed) {
    let too_many = some_are_refused_again_and_again(testbed, Forged::Payment).await;
    assert_eq!(too_many[..3], [8, 4, 1], "{too_many:?}");
}

async fn second_tickets_are_looked_up_however_many_there_are(testbed: &Testbed) {
    let many = some_are_refused_again_and_again(testbed, Forged::Ticket).await;
    assert_eq!(many, [&[8][..], &[1; 2].repeat(5)].concat());
}

/// Says how many commands each attempt had when five of eight were refused.
async fn some_are_refused_again_and_again(testbed: &Testbed, forged: Forged) -> Vec<usize> {
    let crowd = Crowd::new(testbed).await;
    let halved = pay_while_some_are_refused(&crowd, 4..=7, &[6], forged).await;
    assert_eq!(halved[..3], [4, 2, 2], "it was not expected: {halved:?}");
    let left_out = pay_while_some_are_refused(&crowd, 8..=15, &[8, 14], forged).await;
    assert_eq!(left_out, [&[8][..], &[1; 2].repeat(2)].concat(), "one transaction finds both");
    let many = pay_while_some_are_refused(&crowd, 16..=23, &[16, 17, 18, 19, 20], forged).await;
    crowd.assert_right().await;
    many
}

/// Half of them have keys; what has become of the others their rows tell.
async fn a_commit_of_64_whose_answer_is_lost_is_found_out_at_once_on_a_new_session(testbed: &Testbed) {
    let crowd = Crowd::new(testbed).await;
    let context = &crowd.context;
    let mut commands: Vec<_> = (1..=32).map(|n| context.hold(n, "hold", &[u32::try_from(n).unwrap()])).collect();
    for n in 33..=64_u32 {
        commands.push(TestContext::release(&context.held(&context.hold(n.into(), "before", &[n])).await));
    }
    let sessions = testbed.sessions().await;
    crowd.gate.lose_commits.store(1, Ordering::SeqCst);
    let told = crowd.together(&commands).await;
    assert!(told[..32].iter().all(|told| held(told).seat_count() == 1));
    assert!(told[32..].iter().all(|told| matches!(told, Ok(Outcome::Released(_)))), "{told:?}");
    assert_eq!((crowd.sizes(), crowd.commits()), (vec![64, 64], 1), "the second one found everything done");
    let looks = |texts: &Vec<String>| {
        let of_keys = texts.iter().filter(|text| text.contains("idempotency_record"));
        of_keys.filter(|text| !text.starts_with("INSERT")).count()
    };
    assert_eq!(crowd.texts().iter().map(looks).collect::<Vec<_>>(), [1, 1], "{:?}", crowd.texts());
    assert_some_have_ended(testbed, &sessions).await;
    assert_same_when_repeated(&crowd, &commands, &told).await;

    // What the server asks for by itself has no keys at all.
    context.world.set_seconds(1000);
    let lapsed: Vec<_> = told[..32].iter().map(|told| TestContext::expire(held(told))).collect();
    crowd.gate.lose_commits.store(1, Ordering::SeqCst);
    let told = crowd.together(&lapsed).await;
    assert!(told.iter().all(|told| matches!(told, Ok(Outcome::Expired(_)))), "{told:?}");
    assert_eq!((crowd.sizes(), crowd.commits()), (vec![32, 32], 1), "the second one found everything done");
    assert_same_when_repeated(&crowd, &lapsed, &told).await;
}

async fn assert_same_when_repeated(crowd: &Crowd, commands: &[Command], told: &[super::crowd::Answer]) {
    let before = crowd.context.dump().await;
    assert_eq!(join_all(commands.iter().map(|command| crowd.context.run(command))).await, told);
    assert_eq!(crowd.context.dump().await, before);
    crowd.assert_right().await;
}

/// A server may take a moment to notice.
async fn assert_some_have_ended(testbed: &Testbed, sessions: &BTreeSet<String>) {
    let begun = Instant::now();
    while testbed.server().is_some() && testbed.sessions().await.is_superset(sessions) {
        assert!(begun.elapsed() < PATIENCE, "the worker has kept its session");
        tokio::task::yield_now().await;
    }
}

on_every_database! {
    who_is_late_is_refused_before_the_next_attempt_and_the_others_go_on,
    who_is_late_is_refused_before_the_attempts_of_halves_too,
    a_rule_that_panics_takes_nobody_else_with_it,
    where_the_database_keeps_refusing_commands_the_others_are_committed_without_them,
    second_tickets_are_looked_up_however_many_there_are,
    an_announcer_that_panics_changes_no_answer_and_ends_no_worker,
    a_commit_of_64_whose_answer_is_lost_is_found_out_at_once_on_a_new_session,
}
