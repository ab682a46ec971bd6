//! Accounts, from the command line: on the database itself.

use crate::database::open_existing_database;
use crate::refused::Refused;
use crate::settings::Settings;
use anyhow::Result;
use frontrow_adapters::sql::{SqlAccounts, SqlAuditor};
use frontrow_adapters::{Argon2idHasher, SystemClock, UuidV7Source};
use frontrow_application::{AddStandIn, Error, Missing};
use frontrow_domain::UserId;
use std::io::Write;
use std::sync::Arc;

/// Adds an account for somebody whom the books name and who is missing, and says so.
pub async fn add_stand_in(user: UserId, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let database = open_existing_database(settings).await?;
    let clock = Arc::new(SystemClock);
    let add = AddStandIn {
        accounts: Arc::new(SqlAccounts::new(database.clone())),
        auditor: Arc::new(SqlAuditor::new(database.clone(), clock.clone())),
        passwords: Arc::new(Argon2idHasher::new()),
        ids: Arc::new(UuidV7Source),
        clock,
    };
    let added = add.run(user).await;
    database.close().await;
    let added = added.map_err(|error| match error {
        Error::NotFound(Missing::User) => Refused(format!("nobody is missing who has the id {user}")).into(),
        error => anyhow::Error::from(error),
    })?;
    writeln!(out, "added {} in place of user {user}", added.email.as_str())?;
    Ok(())
}
