//! What goes in comes out.

use crate::Failure;
use crate::context::{Answer, TestContext, charged, held};
use frontrow_domain::{
    Charge, Command, CommandKey, Hold, Instant, LineItem, Operation, Outcome, Payment, PaymentId, Points, PriceList,
    Reservation, Sale, SeatMap, SeatNumber, Settle, Settlement, TransferId,
};
use std::sync::Arc;

/// A line item whose texts are as long as they may be.
fn long_line_item(number: u32, paid: Points) -> Result<LineItem, Failure> {
    let seat = SeatNumber::new(number).ok_or_else(|| Failure::new("no seat number"))?;
    let line_item = LineItem::free(seat, &"T".repeat(SeatMap::MAX_TIER), &"p".repeat(PriceList::MAX_TYPE));
    Ok(LineItem { list_price: paid, discount: Points::new(3)?, fee: Points::new(3)?, tax: paid, paid, ..line_item })
}

/// What was answered, what is read, what is noted under the key, and what a repetition is told are the same.
async fn check_kept(context: &TestContext, command: Command, expected: &Reservation) -> Result<(), Failure> {
    ensure_eq!(context.reservation(expected.id).await?, *expected);
    let key = command.key.clone().ok_or_else(|| Failure::new("a hold has a key"))?;
    let outcome = Outcome::Held(expected.clone());
    let record = context.fixture.booking.idempotency_records.idempotency_record(&key).await?;
    ensure_eq!(record.map(|record| record.outcome), Some(outcome.clone()));
    ensure_eq!(context.execute(command).await, Ok(outcome));
    Ok(())
}

pub(super) async fn a_reservation_of_fifty_line_items_is_kept_as_it_was(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let kim = context.user(0);
    // In no order, as a request may have them.
    let numbers = (1..=Hold::MAX_SEATS).map(|n| 1 + (n * 7) % Hold::MAX_SEATS);
    let most = Points::new(PriceList::MAX_PRICE)?;
    let line_items: Vec<LineItem> = numbers.map(|number| long_line_item(number, most)).collect::<Result<_, _>>()?;
    let key = CommandKey::new(kim, "~".repeat(CommandKey::MAX))?;
    let command = Command { key: Some(key), ..context.hold_line_items(&context.wide, kim, line_items.clone())? };
    let reservation = held(context.execute(command.clone()).await)?;
    let mut expected = line_items;
    expected.sort_by_key(|line_item| line_item.seat);
    ensure_eq!(reservation.line_items, expected);
    check_kept(&context, command, &reservation).await
}

pub(super) async fn the_largest_values_are_kept_as_they_were(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    fund_with_the_most(&context).await?;
    ensure_eq!(context.balance(kim).await?, Payment::MAX_CHARGE);
    let for_ever = Sale { pay_until: Instant::from_micros(i64::MAX), ..context.wide.clone() };
    let command = context.hold_line_items(&for_ever, kim, vec![long_line_item(1, Points::MAX)?])?;
    let reservation = held(context.execute(command.clone()).await)?;
    ensure_eq!((reservation.late_until.micros(), reservation.amount), (i64::MAX, Points::MAX));
    check_kept(&context, command, &reservation).await?;

    let most = Points::new(Payment::MAX_CHARGE)?;
    let reservation =
        held(context.execute(context.hold_line_items(&for_ever, kim, vec![long_line_item(2, most)?])?).await)?;
    context.execute(context.pay(&reservation)?).await?;
    ensure_eq!(context.balance(kim).await?, 0);
    let page = frontrow_application::PageRequest::new(10, None)?;
    let entries = context.fixture.booking.wallets.entries(kim, page).await?.items;
    let amounts: Vec<Points> = entries.iter().map(|entry| entry.transfer.amount).collect();
    ensure_eq!(amounts, [most, most]);
    Ok(())
}

async fn fund_with_the_most(context: &TestContext) -> Result<(), Failure> {
    let (user, payment) = (context.user(0), PaymentId::new(context.id()));
    let amount = Points::new(Payment::MAX_CHARGE)?;
    let charge = Charge { payment, user, amount, provider: "p".repeat(64) };
    charged(context.execute(context.keyed(user, Operation::Charge(charge))?).await)?;
    let settlement = Settlement::Accepted { provider_ref: "é漢🎫ß".repeat(32) };
    let settle = Settle { payment, user, settlement, transfer: TransferId::new(context.id()) };
    let settled: Answer = context.execute(Command::unkeyed(Operation::Settle(settle))).await;
    let settled = charged(settled)?;
    ensure_eq!(settled.provider_ref.as_deref(), Some(&*"é漢🎫ß".repeat(32)));
    ensure_eq!(context.fixture.booking.wallets.charge(payment).await?, Some(settled));
    Ok(())
}
