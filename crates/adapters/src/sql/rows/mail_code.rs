//! The newest code that was sent to a user for a purpose.

use super::Reading;
use frontrow_domain::{CodePurpose, Instant, MailCode, UserId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    pub hash: String,
    pub made: i64,
    pub tries: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for MailCode {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("mail_code of user", row.user_id);
        let purpose = CodePurpose::ALL.into_iter().find(|purpose| purpose.as_str() == row.purpose);
        Ok(Self {
            user: UserId::new(row.user_id),
            purpose: reading.word(&row.purpose, purpose)?,
            hash: row.hash,
            made: Instant::from_micros(row.made),
            tries: reading.count(row.tries.into())?,
        })
    }
}

impl From<&MailCode> for ActiveModel {
    fn from(code: &MailCode) -> Self {
        Self {
            user_id: Unchanged(code.user.uuid()),
            purpose: Unchanged(code.purpose.as_str().to_owned()),
            hash: Set(code.hash.clone()),
            made: Set(code.made.micros()),
            // Five at most.
            tries: Set(i32::try_from(code.tries).unwrap_or(i32::MAX)),
        }
    }
}
