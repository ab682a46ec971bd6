//! Which database to open, and why that failed.

use crate::address::Shown;
use crate::sql::connection::address::Address;
use crate::sql::connection::error::is_timeout;
use crate::sql::database_error::{self, DatabaseError};
use sea_orm::DbErr;
use std::fmt;

/// Which database, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `sqlite://PATH`, `postgres://USER:PASSWORD@HOST/NAME` or `mysql://USER:PASSWORD@HOST/NAME` (`MariaDB` too).
    pub url: String,
    /// Connections that only read: 1 to [`DatabaseSettings::MAX_READERS`].
    pub readers: u32,
    /// Whether to make the file if it does not exist. A server's database has to be there.
    pub create: bool,
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, readers, create } = self;
        let url = Shown(url).to_string();
        f.debug_struct("DatabaseSettings").field("url", &url).field("readers", readers).field("create", create).finish()
    }
}

impl DatabaseSettings {
    /// Readers unless the settings say otherwise.
    pub const DEFAULT_READERS: u32 = 4;
    /// More than these only wait for the same processors.
    pub const MAX_READERS: u32 = database_error::MAX_READERS;

    /// The address, if all of it can be right.
    pub(super) fn check(&self) -> Result<Address, DatabaseError> {
        if !(1..=Self::MAX_READERS).contains(&self.readers) {
            return Err(DatabaseError::Readers);
        }
        self.url.parse()
    }
}

/// Why the database at that address could not be opened.
pub(super) fn not_opened(address: &Address, error: &DbErr) -> DatabaseError {
    if address.dialect.is_missing(error) {
        DatabaseError::CannotOpen(address.to_string())
    } else if !address.dialect.is_server() {
        DatabaseError::Failed(error.to_string())
    } else {
        let why = if is_timeout(error) { "nobody answers there".to_owned() } else { error.to_string() };
        DatabaseError::CannotConnect(address.to_string(), why)
    }
}
