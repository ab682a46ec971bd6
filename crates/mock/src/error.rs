//! Why there is no mock.

use frontrow_application::Error;
use frontrow_domain::{InvalidKey, NotAnEmail, OutOfRange};

/// Why the mock does not start: a defect, since nobody chooses what its world has.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// A use case refuses a part of the first world.
    #[error("the first world can't be made: {0}")]
    World(#[from] Error),
    /// The first world has something that nothing can have.
    #[error("the first world can't be made: {0}")]
    Written(String),
}

impl From<OutOfRange> for MockError {
    fn from(error: OutOfRange) -> Self {
        Self::Written(error.to_string())
    }
}

impl From<NotAnEmail> for MockError {
    fn from(error: NotAnEmail) -> Self {
        Self::Written(error.to_string())
    }
}

impl From<InvalidKey> for MockError {
    fn from(error: InvalidKey) -> Self {
        Self::Written(error.to_string())
    }
}
