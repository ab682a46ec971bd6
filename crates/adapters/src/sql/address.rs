//! Where a database is.

use super::DatabaseError;
use sea_orm::DbBackend;
use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::str::FromStr;

/// The address of a database, checked. Shows itself without user and password.
#[derive(Clone)]
pub(super) struct Address {
    /// As the driver wants it.
    pub url: String,
    pub backend: DbBackend,
    shown: String,
}

impl FromStr for Address {
    type Err = DatabaseError;

    fn from_str(url: &str) -> Result<Self, DatabaseError> {
        match url.split_once(':') {
            Some(("sqlite", path)) => sqlite(url, path),
            // The driver knows one name for both.
            Some(("mysql" | "mariadb", rest)) => mysql(format!("mysql:{rest}")),
            Some(("postgres" | "postgresql", rest)) => postgres(format!("postgres:{rest}")),
            _ => Err(DatabaseError::NotAnAddress),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn sqlite(url: &str, path: &str) -> Result<Address, DatabaseError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.contains(":memory:") || path.contains("mode=memory") {
        return Err(DatabaseError::InMemory);
    }
    if path.contains('?') {
        return Err(DatabaseError::Parameters);
    }
    if path.is_empty() {
        return Err(DatabaseError::NotAnAddress);
    }
    Ok(Address { url: url.to_owned(), backend: DbBackend::Sqlite, shown: url.to_owned() })
}

fn mysql(url: String) -> Result<Address, DatabaseError> {
    let options: MySqlConnectOptions = url.parse().map_err(|_| DatabaseError::NotAnAddress)?;
    let database = named(options.get_database())?;
    let shown = format!("mysql://{}:{}/{database}", options.get_host(), options.get_port());
    Ok(Address { url, backend: DbBackend::MySql, shown })
}

fn postgres(url: String) -> Result<Address, DatabaseError> {
    let options: PgConnectOptions = url.parse().map_err(|_| DatabaseError::NotAnAddress)?;
    let database = named(options.get_database())?;
    let shown = format!("postgres://{}:{}/{database}", options.get_host(), options.get_port());
    Ok(Address { url, backend: DbBackend::Postgres, shown })
}

fn named(database: Option<&str>) -> Result<&str, DatabaseError> {
    database.filter(|name| !name.is_empty()).ok_or(DatabaseError::NoName)
}
