//! Which database to open, and why that failed.

use crate::address::Shown;
use crate::sql::connection::address::Address;
use crate::sql::connection::error::is_timeout;
use crate::sql::database_error::{self, DatabaseError};
use crate::sql::dialect::Dialect;
use sea_orm::DbErr;
use std::fmt;

/// Which database, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `sqlite://PATH`, `postgres://USER:PASSWORD@HOST/NAME` or `mysql://USER:PASSWORD@HOST/NAME` (`MariaDB` too).
    pub url: String,
    /// Connections that only read, for what bookings and queues need: 1 to [`DatabaseSettings::MAX_READERS`].
    pub readers: u32,
    /// Connections that only read, for all else: 1 to [`DatabaseSettings::MAX_READERS`].
    pub browsing_readers: u32,
    /// Connections that write what is neither a booking nor in a queue: 1 to [`DatabaseSettings::MAX_WRITERS`]. `None`:
    /// a server gets [`DatabaseSettings::DEFAULT_WRITERS`], and `SQLite`, which has one writer, one.
    pub writers: Option<u32>,
    /// Whether to make the file if it does not exist. A server's database has to be there.
    pub create: bool,
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, readers, browsing_readers, writers, create } = self;
        f.debug_struct("DatabaseSettings")
            .field("url", &Shown(url).to_string())
            .field("readers", readers)
            .field("browsing_readers", browsing_readers)
            .field("writers", writers)
            .field("create", create)
            .finish()
    }
}

impl DatabaseSettings {
    /// Readers for bookings and queues unless the settings say otherwise.
    pub const DEFAULT_READERS: u32 = 2;
    /// Readers for all else unless the settings say otherwise.
    pub const DEFAULT_BROWSING_READERS: u32 = 2;
    /// Writers for a database server.
    pub const DEFAULT_WRITERS: u32 = 2;
    /// More than these only wait for the same processors.
    pub const MAX_READERS: u32 = database_error::MAX_READERS;
    /// The same for writers.
    pub const MAX_WRITERS: u32 = database_error::MAX_WRITERS;

    /// A database at that address, which has to be there, with the default number of connections of each kind.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            readers: Self::DEFAULT_READERS,
            browsing_readers: Self::DEFAULT_BROWSING_READERS,
            writers: None,
            create: false,
        }
    }

    /// The address, if all of it can be right.
    pub(super) fn check(&self) -> Result<Address, DatabaseError> {
        if [self.readers, self.browsing_readers].iter().any(|readers| !(1..=Self::MAX_READERS).contains(readers)) {
            return Err(DatabaseError::Readers);
        }
        if self.writers.is_some_and(|writers| !(1..=Self::MAX_WRITERS).contains(&writers)) {
            return Err(DatabaseError::Writers);
        }
        self.url.parse()
    }

    pub(super) fn writers_to(&self, dialect: &dyn Dialect) -> u32 {
        self.writers.unwrap_or(if dialect.is_server() { Self::DEFAULT_WRITERS } else { 1 })
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
