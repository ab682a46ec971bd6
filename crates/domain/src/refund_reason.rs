//! Why an operator gave back what was paid for.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Why an operator gave something back, in their own words: for the books, not for the owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefundReason(Box<str>);

/// The text can't be a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("1 to {} characters, no control characters", RefundReason::MOST)]
pub struct ReasonFlaw;

impl RefundReason {
    /// Characters of a reason.
    pub const MOST: usize = 200;

    /// The text without the space around it, which has to be 1 to 200 characters, none of them a control character.
    pub fn new(text: &str) -> Result<Self, ReasonFlaw> {
        let text = text.trim();
        let fine = (1..=Self::MOST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fine { Ok(Self(text.into())) } else { Err(ReasonFlaw) }
    }

    /// As it is shown and kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RefundReason {
    type Error = ReasonFlaw;

    fn try_from(text: String) -> Result<Self, ReasonFlaw> {
        Self::new(&text)
    }
}

impl From<RefundReason> for String {
    fn from(reason: RefundReason) -> Self {
        reason.0.into()
    }
}

impl fmt::Display for RefundReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_1_to_200_characters_without_space_around_them() {
        let read = |text: &str| RefundReason::new(text).map(|reason| reason.as_str().to_owned());
        assert_eq!(read(" The artist is ill. \n").as_deref(), Ok("The artist is ill."));
        let long = "\u{1f3ab}".repeat(RefundReason::MOST);
        assert_eq!(read(&long), Ok(long.clone()));
        for text in ["", "  ", "two\nlines", "NUL\0", &"x".repeat(RefundReason::MOST + 1)] {
            assert_eq!(read(text), Err(ReasonFlaw), "{text:?}");
        }
    }
}
