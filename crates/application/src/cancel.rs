//! Giving back what was paid for.

use crate::pay::{own, terms};
use crate::port::{BookingStore, IdSource, OnSale, OnSaleReader, ReservationReader};
use crate::{ActingOperator, Denied, Error, Missing, RequestKey, ReservationRequest};
use frontrow_domain::{
    Cancel, Operation, Outcome, PaymentId, Refund, RefundReason, Rejection, Reservation, ReservationId, TransferId,
};
use std::sync::Arc;

/// Gives back what was paid for, until the sale's deadline: the points go back, and the seats on sale again.
pub struct CancelReservation {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds what is given back.
    pub reservations: Arc<dyn ReservationReader>,
    /// Knows the terms.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Makes ids for the refund and its transfer.
    pub ids: Arc<dyn IdSource>,
}

impl CancelReservation {
    /// Somebody else's reservation is not found.
    pub async fn run(&self, request: ReservationRequest) -> Result<(Reservation, Arc<OnSale>), Error> {
        let reservation = own(&*self.reservations, request.request.user(), request.reservation).await?;
        self.give_back(&reservation, request.request, Operation::Cancel).await
    }

    /// What gives the reservation back.
    pub(crate) async fn of(&self, reservation: &Reservation) -> Result<(Cancel, Arc<OnSale>), Error> {
        let (on_sale, terms) = terms(&*self.on_sale, reservation).await?;
        let cancel = Cancel {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            user: reservation.user,
            terms,
            payment: PaymentId::new(self.ids.id()),
            transfer: TransferId::new(self.ids.id()),
        };
        Ok((cancel, on_sale))
    }

    async fn give_back(
        &self,
        reservation: &Reservation,
        request: RequestKey,
        operation: impl FnOnce(Cancel) -> Operation,
    ) -> Result<(Reservation, Arc<OnSale>), Error> {
        let (cancel, on_sale) = self.of(reservation).await?;
        match self.store.execute(request.command(operation(cancel))).await? {
            Outcome::GivenBack(reservation) => Ok((reservation, on_sale)),
            _ => Err(Rejection::KeyReused.into()),
        }
    }
}

/// Gives back what anybody paid for, whenever an operator says so.
pub struct RefundReservation {
    /// Does it.
    pub cancel: Arc<CancelReservation>,
}

impl RefundReservation {
    /// Their reason is kept with the reservation. The request has to be the operator's own.
    pub async fn run(
        &self,
        by: ActingOperator,
        id: ReservationId,
        reason: Option<RefundReason>,
        request: RequestKey,
    ) -> Result<(Reservation, Arc<OnSale>), Error> {
        if request.user() != by.user() {
            return Err(Denied::NotAnOperator.into());
        }
        let reservation = self.cancel.reservations.reservation(id).await?;
        let reservation = reservation.ok_or(Error::NotFound(Missing::Reservation))?;
        self.cancel.give_back(&reservation, request, |cancel| Operation::Refund(Refund { cancel, reason })).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::MockBookingStore;
    use crate::testing::{
        finds, ids, on_sale, operator, performance, reads, request_key, reservation, sale, seat_number, user,
    };
    use frontrow_domain::{ReservationState, UserId};
    use mockall::predicate::eq;
    use uuid::Uuid;

    fn cancel(store: MockBookingStore) -> CancelReservation {
        let (reservations, on_sale) = (finds(reservation()), reads(on_sale()));
        CancelReservation { store: Arc::new(store), reservations, on_sale, ids: ids() }
    }

    fn request(user: UserId) -> ReservationRequest {
        ReservationRequest { reservation: reservation().id, request: request_key(user) }
    }

    /// A store that expects the reservation to be given back to its owner, under the key of whoever asks.
    fn expecting(asks: UserId, operation: impl FnOnce(Cancel) -> Operation, end: ReservationState) -> MockBookingStore {
        let cancel = Cancel {
            reservation: reservation().id,
            performance: reservation().performance,
            seats: [seat_number(1), seat_number(2)].into(),
            user: reservation().user,
            terms: sale(0).terms_for(&performance()),
            payment: PaymentId::new(Uuid::from_u128(1)),
            transfer: TransferId::new(Uuid::from_u128(2)),
        };
        let mut store = MockBookingStore::new();
        let expected = request_key(asks).command(operation(cancel));
        let outcome = Outcome::GivenBack(reservation().with(end));
        store.expect_execute().with(eq(expected)).times(1).return_once(|_| Ok(outcome));
        store
    }

    #[tokio::test]
    async fn an_owner_cancels_what_the_reservation_says() {
        let store = expecting(user(1), Operation::Cancel, ReservationState::Cancelled);
        let (cancelled, _) = cancel(store).run(request(user(1))).await.unwrap();
        assert_eq!(cancelled.state, ReservationState::Cancelled);
    }

    #[tokio::test]
    async fn somebody_elses_reservation_is_not_found() {
        let refused = cancel(MockBookingStore::new()).run(request(user(2))).await;
        assert_eq!(refused, Err(Error::NotFound(Missing::Reservation)));
    }

    #[tokio::test]
    async fn an_operator_gives_back_anybodys_to_its_owner() {
        let reason = RefundReason::new("The artist is ill.").ok();
        let refund = |cancel| Operation::Refund(Refund { cancel, reason: reason.clone() });
        let store = expecting(user(9), refund, ReservationState::Refunded);
        let refund = RefundReservation { cancel: Arc::new(cancel(store)) };
        let (refunded, _) = refund.run(operator(9), reservation().id, reason, request_key(user(9))).await.unwrap();
        assert_eq!((refunded.state, refunded.user), (ReservationState::Refunded, user(1)));
        let others = refund.run(operator(9), reservation().id, None, request_key(user(1))).await;
        assert_eq!(others, Err(Denied::NotAnOperator.into()), "a request is the operator's own");
        let unknown = refund.run(operator(9), ReservationId::new(Uuid::nil()), None, request_key(user(9))).await;
        assert_eq!(unknown, Err(Error::NotFound(Missing::Reservation)));
    }
}
