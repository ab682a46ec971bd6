//! What bookings do with admissions: in their own transactions.

use super::room::{Room, key};
use crate::store::context::{TestContext, at};
use crate::store::testbed::{Testbed, on_every_database};
use frontrow_application::port::{BookingError, QueueStore};
use frontrow_domain::waiting_room::{AdmissionTerms, CheckInOutcome};
use frontrow_domain::{Bar, Command, Operation, Outcome, Rejection};
use std::time::Duration;

/// The same command under the terms of a sale with a waiting room.
fn admitted_only(mut command: Command) -> Command {
    let admission = Some(AdmissionTerms { leave_on_payment: true });
    match &mut command.operation {
        Operation::Hold(hold) => hold.terms.admission = admission,
        Operation::Pay(pay) => pay.terms.admission = admission,
        other => panic!("{other:?}"),
    }
    command
}

fn rejection(result: Result<Outcome, BookingError>) -> Rejection {
    match result {
        Err(BookingError::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

async fn a_payment_gives_the_admission_back_in_its_own_transaction(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let (context, queues) = (&room.context, room.instance().await);
    room.come(&queues, 1).await;
    room.come(&queues, 2).await;
    assert_eq!(queues.tick(&room.order()).await.unwrap().unwrap().admitted, [key(1)]);

    assert_eq!(rejection(context.run(&admitted_only(context.hold(2, "early", &[2]))).await), Rejection::NotAdmitted);
    let held = context.held(&admitted_only(context.hold(1, "hold", &[1]))).await;
    let whereabouts = queues.whereabouts(key(1)).await.unwrap();
    assert_eq!(whereabouts.buyer.unwrap().admission.unwrap().until, held.held_until, "as long as the hold");
    assert_eq!(queues.tick(&room.order()).await.unwrap().unwrap().admitted, []);

    let pay = admitted_only(context.pay(&held, "pay"));
    let paid = context.run(&pay).await;
    assert!(matches!(paid, Ok(Outcome::Paid { .. })), "{paid:?}");
    assert_eq!(room.taken().await, 0);
    assert_eq!(context.run(&pay).await, paid, "a repetition gives the same");
    room.assert_consistent().await;
    assert_eq!(queues.tick(&room.order()).await.unwrap().unwrap().admitted, [key(2)]);
    assert_eq!(rejection(context.run(&admitted_only(context.hold(1, "late", &[3]))).await), Rejection::AdmissionEnded);
}

async fn an_admission_ends_when_nobody_picks_it_up_and_lasts_when_it_is_renewed(testbed: &Testbed) {
    let room = Room::new(testbed, 2).await;
    let (context, queues) = (&room.context, room.instance().await);
    for n in 1..=3 {
        room.come(&queues, n).await;
    }
    queues.tick(&room.order()).await.unwrap();
    room.pick_up(1).await;
    let mut ended = 0;
    for seconds in (4..=52).step_by(4) {
        context.world.set_seconds(seconds);
        ended += queues.tick(&room.order()).await.unwrap().unwrap().ended;
    }
    assert_eq!(ended, 1);
    let admitted = queues.admitted(&[key(1), key(2), key(3)]).await.unwrap();
    assert_eq!(admitted.iter().map(|buyer| buyer.key).collect::<Vec<_>>(), [key(1)], "3 has gone from the check-ins");
    assert_eq!(admitted[0].used_numbers[0], 1);
    let later = "admission WHERE until > 52000000";
    assert_eq!(room.context.testbed.count(later).await, 1, "a tick has seen that it was renewed");
    assert_eq!(queues.check_in(room.check_in(3), false).await, Ok(CheckInOutcome::Present));
    queues.tick(&room.order()).await.unwrap();
    assert_eq!(room.taken().await, 2);
    room.assert_consistent().await;
}

async fn after_an_outage_everybody_gets_back_what_they_could_not_use(testbed: &Testbed) {
    let room = Room::new(testbed, 40).await;
    let (context, queues) = (&room.context, room.instance().await);
    for n in 1..=40 {
        room.come(&queues, n).await;
    }
    queues.tick(&room.order()).await.unwrap();
    let hour = Duration::from_hours(1);
    context.world.set_seconds(3601);
    let report = queues.tick(&room.order()).await.unwrap().unwrap();
    assert_eq!((report.ended, room.taken().await), (0, 40));
    let whereabouts = queues.whereabouts(key(40)).await.unwrap();
    assert_eq!(whereabouts.buyer.unwrap().admission.unwrap().until, at(1 + 45) + hour);
    assert_eq!(queues.figures(room.sale.id, at(3601)).await.unwrap().active, 40);
    room.assert_consistent().await;
}

async fn who_is_barred_leaves_at_once_and_is_not_admitted(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let (context, queues): (&TestContext, _) = (&room.context, room.instance().await);
    room.come(&queues, 1).await;
    queues.tick(&room.order()).await.unwrap();
    let bar = |n, barred| Command::unkeyed(Operation::Bar(Bar { buyer: key(n), barred }));
    context.run(&bar(1, true)).await.unwrap();
    assert_eq!(room.taken().await, 0);
    assert_eq!(queues.check_in(room.check_in(1), false).await, Ok(CheckInOutcome::Barred));
    room.come(&queues, 2).await;
    room.come(&queues, 3).await;
    context.run(&bar(2, true)).await.unwrap();
    queues.tick(&room.order()).await.unwrap();
    queues.tick(&room.order()).await.unwrap();
    assert_eq!(queues.admitted(&[key(1), key(2), key(3)]).await.unwrap()[0].key, key(3));
    room.assert_consistent().await;
}

on_every_database! {
    a_payment_gives_the_admission_back_in_its_own_transaction,
    an_admission_ends_when_nobody_picks_it_up_and_lasts_when_it_is_renewed,
    after_an_outage_everybody_gets_back_what_they_could_not_use,
    who_is_barred_leaves_at_once_and_is_not_admitted,
}
