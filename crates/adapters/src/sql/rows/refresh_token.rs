//! A refresh token.

use super::Reading;
use frontrow_domain::{Instant, RefreshToken, SessionId, UserId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub session_id: Uuid,
    pub user_id: Uuid,
    pub expires: i64,
    pub replaced: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for RefreshToken {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("refresh_token of session", row.session_id);
        Ok(Self {
            hash: reading.hash(row.hash)?,
            session: SessionId::new(row.session_id),
            user: UserId::new(row.user_id),
            expires: Instant::from_micros(row.expires),
            replaced: row.replaced.map(Instant::from_micros),
        })
    }
}

impl From<&RefreshToken> for ActiveModel {
    fn from(token: &RefreshToken) -> Self {
        Self {
            hash: Unchanged(token.hash.to_vec()),
            session_id: Unchanged(token.session.uuid()),
            user_id: Unchanged(token.user.uuid()),
            expires: Unchanged(token.expires.micros()),
            replaced: Set(token.replaced.map(Instant::micros)),
        }
    }
}
