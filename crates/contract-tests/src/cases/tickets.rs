//! One valid ticket for each seat sold.

use crate::Failure;
use crate::context::TestContext;
use frontrow_application::port::ReservationReader;
use frontrow_domain::{
    Command, Outcome, RefundReason, Rejection, Reservation, ReservationState, Ticket, UserId, Version,
};
use std::sync::Arc;

pub(super) async fn a_seat_that_is_sold_again_gets_a_new_ticket(context: Arc<TestContext>) -> Result<(), Failure> {
    let mut last: Option<Version> = None;
    for n in 0..4 {
        let user = context.user(n);
        let reservation = context.paid(user, &[7]).await?;
        let ticket = the_ticket(&context, &reservation).await?;
        ensure!(ticket.valid && ticket.reservation == reservation.id, "{ticket:?}");
        ensure!(Some(ticket.key.version) > last, "{ticket:?} is not newer than {last:?}");
        last = Some(ticket.key.version);
        context.execute(context.cancel(&reservation)?).await?;
        check_given_back(&context, user, &reservation, ReservationState::Cancelled).await?;
    }
    Ok(())
}

pub(super) async fn a_refund_is_like_a_cancellation_without_a_deadline(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let user = context.user(0);
    let reservation = context.paid(user, &[7, 8]).await?;
    context.set_now(context.wide.cancel_until);
    let late = context.execute(context.cancel(&reservation)?).await;
    ensure_eq!(late, Err(Rejection::TooLateToCancel { cancel_until: context.wide.cancel_until }.into()));
    ensure_eq!(reader(&context).tickets(reservation.id).await?.len(), 2, "tickets");
    context.execute(context.refund(&reservation)?).await?;
    check_given_back(&context, user, &reservation, ReservationState::Refunded).await
}

pub(super) async fn a_refund_keeps_its_reason(context: Arc<TestContext>) -> Result<(), Failure> {
    let user = context.user(0);
    // As long as it may be, in the widest of characters.
    let longest = "\u{1f3ab}".repeat(RefundReason::MAX);
    let reasons = [None, Some("'; DROP TABLE reservation; -- \"\\ é漢"), Some(longest.as_str())];
    let mut paid = Vec::new();
    for seat in [1, 2, 3] {
        paid.push(context.paid(user, &[seat]).await?);
    }
    let refund = |(reservation, reason): (&Reservation, Option<&str>)| context.refund_because(reservation, reason);
    let refunds = paid.iter().zip(reasons).map(refund).collect::<Result<Vec<_>, _>>()?;
    // At once: a store may write them in one statement.
    let answers = context.at_once(refunds.clone()).await?;
    for (((answer, refund), reservation), reason) in answers.into_iter().zip(refunds).zip(&paid).zip(reasons) {
        let expected = Outcome::GivenBack(Reservation {
            refund_reason: reason.map(RefundReason::new).transpose()?,
            ..reservation.with(ReservationState::Refunded)
        });
        ensure_eq!(answer, Ok(expected.clone()));
        let kept = context.reservation(reservation.id).await?;
        ensure_eq!(Outcome::GivenBack(kept), expected, "what is read");
        let key = refund.key.clone().ok_or_else(|| Failure::new("a refund has a key"))?;
        let record = context.fixture.booking.idempotency_records.idempotency_record(&key).await?;
        ensure_eq!(record.map(|record| record.outcome), Some(expected.clone()), "what is noted under the key");
        ensure_eq!(context.execute(refund.clone()).await, Ok(expected), "what a repetition is told");
        let other = Command { request_hash: [2; 32], ..refund };
        ensure_eq!(context.execute(other).await, Err(Rejection::KeyReused.into()));
    }
    Ok(())
}

fn reader(context: &TestContext) -> &dyn ReservationReader {
    &*context.fixture.booking.reservations
}

async fn the_ticket(context: &TestContext, reservation: &Reservation) -> Result<Ticket, Failure> {
    match reader(context).tickets(reservation.id).await?[..] {
        [ticket] => Ok(ticket),
        ref tickets => Err(Failure::new(format!("one ticket for one seat: {tickets:?}"))),
    }
}

async fn check_given_back(
    context: &TestContext,
    user: UserId,
    reservation: &Reservation,
    end: ReservationState,
) -> Result<(), Failure> {
    ensure_eq!(reader(context).tickets(reservation.id).await?, Vec::new(), "valid tickets");
    ensure_eq!(context.reservation(reservation.id).await?.state, end);
    ensure_eq!(context.balance(user).await?, reservation.amount.amount());
    ensure_eq!(context.fixture.booking.seats.not_free(context.performance()).await?, Vec::new());
    Ok(())
}
