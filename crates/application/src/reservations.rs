//! Reading one's reservations.

use crate::pay::own;
use crate::port::{OnSale, OnSaleReader, ReservationReader, TicketSigner};
use crate::{Error, Missing, Page, PageRequest};
use frontrow_domain::{Reservation, ReservationId, SeatLabel, Ticket, UserId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A reservation, and what is on sale, to name its seats by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationView {
    /// The reservation.
    pub reservation: Reservation,
    /// Its performance.
    pub on_sale: Arc<OnSale>,
}

/// A ticket as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// The ticket.
    pub ticket: Ticket,
    /// The seat.
    pub label: SeatLabel,
    /// What is scanned at the door.
    pub code: String,
}

/// Shows one's own reservations and tickets.
pub struct ReadReservations {
    /// Reads them.
    pub reservations: Arc<dyn ReservationReader>,
    /// Names their seats.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Makes the tickets' codes.
    pub tickets: Arc<dyn TicketSigner>,
}

impl ReadReservations {
    /// One; somebody else's is not found.
    pub async fn one(&self, user: UserId, id: ReservationId) -> Result<ReservationView, Error> {
        let reservation = own(&*self.reservations, user, id).await?;
        let on_sale = self.on_sale.on_sale(reservation.performance).await?;
        let on_sale = on_sale.ok_or(Error::NotFound(Missing::Performance))?;
        Ok(ReservationView { reservation, on_sale })
    }

    /// All of a user's, the newest first.
    pub async fn list(
        &self,
        user: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<ReservationView, ReservationId>, Error> {
        let page = self.reservations.reservations_of(user, page).await?;
        let mut known = BTreeMap::new();
        let mut items = Vec::with_capacity(page.items.len());
        for reservation in page.items {
            let performance = reservation.performance;
            if let std::collections::btree_map::Entry::Vacant(place) = known.entry(performance) {
                let on_sale = self.on_sale.on_sale(performance).await?;
                place.insert(on_sale.ok_or(Error::NotFound(Missing::Performance))?);
            }
            let on_sale = Arc::clone(&known[&performance]);
            items.push(ReservationView { reservation, on_sale });
        }
        Ok(Page { items, next: page.next })
    }

    /// The valid tickets of one's own reservation, by ascending seat.
    pub async fn tickets(&self, user: UserId, id: ReservationId) -> Result<Vec<TicketView>, Error> {
        let view = self.one(user, id).await?;
        let tickets = self.reservations.tickets(id).await?;
        Ok(self.print(&tickets, &view.on_sale))
    }

    /// Tickets with their seats' labels and their codes.
    pub fn print(&self, tickets: &[Ticket], on_sale: &OnSale) -> Vec<TicketView> {
        let print = |ticket: &Ticket| {
            let label = on_sale.layout.place(ticket.key.seat.number)?.label.clone();
            Some(TicketView { ticket: *ticket, label, code: self.tickets.code(ticket.key) })
        };
        tickets.iter().filter_map(print).collect()
    }
}
