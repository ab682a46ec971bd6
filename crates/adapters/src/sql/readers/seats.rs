//! Seats, and idempotency records.

use super::SqlReaders;
use crate::sql::rows::{idempotency_record, seat};
use async_trait::async_trait;
use frontrow_application::port::{IdempotencyRecordReader, SeatReader, StoreError};
use frontrow_domain::{CommandKey, IdempotencyRecord, PerformanceId, Seat};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Select};

#[async_trait]
impl SeatReader for SqlReaders {
    async fn not_free(&self, performance: PerformanceId) -> Result<Vec<Seat>, StoreError> {
        let query = async {
            let rows = not_free(performance).all(self.database.booking_readers()).await?;
            rows.into_iter().map(Seat::try_from).collect()
        };
        self.database.read("read seats", query).await
    }
}

#[async_trait]
impl IdempotencyRecordReader for SqlReaders {
    async fn idempotency_record(&self, key: &CommandKey) -> Result<Option<IdempotencyRecord>, StoreError> {
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
