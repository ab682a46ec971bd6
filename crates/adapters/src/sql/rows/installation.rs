//! What all instances have to agree on.

use super::{Guarded, Reading, json};
use frontrow_domain::{Installation, Version};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    pub version: i64,
    pub body: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The one row.
pub(crate) const ID: i16 = 1;

impl TryFrom<Model> for Installation {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let installation: Self = Reading::of("installation", row.id).text(&row.body)?;
        Ok(Self { version: Version::new(row.version), ..installation })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

impl TryFrom<&Installation> for ActiveModel {
    type Error = DbErr;

    fn try_from(installation: &Installation) -> Result<Self, DbErr> {
        Ok(Self { id: Unchanged(ID), version: Set(installation.version.get()), body: Set(json(installation)?) })
    }
}
