//! What goes in comes out.

use crate::Failure;
use crate::stage::{Answer, Stage, charged, held};
use frontrow_domain::{
    Charge, Command, CommandKey, Instant, Line, Outcome, Payment, PaymentId, Points, PriceList, Reservation, Sale,
    SeatMap, SeatNumber, Settle, Settlement, TransferId, What,
};
use std::sync::Arc;

/// A line whose texts are as long as they may be.
fn long_line(number: u32, paid: Points) -> Result<Line, Failure> {
    let seat = SeatNumber::new(number).ok_or_else(|| Failure::new("no seat number"))?;
    let line = Line::free(seat, &"T".repeat(SeatMap::MOST_TIER), &"p".repeat(PriceList::MOST_TYPE));
    Ok(Line { list_price: paid, discount: Points::new(3)?, fee: Points::new(3)?, tax: paid, paid, ..line })
}

/// What was answered, what is read, what is noted under the key, and what a repetition is told are the same.
async fn check_kept(stage: &Stage, command: Command, expected: &Reservation) -> Result<(), Failure> {
    ensure_eq!(stage.reservation(expected.id).await?, *expected);
    let key = command.key.clone().ok_or_else(|| Failure::new("a hold has a key"))?;
    let outcome = Outcome::Held(expected.clone());
    let done = stage.fixture.booking.done.done(&key).await?;
    ensure_eq!(done.map(|done| done.outcome), Some(outcome.clone()));
    ensure_eq!(stage.execute(command).await, Ok(outcome));
    Ok(())
}

pub(super) async fn a_reservation_of_fifty_lines_is_kept_as_it_was(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    // In no order, as a request may have them.
    let numbers = (1..=Sale::MOST_SEATS).map(|n| 1 + (n * 7) % Sale::MOST_SEATS);
    let most = Points::new(PriceList::MOST_PRICE)?;
    let lines: Vec<Line> = numbers.map(|number| long_line(number, most)).collect::<Result<_, _>>()?;
    let key = CommandKey::new(kim, "~".repeat(CommandKey::MOST))?;
    let command = Command { key: Some(key), ..stage.hold_lines(&stage.wide, kim, lines.clone())? };
    let reservation = held(stage.execute(command.clone()).await)?;
    let mut expected = lines;
    expected.sort_by_key(|line| line.seat);
    ensure_eq!(reservation.lines, expected);
    check_kept(&stage, command, &reservation).await
}

pub(super) async fn the_largest_values_are_kept_as_they_were(stage: Arc<Stage>) -> Result<(), Failure> {
    let kim = stage.user(0);
    fund_with_the_most(&stage).await?;
    ensure_eq!(stage.balance(kim).await?, Payment::MOST_CHARGE);
    let for_ever = Sale { pay_until: Instant::from_micros(i64::MAX), ..stage.wide.clone() };
    let command = stage.hold_lines(&for_ever, kim, vec![long_line(1, Points::MAX)?])?;
    let reservation = held(stage.execute(command.clone()).await)?;
    ensure_eq!((reservation.late_until.micros(), reservation.amount), (i64::MAX, Points::MAX));
    check_kept(&stage, command, &reservation).await?;

    let most = Points::new(Payment::MOST_CHARGE)?;
    let reservation = held(stage.execute(stage.hold_lines(&for_ever, kim, vec![long_line(2, most)?])?).await)?;
    stage.execute(stage.pay(&reservation)?).await?;
    ensure_eq!(stage.balance(kim).await?, 0);
    let page = frontrow_application::PageRequest { limit: 10, after: None };
    let entries = stage.fixture.booking.wallets.entries(kim, page).await?.items;
    let amounts: Vec<Points> = entries.iter().map(|entry| entry.transfer.amount).collect();
    ensure_eq!(amounts, [most, most]);
    Ok(())
}

async fn fund_with_the_most(stage: &Stage) -> Result<(), Failure> {
    let (user, payment) = (stage.user(0), PaymentId::new(stage.id()));
    let amount = Points::new(Payment::MOST_CHARGE)?;
    let charge = Charge { payment, user, amount, provider: "p".repeat(64) };
    charged(stage.execute(stage.keyed(user, What::Charge(charge))?).await)?;
    let settlement = Settlement::Accepted { provider_ref: "é漢🎫ß".repeat(32) };
    let settle = Settle { payment, user, settlement, transfer: TransferId::new(stage.id()) };
    let settled: Answer = stage.execute(Command::unkeyed(What::Settle(settle))).await;
    let settled = charged(settled)?;
    ensure_eq!(settled.provider_ref.as_deref(), Some(&*"é漢🎫ß".repeat(32)));
    ensure_eq!(stage.fixture.booking.wallets.charge(payment).await?, Some(settled));
    Ok(())
}
