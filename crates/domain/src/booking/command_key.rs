//! What makes a repetition of a command harmless.

use crate::id::UserId;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Whose command it is, and what they call it: the client's `Idempotency-Key`, or a random one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandKey {
    user: UserId,
    name: String,
}

/// The text can't be an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("1 to {} visible ASCII characters", CommandKey::MAX)]
pub struct InvalidKey;

impl CommandKey {
    /// Characters of a key.
    pub const MAX: usize = 64;

    /// Checks that the name is 1 to 64 visible ASCII characters.
    pub fn new(user: UserId, name: impl Into<String>) -> Result<Self, InvalidKey> {
        let name = name.into();
        let fine = (1..=Self::MAX).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        if fine { Ok(Self { user, name }) } else { Err(InvalidKey) }
    }

    /// The user whose command it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// What the user calls the command.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for CommandKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.user, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_key_is_1_to_64_visible_ascii_characters() {
        let key = |name: &str| CommandKey::new(UserId::new(Uuid::nil()), name);
        assert!(key("~").is_ok());
        assert!(key(&"k".repeat(64)).is_ok());
        for name in ["", "a b", "é", "a\n", &"k".repeat(65)] {
            assert_eq!(key(name), Err(InvalidKey), "{name:?}");
        }
    }
}
