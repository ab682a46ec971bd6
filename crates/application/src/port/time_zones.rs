//! Which time zones there are.

/// Knows the IANA time zones. The core has no database of them: it changes several times a year, and adapters have one
/// anyway.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait TimeZones: Send + Sync {
    /// Whether there is a time zone of that name, such as `Asia/Seoul`.
    fn is_known(&self, name: &str) -> bool;
}
