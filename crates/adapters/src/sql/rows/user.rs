//! An account.

use super::Reading;
use frontrow_application::port::{Account, Credentials};
use frontrow_domain::{Email, Instant, Role, User, UserId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub role: String,
    pub password_hash: String,
    pub created_at: i64,
    pub email_verified: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Credentials {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("users", row.id);
        let role = reading.word(&row.role, role(&row.role))?;
        let user = User { id: UserId::new(row.id), email: Email::stored(row.email), name: row.name, role };
        Ok(Self { user, password_hash: row.password_hash })
    }
}

impl TryFrom<Model> for Account {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let (created, verified) = (Instant::from_micros(row.created_at), row.email_verified);
        let email_verified = verified.map(Instant::from_micros);
        Ok(Self { credentials: Credentials::try_from(row)?, created, email_verified })
    }
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Operator => "operator",
    }
}

fn role(word: &str) -> Option<Role> {
    [Role::Customer, Role::Operator].into_iter().find(|role| role_word(*role) == word)
}

impl From<(&Credentials, Instant)> for ActiveModel {
    fn from((credentials, at): (&Credentials, Instant)) -> Self {
        let Credentials { user: User { id, email, name, role }, password_hash } = credentials;
        Self {
            id: Unchanged(id.uuid()),
            email: Set(email.as_str().to_owned()),
            name: Set(name.clone()),
            role: Set(role_word(*role).to_owned()),
            password_hash: Set(password_hash.clone()),
            created_at: Unchanged(at.micros()),
            email_verified: Set(None),
        }
    }
}
