//! Giving back what was paid for.

use crate::pay::{own, terms};
use crate::port::{BookingStore, IdSource, OnSale, OnSaleReader, ReservationReader};
use crate::{Error, Missing, RequestKey, ReservationRequest};
use frontrow_domain::{Cancel, Command, Outcome, PaymentId, Rejection, Reservation, ReservationId, TransferId, What};
use std::sync::Arc;

/// Gives back what was paid for, until the sale's deadline: the points go back, and the seats on sale again.
pub struct CancelReservation {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// What is given back.
    pub reservations: Arc<dyn ReservationReader>,
    /// On what terms.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// For the refund and its transfer.
    pub ids: Arc<dyn IdSource>,
}

impl CancelReservation {
    /// Somebody else's reservation is not found.
    pub async fn run(&self, request: ReservationRequest) -> Result<(Reservation, Arc<OnSale>), Error> {
        let reservation = own(&*self.reservations, request.user, request.reservation).await?;
        self.give_back(&reservation, request.request, What::Cancel).await
    }

    async fn give_back(
        &self,
        reservation: &Reservation,
        request: RequestKey,
        what: fn(Cancel) -> What,
    ) -> Result<(Reservation, Arc<OnSale>), Error> {
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
        let RequestKey { key, body_hash } = request;
        match self.store.execute(Command::keyed(key, body_hash, what(cancel))).await? {
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
    /// That an operator asks has been checked.
    pub async fn run(&self, id: ReservationId, request: RequestKey) -> Result<(Reservation, Arc<OnSale>), Error> {
        let reservation = self.cancel.reservations.reservation(id).await?;
        let reservation = reservation.ok_or(Error::NotFound(Missing::Reservation))?;
        self.cancel.give_back(&reservation, request, What::Refund).await
    }
}
