//! A mail that is promised and not sent yet.

use super::Reading;
use frontrow_application::port::{MailKind, PromisedMail};
use frontrow_domain::{Instant, UserId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub kind: String,
    pub at: i64,
    pub due: i64,
    pub tries: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for PromisedMail {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("outbox", row.id);
        let kind = MailKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
        Ok(Self {
            id: row.id,
            user: UserId::new(row.user_id),
            kind: reading.word(&row.kind, kind)?,
            at: Instant::from_micros(row.at),
            due: Instant::from_micros(row.due),
            tries: reading.count(row.tries.into())?,
        })
    }
}

impl From<&PromisedMail> for ActiveModel {
    fn from(mail: &PromisedMail) -> Self {
        Self {
            id: Unchanged(mail.id),
            user_id: Unchanged(mail.user.uuid()),
            kind: Unchanged(mail.kind.as_str().to_owned()),
            at: Unchanged(mail.at.micros()),
            due: Set(mail.due.micros()),
            tries: Set(tries(mail.tries)),
        }
    }
}

/// As it is written: nobody tries that often.
pub(crate) fn tries(tries: u32) -> i32 {
    i32::try_from(tries).unwrap_or(i32::MAX)
}
