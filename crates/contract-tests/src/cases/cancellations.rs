//! Performances that don't take place.

use crate::context::TestContext;
use crate::{CataloguePorts, Failure};
use async_trait::async_trait;
use frontrow_application::port::{BookingError, BookingStore, IdSource, SoldPage};
use frontrow_application::{CancelReservation, ReturnMoney, ReturnProgress};
use frontrow_domain::{Command, Outcome, Performance, PerformanceStatus, ReservationState, SeatNumber, SeatState};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Ids that no other source of the world makes.
struct Ids {
    first: u128,
    next: AtomicU64,
}

impl IdSource for Ids {
    fn id(&self) -> Uuid {
        Uuid::from_u128(self.first + u128::from(self.next.fetch_add(1, Ordering::Relaxed)))
    }

    fn secret(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// What is carried out here is answered, and so announced, like everything else.
struct Answered(Arc<TestContext>);

#[async_trait]
impl BookingStore for Answered {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        self.0.execute(command).await
    }
}

/// An instance that has just started.
fn instance(context: &Arc<TestContext>, catalogue: &CataloguePorts, n: u128) -> ReturnMoney {
    let cancel = CancelReservation {
        store: Arc::new(Answered(Arc::clone(context))),
        reservations: Arc::clone(&context.fixture.booking.reservations),
        on_sale: Arc::clone(&catalogue.on_sale),
        ids: Arc::new(Ids { first: 0x0190_0000_0000_7000_8000_1000_0000_0000 + (n << 32), next: AtomicU64::default() }),
    };
    ReturnMoney {
        performances: Arc::clone(&catalogue.performances),
        cancel: Arc::new(cancel),
        clock: context.clock(),
        progress: ReturnProgress::default(),
    }
}

async fn cancel(context: &TestContext, catalogue: &CataloguePorts) -> Result<(), Failure> {
    let stored = catalogue.performances.performance(context.performance()).await?;
    let stored = stored.ok_or_else(|| Failure::new("the programme's performance is there"))?;
    let cancelled = Performance { status: PerformanceStatus::Cancelled, ..stored.value };
    Ok(catalogue.performances.save_performance(&cancelled, Some(stored.revision)).await?)
}

pub(super) async fn what_was_paid_for_a_cancelled_performance_is_given_back(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let catalogue = context.catalogue()?;
    let mut bought = Vec::new();
    // More seats than a run looks at.
    for (n, first) in [(0, 1), (1, 41), (2, 81), (3, 121)] {
        let seats: Vec<u32> = (first..first + 40).collect();
        bought.push(context.paid(context.user(n), &seats).await?);
    }
    let held = context.held(context.user(4), &[200]).await?;
    // One of them has given some seats back before.
    context.execute(context.cancel_seats(&bought[1], &[41, 42, 80])?).await?;
    ensure_eq!(catalogue.performances.next_owing(None).await?, None);
    cancel(&context, catalogue).await?;
    ensure_eq!(catalogue.performances.next_owing(None).await?, Some(held.performance));

    let first = instance(&context, catalogue, 1).run().await?;
    ensure!(first.more && first.failed.is_none(), "{first:?}");
    // It is gone, and another one begins at the first seat.
    let second = instance(&context, catalogue, 2);
    while second.run().await?.more {}
    for paid in &bought {
        let reservation = context.reservation(paid.id).await?;
        ensure_eq!(reservation.state, ReservationState::Refunded);
        ensure!(reservation.refund_reason.is_some(), "it says why");
        ensure_eq!(context.balance(paid.user).await?, paid.amount.amount());
        ensure_eq!(context.fixture.booking.reservations.tickets(paid.id).await?, Vec::new());
    }
    let seats = context.fixture.booking.seats.not_free(held.performance).await?;
    let states: Vec<SeatState> = seats.into_iter().map(|seat| seat.state).collect();
    ensure_eq!(states, [SeatState::Held { by: held.id, until: held.held_until }]);

    ensure_eq!(catalogue.performances.next_owing(None).await?, Some(held.performance), "a minute has not passed");
    context.later(ReturnMoney::SETTLED_AFTER + Duration::from_secs(1));
    ensure_eq!(second.run().await?.given_back, 0);
    ensure_eq!(catalogue.performances.next_owing(None).await?, None);
    let stored = catalogue.performances.performance(held.performance).await?;
    ensure_eq!(stored.map(|stored| stored.value.status), Some(PerformanceStatus::Cancelled));
    Ok(())
}

pub(super) async fn what_is_sold_is_found_seat_by_seat(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let (wide, late) = (context.paid(kim, &[1, 5, 9]).await?, context.paid(kim, &[7]).await?);
    context.held(kim, &[3]).await?;
    let reservations = &context.fixture.booking.reservations;
    let first = reservations.sold(context.performance(), None, 2).await?;
    ensure_eq!(first.next.map(SeatNumber::get), Some(5));
    let second = reservations.sold(context.performance(), first.next, 2).await?;
    ensure_eq!(second.next, None);
    let ids = |page: &SoldPage| page.reservations.iter().map(|found| found.id).collect::<BTreeSet<_>>();
    ensure_eq!((ids(&first), ids(&second)), (BTreeSet::from([wide.id]), BTreeSet::from([wide.id, late.id])));
    let all = reservations.sold(context.performance(), None, 100).await?;
    ensure_eq!((all.reservations.len(), all.next), (2, None));
    Ok(())
}
