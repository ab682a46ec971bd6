//! Paying a hold with points.

use crate::port::{BookingStore, IdSource, OnSale, OnSaleReader, ReservationReader};
use crate::{Error, Missing, RequestKey};
use frontrow_domain::{
    Operation, Outcome, Pay, PaymentId, Rejection, Reservation, ReservationId, SaleTerms, Ticket, TransferId, UserId,
};
use std::sync::Arc;

/// Which of their reservations somebody wants something done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationRequest {
    /// Id of the reservation.
    pub reservation: ReservationId,
    /// The user who asks, and their key: a repetition under the same key gets the same answer.
    pub request: RequestKey,
}

/// What was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidReservation {
    /// The reservation, now confirmed.
    pub reservation: Reservation,
    /// The payment.
    pub payment: PaymentId,
    /// The tickets, one per seat.
    pub tickets: Vec<Ticket>,
    /// What is on sale, to name the seats by.
    pub on_sale: Arc<OnSale>,
}

/// Pays a hold: once, in time or late.
pub struct PayReservation {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds what is to be paid.
    pub reservations: Arc<dyn ReservationReader>,
    /// Knows the terms.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Makes ids for the payment and its transfer.
    pub ids: Arc<dyn IdSource>,
}

impl PayReservation {
    /// Somebody else's reservation is not found; what was cancelled, or has begun, takes no payment.
    pub async fn run(&self, request: ReservationRequest) -> Result<PaidReservation, Error> {
        let reservation = own(&*self.reservations, request.request.user(), request.reservation).await?;
        let (on_sale, terms) = terms(&*self.on_sale, &reservation).await?;
        let pay = Pay {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            user: reservation.user,
            terms,
            payment: PaymentId::new(self.ids.id()),
            transfer: TransferId::new(self.ids.id()),
        };
        match self.store.execute(request.request.command(Operation::Pay(pay))).await? {
            Outcome::Paid { reservation, payment, tickets } => {
                Ok(PaidReservation { reservation, payment, tickets, on_sale })
            }
            _ => Err(Rejection::KeyReused.into()),
        }
    }
}

/// The reservation, if it is that user's.
pub(crate) async fn own(
    reservations: &dyn ReservationReader,
    user: UserId,
    id: ReservationId,
) -> Result<Reservation, Error> {
    let reservation = reservations.reservation(id).await?;
    reservation.filter(|r| r.user == user).ok_or(Error::NotFound(Missing::Reservation))
}

/// The terms of a reservation's sale: a sale never goes away once it is public.
pub(crate) async fn terms(
    on_sale: &dyn OnSaleReader,
    reservation: &Reservation,
) -> Result<(Arc<OnSale>, SaleTerms), Error> {
    let on_sale = on_sale.on_sale(reservation.performance).await?.ok_or(Error::NotFound(Missing::Performance))?;
    let terms = on_sale.terms_of(reservation).ok_or(Error::NotFound(Missing::Sale))?;
    Ok((on_sale, terms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Conflict;
    use crate::Outage;
    use crate::port::{BookingError, MockBookingStore};
    use crate::testing::{
        at, finds, ids, on_sale, performance, reads, request_key, reservation, sale, seat_number, user,
    };
    use frontrow_domain::{Action, Command, NotBookable, Performance, PerformanceStatus, ReservationState};
    use mockall::predicate::eq;
    use uuid::Uuid;

    fn pay(store: MockBookingStore) -> PayReservation {
        let (reservations, on_sale) = (finds(reservation()), reads(on_sale()));
        PayReservation { store: Arc::new(store), reservations, on_sale, ids: ids() }
    }

    /// The same, for a performance that stands there, and a reservation that does.
    fn pay_when(store: MockBookingStore, status: PerformanceStatus, state: ReservationState) -> PayReservation {
        let on_sale = OnSale { performance: Performance { status, ..on_sale().performance }, ..on_sale() };
        let reservations = finds(Reservation { state, ..reservation() });
        PayReservation { reservations, on_sale: reads(on_sale), ..pay(store) }
    }

    fn request(user: UserId) -> ReservationRequest {
        ReservationRequest { reservation: reservation().id, request: request_key(user) }
    }

    #[tokio::test]
    async fn the_command_says_what_the_reservation_and_its_sale_say() {
        let what = Pay {
            reservation: reservation().id,
            performance: reservation().performance,
            seats: [seat_number(1), seat_number(2)].into(),
            user: user(1),
            terms: sale(0).terms_for(&performance()),
            payment: PaymentId::new(Uuid::from_u128(1)),
            transfer: TransferId::new(Uuid::from_u128(2)),
        };
        let expected = request_key(user(1)).command(Operation::Pay(what));
        let confirmed = reservation().with(ReservationState::Confirmed);
        let paid = Outcome::Paid {
            reservation: confirmed.clone(),
            payment: PaymentId::new(Uuid::from_u128(1)),
            tickets: Vec::new(),
        };
        let mut store = MockBookingStore::new();
        store.expect_execute().with(eq(expected)).times(1).return_once(|_| Ok(paid));
        assert_eq!(pay(store).run(request(user(1))).await.unwrap().reservation, confirmed);
    }

    #[tokio::test]
    async fn somebody_elses_reservation_is_not_found() {
        let refused = pay(MockBookingStore::new()).run(request(user(2))).await;
        assert_eq!(refused, Err(Error::NotFound(Missing::Reservation)));
    }

    #[tokio::test]
    async fn a_reservation_that_is_not_there_is_not_found() {
        let unknown = ReservationRequest { reservation: ReservationId::new(Uuid::nil()), ..request(user(1)) };
        let refused = pay(MockBookingStore::new()).run(unknown).await;
        assert_eq!(refused, Err(Error::NotFound(Missing::Reservation)));
    }

    #[tokio::test]
    async fn what_is_held_of_a_cancelled_performance_is_not_paid_and_of_a_postponed_one_is() {
        for state in [ReservationState::Held, ReservationState::Expired] {
            let cancelled = NotBookable::Cancelled;
            let mut store = MockBookingStore::new();
            let says = |command: &Command| {
                let Operation::Pay(pay) = &command.operation else { return false };
                pay.terms.check(Action::Pay, at(0)) == Err(NotBookable::Cancelled)
            };
            let refused = store.expect_execute().withf(says).times(1);
            refused.return_once(move |_| Err(Rejection::NotBookable(cancelled).into()));
            let pay = pay_when(store, PerformanceStatus::Cancelled, state);
            assert_eq!(pay.run(request(user(1))).await, Err(Error::Conflict(Conflict::NotBookable)));
            let mut store = MockBookingStore::new();
            let paid = Outcome::Paid {
                reservation: reservation().with(ReservationState::Confirmed),
                payment: PaymentId::new(Uuid::from_u128(1)),
                tickets: Vec::new(),
            };
            store.expect_execute().times(1).return_once(|_| Ok(paid));
            assert!(pay_when(store, PerformanceStatus::Postponed, state).run(request(user(1))).await.is_ok());
        }
    }

    #[tokio::test]
    async fn whoever_repeats_a_payment_from_before_the_cancellation_is_told_what_came_of_it() {
        let mut store = MockBookingStore::new();
        let already = Err(BookingError::Rejected(Rejection::AlreadyPaid));
        store.expect_execute().times(1).return_once(|_| already);
        let pay = pay_when(store, PerformanceStatus::Cancelled, ReservationState::Confirmed);
        assert_eq!(pay.run(request(user(1))).await, Err(Error::Rejected(Rejection::AlreadyPaid)));
    }

    #[tokio::test]
    async fn the_stores_answer_is_passed_on() {
        let retry_after = std::time::Duration::from_secs(3);
        let answers = [
            (Err(BookingError::Rejected(Rejection::AlreadyPaid)), Error::Rejected(Rejection::AlreadyPaid)),
            (Err(BookingError::Outage(Outage::Busy { retry_after })), Error::Outage(Outage::Busy { retry_after })),
            (Err(BookingError::Unknown(None)), Error::Unknown),
            (Ok(Outcome::Held(reservation())), Error::Rejected(Rejection::KeyReused)),
        ];
        for (answer, expected) in answers {
            let mut store = MockBookingStore::new();
            store.expect_execute().return_once(|_| answer);
            assert_eq!(pay(store).run(request(user(1))).await, Err(expected));
        }
    }
}
