//! Some seats of a reservation are given back, and the others kept.

use super::races::RACERS;
use crate::Failure;
use crate::context::{Answer, TestContext, held};
use crate::of_seats::of_seats;
use frontrow_application::PageRequest;
use frontrow_application::port::BookingError;
use frontrow_domain::{
    Command, Operation, Outcome, PaymentKind, Refund, RefundReason, Rejection, Reservation, ReservationState,
    SeatNumber,
};
use std::collections::BTreeSet;
use std::sync::Arc;

fn numbers(seats: &[u32]) -> Vec<SeatNumber> {
    seats.iter().filter_map(|number| SeatNumber::new(*number)).collect()
}

fn given_back(answer: Answer) -> Result<Reservation, Failure> {
    match answer? {
        Outcome::GivenBack(reservation) => Ok(reservation),
        other => Err(Failure::new(format!("not given back: {other:?}"))),
    }
}

/// What its line items say that those seats cost.
fn cost(reservation: &Reservation, seats: impl IntoIterator<Item = SeatNumber>) -> i64 {
    let seats: BTreeSet<SeatNumber> = seats.into_iter().collect();
    reservation.line_items.iter().filter(|item| seats.contains(&item.seat)).map(|item| item.paid.amount()).sum()
}

/// What is stored is what was answered; its seats, and no others, are sold and have tickets.
async fn check(context: &TestContext, now: &Reservation) -> Result<(), Failure> {
    ensure_eq!(context.reservation(now.id).await?, *now);
    let left: Vec<SeatNumber> = now.seats_left().collect();
    let tickets = context.fixture.booking.reservations.tickets(now.id).await?;
    let numbers: Vec<SeatNumber> = tickets.iter().map(|ticket| ticket.key.seat.number).collect();
    ensure_eq!(numbers, left, "valid tickets");
    let sold = context.fixture.booking.seats.not_free(context.performance()).await?;
    let sold = sold.into_iter().filter(|seat| seat.state.owner() == Some(now.id));
    ensure_eq!(sold.map(|seat| seat.key.number).collect::<Vec<_>>(), left, "seats sold to it");
    ensure_eq!(context.balance(now.user).await?, now.refunded().amount());
    Ok(())
}

pub(super) async fn some_seats_are_given_back_and_the_others_kept(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let paid = context.paid(kim, &[3, 4, 5, 6]).await?;
    let now = given_back(context.execute(context.cancel_seats(&paid, &[4, 6])?).await)?;
    ensure_eq!(now.state, ReservationState::Confirmed);
    ensure_eq!(now.seats_left().collect::<Vec<_>>(), numbers(&[3, 5]));
    ensure_eq!((now.amount, &now.line_items), (paid.amount, &paid.line_items), "what was paid");
    ensure_eq!(now.refunded().amount(), cost(&paid, numbers(&[4, 6])));
    check(&context, &now).await?;

    let twice = context.execute(context.refund_seats(&paid, &[3, 4])?).await;
    ensure_eq!(twice, Err(Rejection::SeatsReturned { seats: numbers(&[4]), left: numbers(&[3, 5]) }.into()));
    let foreign = context.execute(context.cancel_seats(&paid, &[3, 7])?).await;
    ensure_eq!(foreign, Err(Rejection::SeatsUnknown(numbers(&[7])).into()));
    check(&context, &now).await?;

    let lees = context.paid(context.user(1), &[4]).await?;
    let now = given_back(context.execute(context.refund_seats(&paid, &[3])?).await)?;
    check(&context, &now).await?;
    let ended = given_back(context.execute(context.cancel(&paid)?).await)?;
    ensure_eq!((ended.state, ended.refunded()), (ReservationState::Cancelled, paid.amount));
    check(&context, &ended).await?;
    ensure_eq!(context.reservation(lees.id).await?, lees, "who has bought one of them");
    let entries = context.fixture.booking.wallets.entries(kim, PageRequest::new(100, None)?).await?.items;
    let refunds =
        entries.iter().filter(|entry| entry.kind == PaymentKind::Refund && entry.reservation == Some(paid.id));
    let refunds: Vec<i64> = refunds.map(|entry| entry.transfer.amount.amount()).collect();
    let costs = [&[5][..], &[3], &[4, 6]].map(|seats| cost(&paid, numbers(seats)));
    ensure_eq!(refunds, costs, "refunds, the newest first");
    Ok(())
}

pub(super) async fn what_was_returned_is_kept_with_its_reasons(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let paid = context.paid(kim, &(1..=50).collect::<Vec<_>>()).await?;
    // As long as it may be, in the widest of characters.
    let longest = "\u{1f3ab}".repeat(RefundReason::MAX);
    let mut expected = Vec::new();
    for seat in 1..50_u32 {
        let reason = (seat % 7 != 0).then(|| RefundReason::new(&longest)).transpose()?;
        let mut refund = context.refund_seats(&paid, &[seat])?;
        if let Operation::Refund(Refund { reason: because, .. }) = &mut refund.operation {
            because.clone_from(&reason);
        }
        let now = given_back(context.execute(refund).await)?;
        expected.push((numbers(&[seat]).into_iter().collect::<BTreeSet<_>>(), reason));
        let found: Vec<_> =
            now.returned.iter().map(|returned| (returned.seats.clone(), returned.reason.clone())).collect();
        ensure_eq!(found, expected);
    }
    let kept = context.reservation(paid.id).await?;
    check(&context, &kept).await?;
    ensure_eq!(kept.returned.len(), expected.len(), "what is read");
    Ok(())
}

pub(super) async fn returned_seats_no_longer_count(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let four = held(context.execute(context.hold_in(&context.narrow, kim, &[1, 2, 3, 4])?).await)?;
    context.fund(kim, four.amount.amount()).await?;
    context.execute(context.pay(&four)?).await?;
    let hold = |seats: &[u32]| context.hold_in(&context.narrow, kim, seats);
    let too_many = |used, asked| -> Answer { Err(Rejection::LimitReached { limit: 4, used, asked }.into()) };
    ensure_eq!(context.execute(hold(&[5])?).await, too_many(4, 1));
    context.execute(context.cancel_seats(&four, &[2, 3])?).await?;
    ensure_eq!(context.execute(hold(&[2, 3, 5])?).await, too_many(2, 3));
    held(context.execute(hold(&[2, 3])?).await)?;
    ensure_eq!(context.execute(hold(&[5])?).await, too_many(4, 1));
    Ok(())
}

/// Whatever overlaps: every seat is refunded once, and everybody is told the truth.
async fn race(context: &Arc<TestContext>, paid: &Reservation, ends: Vec<Command>) -> Result<Reservation, Failure> {
    let mut refunded = 0;
    for (answer, end) in context.at_once(ends.clone()).await?.into_iter().zip(ends) {
        let (Operation::Cancel(cancel) | Operation::Refund(Refund { cancel, .. })) = end.operation else {
            return Err(Failure::new("an ending"));
        };
        match answer {
            Ok(Outcome::GivenBack(now)) => {
                let refunds = now.refunds();
                let last = refunds.last().ok_or_else(|| Failure::new("nothing was refunded"))?;
                ensure!(cancel.returned.is_none_or(|wanted| wanted == last.seats), "{last:?}");
                ensure_eq!(last.amount.amount(), cost(paid, last.seats.iter().copied()));
                refunded += last.amount.amount();
            }
            Err(BookingError::Rejected(Rejection::SeatsReturned { .. } | Rejection::ReservationEnded(_))) => {}
            other => return Err(Failure::new(format!("unexpected: {other:?}"))),
        }
    }
    let now = context.reservation(paid.id).await?;
    ensure_eq!(refunded, now.refunded().amount(), "what was answered");
    check(context, &now).await?;
    Ok(now)
}

pub(super) async fn a_seat_is_returned_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let paid = context.paid(context.user(0), &[1, 2, 3, 4, 5, 6]).await?;
    let pairs = [[1, 2], [2, 3], [3, 4], [4, 5]];
    let ends = pairs.iter().cycle().take(RACERS).enumerate().map(|(n, pair)| {
        if n % 3 == 0 { context.refund_seats(&paid, pair) } else { context.cancel_seats(&paid, pair) }
    });
    let ends = ends.collect::<Result<Vec<_>, _>>()?;
    let now = race(&context, &paid, ends).await?;
    ensure_eq!(now.state, ReservationState::Confirmed);
    let returned = now.seats().filter(|seat| now.is_returned(*seat)).count();
    ensure_eq!(returned, 4, "seats of two pairs that have none in common: {now:?}");
    Ok(())
}

pub(super) async fn some_seats_and_all_at_once_are_refunded_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let paid = context.paid(context.user(0), &[1, 2, 3]).await?;
    let mut ends = Vec::new();
    for n in 0..RACERS {
        ends.push(match n % 4 {
            0 => context.cancel(&paid)?,
            1 => context.cancel_seats(&paid, &[1])?,
            2 => context.refund_seats(&paid, &[2, 3])?,
            _ => context.refund(&paid)?,
        });
    }
    let ended = race(&context, &paid, ends).await?;
    ensure!(ended.state.is_given_back(), "{ended:?}");
    ensure_eq!(ended.refunded(), paid.amount);
    Ok(())
}

pub(super) async fn returning_seats_is_repeated_like_anything_else(context: Arc<TestContext>) -> Result<(), Failure> {
    let paid = context.paid(context.user(0), &[1, 2, 3]).await?;
    let first = context.cancel_seats(&paid, &[1])?;
    let told = context.execute(first.clone()).await;
    let now = given_back(context.execute(context.cancel_seats(&paid, &[2])?).await)?;
    ensure_eq!(context.execute(first.clone()).await, told);
    let other = Command { request_hash: [2; 32], ..of_seats(first.clone(), &[3]) };
    ensure_eq!(context.execute(other).await, Err(Rejection::KeyReused.into()));
    check(&context, &now).await?;
    let key = first.key.clone().ok_or_else(|| Failure::new("a cancellation has a key"))?;
    let record = context.fixture.booking.idempotency_records.idempotency_record(&key).await?;
    ensure_eq!(record.map(|record| Ok(record.outcome)), Some(told), "what is noted under the key");
    Ok(())
}
