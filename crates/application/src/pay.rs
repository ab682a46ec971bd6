//! Paying a hold with points.

use crate::port::{BookingStore, IdSource, OnSale, OnSaleReader, ReservationReader};
use crate::{Error, Missing, RequestKey};
use frontrow_domain::{
    Command, Outcome, Pay, PaymentId, Rejection, Reservation, ReservationId, SaleTerms, Ticket, TransferId, UserId,
    What,
};
use std::sync::Arc;

/// Who wants something done with which of their reservations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationRequest {
    /// Who.
    pub user: UserId,
    /// Which.
    pub reservation: ReservationId,
    /// See there.
    pub request: RequestKey,
}

/// What was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidReservation {
    /// Confirmed.
    pub reservation: Reservation,
    /// The payment.
    pub payment: PaymentId,
    /// One per seat.
    pub tickets: Vec<Ticket>,
    /// To name the seats by.
    pub on_sale: Arc<OnSale>,
}

/// Pays a hold: once, in time or late.
pub struct PayReservation {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// What is to be paid.
    pub reservations: Arc<dyn ReservationReader>,
    /// On what terms.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// For the payment and its transfer.
    pub ids: Arc<dyn IdSource>,
}

impl PayReservation {
    /// Somebody else's reservation is not found.
    pub async fn run(&self, request: ReservationRequest) -> Result<PaidReservation, Error> {
        let reservation = own(&*self.reservations, request.user, request.reservation).await?;
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
        let RequestKey { key, body_hash } = request.request;
        match self.store.execute(Command::keyed(key, body_hash, What::Pay(pay))).await? {
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
    let sale = on_sale.sales.iter().find(|sale| sale.id == reservation.sale).ok_or(Error::NotFound(Missing::Sale))?;
    let terms = sale.terms();
    Ok((on_sale, terms))
}
