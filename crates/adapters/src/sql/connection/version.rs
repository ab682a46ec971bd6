//! Which server it is.

use super::address::Address;
use crate::sql::database_error::DatabaseError;
use crate::sql::dialect::{Dialect, of_server};
use sea_orm::{ConnectionTrait, Statement};

/// The dialect of a connection's server, if it is new enough.
pub(in crate::sql) async fn dialect(
    address: &Address,
    connection: &impl ConnectionTrait,
) -> Result<&'static dyn Dialect, DatabaseError> {
    if !address.dialect.is_server() {
        return Ok(address.dialect);
    }
    let backend = address.dialect.backend();
    let row = connection.query_one_raw(Statement::from_string(backend, address.dialect.version())).await;
    let text = row.and_then(|row| row.map_or(Ok(String::new()), |row| row.try_get_by_index(0)));
    let text = text.map_err(|error| DatabaseError::Failed(error.to_string()))?;
    of_server(backend, &text).ok_or(DatabaseError::TooOld(text))
}
