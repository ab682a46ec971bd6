//! Names for people and networks in the security log.

/// Hides who somebody is, and lets whoever reads a log see that it is the same one again.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Pseudonyms: Send + Sync {
    /// A short text: the same for the same `what` of the same `kind`, another for any other, and nobody can tell `what` from it
    /// without the installation's key.
    fn of(&self, kind: &str, what: &[u8]) -> String;
}
