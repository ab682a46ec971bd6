//! Who books and who operates.

use crate::id::UserId;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Books seats.
    Customer,
    /// Creates and publishes what is sold, and books seats too.
    Operator,
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Id of the user; it never changes.
    pub id: UserId,
    /// What they log in with.
    pub email: Email,
    /// Name to call the user by.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl User {
    /// Characters of a name: 100.
    pub const LONGEST_NAME: usize = 100;

    /// Says what is wrong with the name.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.check_text(&self.name, Self::LONGEST_NAME, "/name");
        flaws.into_result()
    }
}

/// An email address, in lower case, so that one mailbox is one account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// The text is not an email address that Frontrow takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an email address such as kim@example.com, at most {} characters", Email::MAX)]
pub struct NotAnEmail;

impl Email {
    /// Characters of an address: 254.
    pub const MAX: usize = 254;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = NotAnEmail;

    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let fine = text.chars().count() <= Self::MAX
            && (1..=64).contains(&local.chars().count())
            && !local.contains('@')
            && domain.split('.').count() > 1
            && domain.split('.').all(|part| !part.is_empty())
            && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if fine { Ok(Self(text.to_lowercase())) } else { Err(NotAnEmail) }
    }
}

/// Personal data stays out of logs.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_address() {
        assert_eq!("Kim@Example.com".parse::<Email>(), "kim@example.com".parse());
        for text in ["", "kim", "@example.com", "kim@", "kim@localhost", "kim@a..b", "k m@example.com", "a@b@c.de"] {
            assert_eq!(text.parse::<Email>(), Err(NotAnEmail), "{text}");
        }
        assert!(format!("{}@example.com", "k".repeat(65)).parse::<Email>().is_err());
    }

    #[test]
    fn an_address_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", "kim@example.com".parse::<Email>().unwrap()), "Email(…)");
    }
}
