//! Reading one's reservations.

use crate::pay::own;
use crate::port::{OnSale, OnSaleReader, ReservationReader, TicketPublicKey, TicketSigner};
use crate::{ActingOperator, Error, Missing, Page, PageRequest};
use frontrow_domain::{PerformanceStatus, Reservation, ReservationId, SeatLabel, Ticket, UserId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A reservation, and what is on sale, to name its seats by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationView {
    /// The reservation.
    pub reservation: Reservation,
    /// What is on sale, with its performance.
    pub on_sale: Arc<OnSale>,
}

/// A ticket as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// The ticket.
    pub ticket: Ticket,
    /// The seat.
    pub label: SeatLabel,
    /// What is scanned at the entrance.
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
    /// One of the user's own; somebody else's is not found.
    pub async fn one(&self, user: UserId, id: ReservationId) -> Result<ReservationView, Error> {
        self.view(own(&*self.reservations, user, id).await?).await
    }

    /// One reservation, whoever owns it.
    pub async fn anybodys(&self, _by: ActingOperator, id: ReservationId) -> Result<ReservationView, Error> {
        let reservation = self.reservations.reservation(id).await?;
        self.view(reservation.ok_or(Error::NotFound(Missing::Reservation))?).await
    }

    async fn view(&self, reservation: Reservation) -> Result<ReservationView, Error> {
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
            if let std::collections::btree_map::Entry::Vacant(position) = known.entry(performance) {
                let on_sale = self.on_sale.on_sale(performance).await?;
                position.insert(on_sale.ok_or(Error::NotFound(Missing::Performance))?);
            }
            let on_sale = Arc::clone(&known[&performance]);
            items.push(ReservationView { reservation, on_sale });
        }
        Ok(Page { items, next: page.next })
    }

    /// The valid tickets of one's own reservation, by ascending seat (none once the performance is cancelled), and what is
    /// on sale with its performance.
    pub async fn tickets(&self, user: UserId, id: ReservationId) -> Result<(Vec<TicketView>, Arc<OnSale>), Error> {
        let ReservationView { on_sale, .. } = self.one(user, id).await?;
        if on_sale.performance.status == PerformanceStatus::Cancelled {
            return Ok((Vec::new(), on_sale));
        }
        let tickets = self.reservations.tickets(id).await?;
        Ok((self.print(&tickets, &on_sale), on_sale))
    }

    /// Tickets with their seats' labels and their codes.
    pub fn print(&self, tickets: &[Ticket], on_sale: &OnSale) -> Vec<TicketView> {
        let print = |ticket: &Ticket| {
            let label = on_sale.layout.position(ticket.key.seat.number)?.label.clone();
            Some(TicketView { ticket: *ticket, label, code: self.tickets.code(ticket.key) })
        };
        tickets.iter().filter_map(print).collect()
    }

    /// What doors need to check the codes of tickets by themselves: the key that signs comes first.
    pub fn ticket_keys(&self) -> Vec<TicketPublicKey> {
        self.tickets.public_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockOnSaleReader, MockReservationReader, MockTicketSigner};
    use crate::testing::{finds, on_sale, operator, reads, reservation, seat, user};
    use frontrow_domain::{SeatState, TicketKey, Version};
    use uuid::Uuid;

    fn read(reservations: Arc<MockReservationReader>, on_sale: Arc<MockOnSaleReader>) -> ReadReservations {
        let mut tickets = MockTicketSigner::new();
        tickets.expect_code().returning(|key| format!("code-{}", key.seat.number.get()));
        ReadReservations { reservations, on_sale, tickets: Arc::new(tickets) }
    }

    fn ticket(number: u32) -> Ticket {
        let key = TicketKey { seat: seat(number, SeatState::Free).key, version: Version::FIRST };
        Ticket { key, reservation: reservation().id, valid: true }
    }

    #[tokio::test]
    async fn somebody_elses_reservation_and_its_tickets_are_not_found() {
        let read = read(finds(reservation()), reads(on_sale()));
        let id = reservation().id;
        assert_eq!(read.one(user(1), id).await.unwrap().reservation, reservation());
        assert_eq!(read.one(user(2), id).await, Err(Error::NotFound(Missing::Reservation)));
        assert_eq!(read.tickets(user(2), id).await, Err(Error::NotFound(Missing::Reservation)));
    }

    #[tokio::test]
    async fn an_operator_is_shown_anybodys_reservation() {
        let read = read(finds(reservation()), reads(on_sale()));
        assert_eq!(read.anybodys(operator(9), reservation().id).await.unwrap().reservation, reservation());
        let unknown = read.anybodys(operator(9), ReservationId::new(Uuid::nil())).await;
        assert_eq!(unknown, Err(Error::NotFound(Missing::Reservation)));
    }

    #[tokio::test]
    async fn a_ticket_has_its_seats_label_and_a_code() {
        let mut reservations = MockReservationReader::new();
        reservations.expect_reservation().returning(|_| Ok(Some(reservation())));
        reservations.expect_tickets().returning(|_| Ok(vec![ticket(1), ticket(10)]));
        let read = read(Arc::new(reservations), reads(on_sale()));
        let (printed, _) = read.tickets(user(1), reservation().id).await.unwrap();
        let printed: Vec<_> = printed.iter().map(|view| (view.label.to_string(), view.code.as_str())).collect();
        assert_eq!(printed, [("A-1-1".to_owned(), "code-1"), ("A-1-10".to_owned(), "code-10")]);
    }

    #[tokio::test]
    async fn a_page_reads_each_performance_once() {
        let other = Reservation { id: ReservationId::new(Uuid::from_u128(501)), ..reservation() };
        let page = Page { items: vec![other, reservation()], next: Some(reservation().id) };
        let mut reservations = MockReservationReader::new();
        reservations.expect_reservations_of().return_once(|_, _| Ok(page));
        let mut reader = MockOnSaleReader::new();
        reader.expect_on_sale().times(1).returning(|_| Ok(Some(Arc::new(on_sale()))));
        let read = read(Arc::new(reservations), Arc::new(reader));
        let shown = read.list(user(1), PageRequest { limit: 2, after: None }).await.unwrap();
        assert_eq!((shown.items.len(), shown.next), (2, Some(reservation().id)));
    }
}
