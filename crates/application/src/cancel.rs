//! Giving back what was paid for, or some seats of it.

use crate::pay::{own, terms};
use crate::port::{BookingStore, IdSource, OnSale, OnSaleReader, ReservationReader};
use crate::{ActingOperator, AlreadyReturned, Denied, Error, Missing, RequestKey};
use frontrow_domain::{
    Cancel, Hold, Invalid, Operation, Outcome, PaymentId, Refund, RefundReason, Rejection, Reservation, ReservationId,
    SeatLabel, SeatNumber, TransferId, Violation,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What of a reservation somebody wants to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiveBackRequest {
    /// Id of the reservation.
    pub reservation: ReservationId,
    /// The seats to give back, each once, while the others are kept; `None` for all that are left.
    pub seats: Option<Vec<SeatLabel>>,
    /// The user who asks, and their key: a repetition under the same key gets the same answer.
    pub request: RequestKey,
}

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
    pub async fn run(&self, request: GiveBackRequest) -> Result<(Reservation, Arc<OnSale>), Error> {
        let reservation = own(&*self.reservations, request.request.user(), request.reservation).await?;
        self.give_back(&reservation, &request, Operation::Cancel).await
    }

    /// What gives back all that is left of the reservation.
    pub(crate) async fn of(&self, reservation: &Reservation) -> Result<(Cancel, Arc<OnSale>), Error> {
        let (on_sale, terms) = terms(&*self.on_sale, reservation).await?;
        let cancel = Cancel {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            returned: None,
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
        request: &GiveBackRequest,
        operation: impl FnOnce(Cancel) -> Operation,
    ) -> Result<(Reservation, Arc<OnSale>), Error> {
        let (mut cancel, on_sale) = self.of(reservation).await?;
        if let Some(seats) = &request.seats {
            cancel.returned = Some(numbers(seats, reservation, &on_sale)?);
        }
        match self.store.execute(request.request.command(operation(cancel))).await {
            Ok(Outcome::GivenBack(reservation)) => Ok((reservation, on_sale)),
            Ok(_) => Err(Rejection::KeyReused.into()),
            Err(error) => Err(with_labels(error.into(), &on_sale)),
        }
    }
}

/// The numbers of seats of the reservation, whether they were returned before or not: a request that is repeated names such
/// seats, and is not refused for it.
fn numbers(labels: &[SeatLabel], reservation: &Reservation, on_sale: &OnSale) -> Result<BTreeSet<SeatNumber>, Invalid> {
    let (mut numbers, mut flaws) = (BTreeSet::new(), Vec::new());
    let mut add = |at: String, code, detail| flaws.push(Violation { pointer: format!("/seats{at}"), code, detail });
    if !(1..=Hold::MAX_SEATS as usize).contains(&labels.len()) {
        add(String::new(), "range", format!("1 to {} seats", Hold::MAX_SEATS));
    }
    for (index, label) in labels.iter().enumerate().take(Hold::MAX_SEATS as usize) {
        let number = on_sale.layout.number(label);
        match number.filter(|number| reservation.seats().any(|seat| seat == *number)) {
            Some(number) if numbers.insert(number) => {}
            Some(_) => add(format!("/{index}"), "duplicate", "each seat once".into()),
            None => {
                let names: Vec<_> = on_sale.labels(reservation.seats_left()).iter().map(ToString::to_string).collect();
                add(format!("/{index}"), "unknown", format!("one of {}", names.join(", ")));
            }
        }
    }
    if flaws.is_empty() { Ok(numbers) } else { Err(Invalid(flaws)) }
}

/// Says which seats were returned before in words that mean something to buyers.
fn with_labels(error: Error, on_sale: &OnSale) -> Error {
    let Error::Rejected(Rejection::SeatsReturned { seats, left }) = error else { return error };
    let (seats, left) = (on_sale.labels(seats), on_sale.labels(left));
    Error::AlreadyReturned(Box::new(AlreadyReturned { seats, left }))
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
        request: GiveBackRequest,
        reason: Option<RefundReason>,
    ) -> Result<(Reservation, Arc<OnSale>), Error> {
        if request.request.user() != by.user() {
            return Err(Denied::NotAnOperator.into());
        }
        let reservation = self.cancel.reservations.reservation(request.reservation).await?;
        let reservation = reservation.ok_or(Error::NotFound(Missing::Reservation))?;
        self.cancel.give_back(&reservation, &request, |cancel| Operation::Refund(Refund { cancel, reason })).await
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

    fn request(user: UserId) -> GiveBackRequest {
        GiveBackRequest { reservation: reservation().id, seats: None, request: request_key(user) }
    }

    /// The same for seats of row 1.
    fn request_of(user: UserId, seats: &[u32]) -> GiveBackRequest {
        let labels = seats.iter().map(|number| format!("A-1-{number}").parse().unwrap());
        GiveBackRequest { seats: Some(labels.collect()), ..request(user) }
    }

    /// What gives those seats of the reservation back to its owner.
    fn wanted(returned: Option<BTreeSet<SeatNumber>>) -> Cancel {
        Cancel {
            reservation: reservation().id,
            performance: reservation().performance,
            seats: [seat_number(1), seat_number(2)].into(),
            returned,
            user: reservation().user,
            terms: sale(0).terms_for(&performance()),
            payment: PaymentId::new(Uuid::from_u128(1)),
            transfer: TransferId::new(Uuid::from_u128(2)),
        }
    }

    /// A store that expects the command under the key of whoever asks, and says what has become of the reservation.
    fn expecting(asks: UserId, operation: Operation, then: Reservation) -> MockBookingStore {
        let mut store = MockBookingStore::new();
        let expected = request_key(asks).command(operation);
        let outcome = Outcome::GivenBack(then);
        store.expect_execute().with(eq(expected)).times(1).return_once(|_| Ok(outcome));
        store
    }

    #[tokio::test]
    async fn an_owner_cancels_what_the_reservation_says() {
        let then = reservation().with(ReservationState::Cancelled);
        let store = expecting(user(1), Operation::Cancel(wanted(None)), then.clone());
        assert_eq!(cancel(store).run(request(user(1))).await.unwrap().0, then);
    }

    #[tokio::test]
    async fn some_seats_are_given_back_by_their_labels() {
        let seats = BTreeSet::from([seat_number(2)]);
        let paid = reservation().with(ReservationState::Confirmed);
        let then = paid.without(seats.clone(), ReservationState::Cancelled, None);
        let store = expecting(user(1), Operation::Cancel(wanted(Some(seats))), then.clone());
        assert_eq!(cancel(store).run(request_of(user(1), &[2])).await.unwrap().0, then);
    }

    #[tokio::test]
    async fn every_flaw_of_a_choice_of_seats_is_named() {
        let flaws = [
            (vec![3, 1, 1], vec![("/seats/0", "unknown"), ("/seats/2", "duplicate")]),
            (vec![2, 99], vec![("/seats/1", "unknown")]),
            (vec![], vec![("/seats", "range")]),
            ((1..=51).map(|n| n % 2 + 1).collect(), vec![("/seats", "range")]),
        ];
        for (seats, expected) in flaws {
            let refused = cancel(MockBookingStore::new()).run(request_of(user(1), &seats)).await;
            let Err(Error::Invalid(Invalid(found))) = refused else { panic!("{seats:?}: {refused:?}") };
            let found: Vec<_> = found.iter().map(|flaw| (&*flaw.pointer, flaw.code, &*flaw.detail)).collect();
            for flaw in expected {
                assert!(found.iter().any(|(pointer, code, _)| (*pointer, *code) == flaw), "{flaw:?}: {found:?}");
            }
            let unknown = found.iter().filter(|(_, code, _)| *code == "unknown");
            assert!(unknown.map(|(_, _, detail)| *detail).all(|detail| detail == "one of A-1-1, A-1-2"), "{found:?}");
        }
    }

    #[tokio::test]
    async fn seats_that_were_given_back_before_are_named() {
        let mut store = MockBookingStore::new();
        let refused = Rejection::SeatsReturned { seats: vec![seat_number(2)], left: vec![seat_number(1)] };
        store.expect_execute().return_once(|_| Err(refused.into()));
        let refused = cancel(store).run(request_of(user(1), &[1, 2])).await;
        let Err(Error::AlreadyReturned(told)) = refused else { panic!("{refused:?}") };
        let label = |label: &str| vec![label.parse::<SeatLabel>().unwrap()];
        assert_eq!(*told, AlreadyReturned { seats: label("A-1-2"), left: label("A-1-1") });
    }

    #[tokio::test]
    async fn somebody_elses_reservation_is_not_found() {
        let refused = cancel(MockBookingStore::new()).run(request(user(2))).await;
        assert_eq!(refused, Err(Error::NotFound(Missing::Reservation)));
    }

    #[tokio::test]
    async fn an_operator_gives_back_anybodys_to_its_owner() {
        let reason = RefundReason::new("The artist is ill.").ok();
        for (asked, returned) in
            [(request(user(9)), None), (request_of(user(9), &[1]), Some(BTreeSet::from([seat_number(1)])))]
        {
            let operation = Operation::Refund(Refund { cancel: wanted(returned), reason: reason.clone() });
            let then = reservation().with(ReservationState::Refunded);
            let refund = RefundReservation { cancel: Arc::new(cancel(expecting(user(9), operation, then.clone()))) };
            assert_eq!(refund.run(operator(9), asked, reason.clone()).await.unwrap().0, then);
            let others = refund.run(operator(9), request(user(1)), None).await;
            assert_eq!(others, Err(Denied::NotAnOperator.into()), "a request is the operator's own");
            let unknown = GiveBackRequest { reservation: ReservationId::new(Uuid::nil()), ..request(user(9)) };
            let unknown = refund.run(operator(9), unknown, None).await;
            assert_eq!(unknown, Err(Error::NotFound(Missing::Reservation)));
        }
    }
}
