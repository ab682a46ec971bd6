//! Many at once, and what may come of it.

use crate::Failure;
use crate::stage::{Answer, Stage, held};
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

pub(super) async fn one_seat_has_one_winner(stage: Arc<Stage>) -> Result<(), Failure> {
    for seat in 1..=ROUNDS {
        let holds = (0..RACERS).map(|n| stage.hold(stage.user(n), &[seat])).collect::<Result<_, _>>()?;
        let answers = stage.at_once(holds).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Held(_));
        let winners = count(&answers, won, |r| matches!(r, Rejection::SeatsTaken(_)))?;
        ensure_eq!(winners, 1, "winners of seat {seat}");
    }
    Ok(())
}

pub(super) async fn the_limit_per_person_holds_under_parallel_holds(stage: Arc<Stage>) -> Result<(), Failure> {
    for n in 0..4 {
        let kim = stage.user(n);
        let first = 1 + 40 * u32::try_from(n)?;
        let holds = (first..first + 32).map(|seat| stage.hold_in(&stage.narrow, kim, &[seat]));
        let answers = stage.at_once(holds.collect::<Result<_, _>>()?).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Held(_));
        let winners = count(&answers, won, |r| matches!(r, Rejection::LimitReached { limit: 4, used: 4, asked: 1 }))?;
        ensure_eq!(winners, 4, "holds of one person");
    }
    Ok(())
}

pub(super) async fn overlapping_holds_get_all_or_nothing(stage: Arc<Stage>) -> Result<(), Failure> {
    let mut dice = stage.dice(0);
    for _ in 0..8 {
        stage.step("a round of overlapping holds");
        let wishes: Vec<Vec<u32>> = (0..RACERS)
            .map(|_| {
                let count = 1 + dice.roll(4);
                dice.numbers(count, 60)
            })
            .collect();
        let holds = wishes.iter().enumerate().map(|(n, seats)| stage.hold(stage.user(n), seats));
        let answers = stage.at_once(holds.collect::<Result<_, _>>()?).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Held(_));
        let winners = count(&answers, won, |r| matches!(r, Rejection::SeatsTaken(_)))?;
        ensure!(winners > 0, "somebody is first");
        check_owners(&stage, &wishes, &answers).await?;
        for outcome in answers.into_iter().flatten() {
            stage.execute(stage.release(&held(Ok(outcome))?)?).await?;
        }
    }
    Ok(())
}

/// Winners have all they asked for, and nobody else has anything.
async fn check_owners(stage: &Stage, wishes: &[Vec<u32>], answers: &[Answer]) -> Result<(), Failure> {
    let mut owners = BTreeMap::new();
    for seat in stage.fixture.booking.seats.not_free(stage.performance()).await? {
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

pub(super) async fn a_hold_is_paid_once(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    for seat in 1..=5 {
        let reservation = stage.held(kim, &[seat]).await?;
        stage.fund(kim, 10 * reservation.amount.amount()).await?;
        let before = stage.balance(kim).await?;
        let payments = (0..RACERS).map(|_| stage.pay(&reservation)).collect::<Result<_, _>>()?;
        let answers = stage.at_once(payments).await?;
        let won = |outcome: &Outcome| matches!(outcome, Outcome::Paid { .. });
        ensure_eq!(count(&answers, won, |r| *r == Rejection::AlreadyPaid)?, 1, "payments that went through");
        ensure_eq!(stage.balance(kim).await?, before - reservation.amount.amount());
        ensure_eq!(stage.fixture.booking.reservations.tickets(reservation.id).await?.len(), 1, "tickets");
    }
    Ok(())
}

pub(super) async fn a_hold_is_paid_or_released(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    stage.fund(kim, 1_000_000).await?;
    for seat in 1..=ROUNDS {
        let hold = stage.held(kim, &[seat]).await?;
        let answers = stage.at_once(vec![stage.pay(&hold)?, stage.release(&hold)?]).await?;
        let ended = stage.reservation(hold.id).await?.state;
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

pub(super) async fn a_lapsed_hold_is_paid_or_taken_over(stage: Arc<Stage>) -> Result<(), Failure> {
    let (kim, lee) = (stage.user(0), stage.user(1));
    stage.fund(kim, 1_000_000).await?;
    for seat in 1..=ROUNDS {
        let kims = stage.held(kim, &[seat]).await?;
        stage.set_now(kims.held_until + TAKEOVER_GRACE);
        let before = stage.balance(kim).await?;
        let answers = stage.at_once(vec![stage.pay(&kims)?, stage.hold(lee, &[seat])?]).await?;
        let paid = check_one_of_two(&answers, &kims)?;
        let price = if paid { kims.amount.amount() } else { 0 };
        ensure_eq!(stage.balance(kim).await?, before - price);
        let tickets = stage.fixture.booking.reservations.tickets(kims.id).await?;
        ensure_eq!(tickets.len(), usize::from(paid), "tickets");
    }
    Ok(())
}

/// Whether it was paid, and not taken over.
fn check_one_of_two(answers: &[Answer], kims: &Reservation) -> Result<bool, Failure> {
    let lapsed = Rejection::HoldLapsed { held_until: kims.held_until };
    match answers {
        [Ok(Outcome::Paid { .. }), Err(BookingError::Rejected(Rejection::SeatsTaken(_)))] => Ok(true),
        [Err(BookingError::Rejected(why)), Ok(Outcome::Held(_))] if *why == lapsed => Ok(false),
        both => Err(Failure::new(format!("unexpected: {both:?}"))),
    }
}

pub(super) async fn a_reservation_is_cancelled_once(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    let paid = stage.paid(kim, &[1, 2]).await?;
    let mut ends = Vec::new();
    for n in 0..RACERS {
        ends.push(if n % 2 == 0 { stage.cancel(&paid)? } else { stage.refund(&paid)? });
    }
    let answers = stage.at_once(ends).await?;
    let won = |outcome: &Outcome| matches!(outcome, Outcome::GivenBack(_));
    ensure_eq!(count(&answers, won, |r| matches!(r, Rejection::ReservationEnded(_)))?, 1, "endings");
    ensure_eq!(stage.balance(kim).await?, paid.amount.amount());
    Ok(())
}
