//! Performances, and how they become public.

use super::{Row, Save, SqlCatalogue};
use crate::sql::rows::{performance, seat, seat_map};
use crate::sql::statements::Texts;
use crate::sql::write::{Refusal, one};
use async_trait::async_trait;
use frontrow_application::port::{PerformanceRepository, Revision, StoreError, Stored};
use frontrow_domain::{ConcertId, Performance, PerformanceId, SeatNumber, Version};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use std::collections::BTreeSet;
use uuid::Uuid;

#[async_trait]
impl PerformanceRepository for SqlCatalogue {
    async fn performance(&self, id: PerformanceId) -> Result<Option<Stored<Performance>>, StoreError> {
        let query = async {
            let Some(row) = performance::Entity::find_by_id(id.uuid()).one(self.database.browsing_readers()).await?
            else {
                return Ok(None);
            };
            Ok(Some(Stored { revision: Revision(row.revision), value: row.try_into()? }))
        };
        self.database.read("read performance", query).await
    }

    async fn save_performance(&self, performance: &Performance, read: Option<Revision>) -> Result<(), StoreError> {
        let row = row(performance, read).map_err(|error| self.database.fault("save performance", &error))?;
        self.write("save performance", row).await
    }

    async fn publish(
        &self,
        performance: &Performance,
        read: Revision,
        map: Revision,
        seat_count: u32,
        blocked: &BTreeSet<SeatNumber>,
    ) -> Result<(), StoreError> {
        let row = row(performance, Some(read)).map_err(|error| self.database.fault("publish", &error))?;
        let map = Condition::all()
            .add(seat_map::Column::VenueId.eq(performance.venue.uuid()))
            .add(seat_map::Column::Version.eq(i64::from(performance.seat_map_version)))
            .add(seat_map::Column::Revision.eq(map.0));
        let seats = Seats { performance: performance.id.uuid(), count: seat_count, blocked: blocked.clone() };
        self.write("publish", Publication { row, map, seats }).await
    }

    async fn next_owing(&self, after: Option<PerformanceId>) -> Result<Option<PerformanceId>, StoreError> {
        let query = owing(after).into_tuple().one(self.database.booking_readers());
        let found: Option<Uuid> = self.database.read("find a performance that owes money", query).await?;
        Ok(found.map(PerformanceId::new))
    }

    async fn owes_nothing(&self, id: PerformanceId) -> Result<(), StoreError> {
        let written = self.database.write("note that a performance owes nothing", move |transaction| {
            Box::pin(async move {
                let update = performance::Entity::update_many()
                    .col_expr(performance::Column::Owing, Expr::value(None::<i16>))
                    .filter(performance::Column::Id.eq(id.uuid()));
                update.exec(transaction).await?;
                Ok(())
            })
        });
        written.await
    }
}

/// The first after that one that owes money.
pub(in crate::sql) fn owing(after: Option<PerformanceId>) -> Select<performance::Entity> {
    let mut query = performance::Entity::find()
        .select_only()
        .column(performance::Column::Id)
        .filter(performance::Column::Owing.eq(performance::OWING));
    if let Some(after) = after {
        query = query.filter(performance::Column::Id.gt(after.uuid()));
    }
    query.order_by_asc(performance::Column::Id).limit(1)
}

/// The ids of a concert's public performances, ascending.
pub(in crate::sql) fn list(concert: ConcertId) -> Select<performance::Entity> {
    performance::Entity::find()
        .select_only()
        .column(performance::Column::Id)
        .filter(performance::Column::ConcertId.eq(concert.uuid()))
        .filter(performance::is_public())
        .order_by_asc(performance::Column::Id)
}

fn row(performance: &Performance, read: Option<Revision>) -> Result<Row<performance::ActiveModel>, DbErr> {
    Row::next(performance::ActiveModel::try_from(performance)?, read)
}

struct Publication {
    row: Row<performance::ActiveModel>,
    map: Condition,
    seats: Seats,
}

impl Save for Publication {
    async fn run(&self, transaction: &DatabaseTransaction, texts: &Texts) -> Result<(), Refusal> {
        self.row.run(transaction, texts).await?;
        let freeze = seat_map::Entity::update_many()
            .col_expr(seat_map::Column::Frozen, Expr::value(true))
            .filter(self.map.clone());
        one(freeze.exec(transaction).await?.rows_affected)?;
        self.seats.run(transaction, texts).await
    }
}

/// The seats of a performance, all new.
struct Seats {
    performance: Uuid,
    count: u32,
    blocked: BTreeSet<SeatNumber>,
}

/// Seats of one statement.
const CHUNK: usize = 1000;

impl Save for Seats {
    async fn run(&self, transaction: &DatabaseTransaction, texts: &Texts) -> Result<(), Refusal> {
        let numbers: Vec<SeatNumber> = (1..=self.count).filter_map(SeatNumber::new).collect();
        for numbers in numbers.chunks(CHUNK) {
            let seats: Vec<_> = numbers.iter().map(|number| self.seat(*number)).collect();
            let Some(statement) = texts.inserting(&seats)? else { continue };
            transaction.execute_raw(statement).await?;
        }
        Ok(())
    }
}

impl Seats {
    fn seat(&self, number: SeatNumber) -> seat::ActiveModel {
        let state = if self.blocked.contains(&number) { seat::BLOCKED } else { seat::FREE };
        seat::ActiveModel {
            performance_id: Set(self.performance),
            number: Set(number.get().cast_signed()),
            state: Set(state),
            version: Set(Version::FIRST.get()),
            ..Default::default()
        }
    }
}
