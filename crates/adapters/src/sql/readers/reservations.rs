//! Reservations and their tickets.

use super::SqlReaders;
use crate::sql::rows::{reservation, seat, ticket};
use crate::sql::statements::Texts;
use async_trait::async_trait;
use frontrow_application::port::{HoldPosition, LapsedHold, ReservationReader, SoldPage, StoreError};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::{
    BuyerKey, Instant, PerformanceId, Reservation, ReservationId, ReservationState, SaleId, SeatNumber, Ticket, UserId,
};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Statement};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Reservations that one look for lapsed holds reads, as a multiple of the holds that it was asked for: however much
/// was sold since the watermark, a look takes no longer than a read may.
const LOOKED_AT: u64 = 10;

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

    async fn sold(
        &self,
        performance: PerformanceId,
        after: Option<SeatNumber>,
        limit: u32,
    ) -> Result<SoldPage, StoreError> {
        let name = "find what is sold";
        let query = async {
            let seats = sold_seats(performance, after, u64::from(limit) + 1);
            let seats: Vec<(i32, Option<Uuid>)> = seats.into_tuple().all(self.database.booking_readers()).await?;
            let Page { items: seats, next } = Page::of(seats, limit, |(number, _)| *number);
            let ids: BTreeSet<Uuid> = seats.into_iter().filter_map(|(_, reservation)| reservation).collect();
            let next = next.and_then(|number| SeatNumber::new(number.cast_unsigned()));
            let Some(statement) = self.database.texts().reading::<reservation::Entity>(ids)? else {
                return Ok(SoldPage { next, ..SoldPage::default() });
            };
            let rows = reservation::Entity::find().from_raw_sql(statement).all(self.database.booking_readers()).await?;
            let (reservations, unreadable) = self.database.readable(name, rows, |row| row.id);
            let unreadable = unreadable.into_iter().map(|(id, fault)| (ReservationId::new(id), fault)).collect();
            Ok(SoldPage { reservations, unreadable, next })
        };
        self.database.read(name, query).await
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

    async fn lapsed(
        &self,
        after: HoldPosition,
        now: Instant,
        limit: u32,
    ) -> Result<Page<LapsedHold, HoldPosition>, StoreError> {
        let looked_at = u64::from(limit) * LOOKED_AT;
        let query = ended_holds(after, now, looked_at).into_tuple().all(self.database.booking_readers());
        let rows: Vec<EndedHold> = self.database.read("find lapsed holds", query).await?;
        Ok(unmarked(&rows, looked_at, limit))
    }
}

impl SqlReaders {
    async fn find_reservation(&self, id: ReservationId) -> Result<Option<Reservation>, DbErr> {
        let row = reservation::Entity::find_by_id(id.uuid()).one(self.database.booking_readers()).await?;
        row.map(Reservation::try_from).transpose()
    }
}

/// The numbers of sold seats of a performance, ascending, and what they were sold to.
pub(in crate::sql) fn sold_seats(
    performance: PerformanceId,
    after: Option<SeatNumber>,
    limit: u64,
) -> Select<seat::Entity> {
    let after = after.map_or(0, |after| after.get().cast_signed());
    seat::Entity::find()
        .select_only()
        .columns([seat::Column::Number, seat::Column::ReservationId])
        .filter(seat::Column::PerformanceId.eq(performance.uuid()))
        .filter(seat::Column::Number.gt(after))
        .filter(seat::Column::State.eq(seat::SOLD))
        .order_by_asc(seat::Column::Number)
        .limit(limit)
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

/// Id, sale, user, when the hold ended, state.
type EndedHold = (Uuid, Uuid, Uuid, i64, String);

/// The next reservations whose hold has ended, whatever became of them: the index knows no states (see the migration).
pub(in crate::sql) fn ended_holds(after: HoldPosition, now: Instant, limit: u64) -> Select<reservation::Entity> {
    use reservation::Column::{HeldUntil, Id, SaleId, State, UserId};
    let HoldPosition { held_until, id } = after;
    let later = Condition::any().add(HeldUntil.gt(held_until.micros())).add(Id.gt(id.uuid()));
    reservation::Entity::find()
        .select_only()
        .columns([Id, SaleId, UserId, HeldUntil, State])
        .filter(HeldUntil.gte(held_until.micros()))
        .filter(HeldUntil.lte(now.micros()))
        .filter(later)
        .order_by_asc(HeldUntil)
        .order_by_asc(Id)
        .limit(limit)
}

/// Those of the reservations that are still marked as held. If so many were read as may be looked at, there may be
/// more.
fn unmarked(ended: &[EndedHold], looked_at: u64, limit: u32) -> Page<LapsedHold, HoldPosition> {
    let position =
        |row: &EndedHold| HoldPosition { held_until: Instant::from_micros(row.3), id: ReservationId::new(row.0) };
    let held = ended.iter().filter(|row| row.4 == ReservationState::Held.as_str());
    let held = held.map(|row| LapsedHold {
        position: position(row),
        buyer: BuyerKey { sale: SaleId::new(row.1), user: UserId::new(row.2) },
    });
    let mut page = Page::of(held.take(limit as usize + 1).collect(), limit, |hold| hold.position);
    if page.next.is_none() && ended.len() as u64 >= looked_at {
        page.next = ended.last().map(position);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u128, state: ReservationState) -> EndedHold {
        (Uuid::from_u128(n), Uuid::nil(), Uuid::nil(), 7, state.as_str().to_owned())
    }

    fn found(ended: &[EndedHold]) -> (Vec<u128>, Option<u128>) {
        let page = unmarked(ended, 4, 2);
        let number = |position: &HoldPosition| position.id.uuid().as_u128();
        (page.items.iter().map(|hold| number(&hold.position)).collect(), page.next.as_ref().map(number))
    }

    #[test]
    fn a_look_goes_on_after_the_last_hold_that_it_gives_or_the_last_row_that_it_read() {
        use ReservationState::{Confirmed, Held};
        assert_eq!(found(&[]), (vec![], None));
        assert_eq!(found(&[row(1, Held), row(2, Confirmed), row(3, Held)]), (vec![1, 3], None));
        assert_eq!(found(&[row(1, Held), row(2, Held), row(3, Held)]), (vec![1, 2], Some(2)));
        // Four were read, so that there may be more after them.
        assert_eq!(found(&[1, 2, 3, 4].map(|n| row(n, Confirmed))), (vec![], Some(4)));
        assert_eq!(found(&[row(1, Held), row(2, Held), row(3, Confirmed), row(4, Confirmed)]), (vec![1, 2], Some(4)));
        assert_eq!(found(&[1, 2, 3, 4].map(|n| row(n, Held))), (vec![1, 2], Some(2)));
    }
}
