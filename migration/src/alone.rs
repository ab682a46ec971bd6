//! Migrating alone: several instances of a new release may start at once.

use crate::Migrator;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// Seconds to wait for whoever migrates already.
const PATIENCE: u32 = 600;
/// `PostgreSQL`'s locks have numbers for names; a lock is one of its database.
const LOCK: i64 = 0x66_72_6f_6e_74_72_6f_77;

/// Takes all pending steps under a lock of the database server's. `connection` has to be a pool of one: the lock belongs
/// to its session, and goes with it if the process dies. After an error the connection has to be closed: a step's
/// transaction may still be open on it.
pub async fn migrate_alone(connection: &DatabaseConnection) -> Result<(), DbErr> {
    lock(connection).await?;
    // A connection on which a step has failed is not used again: the lock goes with it.
    Migrator::up(connection, None).await?;
    unlock(connection).await
}

async fn lock(connection: &DatabaseConnection) -> Result<(), DbErr> {
    match connection.get_database_backend() {
        DbBackend::Postgres => {
            let text =
                format!("SET lock_timeout = '{PATIENCE}s'; SELECT pg_advisory_lock({LOCK}); SET lock_timeout = 0");
            connection.execute_unprepared(&text).await.map(drop)
        }
        DbBackend::MySql => {
            let text = format!("SELECT CAST(GET_LOCK({}, {PATIENCE}) AS SIGNED)", mysql_name());
            let row = connection.query_one_raw(Statement::from_string(DbBackend::MySql, text)).await?;
            match row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten() {
                Some(1) => Ok(()),
                _ => Err(DbErr::Custom(format!("somebody else has been migrating for {PATIENCE} seconds"))),
            }
        }
        _ => Ok(()),
    }
}

async fn unlock(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let text = match connection.get_database_backend() {
        DbBackend::Postgres => format!("SELECT pg_advisory_unlock({LOCK})"),
        DbBackend::MySql => format!("SELECT RELEASE_LOCK({})", mysql_name()),
        _ => return Ok(()),
    };
    connection.execute_unprepared(&text).await.map(drop)
}

/// `MySQL`'s locks are the whole server's, and their names have 64 characters.
fn mysql_name() -> &'static str {
    "CONCAT('frontrow-migrate-', LEFT(SHA2(DATABASE(), 256), 32))"
}
