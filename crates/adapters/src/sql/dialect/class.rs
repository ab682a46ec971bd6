//! What an error of a database can mean, whichever database it is.

use frontrow_application::Outage;
use std::time::Duration;

/// When to try again what lost too often.
pub(in crate::sql) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// When to try again where there was no room: somebody has to make some.
pub(in crate::sql) const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What to do about a database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Class {
    /// Somebody else was in the way: the whole transaction may be tried again.
    Retry,
    /// A row with that key, or with that unique value, exists.
    Duplicate,
    /// The connection is worth nothing any more, or there was none to be had.
    Lost,
    /// The server answers, but not over this connection: over another one the same may be tried again.
    Reconnect,
    /// There is no room left for what was to be written.
    Full,
    /// It can be read, perhaps, but not written: a broken disk, or a server that is not the one to write to (any more).
    Unwritable,
    /// Anything else: a defect.
    Other,
}

impl Class {
    /// What to tell whoever asked while the database can't do it; `None` for what waiting will not mend.
    pub(in crate::sql) const fn outage(self) -> Option<Outage> {
        match self {
            Self::Retry => Some(Outage::Busy { retry_after: RETRY_AFTER }),
            Self::Lost | Self::Reconnect | Self::Unwritable => Some(Outage::Unavailable { retry_after: RETRY_AFTER }),
            Self::Full => Some(Outage::StorageFull { retry_after: FULL_RETRY_AFTER }),
            Self::Duplicate | Self::Other => None,
        }
    }
}
