//! How far a database has come.

use crate::Migrator;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseConnection, EntityTrait};
use sea_orm_migration::seaql_migrations;

/// How the schema of a database compares with what this release needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// It is the same.
    Current,
    /// These steps have to be taken first, in this order.
    Pending(Vec<String>),
    /// These steps were taken by a newer release.
    Newer(Vec<String>),
}

/// Compares, and changes nothing.
pub async fn schema_state(connection: &DatabaseConnection) -> Result<SchemaState, DbErr> {
    let taken = steps_taken(connection).await?;
    let steps: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let newer: Vec<String> = taken.iter().filter(|step| !steps.contains(step)).cloned().collect();
    let pending: Vec<String> = steps.into_iter().filter(|step| !taken.contains(step)).collect();
    Ok(match (newer.is_empty(), pending.is_empty()) {
        (false, _) => SchemaState::Newer(newer),
        (true, false) => SchemaState::Pending(pending),
        (true, true) => SchemaState::Current,
    })
}

/// The step that a schema which is [`SchemaState::Current`] has come to.
pub fn newest_step() -> String {
    Migrator::migrations().last().map(|step| step.name().to_owned()).unwrap_or_default()
}

async fn steps_taken(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let table = seaql_migrations::Entity;
    if !SchemaManager::new(connection).has_table(table.to_string()).await? {
        return Ok(Vec::new());
    }
    let steps = seaql_migrations::Entity::find().all(connection).await?;
    Ok(steps.into_iter().map(|step| step.version).collect())
}

/// Whether the database has none of the tables that a step makes. Changes nothing.
pub async fn is_empty(connection: &DatabaseConnection) -> Result<bool, DbErr> {
    let manager = SchemaManager::new(connection);
    for table in [seaql_migrations::Entity.to_string().as_str(), "users", "seat", "reservation"] {
        if manager.has_table(table).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
