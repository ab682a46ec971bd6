//! What is read without a lock.

use super::StoreError;
use crate::{Page, PageRequest};
use async_trait::async_trait;
use frontrow_domain::{
    BookingState, BuyerKey, CommandKey, IdempotencyRecord, Instant, Payment, PaymentId, PaymentKind, PerformanceId,
    Points, Reservation, ReservationId, Seat, SeatNumber, SeatSet, SeatState, Ticket, Transfer, TransferId, UserId,
};
use std::sync::Arc;
use uuid::Uuid;

/// Reads seats.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait SeatReader: Send + Sync {
    /// The seats of a performance that are not free, by ascending number: those held (lapsed or not), sold and blocked.
    async fn not_free(&self, performance: PerformanceId) -> Result<Vec<Seat>, StoreError>;
}

/// Which seats of a performance can't be had, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatSnapshot {
    /// Those that can't be had: sold, blocked, or held by somebody whose hold can't be taken over yet.
    pub taken: SeatSet,
    /// How many they are.
    pub count: u32,
    /// Whether any of them is held, so that it may come back by itself.
    pub any_held: bool,
}

impl SeatSnapshot {
    /// Of rows of which those that are left out are free.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Seat>, now: Instant) -> Self {
        let mut snapshot = Self::default();
        for seat in rows.into_iter().filter(|seat| !seat.state.can_be_taken(now)) {
            snapshot.taken.insert(seat.key.number);
            snapshot.any_held |= matches!(seat.state, SeatState::Held { .. });
        }
        Self { count: snapshot.taken.len(), ..snapshot }
    }

    /// How many seats of a hall of `seat_count` can be had.
    pub const fn left_of(&self, seat_count: u32) -> u32 {
        seat_count.saturating_sub(self.count)
    }
}

/// Knows the seats of performances well enough to look at and to plan with, for as many as ask. Nothing is decided by it.
///
/// As long as nothing has changed the answer is the same `Arc`: what was made of it can be used again.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait SeatSnapshots: Send + Sync {
    /// With all that was answered here (see [`Announcer::seats_written`](super::Announcer::seats_written)), and all that
    /// others committed more than a second ago; a little longer while that is being read.
    async fn recent(&self, performance: PerformanceId) -> Result<Arc<SeatSnapshot>, StoreError>;

    /// With all that was answered here, and all that anybody had committed at that instant. So many requests can share a read
    /// that is not older than they can bear.
    async fn fresh(&self, performance: PerformanceId, since: Instant) -> Result<Arc<SeatSnapshot>, StoreError>;
}

/// Reads idempotency records.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait IdempotencyRecordReader: Send + Sync {
    /// The record of that key, if there is one.
    async fn idempotency_record(&self, key: &CommandKey) -> Result<Option<IdempotencyRecord>, StoreError>;
}

/// Where a hold stands among all of them: they come in the order in which they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldPosition {
    /// When it ends.
    pub held_until: Instant,
    /// Tells apart those that end at the same instant.
    pub id: ReservationId,
}

impl HoldPosition {
    /// Before all holds that end at that instant, and after all that end earlier.
    pub const fn before_all_at(held_until: Instant) -> Self {
        Self { held_until, id: ReservationId::new(Uuid::nil()) }
    }
}

/// A hold that has lapsed and is not marked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LapsedHold {
    /// Which hold, and when it ended.
    pub position: HoldPosition,
    /// Whose it is.
    pub buyer: BuyerKey,
}

impl LapsedHold {
    /// That hold, for readers that have the whole row. It must have lapsed.
    pub fn of(hold: &Reservation) -> Self {
        Self { position: HoldPosition { held_until: hold.held_until, id: hold.id }, buyer: hold.buyer() }
    }
}

/// What the next sold seats of a performance are sold to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoldPage {
    /// Each reservation once.
    pub reservations: Vec<Reservation>,
    /// Those that can't be read, each with its fault: they are in no other's way.
    pub unreadable: Vec<(ReservationId, StoreError)>,
    /// The last of the seats, if there are more.
    pub next: Option<SeatNumber>,
}

impl SoldPage {
    /// For readers that have all bookings in memory.
    pub fn of(bookings: &BookingState, performance: PerformanceId, after: Option<SeatNumber>, limit: u32) -> Self {
        let (reservations, next) = bookings.sold(performance, after, limit);
        Self { reservations, unreadable: Vec::new(), next }
    }
}

/// Reads reservations and their tickets.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ReservationReader: Send + Sync {
    /// By id.
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError>;

    /// A user's, the newest first.
    async fn reservations_of(
        &self,
        user: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError>;

    /// The reservations that seats of a performance are sold to: those of the next `limit` sold seats, by ascending number.
    /// One whose seats are on several pages may be on each of them.
    async fn sold(
        &self,
        performance: PerformanceId,
        after: Option<SeatNumber>,
        limit: u32,
    ) -> Result<SoldPage, StoreError>;

    /// The valid tickets of a reservation, by ascending seat.
    async fn tickets(&self, reservation: ReservationId) -> Result<Vec<Ticket>, StoreError>;

    /// Holds after that position that have lapsed by `now` and are not marked yet, in their order, at most `limit`.
    /// There may be fewer on a page, or none, because a store looks at a bounded number of rows: [`Page::next`] is
    /// `None` only once it has looked at all of them.
    async fn lapsed(
        &self,
        after: HoldPosition,
        now: Instant,
        limit: u32,
    ) -> Result<Page<LapsedHold, HoldPosition>, StoreError>;
}

/// One entry of a wallet's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The points that moved.
    pub transfer: Transfer,
    /// What they moved for.
    pub kind: PaymentKind,
    /// The reservation that they moved for, if there is one.
    pub reservation: Option<ReservationId>,
}

/// Reads wallets and charges.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait WalletReader: Send + Sync {
    /// A user's points; zero if nothing was ever charged.
    async fn balance(&self, user: UserId) -> Result<Points, StoreError>;

    /// A user's history, the newest first.
    async fn entries(&self, user: UserId, page: PageRequest<TransferId>)
    -> Result<Page<Entry, TransferId>, StoreError>;

    /// A charge, by id.
    async fn charge(&self, id: PaymentId) -> Result<Option<Payment>, StoreError>;

    /// Charges begun between those instants (the second not included) that the gateway has not settled, or whose money it
    /// has not given back; the oldest first.
    async fn unsettled(&self, from: Instant, before: Instant, limit: u32) -> Result<Vec<Payment>, StoreError>;
}
