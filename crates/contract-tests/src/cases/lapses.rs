//! Holds whose time is over.

use crate::Failure;
use crate::context::{TestContext, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{
    Bookable, Cancel, Command, Hold, Instant, NotBookable, Operation, Outcome, Pay, Refund, Rejection, Reservation,
    ReservationState, SeatNumber, SeatState, TAKEOVER_GRACE,
};
use std::sync::Arc;
use std::time::Duration;

const MICROSECOND: Duration = Duration::from_micros(1);

fn taken(number: u32) -> BookingError {
    Rejection::SeatsTaken { seats: SeatNumber::new(number).into_iter().collect(), yours: Vec::new() }.into()
}

pub(super) async fn a_seat_is_taken_over_when_the_grace_after_its_hold_is_over(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let kims = context.held(kim, &[1]).await?;
    ensure_eq!(kims.held_until, context.now() + context.wide.hold_duration);
    let takeover = kims.held_until + TAKEOVER_GRACE;
    for instant in [kims.held_until - MICROSECOND, kims.held_until, takeover - MICROSECOND] {
        context.set_now(instant);
        ensure_eq!(context.execute(context.hold(lee, &[1])?).await, Err(taken(1)));
    }
    context.set_now(takeover);
    context.held(lee, &[1]).await?;
    ensure_eq!(context.execute(context.hold(kim, &[1])?).await, Err(taken(1)));
    Ok(())
}

pub(super) async fn a_late_payment_is_good_while_nobody_has_taken_the_seats(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 10_000).await?;
    for (seat, marked) in [(1, false), (2, true)] {
        let kims = context.held(kim, &[seat]).await?;
        context.set_now(kims.held_until + TAKEOVER_GRACE);
        if marked {
            context.execute(TestContext::expire(&kims)).await?;
        }
        let paid = context.execute(context.pay(&kims)?).await?;
        ensure!(matches!(paid, Outcome::Paid { .. }), "{paid:?}");
        ensure_eq!(context.reservation(kims.id).await?.state, ReservationState::Confirmed);
    }
    Ok(())
}

pub(super) async fn a_late_payment_keeps_to_the_limit(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 100_000).await?;
    let lapsed = held(context.execute(context.hold_in(&context.narrow, kim, &[1, 2, 3, 4])?).await)?;
    context.set_now(lapsed.held_until + TAKEOVER_GRACE - MICROSECOND);
    let early = context.execute(context.hold_in(&context.narrow, kim, &[5])?).await;
    ensure_eq!(early, Err(Rejection::LimitReached { limit: 4, used: 4, asked: 1 }.into()), "it could still be paid");
    context.later(MICROSECOND);
    let new = held(context.execute(context.hold_in(&context.narrow, kim, &[5, 6, 7, 8])?).await)?;
    let refused = context.execute(context.pay(&lapsed)?).await;
    ensure_eq!(refused, Err(Rejection::LimitReached { limit: 4, used: 4, asked: 4 }.into()));
    context.execute(context.release(&new)?).await?;
    context.execute(context.pay(&lapsed)?).await?;
    let more = context.execute(context.hold_in(&context.narrow, kim, &[9])?).await;
    ensure_eq!(more, Err(Rejection::LimitReached { limit: 4, used: 4, asked: 1 }.into()));
    Ok(())
}

pub(super) async fn a_payment_that_is_too_late_takes_nothing(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    context.fund(kim, 10_000).await?;
    let lost = context.held(kim, &[1]).await?;
    context.set_now(lost.held_until + TAKEOVER_GRACE);
    context.held(lee, &[1]).await?;
    refuse_payment(&context, &lost, context.now()).await?;
    let late = context.held(kim, &[2]).await?;
    refuse_payment(&context, &late, late.late_until).await?;
    ensure_eq!(context.balance(kim).await?, 10_000);
    Ok(())
}

async fn refuse_payment(context: &TestContext, reservation: &Reservation, now: Instant) -> Result<(), Failure> {
    context.set_now(now);
    let refused = context.execute(context.pay(reservation)?).await;
    ensure_eq!(refused, Err(Rejection::HoldLapsed { held_until: reservation.held_until }.into()));
    ensure_eq!(context.fixture.booking.reservations.tickets(reservation.id).await?, Vec::new());
    Ok(())
}

pub(super) async fn marking_a_lapsed_hold_leaves_its_seats_alone(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let kims = context.held(kim, &[1]).await?;
    let sold = context.paid(kim, &[2]).await?;
    context.set_now(kims.held_until - MICROSECOND);
    context.execute(TestContext::expire(&kims)).await?;
    ensure_eq!(context.reservation(kims.id).await?.state, ReservationState::Held, "it has not lapsed");
    context.set_now(kims.held_until);
    for reservation in [&kims, &kims, &sold] {
        ensure_eq!(context.execute(TestContext::expire(reservation)).await, Ok(Outcome::Expired(reservation.id)));
    }
    ensure_eq!(context.reservation(kims.id).await?.state, ReservationState::Expired);
    ensure_eq!(context.reservation(sold.id).await?.state, ReservationState::Confirmed, "a sweeper frees no sold seat");
    let seats = context.fixture.booking.seats.not_free(context.performance()).await?;
    let states: Vec<SeatState> = seats.into_iter().map(|seat| seat.state).collect();
    ensure_eq!(states, [SeatState::Held { by: kims.id, until: kims.held_until }, SeatState::Sold { to: sold.id }]);
    context.later(TAKEOVER_GRACE);
    context.held(lee, &[1]).await?;
    Ok(())
}

pub(super) async fn releasing_a_lapsed_hold_leaves_who_took_it_over_alone(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let kims = context.held(kim, &[1, 2]).await?;
    context.set_now(kims.held_until + TAKEOVER_GRACE);
    let lees = context.held(lee, &[2]).await?;
    context.execute(context.release(&kims)?).await?;
    let seats = context.fixture.booking.seats.not_free(context.performance()).await?;
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

pub(super) async fn nothing_is_held_paid_or_cancelled_once_it_has_begun(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 10_000).await?;
    let begins = context.now() + Duration::from_mins(1);
    let kims = held(context.execute(beginning(begins, context.hold(kim, &[1])?)).await)?;
    ensure_eq!((kims.held_until, kims.late_until), (begins, begins));
    let others = context.held(kim, &[2]).await?;
    let paid = context.paid(kim, &[3]).await?;
    context.set_now(begins);
    for command in [context.hold(kim, &[4])?, context.pay(&kims)?, context.pay(&others)?, context.cancel(&paid)?] {
        let refused = context.execute(beginning(begins, command)).await;
        ensure_eq!(refused, Err(Rejection::NotBookable(NotBookable::Begun { until: begins }).into()));
    }
    // A moment before, and whatever an operator gives back, all is well.
    context.execute(beginning(begins, context.refund(&paid)?)).await?;
    context.set_now(begins - MICROSECOND);
    context.execute(beginning(begins, context.pay(&kims)?)).await?;
    Ok(())
}
