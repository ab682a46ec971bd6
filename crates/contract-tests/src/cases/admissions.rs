//! The right to book: picked up, renewed, held on to, given back.

use crate::Failure;
use crate::context::TestContext;
use crate::room::Room;
use frontrow_application::port::{BookingError, EndedFigures, QueueFigures};
use frontrow_domain::waiting_room::{AdmissionTerms, CheckInOutcome, Tick, WaitingRoom};
use frontrow_domain::{CLOCK_TOLERANCE, Command, Outcome, Rejection};
use std::sync::Arc;
use std::time::Duration;

const MICROSECOND: Duration = Duration::from_micros(1);

/// Person 0 is admitted and has picked the pass up; persons 1 and 2 wait: there is room for one.
async fn admitted(context: &Arc<TestContext>, change: impl FnOnce(&mut WaitingRoom)) -> Result<Arc<Room>, Failure> {
    let room = Room::open(context, 3, |settings| {
        settings.capacity = 1;
        change(settings);
    });
    let room = room.await?;
    room.admit(0).await?;
    Ok(room)
}

async fn refused(room: &Room, command: Command, expected: Rejection) -> Result<(), Failure> {
    let name = command.operation.name();
    ensure_eq!(room.context.execute(command).await, Err(BookingError::Rejected(expected)), "{name}");
    Ok(())
}

pub(super) async fn picking_up_uses_the_number(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 2, |settings| settings.capacity = 1).await?;
    room.all_come([0, 1]).await?;
    ensure_eq!(room.tick().await?, [0]);
    context.later(Duration::from_secs(4));
    ensure_eq!(room.pick_up(0).await?.until, context.now() + Tick::RENEWAL);
    let buyer = room.buyer(0).await?.ok_or_else(|| Failure::new("whoever is admitted is a buyer"))?;
    ensure_eq!((buyer.used_numbers[0], buyer.generation), (1, 1));
    ensure_eq!(room.come(0).await?, CheckInOutcome::Admitted(buyer), "while it lasts");
    context.execute(room.leave(0)).await?;
    ensure_eq!(room.come(0).await?, CheckInOutcome::Used);
    ensure_eq!(room.tick().await?, [1]);
    ensure_eq!(room.store().whereabouts(room.key(0)).await?.check_in, None);
    Ok(())
}

pub(super) async fn an_admission_that_nobody_picks_up_is_given_again_after_a_check_in(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let room = Room::open(&context, 2, |settings| settings.capacity = 1).await?;
    room.all_come([0]).await?;
    ensure_eq!(room.tick().await?, [0]);
    let until = context.now() + Tick::PICK_UP;
    ensure_eq!(room.pass(Tick::PICK_UP, &[1]).await?, []);
    ensure_eq!((context.now(), room.active().await?), (until, 1));
    refused(&room, room.renew_command(0, Some(room.entry(0)?), false), Rejection::AdmissionEnded).await?;
    ensure_eq!(room.store().admitted(&[room.key(0)]).await?, [], "it is over, though nobody else can have it yet");
    ensure_eq!(room.come(0).await?, CheckInOutcome::Present, "with the same number");
    context.set_now(until + CLOCK_TOLERANCE + MICROSECOND);
    ensure_eq!(room.tick().await?, [0], "before person 1");
    ensure_eq!(room.buyer(0).await?.map(|buyer| buyer.generation), Some(2));
    Ok(())
}

pub(super) async fn a_renewal_goes_on_for_three_minutes_and_not_beyond_the_session(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let room = admitted(&context, |settings| settings.session = Duration::from_mins(5)).await?;
    let first = room.admission(0).await?.ok_or_else(|| Failure::new("person 0 has an admission"))?;
    room.pass(Duration::from_secs(100), &[1]).await?;
    ensure_eq!(room.renew(0).await?.until, context.now() + Tick::RENEWAL);
    room.pass(Duration::from_secs(100), &[1]).await?;
    let renewed = room.renew(0).await?;
    ensure_eq!((renewed.until, renewed.max_until), (first.max_until, first.max_until));
    let closing = context.execute(room.renew_command(0, None, true)).await?;
    let Outcome::Renewed(buyer) = closing else { return Err(Failure::new(format!("{closing:?}"))) };
    let soon = context.now() + Tick::PICK_UP;
    ensure_eq!(
        buyer.admission.map(|admission| admission.until),
        Some(soon),
        "a page that closes leaves it for a moment"
    );
    ensure_eq!(room.renew(0).await?.until, first.max_until, "unless it is renewed");
    room.pass_until(first.max_until, &[1]).await?;
    refused(&room, room.renew_command(0, None, false), Rejection::AdmissionEnded).await
}

pub(super) async fn a_hold_needs_an_admission(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = admitted(&context, |_| {}).await?;
    room.all_come([1]).await?;
    refused(&room, room.hold(1, &[1])?, Rejection::NotAdmitted).await?;
    refused(&room, room.renew_command(1, None, false), Rejection::NotAdmitted).await?;
    refused(&room, room.hold(5, &[1])?, Rejection::NotAdmitted).await?;
    let held = room.held(0, &[1]).await?;
    context.execute(room.leave(0)).await?;
    refused(&room, room.hold(0, &[2])?, Rejection::AdmissionEnded).await?;
    room.paid(&held).await?;
    context.execute(room.bar(0, true)).await?;
    refused(&room, room.hold(0, &[2])?, Rejection::Barred).await?;
    ensure_eq!(room.tick().await?, [1]);
    let until = room.admission(1).await?.ok_or_else(|| Failure::new("person 1 has an admission"))?.until;
    room.pass_until(until - MICROSECOND, &[]).await?;
    let last = room.held(1, &[2]).await?;
    context.execute(context.release(&last)?).await?;
    Ok(())
}

pub(super) async fn a_hold_carries_the_admission_beyond_the_session(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = admitted(&context, |settings| settings.session = Duration::from_mins(3)).await?;
    let max_until = room.admission(0).await?.ok_or_else(|| Failure::new("person 0 has an admission"))?.max_until;
    room.pass_until(max_until - Duration::from_secs(10), &[1]).await?;
    let held = room.held(0, &[1]).await?;
    ensure!(held.held_until > max_until, "it has to outlive the session, or the case proves nothing");
    ensure_eq!(room.admission(0).await?.map(|admission| admission.until), Some(held.held_until));
    ensure_eq!(room.renew(0).await?.until, held.held_until, "never below a live hold");
    let admitted = room.pass_until(held.held_until + CLOCK_TOLERANCE, &[1]).await?;
    ensure_eq!((admitted, room.active().await?), (Vec::new(), 1));
    context.later(MICROSECOND);
    ensure_eq!(room.tick().await?, [1]);
    ensure_eq!(room.admission(0).await?, None);
    Ok(())
}

pub(super) async fn an_admission_is_free_once_every_clock_says_that_it_has_ended(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let room = admitted(&context, |_| {}).await?;
    let until = room.admission(0).await?.ok_or_else(|| Failure::new("person 0 has an admission"))?.until;
    let admitted = room.pass_until(until + CLOCK_TOLERANCE, &[1]).await?;
    ensure_eq!(admitted, [], "not yet");
    context.later(MICROSECOND);
    let report = room.tick_report().await?;
    ensure_eq!((report.ended, report.admitted), (1, vec![room.key(1)]));
    let buyer = room.buyer(0).await?;
    ensure_eq!(buyer.map(|buyer| (buyer.admission, buyer.generation)), Some((None, 1)));
    let ended = EndedFigures { expired: 1, ..EndedFigures::default() };
    ensure_eq!(room.figures().await?, QueueFigures { present: 0, active: 1, admitted: 2, ended });
    Ok(())
}

pub(super) async fn leaving_frees_the_admission_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = admitted(&context, |_| {}).await?;
    room.all_come([1, 2]).await?;
    let leaving = (0..8).map(|_| {
        let room = Arc::clone(&room);
        async move { Ok(room.context.execute(room.leave(0)).await?) }
    });
    for outcome in context.together(leaving).await? {
        ensure_eq!(outcome, Outcome::Left(room.key(0)));
    }
    ensure_eq!((room.admission(0).await?, room.active().await?), (None, 0), "at once, without a tick");
    ensure_eq!(room.tick().await?, [1]);
    context.execute(room.leave(0)).await?;
    context.execute(room.leave(7)).await?;
    ensure_eq!(room.active().await?, 1, "whoever has none gives none back");
    ensure_eq!(room.tick().await?, []);
    Ok(())
}

pub(super) async fn paying_frees_the_admission_in_the_same_command(context: Arc<TestContext>) -> Result<(), Failure> {
    let terms = AdmissionTerms { leave_on_payment: true };
    let room = admitted(&context, |settings| settings.terms = terms).await?;
    room.all_come([1, 2]).await?;
    let (first, second) = (room.held(0, &[1]).await?, room.held(0, &[2]).await?);
    room.paid(&first).await?;
    ensure_eq!(room.active().await?, 1, "there is another hold");
    let payment = room.paid(&second).await?;
    ensure_eq!((room.admission(0).await?, room.active().await?), (None, 0));
    let again = context.execute(payment).await?;
    ensure!(matches!(again, Outcome::Paid { .. }), "a payment is repeated like any other: {again:?}");
    ensure_eq!(room.tick().await?, [1]);
    ensure_eq!((room.tick().await?, room.active().await?), (Vec::new(), 1));
    Ok(())
}

pub(super) async fn who_may_buy_more_keeps_the_admission(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = admitted(&context, |_| {}).await?;
    let held = room.held(0, &[1, 2, 3]).await?;
    room.paid(&held).await?;
    ensure!(room.admission(0).await?.is_some(), "one more can be had");
    let held = room.held(0, &[4]).await?;
    room.paid(&held).await?;
    ensure_eq!((room.admission(0).await?, room.active().await?), (None, 0), "the limit is reached");
    Ok(())
}

pub(super) async fn how_admissions_ended_is_counted(context: Arc<TestContext>) -> Result<(), Failure> {
    let terms = AdmissionTerms { leave_on_payment: true };
    let room = Room::open(&context, 6, |settings| (settings.capacity, settings.terms) = (10, terms)).await?;
    room.all_come(0..6).await?;
    ensure_eq!(room.tick().await?, [0, 1, 2, 3, 4, 5]);
    let ended = async || -> Result<EndedFigures, Failure> { Ok(room.figures().await?.ended) };
    ensure_eq!(ended().await?, EndedFigures::default(), "all are admitted");
    let held = room.held(0, &[1]).await?;
    room.paid(&held).await?;
    for n in [1, 2] {
        context.execute(room.leave(n)).await?;
    }
    context.execute(room.bar(3, true)).await?;
    context.execute(room.bar(6, true)).await?;
    let until = room.admission(4).await?.ok_or_else(|| Failure::new("person 4 has an admission"))?.until;
    room.pass_until(until + CLOCK_TOLERANCE + MICROSECOND, &[]).await?;
    room.tick().await?;
    let all = EndedFigures { paid: 1, left: 2, barred: 1, expired: 2 };
    ensure_eq!(ended().await?, all, "person 6 was never admitted");
    ensure_eq!(room.pass(MICROSECOND, &[4]).await?, [4]);
    ensure_eq!(ended().await?, EndedFigures { expired: 1, ..all }, "person 4 is admitted again");
    context.execute(room.leave(4)).await?;
    ensure_eq!(ended().await?, EndedFigures { left: 3, expired: 1, ..all }, "each by how their last one ended");
    let elsewhere = room.store().figures(context.narrow.id, context.now()).await?;
    ensure_eq!(elsewhere.ended, EndedFigures::default());
    Ok(())
}
