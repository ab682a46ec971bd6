//! One valid ticket for each seat sold.

use crate::Failure;
use crate::stage::Stage;
use frontrow_application::port::ReservationReader;
use frontrow_domain::{
    Command, Outcome, RefundReason, Rejection, Reservation, ReservationState, Ticket, UserId, Version,
};
use std::sync::Arc;

pub(super) async fn a_seat_that_is_sold_again_gets_a_new_ticket(stage: Arc<Stage>) -> Result<(), Failure> {
    let mut last: Option<Version> = None;
    for n in 0..4 {
        let user = stage.user(n);
        let reservation = stage.paid(user, &[7]).await?;
        let ticket = the_ticket(&stage, &reservation).await?;
        ensure!(ticket.valid && ticket.reservation == reservation.id, "{ticket:?}");
        ensure!(Some(ticket.key.version) > last, "{ticket:?} is not newer than {last:?}");
        last = Some(ticket.key.version);
        stage.execute(stage.cancel(&reservation)?).await?;
        check_given_back(&stage, user, &reservation, ReservationState::Cancelled).await?;
    }
    Ok(())
}

pub(super) async fn a_refund_is_like_a_cancellation_without_a_deadline(stage: Arc<Stage>) -> Result<(), Failure> {
    let user = stage.user(0);
    let reservation = stage.paid(user, &[7, 8]).await?;
    stage.set_now(stage.wide.cancel_until);
    let late = stage.execute(stage.cancel(&reservation)?).await;
    ensure_eq!(late, Err(Rejection::TooLateToCancel { cancel_until: stage.wide.cancel_until }.into()));
    ensure_eq!(reader(&stage).tickets(reservation.id).await?.len(), 2, "tickets");
    stage.execute(stage.refund(&reservation)?).await?;
    check_given_back(&stage, user, &reservation, ReservationState::Refunded).await
}

pub(super) async fn a_refund_keeps_its_reason(stage: Arc<Stage>) -> Result<(), Failure> {
    let user = stage.user(0);
    // As long as it may be, in the widest of characters.
    let longest = "\u{1f3ab}".repeat(RefundReason::MAX);
    let reasons = [None, Some("'; DROP TABLE reservation; -- \"\\ é漢"), Some(longest.as_str())];
    let mut paid = Vec::new();
    for seat in [1, 2, 3] {
        paid.push(stage.paid(user, &[seat]).await?);
    }
    let refund = |(reservation, reason): (&Reservation, Option<&str>)| stage.refund_because(reservation, reason);
    let refunds = paid.iter().zip(reasons).map(refund).collect::<Result<Vec<_>, _>>()?;
    // At once: a store may write them in one statement.
    let answers = stage.at_once(refunds.clone()).await?;
    for (((answer, refund), reservation), reason) in answers.into_iter().zip(refunds).zip(&paid).zip(reasons) {
        let expected = Outcome::GivenBack(Reservation {
            refund_reason: reason.map(RefundReason::new).transpose()?,
            ..reservation.with(ReservationState::Refunded)
        });
        ensure_eq!(answer, Ok(expected.clone()));
        let kept = stage.reservation(reservation.id).await?;
        ensure_eq!(Outcome::GivenBack(kept), expected, "what is read");
        let key = refund.key.clone().ok_or_else(|| Failure::new("a refund has a key"))?;
        let record = stage.fixture.booking.idempotency_records.idempotency_record(&key).await?;
        ensure_eq!(record.map(|record| record.outcome), Some(expected.clone()), "what is noted under the key");
        ensure_eq!(stage.execute(refund.clone()).await, Ok(expected), "what a repetition is told");
        let other = Command { request_hash: [2; 32], ..refund };
        ensure_eq!(stage.execute(other).await, Err(Rejection::KeyReused.into()));
    }
    Ok(())
}

fn reader(stage: &Stage) -> &dyn ReservationReader {
    &*stage.fixture.booking.reservations
}

async fn the_ticket(stage: &Stage, reservation: &Reservation) -> Result<Ticket, Failure> {
    match reader(stage).tickets(reservation.id).await?[..] {
        [ticket] => Ok(ticket),
        ref tickets => Err(Failure::new(format!("one ticket for one seat: {tickets:?}"))),
    }
}

async fn check_given_back(
    stage: &Stage,
    user: UserId,
    reservation: &Reservation,
    end: ReservationState,
) -> Result<(), Failure> {
    ensure_eq!(reader(stage).tickets(reservation.id).await?, Vec::new(), "valid tickets");
    ensure_eq!(stage.reservation(reservation.id).await?.state, end);
    ensure_eq!(stage.balance(user).await?, reservation.amount.amount());
    ensure_eq!(stage.fixture.booking.seats.not_free(stage.performance()).await?, Vec::new());
    Ok(())
}
