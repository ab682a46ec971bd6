//! What instances tell each other of a chore.

use super::Guarded;
use frontrow_application::Chore;
use frontrow_application::port::ChoreLease;
use frontrow_domain::Instant;
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chore")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub holder: Option<Uuid>,
    pub until: Option<i64>,
    pub watermark: Option<i64>,
    /// Of the lease alone: whoever writes the watermark is in nobody's way.
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

impl Model {
    /// Whose turn it is; `None` if it is nobody's.
    pub(crate) fn lease(&self) -> Option<ChoreLease> {
        Some(ChoreLease { holder: self.holder?, until: Instant::from_micros(self.until?) })
    }

    /// The row with another lease, or with none.
    pub(crate) fn with_lease(&self, lease: Option<ChoreLease>) -> ActiveModel {
        ActiveModel { name: Unchanged(self.name.clone()), ..leased(lease, self.version + 1) }
    }
}

/// A row that there was not.
pub(crate) fn first(chore: Chore, lease: Option<ChoreLease>, watermark: Option<Instant>) -> ActiveModel {
    let watermark = Set(watermark.map(Instant::micros));
    ActiveModel { name: Set(chore.name().to_owned()), watermark, ..leased(lease, 1) }
}

fn leased(lease: Option<ChoreLease>, version: i64) -> ActiveModel {
    ActiveModel {
        name: NotSet,
        holder: Set(lease.map(|lease| lease.holder)),
        until: Set(lease.map(|lease| lease.until.micros())),
        watermark: NotSet,
        version: Set(version),
    }
}
