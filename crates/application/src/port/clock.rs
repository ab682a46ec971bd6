//! Time and chance, as arguments.

use frontrow_domain::Instant;
use uuid::Uuid;

/// Gives the instant that the rules decide by.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;
}

/// Chance.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait IdSource: Send + Sync {
    /// An id that nobody has had: UUIDv7, so that ids ascend in time.
    fn id(&self) -> Uuid;

    /// 32 bytes that nobody can guess.
    fn secret(&self) -> [u8; 32];
}
