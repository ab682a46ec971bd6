//! A password that somebody chooses.

use std::fmt;
use thiserror::Error;

/// A new password: [`Password::SHORTEST`] to [`Password::LONGEST`] characters. It is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// The text is too short or too long for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} to {} characters", Password::SHORTEST, Password::LONGEST)]
pub struct PasswordLength;

impl Password {
    /// Characters at least: 8.
    pub const SHORTEST: usize = 8;
    /// Characters at most: 128.
    pub const LONGEST: usize = 128;

    /// Checks the length.
    pub fn new(text: impl Into<String>) -> Result<Self, PasswordLength> {
        let text = text.into();
        let fits = (Self::SHORTEST..=Self::LONGEST).contains(&text.chars().count());
        if fits { Ok(Self(text)) } else { Err(PasswordLength) }
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_128_characters() {
        for (length, fits) in [(0, false), (7, false), (8, true), (128, true), (129, false)] {
            assert_eq!(Password::new("é".repeat(length)).is_ok(), fits, "{length}");
        }
        assert_eq!(PasswordLength.to_string(), "8 to 128 characters");
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", Password::new("correct horse")).contains("horse"));
    }
}
