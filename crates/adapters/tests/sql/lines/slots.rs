//! What bookings do with slots: in their own transactions.

use super::room::{Room, key};
use crate::store::place::{Place, on_every_database};
use crate::store::stage::{Stage, at};
use frontrow_application::port::{BookingError, LineStore};
use frontrow_domain::waiting_room::{AdmissionTerms, Claimed};
use frontrow_domain::{Bar, Command, Outcome, Rejection, What};
use std::time::Duration;

/// The same command under the terms of a sale with a waiting room.
fn admitted_only(mut command: Command) -> Command {
    let admission = Some(AdmissionTerms { leave_on_payment: true });
    match &mut command.what {
        What::Hold(hold) => hold.terms.admission = admission,
        What::Pay(pay) => pay.terms.admission = admission,
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

async fn a_payment_gives_the_slot_back_in_its_own_transaction(place: &Place) {
    let room = Room::new(place, 1).await;
    let (stage, lines) = (&room.stage, room.instance().await);
    room.come(&lines, 1).await;
    room.come(&lines, 2).await;
    assert_eq!(lines.tick(&room.order()).await.unwrap().unwrap().admitted, [key(1)]);

    assert_eq!(rejection(stage.run(&admitted_only(stage.hold(2, "early", &[2]))).await), Rejection::NotAdmitted);
    let held = stage.held(&admitted_only(stage.hold(1, "hold", &[1]))).await;
    let whereabouts = lines.whereabouts(key(1)).await.unwrap();
    assert_eq!(whereabouts.buyer.unwrap().slot.unwrap().until, held.held_until, "as long as the hold");
    assert_eq!(lines.tick(&room.order()).await.unwrap().unwrap().admitted, []);

    let pay = admitted_only(stage.pay(&held, "pay"));
    let paid = stage.run(&pay).await;
    assert!(matches!(paid, Ok(Outcome::Paid { .. })), "{paid:?}");
    assert_eq!(room.taken().await, 0);
    assert_eq!(stage.run(&pay).await, paid, "a repetition gives the same");
    room.assert_consistent().await;
    assert_eq!(lines.tick(&room.order()).await.unwrap().unwrap().admitted, [key(2)]);
    assert_eq!(rejection(stage.run(&admitted_only(stage.hold(1, "late", &[3]))).await), Rejection::AdmissionEnded);
}

async fn a_slot_ends_when_nobody_picks_it_up_and_lasts_when_it_is_renewed(place: &Place) {
    let room = Room::new(place, 2).await;
    let (stage, lines) = (&room.stage, room.instance().await);
    for n in 1..=3 {
        room.come(&lines, n).await;
    }
    lines.tick(&room.order()).await.unwrap();
    room.pick_up(1).await;
    let mut ended = 0;
    for seconds in (4..=52).step_by(4) {
        stage.world.set_seconds(seconds);
        ended += lines.tick(&room.order()).await.unwrap().unwrap().ended;
    }
    assert_eq!(ended, 1);
    let admitted = lines.admitted(&[key(1), key(2), key(3)]).await.unwrap();
    assert_eq!(admitted.iter().map(|buyer| buyer.key).collect::<Vec<_>>(), [key(1)], "3 has gone from the door");
    assert_eq!(admitted[0].spent[0], 1);
    let later = "admission WHERE until > 52000000";
    assert_eq!(room.stage.place.count(later).await, 1, "a tick has seen that it was renewed");
    assert_eq!(lines.claim(room.claim(3), false).await, Ok(Claimed::AtDoor));
    lines.tick(&room.order()).await.unwrap();
    assert_eq!(room.taken().await, 2);
    room.assert_consistent().await;
}

async fn after_an_outage_everybody_gets_back_what_they_could_not_use(place: &Place) {
    let room = Room::new(place, 40).await;
    let (stage, lines) = (&room.stage, room.instance().await);
    for n in 1..=40 {
        room.come(&lines, n).await;
    }
    lines.tick(&room.order()).await.unwrap();
    let hour = Duration::from_hours(1);
    stage.world.set_seconds(3601);
    let report = lines.tick(&room.order()).await.unwrap().unwrap();
    assert_eq!((report.ended, room.taken().await), (0, 40));
    let whereabouts = lines.whereabouts(key(40)).await.unwrap();
    assert_eq!(whereabouts.buyer.unwrap().slot.unwrap().until, at(1 + 45) + hour);
    assert_eq!(lines.figures(room.sale.id, at(3601)).await.unwrap().active, 40);
    room.assert_consistent().await;
}

async fn who_is_barred_leaves_at_once_and_is_not_admitted(place: &Place) {
    let room = Room::new(place, 1).await;
    let (stage, lines): (&Stage, _) = (&room.stage, room.instance().await);
    room.come(&lines, 1).await;
    lines.tick(&room.order()).await.unwrap();
    let bar = |n, barred| Command::unkeyed(What::Bar(Bar { buyer: key(n), barred }));
    stage.run(&bar(1, true)).await.unwrap();
    assert_eq!(room.taken().await, 0);
    assert_eq!(lines.claim(room.claim(1), false).await, Ok(Claimed::Barred));
    room.come(&lines, 2).await;
    room.come(&lines, 3).await;
    stage.run(&bar(2, true)).await.unwrap();
    lines.tick(&room.order()).await.unwrap();
    lines.tick(&room.order()).await.unwrap();
    assert_eq!(lines.admitted(&[key(1), key(2), key(3)]).await.unwrap()[0].key, key(3));
    room.assert_consistent().await;
}

on_every_database! {
    a_payment_gives_the_slot_back_in_its_own_transaction,
    a_slot_ends_when_nobody_picks_it_up_and_lasts_when_it_is_renewed,
    after_an_outage_everybody_gets_back_what_they_could_not_use,
    who_is_barred_leaves_at_once_and_is_not_admitted,
}
