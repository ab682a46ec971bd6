//! Where Redis is.

use super::mask::mask_url;
use std::fmt;

/// The address of a Redis; its `Debug` leaves the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress(pub(crate) String);

impl RedisAddress {
    /// The URL, with the password.
    pub fn url(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisAddress({})", mask_url(&self.0))
    }
}
