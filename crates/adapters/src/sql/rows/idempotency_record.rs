//! An idempotency record.

use super::{Reading, json};
use frontrow_domain::{CommandKey, IdempotencyRecord, Instant, UserId};
use sea_orm::ActiveValue::Unchanged;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_record")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub request_hash: Vec<u8>,
    pub outcome: String,
    pub at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for IdempotencyRecord {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("idempotency_record", format!("{}/{}", row.user_id, row.key));
        Ok(Self {
            key: CommandKey::new(UserId::new(row.user_id), row.key.as_str()).map_err(|flaw| reading.error(flaw))?,
            request_hash: reading.hash(row.request_hash)?,
            outcome: reading.text(&row.outcome)?,
            at: Instant::from_micros(row.at),
        })
    }
}

pub(crate) fn key(key: &CommandKey) -> (Uuid, String) {
    (key.user().uuid(), key.name().to_owned())
}

impl TryFrom<&IdempotencyRecord> for ActiveModel {
    type Error = DbErr;

    fn try_from(record: &IdempotencyRecord) -> Result<Self, DbErr> {
        let (user_id, key) = key(&record.key);
        Ok(Self {
            user_id: Unchanged(user_id),
            key: Unchanged(key),
            request_hash: Unchanged(record.request_hash.to_vec()),
            outcome: Unchanged(json(&record.outcome)?),
            at: Unchanged(record.at.micros()),
        })
    }
}
