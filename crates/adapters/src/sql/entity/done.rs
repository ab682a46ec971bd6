//! An idempotency record.

use crate::sql::row::Reading;
use frontrow_domain::{CommandKey, Done, Instant, UserId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "done")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub body_hash: Vec<u8>,
    pub outcome: String,
    pub at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Done {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("done", format!("{}/{}", row.user_id, row.key));
        Ok(Self {
            key: CommandKey::new(UserId::new(row.user_id), row.key.as_str()).map_err(|flaw| reading.error(flaw))?,
            body_hash: reading.hash(row.body_hash)?,
            outcome: reading.text(&row.outcome)?,
            at: Instant::from_micros(row.at),
        })
    }
}
