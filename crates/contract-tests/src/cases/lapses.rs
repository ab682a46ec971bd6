//! Holds whose time is over.

use crate::Failure;
use crate::stage::{Stage, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{
    Bookable, Cancel, Command, Hold, Instant, NotBookable, Operation, Outcome, Pay, Refund, Rejection, Reservation,
    ReservationState, SeatNumber, SeatState, TAKEOVER_GRACE,
};
use std::sync::Arc;
use std::time::Duration;

const MICROSECOND: Duration = Duration::from_micros(1);

fn taken(number: u32) -> BookingError {
    Rejection::SeatsTaken(SeatNumber::new(number).into_iter().collect()).into()
}

pub(super) async fn a_seat_is_taken_over_when_the_grace_after_its_hold_is_over(
    stage: Arc<Stage>,
) -> Result<(), Failure> {
    let (kim, lee) = (stage.user(0), stage.user(1));
    let kims = stage.held(kim, &[1]).await?;
    ensure_eq!(kims.held_until, stage.now() + stage.wide.hold_duration);
    let takeover = kims.held_until + TAKEOVER_GRACE;
    for instant in [kims.held_until - MICROSECOND, kims.held_until, takeover - MICROSECOND] {
        stage.set_now(instant);
        ensure_eq!(stage.execute(stage.hold(lee, &[1])?).await, Err(taken(1)));
    }
    stage.set_now(takeover);
    stage.held(lee, &[1]).await?;
    ensure_eq!(stage.execute(stage.hold(kim, &[1])?).await, Err(taken(1)));
    Ok(())
}

pub(super) async fn a_late_payment_is_good_while_nobody_has_taken_the_seats(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    stage.fund(kim, 10_000).await?;
    for (seat, marked) in [(1, false), (2, true)] {
        let kims = stage.held(kim, &[seat]).await?;
        stage.set_now(kims.held_until + TAKEOVER_GRACE);
        if marked {
            stage.execute(Stage::expire(&kims)).await?;
        }
        let paid = stage.execute(stage.pay(&kims)?).await?;
        ensure!(matches!(paid, Outcome::Paid { .. }), "{paid:?}");
        ensure_eq!(stage.reservation(kims.id).await?.state, ReservationState::Confirmed);
    }
    Ok(())
}

pub(super) async fn a_late_payment_keeps_to_the_limit(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    stage.fund(kim, 100_000).await?;
    let lapsed = held(stage.execute(stage.hold_in(&stage.narrow, kim, &[1, 2, 3, 4])?).await)?;
    stage.set_now(lapsed.held_until + TAKEOVER_GRACE - MICROSECOND);
    let early = stage.execute(stage.hold_in(&stage.narrow, kim, &[5])?).await;
    ensure_eq!(early, Err(Rejection::LimitReached { limit: 4, used: 4, asked: 1 }.into()), "it could still be paid");
    stage.later(MICROSECOND);
    let new = held(stage.execute(stage.hold_in(&stage.narrow, kim, &[5, 6, 7, 8])?).await)?;
    let refused = stage.execute(stage.pay(&lapsed)?).await;
    ensure_eq!(refused, Err(Rejection::LimitReached { limit: 4, used: 4, asked: 4 }.into()));
    stage.execute(stage.release(&new)?).await?;
    stage.execute(stage.pay(&lapsed)?).await?;
    let more = stage.execute(stage.hold_in(&stage.narrow, kim, &[9])?).await;
    ensure_eq!(more, Err(Rejection::LimitReached { limit: 4, used: 4, asked: 1 }.into()));
    Ok(())
}

pub(super) async fn a_payment_that_is_too_late_takes_nothing(stage: Arc<Stage>) -> Result<(), Failure> {
    let (kim, lee) = (stage.user(0), stage.user(1));
    stage.fund(kim, 10_000).await?;
    let lost = stage.held(kim, &[1]).await?;
    stage.set_now(lost.held_until + TAKEOVER_GRACE);
    stage.held(lee, &[1]).await?;
    refuse_payment(&stage, &lost, stage.now()).await?;
    let late = stage.held(kim, &[2]).await?;
    refuse_payment(&stage, &late, late.late_until).await?;
    ensure_eq!(stage.balance(kim).await?, 10_000);
    Ok(())
}

async fn refuse_payment(stage: &Stage, reservation: &Reservation, now: Instant) -> Result<(), Failure> {
    stage.set_now(now);
    let refused = stage.execute(stage.pay(reservation)?).await;
    ensure_eq!(refused, Err(Rejection::HoldLapsed { held_until: reservation.held_until }.into()));
    ensure_eq!(stage.fixture.booking.reservations.tickets(reservation.id).await?, Vec::new());
    Ok(())
}

pub(super) async fn marking_a_lapsed_hold_leaves_its_seats_alone(stage: Arc<Stage>) -> Result<(), Failure> {
    let (kim, lee) = (stage.user(0), stage.user(1));
    let kims = stage.held(kim, &[1]).await?;
    let sold = stage.paid(kim, &[2]).await?;
    stage.set_now(kims.held_until - MICROSECOND);
    stage.execute(Stage::expire(&kims)).await?;
    ensure_eq!(stage.reservation(kims.id).await?.state, ReservationState::Held, "it has not lapsed");
    stage.set_now(kims.held_until);
    for reservation in [&kims, &kims, &sold] {
        ensure_eq!(stage.execute(Stage::expire(reservation)).await, Ok(Outcome::Expired(reservation.id)));
    }
    ensure_eq!(stage.reservation(kims.id).await?.state, ReservationState::Expired);
    ensure_eq!(stage.reservation(sold.id).await?.state, ReservationState::Confirmed, "a sweeper frees no sold seat");
    let seats = stage.fixture.booking.seats.not_free(stage.performance()).await?;
    let states: Vec<SeatState> = seats.into_iter().map(|seat| seat.state).collect();
    ensure_eq!(states, [SeatState::Held { by: kims.id, until: kims.held_until }, SeatState::Sold { to: sold.id }]);
    stage.later(TAKEOVER_GRACE);
    stage.held(lee, &[1]).await?;
    Ok(())
}

pub(super) async fn releasing_a_lapsed_hold_leaves_who_took_it_over_alone(stage: Arc<Stage>) -> Result<(), Failure> {
    let (kim, lee) = (stage.user(0), stage.user(1));
    let kims = stage.held(kim, &[1, 2]).await?;
    stage.set_now(kims.held_until + TAKEOVER_GRACE);
    let lees = stage.held(lee, &[2]).await?;
    stage.execute(stage.release(&kims)?).await?;
    let seats = stage.fixture.booking.seats.not_free(stage.performance()).await?;
    let owners: Vec<_> = seats.iter().map(|seat| (seat.key.number.get(), seat.state.is_held_by(lees.id))).collect();
    ensure_eq!(owners, [(2, true)]);
    Ok(())
}

/// The same command, for a performance that begins then.
fn beginning(at: Instant, mut command: Command) -> Command {
    let (Operation::Hold(Hold { terms, .. })
    | Operation::Pay(Pay { terms, .. })
    | Operation::Cancel(Cancel { terms, .. })
    | Operation::Refund(Refund { cancel: Cancel { terms, .. }, .. })) = &mut command.operation
    else {
        return command;
    };
    terms.bookable = Bookable { starts_at: at, sold_until: at, ..Bookable::ALWAYS };
    command
}

pub(super) async fn nothing_is_held_paid_or_cancelled_once_it_has_begun(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    stage.fund(kim, 10_000).await?;
    let begins = stage.now() + Duration::from_mins(1);
    let kims = held(stage.execute(beginning(begins, stage.hold(kim, &[1])?)).await)?;
    ensure_eq!((kims.held_until, kims.late_until), (begins, begins));
    let others = stage.held(kim, &[2]).await?;
    let paid = stage.paid(kim, &[3]).await?;
    stage.set_now(begins);
    for command in [stage.hold(kim, &[4])?, stage.pay(&kims)?, stage.pay(&others)?, stage.cancel(&paid)?] {
        let refused = stage.execute(beginning(begins, command)).await;
        ensure_eq!(refused, Err(Rejection::NotBookable(NotBookable::Begun { until: begins }).into()));
    }
    // A moment before, and whatever an operator gives back, all is well.
    stage.execute(beginning(begins, stage.refund(&paid)?)).await?;
    stage.set_now(begins - MICROSECOND);
    stage.execute(beginning(begins, stage.pay(&kims)?)).await?;
    Ok(())
}
