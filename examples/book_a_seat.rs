//! A team books a seat with Frontrow's core and the in-memory store: hold it, charge the wallet, pay, get the ticket.

use frontrow_adapters::{Memory, SystemClock, UuidV7Source};
use frontrow_application::port::{BookingError, BookingStore, Clock, IdSource, WalletReader};
use frontrow_domain::{
    Bookable, Charge, Command, CommandKey, Hold, Line, Outcome, Pay, PaymentId, PerformanceId, Points, ReservationId,
    SaleId, SaleTerms, SeatNumber, Settle, Settlement, TransferId, UserId, What,
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
    let line = Line { list_price: price, paid: price, ..Line::free(SeatNumber::FIRST, "R", "adult") };
    let reservation = ReservationId::new(id());
    let hold = Hold { reservation, performance, user, terms: terms.clone(), lines: vec![line] };
    let hold = Command::keyed(CommandKey::new(user, "tap-1")?, [0; 32], What::Hold(hold));
    let outcome = memory.execute(hold.clone()).await?;
    assert_eq!(memory.execute(hold).await?, outcome);

    // Charge the wallet: first begun, then settled by what the payment gateway says.
    let payment = PaymentId::new(id());
    let charge = Charge { payment, user, amount: price, provider: "our bank".into() };
    memory.execute(Command::keyed(CommandKey::new(user, "tap-2")?, [0; 32], What::Charge(charge))).await?;
    let settlement = Settlement::Accepted { provider_ref: "receipt 1".into() };
    let settle = Settle { payment, user, settlement, transfer: TransferId::new(id()) };
    memory.execute(Command::unkeyed(What::Settle(settle))).await?;

    // Pay, once: another key is another try, and comes too late.
    let (payment, transfer, seats) = (PaymentId::new(id()), TransferId::new(id()), [SeatNumber::FIRST].into());
    let pay = What::Pay(Pay { reservation, performance, seats, user, terms, payment, transfer });
    let paid = memory.execute(Command::keyed(CommandKey::new(user, "tap-3")?, [0; 32], pay.clone())).await?;
    assert!(matches!(&paid, Outcome::Paid { tickets, .. } if tickets.len() == 1 && tickets[0].valid));
    let again = memory.execute(Command::keyed(CommandKey::new(user, "tap-4")?, [0; 32], pay)).await;
    assert!(matches!(again, Err(BookingError::Rejected(_))));
    assert_eq!(memory.balance(user).await?, Points::ZERO);
    Ok(())
}

#[test]
fn a_team_books_a_seat() {
    main().unwrap();
}
