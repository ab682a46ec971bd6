//! Seats, and idempotency records.

use super::SqlReaders;
use crate::sql::rows::{idempotency_record, seat};
use async_trait::async_trait;
use frontrow_application::port::{IdempotencyRecordReader, SeatReader, StoreError};
use frontrow_domain::{CommandKey, IdempotencyRecord, Instant, PerformanceId, Seat, TAKEOVER_GRACE};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

#[async_trait]
impl SeatReader for SqlReaders {
    async fn not_free(&self, performance: PerformanceId) -> Result<Vec<Seat>, StoreError> {
        let query = async {
            let rows = not_free(performance).all(self.database.booking_readers()).await?;
            rows.into_iter().map(Seat::try_from).collect()
        };
        self.database.read("read seats", query).await
    }

    async fn available(
        &self,
        performances: &[PerformanceId],
        now: Instant,
    ) -> Result<Vec<(PerformanceId, u32)>, StoreError> {
        let query = available(performances, now).into_tuple().all(self.database.browsing_readers());
        let counts: Vec<(Uuid, i64)> = self.database.read("count seats", query).await?;
        let counts = counts.into_iter().map(|(id, count)| (PerformanceId::new(id), u32::try_from(count)));
        Ok(counts.map(|(id, count)| (id, count.unwrap_or(u32::MAX))).collect())
    }
}

#[async_trait]
impl IdempotencyRecordReader for SqlReaders {
    async fn done(&self, key: &CommandKey) -> Result<Option<IdempotencyRecord>, StoreError> {
        let query = idempotency_record::Entity::find_by_id((key.user().uuid(), key.name().to_owned()));
        let query =
            async { query.one(self.database.booking_readers()).await?.map(IdempotencyRecord::try_from).transpose() };
        self.database.read("read idempotency record", query).await
    }
}

/// The seats of a performance that are not free, by ascending number.
pub(in crate::sql) fn not_free(performance: PerformanceId) -> Select<seat::Entity> {
    seat::Entity::find()
        .filter(seat::Column::PerformanceId.eq(performance.uuid()))
        .filter(seat::Column::State.ne(seat::FREE))
        .order_by_asc(seat::Column::Number)
}

/// Performances, and how many seats of each can be had.
#[expect(clippy::disallowed_methods, reason = "one text for each number of performances, until it goes")]
pub(in crate::sql) fn available(performances: &[PerformanceId], now: Instant) -> Select<seat::Entity> {
    let lapsed = Condition::all()
        .add(seat::Column::State.eq(seat::HELD))
        .add(seat::Column::HeldUntil.lte((now - TAKEOVER_GRACE).micros()));
    seat::Entity::find()
        .select_only()
        .column(seat::Column::PerformanceId)
        .column_as(Expr::col(seat::Column::Number).count(), "seats")
        .filter(seat::Column::PerformanceId.is_in(performances.iter().map(|id| id.uuid())))
        .filter(Condition::any().add(seat::Column::State.eq(seat::FREE)).add(lapsed))
        .group_by(seat::Column::PerformanceId)
}
