//! What is read without changing it.

use super::Memory;
use async_trait::async_trait;
use frontrow_application::port::{
    Entry, HoldPosition, LapsedHold, ReservationReader, SeatReader, SeatSnapshot, SeatSnapshots, SoldPage, StoreError,
    WalletReader,
};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::{
    AccountId, BookingState, Instant, Payment, PaymentId, PaymentKind, PerformanceId, Points, Reservation,
    ReservationId, ReservationState, Seat, SeatKey, SeatNumber, SeatState, Ticket, Transfer, TransferId, UserId,
};
use std::sync::Arc;

/// The seats of a performance, by ascending number.
fn seats(bookings: &BookingState, performance: PerformanceId) -> impl Iterator<Item = &Seat> {
    let first = SeatKey { performance, number: SeatNumber::FIRST };
    bookings.seats.range(first..).map(|(_, seat)| seat).take_while(move |seat| seat.key.performance == performance)
}

#[async_trait]
impl SeatReader for Memory {
    async fn not_free(&self, performance: PerformanceId) -> Result<Vec<Seat>, StoreError> {
        let state = self.state();
        Ok(seats(&state.bookings, performance).filter(|seat| seat.state != SeatState::Free).copied().collect())
    }
}

/// As they are at this moment: it knows them by heart.
#[async_trait]
impl SeatSnapshots for Memory {
    async fn recent(&self, performance: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError> {
        let now = self.clock.now();
        Ok(Arc::new(SeatSnapshot::of(seats(&self.state().bookings, performance), now)))
    }

    async fn fresh(&self, performance: PerformanceId, _: Instant) -> Result<Arc<SeatSnapshot>, StoreError> {
        self.recent(performance).await
    }
}

#[async_trait]
impl ReservationReader for Memory {
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        Ok(self.state().bookings.reservations.get(&id).cloned())
    }

    async fn reservations_of(
        &self,
        user: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let state = self.state();
        let theirs = state.bookings.reservations.values().rev().filter(|r| r.user == user);
        let wanted = theirs.filter(|r| page.after.is_none_or(|after| r.id < after));
        let items = wanted.take(page.limit as usize + 1).cloned().collect();
        Ok(Page::of(items, page.limit, |reservation: &Reservation| reservation.id))
    }

    async fn sold(
        &self,
        performance: PerformanceId,
        after: Option<SeatNumber>,
        limit: u32,
    ) -> Result<SoldPage, StoreError> {
        Ok(SoldPage::of(&self.state().bookings, performance, after, limit))
    }

    async fn tickets(&self, reservation: ReservationId) -> Result<Vec<Ticket>, StoreError> {
        let state = self.state();
        let tickets =
            state.bookings.tickets.values().filter(|ticket| ticket.valid && ticket.reservation == reservation);
        Ok(tickets.copied().collect())
    }

    async fn lapsed(
        &self,
        after: HoldPosition,
        now: Instant,
        limit: u32,
    ) -> Result<Page<LapsedHold, HoldPosition>, StoreError> {
        let state = self.state();
        let holds =
            state.bookings.reservations.values().filter(|r| r.state == ReservationState::Held && r.has_lapsed(now));
        let mut lapsed: Vec<LapsedHold> = holds.map(LapsedHold::of).filter(|hold| after < hold.position).collect();
        lapsed.sort_by_key(|hold| hold.position);
        Ok(Page::of(lapsed, limit, |hold| hold.position))
    }
}

#[async_trait]
impl WalletReader for Memory {
    async fn balance(&self, user: UserId) -> Result<Points, StoreError> {
        Ok(self.state().bookings.wallets.get(&user).map_or(Points::ZERO, |wallet| wallet.balance))
    }

    async fn entries(
        &self,
        user: UserId,
        page: PageRequest<TransferId>,
    ) -> Result<Page<Entry, TransferId>, StoreError> {
        let state = self.state();
        let wallet = AccountId::Wallet(user);
        let entry = |transfer: &Transfer| {
            let payment = state.bookings.payments.get(&transfer.payment)?;
            Some(Entry { transfer: *transfer, kind: payment.kind, reservation: payment.reservation })
        };
        let theirs = state.bookings.transfers.values().rev().filter(|t| t.debit == wallet || t.credit == wallet);
        let wanted = theirs.filter(|t| page.after.is_none_or(|after| t.id < after));
        let items = wanted.take(page.limit as usize + 1).filter_map(entry).collect();
        Ok(Page::of(items, page.limit, |entry: &Entry| entry.transfer.id))
    }

    async fn charge(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Ok(self.state().bookings.payments.get(&id).filter(|payment| payment.kind == PaymentKind::Charge).cloned())
    }

    async fn unsettled(&self, from: Instant, before: Instant, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let state = self.state();
        let waits = |payment: &&Payment| {
            payment.kind == PaymentKind::Charge && payment.state.is_open() && (from..before).contains(&payment.at)
        };
        let mut unsettled: Vec<Payment> = state.bookings.payments.values().filter(waits).cloned().collect();
        unsettled.sort_by_key(|payment| payment.at);
        unsettled.truncate(limit as usize);
        Ok(unsettled)
    }
}
