//! One valid ticket for each seat sold.

use crate::Failure;
use crate::stage::Stage;
use frontrow_application::port::ReservationReader;
use frontrow_domain::{Rejection, Reservation, ReservationState, Ticket, UserId, Version};
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
    ensure_eq!(reader(stage).tickets(reservation.id).await?, Vec::new(), "tickets that open the door");
    ensure_eq!(stage.reservation(reservation.id).await?.state, end);
    ensure_eq!(stage.balance(user).await?, reservation.amount.amount());
    ensure_eq!(stage.fixture.booking.seats.not_free(stage.performance()).await?, Vec::new());
    Ok(())
}
