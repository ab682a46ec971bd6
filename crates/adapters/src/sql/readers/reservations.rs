//! Reservations and their tickets.

use super::SqlReaders;
use crate::sql::rows::{reservation, ticket};
use crate::sql::statements::Texts;
use async_trait::async_trait;
use frontrow_application::port::{ReservationReader, StoreError};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::{BuyerKey, Instant, Reservation, ReservationId, ReservationState, SaleId, Ticket, UserId};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Statement};
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

/// Holds are looked for from this long before the oldest that may be unmarked: the clocks of several servers differ, and
/// a hold may be committed some time after it was decided.
const MARGIN: Duration = Duration::from_mins(1);

#[async_trait]
impl ReservationReader for SqlReaders {
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        self.database.read("read reservation", self.find_reservation(id)).await
    }

    async fn reservations_of(
        &self,
        user: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let query = async {
            let rows = list(user, &page).all(self.database.browsing_readers()).await?;
            rows.into_iter().map(Reservation::try_from).collect::<Result<Vec<_>, DbErr>>()
        };
        let reservations = self.database.read("list reservations", query).await?;
        Ok(Page::of(reservations, page.limit, |reservation| reservation.id))
    }

    async fn tickets(&self, reservation: ReservationId) -> Result<Vec<Ticket>, StoreError> {
        let query = async {
            let Some(reservation) = self.find_reservation(reservation).await? else { return Ok(Vec::new()) };
            let Some(statement) = valid_tickets(self.database.texts(), &reservation)? else { return Ok(Vec::new()) };
            let rows = ticket::Entity::find().from_raw_sql(statement).all(self.database.booking_readers()).await?;
            let mut tickets = rows.into_iter().map(Ticket::try_from).collect::<Result<Vec<_>, DbErr>>()?;
            tickets.sort_by_key(|ticket| ticket.key.seat.number);
            Ok(tickets)
        };
        self.database.read("read tickets", query).await
    }

    async fn lapsed(&self, now: Instant, limit: u32) -> Result<Vec<(ReservationId, BuyerKey)>, StoreError> {
        let from = self.all_marked_before.load(Ordering::Relaxed);
        let clock_went_back = from > (now - MARGIN).micros();
        let from = if clock_went_back { i64::MIN } else { from };
        let query = lapsed(from, now, limit).into_tuple().all(self.database.booking_readers());
        let rows: Vec<(Uuid, Uuid, Uuid, i64)> = self.database.read("find lapsed holds", query).await?;
        let oldest = rows.first().map_or(now, |row| Instant::from_micros(row.3));
        self.all_marked_before.store((oldest - MARGIN).micros(), Ordering::Relaxed);
        let lapsed = rows.into_iter().map(|(id, sale, user, _)| {
            (ReservationId::new(id), BuyerKey { sale: SaleId::new(sale), user: UserId::new(user) })
        });
        Ok(lapsed.collect())
    }
}

impl SqlReaders {
    async fn find_reservation(&self, id: ReservationId) -> Result<Option<Reservation>, DbErr> {
        let row = reservation::Entity::find_by_id(id.uuid()).one(self.database.booking_readers()).await?;
        row.map(Reservation::try_from).transpose()
    }
}

/// A user's reservations, the newest first.
pub(in crate::sql) fn list(user: UserId, page: &PageRequest<ReservationId>) -> Select<reservation::Entity> {
    let mut query = reservation::Entity::find().filter(reservation::Column::UserId.eq(user.uuid()));
    if let Some(after) = page.after {
        query = query.filter(reservation::Column::Id.lt(after.uuid()));
    }
    query.order_by_desc(reservation::Column::Id).limit(u64::from(page.limit) + 1)
}

/// Found by their seats, which have an index; reservations have none there.
pub(in crate::sql) fn valid_tickets(texts: &Texts, reservation: &Reservation) -> Result<Option<Statement>, DbErr> {
    let numbers = reservation.seats().map(|number| number.get().cast_signed());
    texts.reading_tickets(reservation.id.uuid(), reservation.performance.uuid(), numbers)
}

/// Lapsed holds: id, sale, user, instant. The index knows no states, so a look from the beginning of time would pass by
/// all that was ever sold.
pub(in crate::sql) fn lapsed(from: i64, now: Instant, limit: u32) -> Select<reservation::Entity> {
    use reservation::Column::{HeldUntil, Id, SaleId, State, UserId};
    reservation::Entity::find()
        .select_only()
        .columns([Id, SaleId, UserId, HeldUntil])
        .filter(HeldUntil.gte(from))
        .filter(HeldUntil.lte(now.micros()))
        .filter(State.eq(ReservationState::Held.as_str()))
        .order_by_asc(HeldUntil)
        .limit(u64::from(limit))
}
