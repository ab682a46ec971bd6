//! Which time zones there are.

/// Knows the IANA time zones. The core has no database of them: it changes several times a year, and adapters have one
/// anyway.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait TimeZones: Send + Sync {
    /// The name by which the zone is known, such as `Asia/Kolkata` for `asia/calcutta`; `None` if none has that name, or if
    /// the name is no place, such as `EST` or `localtime`.
    fn canonical(&self, name: &str) -> Option<String>;
}
