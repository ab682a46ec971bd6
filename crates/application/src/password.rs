//! A password that somebody chooses.

mod common;
mod personal;

use frontrow_domain::{Invalid, User, Violation, opaque_string};
use std::fmt;
use thiserror::Error;

/// A new password: [`Password::SHORTEST`] to [`Password::LONGEST`] characters, in the one form in which it is hashed,
/// whatever it was typed with (see [`opaque_string`]), and none that many people choose. It is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// The text can't be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidPassword {
    /// It is too short or too long.
    #[error("{} to {} characters", Password::SHORTEST, Password::LONGEST)]
    Length,
    /// It has a character that can't be typed again everywhere.
    #[error("no control or invisible characters")]
    Characters,
    /// Whoever guesses tries it first.
    #[error("not one that many people choose, and no row or repetition of a few characters")]
    Common,
}

impl Password {
    /// Characters at least: 10. Passwords from when it was 8 are good for logging in.
    pub const SHORTEST: usize = 10;
    /// Characters at most: 128.
    pub const LONGEST: usize = 128;

    /// Checks the length and the characters, and that it is not a common one.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidPassword> {
        let text = text.as_ref();
        let fits = |text: &str| (Self::SHORTEST..=Self::LONGEST).contains(&text.chars().count());
        match opaque_string(text) {
            Some(password) if fits(&password) && common::is_common(&password) => Err(InvalidPassword::Common),
            Some(password) if fits(&password) => Ok(Self(password)),
            None if fits(text) => Err(InvalidPassword::Characters),
            _ => Err(InvalidPassword::Length),
        }
    }

    /// Refuses what has the owner's own name or email address in it, or a part of them.
    pub fn check_for(&self, owner: &User) -> Result<(), Invalid> {
        if !personal::is_about(&self.0, owner) {
            return Ok(());
        }
        let detail = "nothing of one's own name or email address".to_owned();
        Err(Invalid(vec![Violation { pointer: "/password".into(), code: "personal", detail }]))
    }

    /// What somebody types who has a password, in the form in which it was hashed. What can't be a password stays as it is,
    /// and fits no hash.
    pub fn typed(text: String) -> String {
        opaque_string(&text).unwrap_or(text)
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
    fn a_password_has_10_to_128_characters_however_they_are_typed() {
        for (length, fits) in [(0, false), (9, false), (10, true), (128, true), (129, false)] {
            for letters in [["\u{e9}", "h", "q", "7"], ["e\u{301}", "h", "q", "7"]] {
                let text: String = letters.into_iter().cycle().take(length).collect();
                assert_eq!(Password::new(text).is_ok(), fits, "{length}");
            }
        }
        assert_eq!(Password::new("Password2026"), Err(InvalidPassword::Common));
        assert_eq!(Password::new("short"), Err(InvalidPassword::Length));
        assert_eq!(InvalidPassword::Length.to_string(), "10 to 128 characters");
        assert_eq!(Password::new("correct\u{200b}horse"), Err(InvalidPassword::Characters));
    }

    #[test]
    fn a_password_is_hashed_in_one_form_and_typed_in_any() {
        let chosen = Password::new("p\u{e4}ssw\u{f6}rter\u{a0}1").unwrap().into_text();
        assert_eq!(chosen, "pässwörter 1");
        assert_eq!(Password::typed("pa\u{308}sswo\u{308}rter 1".into()), chosen);
        assert_eq!(Password::typed("a\u{200b}".into()), "a\u{200b}");
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", Password::new("correct horse")).contains("horse"));
    }
}
