//! A team books a seat with Frontrow's core and the in-memory store: hold it, charge the wallet, pay, get the ticket.

use frontrow_adapters::{Memory, SystemClock, UuidV7Source, sha256};
use frontrow_application::RequestKey;
use frontrow_application::port::{BookingError, BookingStore, Clock, IdSource, WalletReader};
use frontrow_domain::{
    Bookable, Charge, Command, Hold, LineItem, Operation, Outcome, Pay, PaymentId, PerformanceId, Points,
    ReservationId, SaleId, SaleTerms, SeatNumber, Settle, Settlement, TransferId, UserId,
};
use std::error::Error;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (memory, id, now) = (Memory::default(), || UuidV7Source.id(), SystemClock.now());
    let (performance, user) = (PerformanceId::new(id()), UserId::new(id()));
    memory.open_seats(performance, 100);
    let hour = Duration::from_hours(1);
    let terms = SaleTerms {
        sale: SaleId::new(id()),
        opens: now,
        closes: now + hour,
        pay_until: now + hour,
        cancel_until: now + hour,
        limit_per_person: 4,
        hold_duration: Duration::from_mins(5),
        admission: None,
        bookable: Bookable::ALWAYS,
    };
    let price = Points::new(120_000)?;

    // Hold: a key makes a repetition of the request harmless.
    let line_item = LineItem { list_price: price, paid: price, ..LineItem::free(SeatNumber::FIRST, "R", "adult") };
    let reservation = ReservationId::new(id());
    let hold = Hold { reservation, performance, user, terms: terms.clone(), line_items: vec![line_item] };
    let hold = RequestKey::new(user, "tap-1", "hold", b"seat 1", sha256)?.command(Operation::Hold(hold));
    let outcome = memory.execute(hold.clone()).await?;
    assert_eq!(memory.execute(hold).await?, outcome);

    // Charge the wallet: first begun, then settled by what the payment gateway says.
    let payment = PaymentId::new(id());
    let charge = Charge { payment, user, amount: price, provider: "our bank".into() };
    memory
        .execute(RequestKey::new(user, "tap-2", "charge", b"120000", sha256)?.command(Operation::Charge(charge)))
        .await?;
    let settlement = Settlement::Accepted { provider_ref: "receipt 1".into() };
    let settle = Settle { payment, user, settlement, transfer: TransferId::new(id()) };
    memory.execute(Command::unkeyed(Operation::Settle(settle))).await?;

    // Pay, once: another key is another try, and comes too late.
    let (payment, transfer, seats) = (PaymentId::new(id()), TransferId::new(id()), [SeatNumber::FIRST].into());
    let pay = Operation::Pay(Pay { reservation, performance, seats, user, terms, payment, transfer });
    let request = |key| RequestKey::new(user, key, "pay", reservation.to_string().as_bytes(), sha256);
    let paid = memory.execute(request("tap-3")?.command(pay.clone())).await?;
    assert!(matches!(&paid, Outcome::Paid { tickets, .. } if tickets.len() == 1 && tickets[0].valid));
    let again = memory.execute(request("tap-4")?.command(pay)).await;
    assert!(matches!(again, Err(BookingError::Rejected(_))));
    assert_eq!(memory.balance(user).await?, Points::ZERO);
    Ok(())
}

#[test]
fn a_team_books_a_seat() {
    main().unwrap();
}
