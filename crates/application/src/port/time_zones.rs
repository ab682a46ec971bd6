//! Which time zones there are.

use frontrow_domain::Instant;

/// Knows the IANA time zones. The core has no database of them: it changes several times a year, and adapters have one
/// anyway.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait TimeZones: Send + Sync {
    /// The name by which the zone is known, such as `Asia/Kolkata` for `asia/calcutta`; `None` if none has that name, or if
    /// the name is no place, such as `EST` or `localtime`.
    fn canonical(&self, name: &str) -> Option<String>;

    /// Which day it is there at that instant: days since 1970-01-01. In a zone that is not known any more, as in UTC.
    fn local_day(&self, name: &str, at: Instant) -> i64;
}
