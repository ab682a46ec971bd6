//! The queue of a sale.

use super::{Guarded, Reading, json};
use frontrow_domain::Version;
use frontrow_domain::waiting_room::Queue;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "queue")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    pub version: i64,
    pub live: i16,
    pub body: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Not over.
pub(crate) const LIVE: i16 = 1;
/// Closed, and nobody is admitted any more.
pub(crate) const OVER: i16 = 0;
/// Over for so long that nobody is told of it.
pub(crate) const FORGOTTEN: i16 = 2;

impl TryFrom<Model> for Queue {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let queue: Self = Reading::of("queue", row.sale_id).text(&row.body)?;
        Ok(Self { version: Version::new(row.version), ..queue })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

/// `live` says that the queue is not over.
pub(crate) fn row(queue: &Queue, live: bool) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        sale_id: Unchanged(queue.sale.uuid()),
        version: Set(queue.version.get()),
        live: Set(if live { LIVE } else { OVER }),
        body: Set(json(queue)?),
    })
}
