//! Which server it is.

use super::DatabaseError;
use super::dialect::Dialect;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// The dialect of a connection's server, if it is new enough.
pub(super) async fn dialect(connection: &impl ConnectionTrait) -> Result<Dialect, DatabaseError> {
    let backend = connection.get_database_backend();
    if backend == DbBackend::Sqlite {
        return Ok(Dialect::Sqlite);
    }
    let row = connection.query_one_raw(Statement::from_string(backend, "SELECT VERSION()")).await;
    let text = row.and_then(|row| row.map_or(Ok(String::new()), |row| row.try_get_by_index(0)));
    let text = text.map_err(|error| DatabaseError::Failed(error.to_string()))?;
    known(backend, &text).ok_or(DatabaseError::TooOld(text))
}

fn known(backend: DbBackend, text: &str) -> Option<Dialect> {
    let (dialect, oldest) = match backend {
        DbBackend::Postgres => (Dialect::Postgres, [14, 0, 0]),
        _ if text.contains("MariaDB") => (Dialect::MariaDb, [10, 6, 0]),
        _ => (Dialect::MySql, [8, 0, 20]),
    };
    (numbers(text) >= oldest).then_some(dialect)
}

/// The first number with dots in it: `11.8.9` of `11.8.9-MariaDB`, `17.6` of `PostgreSQL 17.6 (Debian)`.
fn numbers(text: &str) -> [u32; 3] {
    let from = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[from..].split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_what_it_says_of_itself() {
        for (backend, text, dialect) in [
            (DbBackend::Postgres, "PostgreSQL 17.6 (Debian 17.6-1) on x86_64", Some(Dialect::Postgres)),
            (DbBackend::Postgres, "PostgreSQL 13.22 on x86_64", None),
            (DbBackend::MySql, "11.8.9-MariaDB-0+deb13u1 from Debian", Some(Dialect::MariaDb)),
            (DbBackend::MySql, "10.5.29-MariaDB", None),
            (DbBackend::MySql, "9.7.4-2", Some(Dialect::MySql)),
            (DbBackend::MySql, "8.0.19", None),
            (DbBackend::MySql, "8.0.20", Some(Dialect::MySql)),
        ] {
            assert_eq!(known(backend, text), dialect, "{text}");
        }
    }
}
