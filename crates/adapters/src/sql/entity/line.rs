//! The line of a sale.

use crate::sql::row::Reading;
use frontrow_domain::Version;
use frontrow_domain::waiting_room::Line;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "line")]
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

impl TryFrom<Model> for Line {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let line: Self = Reading::of("line", row.sale_id).text(&row.body)?;
        Ok(Self { version: Version::new(row.version), ..line })
    }
}
