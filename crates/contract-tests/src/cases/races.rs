//! Many at once, and what may come of it.

use crate::Failure;
use crate::context::{Answer, TestContext, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{Outcome, Rejection, Reservation, ReservationState, SeatState, TAKEOVER_GRACE};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many race.
pub(super) const RACERS: usize = 64;
const ROUNDS: u32 = 20;

/// The answers that are not of one kind or the other are wrong.
fn count(answers: &[Answer], won: fn(&Outcome) -> bool, lost: fn(&Rejection) -> bool) -> Result<usize, Failure> {
    let mut winners = 0;
    for answer in answers {
        match answer {
            Ok(outcome) if won(outcome) => winners += 1,
            Err(BookingError::Rejected(rejection)) if lost(rejection) => {}
            other => return Err(Failure::new(format!("unexpected: {other:?}"))),
        }
    }
    Ok(winners)
}

pub(super) async fn one_seat_has_one_winner(context: Arc<TestContext>) -> Result<(), Failure> {
    for seat in 1..=ROUNDS {
        let holds = (0..RACERS).map(|n| context.hold(context.user(n), &[seat])).collect::<Result<_, _>>()?;
        let answers = context.at_once(holds).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Held(_));
        let winners = count(&answers, won, |r| matches!(r, Rejection::SeatsTaken { .. }))?;
        ensure_eq!(winners, 1, "winners of seat {seat}");
    }
    Ok(())
}

pub(super) async fn the_limit_per_person_holds_under_parallel_holds(context: Arc<TestContext>) -> Result<(), Failure> {
    for n in 0..4 {
        let kim = context.user(n);
        let first = 1 + 40 * u32::try_from(n)?;
        let holds = (first..first + 32).map(|seat| context.hold_in(&context.narrow, kim, &[seat]));
        let answers = context.at_once(holds.collect::<Result<_, _>>()?).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Held(_));
        let winners = count(&answers, won, |r| matches!(r, Rejection::LimitReached { limit: 4, used: 4, asked: 1 }))?;
        ensure_eq!(winners, 4, "holds of one person");
    }
    Ok(())
}

pub(super) async fn overlapping_holds_get_all_or_nothing(context: Arc<TestContext>) -> Result<(), Failure> {
    let mut dice = context.dice(0);
    for _ in 0..8 {
        context.step("a round of overlapping holds");
        let wishes: Vec<Vec<u32>> = (0..RACERS)
            .map(|_| {
                let count = 1 + dice.roll(4);
                dice.numbers(count, 60)
            })
            .collect();
        let holds = wishes.iter().enumerate().map(|(n, seats)| context.hold(context.user(n), seats));
        let answers = context.at_once(holds.collect::<Result<_, _>>()?).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Held(_));
        let winners = count(&answers, won, |r| matches!(r, Rejection::SeatsTaken { .. }))?;
        ensure!(winners > 0, "somebody is first");
        check_owners(&context, &wishes, &answers).await?;
        for outcome in answers.into_iter().flatten() {
            context.execute(context.release(&held(Ok(outcome))?)?).await?;
        }
    }
    Ok(())
}

/// Winners have all they asked for, and nobody else has anything.
async fn check_owners(context: &TestContext, wishes: &[Vec<u32>], answers: &[Answer]) -> Result<(), Failure> {
    let mut owners = BTreeMap::new();
    for seat in context.fixture.booking.seats.not_free(context.performance()).await? {
        let SeatState::Held { by, .. } = seat.state else { return Err(Failure::new(format!("{seat:?} is not held"))) };
        owners.insert(seat.key.number.get(), by);
    }
    for (seats, answer) in wishes.iter().zip(answers) {
        let Ok(Outcome::Held(reservation)) = answer else { continue };
        for seat in seats {
            ensure_eq!(owners.remove(seat), Some(reservation.id), "the owner of seat {seat}");
        }
    }
    ensure!(owners.is_empty(), "{owners:?} belong to nobody");
    Ok(())
}

pub(super) async fn a_hold_is_paid_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    for seat in 1..=5 {
        let reservation = context.held(kim, &[seat]).await?;
        context.fund(kim, 10 * reservation.amount.amount()).await?;
        let before = context.balance(kim).await?;
        let payments = (0..RACERS).map(|_| context.pay(&reservation)).collect::<Result<_, _>>()?;
        let answers = context.at_once(payments).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Paid { .. });
        ensure_eq!(count(&answers, won, |r| *r == Rejection::AlreadyPaid)?, 1, "payments that went through");
        ensure_eq!(context.balance(kim).await?, before - reservation.amount.amount());
        ensure_eq!(context.fixture.booking.reservations.tickets(reservation.id).await?.len(), 1, "tickets");
    }
    Ok(())
}

pub(super) async fn a_hold_is_paid_or_released(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 1_000_000).await?;
    for seat in 1..=ROUNDS {
        let hold = context.held(kim, &[seat]).await?;
        let answers = context.at_once(vec![context.pay(&hold)?, context.release(&hold)?]).await?;
        let ended = context.reservation(hold.id).await?.state;
        let released = Rejection::ReservationEnded(ReservationState::Released);
        match &answers[..] {
            [Ok(Outcome::Paid { .. }), Err(BookingError::Rejected(Rejection::AlreadyPaid))] => {
                ensure_eq!(ended, ReservationState::Confirmed);
            }
            [Err(BookingError::Rejected(why)), Ok(Outcome::Released(_))] if *why == released => {
                ensure_eq!(ended, ReservationState::Released);
            }
            both => return Err(Failure::new(format!("unexpected: {both:?}"))),
        }
    }
    Ok(())
}

pub(super) async fn a_lapsed_hold_is_paid_or_taken_over(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    context.fund(kim, 1_000_000).await?;
    for seat in 1..=ROUNDS {
        let kims = context.held(kim, &[seat]).await?;
        context.set_now(kims.held_until + TAKEOVER_GRACE);
        let before = context.balance(kim).await?;
        let answers = context.at_once(vec![context.pay(&kims)?, context.hold(lee, &[seat])?]).await?;
        let paid = check_one_of_two(&answers, &kims)?;
        let price = if paid { kims.amount.amount() } else { 0 };
        ensure_eq!(context.balance(kim).await?, before - price);
        let tickets = context.fixture.booking.reservations.tickets(kims.id).await?;
        ensure_eq!(tickets.len(), usize::from(paid), "tickets");
    }
    Ok(())
}

/// Whether it was paid, and not taken over.
fn check_one_of_two(answers: &[Answer], kims: &Reservation) -> Result<bool, Failure> {
    let lapsed = Rejection::HoldLapsed { held_until: kims.held_until };
    match answers {
        [Ok(Outcome::Paid { .. }), Err(BookingError::Rejected(Rejection::SeatsTaken { .. }))] => Ok(true),
        [Err(BookingError::Rejected(why)), Ok(Outcome::Held(_))] if *why == lapsed => Ok(false),
        both => Err(Failure::new(format!("unexpected: {both:?}"))),
    }
}

pub(super) async fn a_reservation_is_cancelled_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let paid = context.paid(kim, &[1, 2]).await?;
    let mut ends = Vec::new();
    for n in 0..RACERS {
        ends.push(if n % 2 == 0 { context.cancel(&paid)? } else { context.refund(&paid)? });
    }
    let answers = context.at_once(ends).await?;
    let won = |outcome: &Outcome| matches!(outcome, Outcome::GivenBack(_));
    ensure_eq!(count(&answers, won, |r| matches!(r, Rejection::ReservationEnded(_)))?, 1, "endings");
    ensure_eq!(context.balance(kim).await?, paid.amount.amount());
    Ok(())
}
