//! What can be seen of the books from outside.

use crate::Failure;
use crate::context::TestContext;
use frontrow_application::PageRequest;
use frontrow_application::port::Entry;
use frontrow_domain::{Instant, Payment, Points, Reservation, Seat, Ticket, UserId};

/// Seats, and what some users have: all that readers show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    seats: Vec<Seat>,
    users: Vec<Belongings>,
    /// Charges that the gateway has not settled, by id.
    unsettled: Vec<Payment>,
}

/// What one user has.
#[derive(Debug, PartialEq, Eq)]
struct Belongings {
    user: UserId,
    balance: Points,
    reservations: Vec<Reservation>,
    tickets: Vec<Ticket>,
    entries: Vec<Entry>,
}

impl Snapshot {
    /// Of the first users, as many as are wanted.
    pub(crate) async fn take(context: &TestContext, users: usize) -> Result<Self, Failure> {
        let mut seats = Vec::new();
        for performance in &context.programme.performances {
            seats.extend(context.fixture.booking.seats.not_free(performance.id).await?);
        }
        let (never, ever) = (Instant::from_micros(i64::MIN), Instant::from_micros(i64::MAX));
        let mut unsettled = context.fixture.booking.wallets.unsettled(never, ever, 1000).await?;
        unsettled.sort_by_key(|payment| payment.id);
        let mut snapshot = Self { seats, users: Vec::new(), unsettled };
        for n in 0..users {
            snapshot.users.push(Belongings::of(context, context.user(n)).await?);
        }
        Ok(snapshot)
    }
}

impl Belongings {
    async fn of(context: &TestContext, user: UserId) -> Result<Self, Failure> {
        let ports = &context.fixture.booking;
        let mut belongings = Self {
            user,
            balance: ports.wallets.balance(user).await?,
            reservations: Vec::new(),
            tickets: Vec::new(),
            entries: Vec::new(),
        };
        let mut after = None;
        loop {
            let page = PageRequest::longest(after);
            let page = ports.reservations.reservations_of(user, page).await?;
            belongings.reservations.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for reservation in &belongings.reservations {
            belongings.tickets.extend(ports.reservations.tickets(reservation.id).await?);
        }
        let mut after = None;
        loop {
            let page = ports.wallets.entries(user, PageRequest::longest(after)).await?;
            belongings.entries.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(belongings)
    }
}
