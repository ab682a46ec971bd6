//! Who books and who operates.

use crate::id::UserId;
use crate::text::{composed, is_control, is_invisible};
use crate::violation::{Invalid, Violations};
use icu_casemap::CaseMapper;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
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

    /// The user with their name in NFC, as it is kept.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self { name: composed(&self.name).into_owned(), ..self }
    }

    /// Says what is wrong with the name.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.check_text(&self.name, Self::LONGEST_NAME, "/name");
        flaws.into_result()
    }
}

/// An email address, in the one form that it is kept, compared and shown in, so that one mailbox is one account: composed
/// (NFC), with small letters, and with its domain as the Domain Name System has it (`xn--…`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// The text is not an email address that Frontrow takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an email address such as kim@example.com, at most {} characters, without quotes or comments", Email::MAX)]
pub struct NotAnEmail;

impl Email {
    /// Characters of an address: 254.
    pub const MAX: usize = 254;
    /// Characters of the part before the `@`: 64.
    const LONGEST_LOCAL: usize = 64;

    /// What a store has kept: it was an address by the rules of its time.
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = NotAnEmail;

    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        let fits = |text: &str| text.chars().count() <= Self::MAX;
        let (local, domain) = text.rsplit_once('@').filter(|_| fits(text)).ok_or(NotAnEmail)?;
        let (local, domain) = (local_part(local).ok_or(NotAnEmail)?, domain_name(domain).ok_or(NotAnEmail)?);
        Some(format!("{local}@{domain}")).filter(|address| fits(address)).map(Self).ok_or(NotAnEmail)
    }
}

/// The part before the `@`, folded: a dot-atom of RFC 5322, with the letters of RFC 6531. What needs quotes is refused,
/// because the same mailbox can be written with and without them.
fn local_part(text: &str) -> Option<String> {
    let folds = CaseMapper::new();
    // The simple folding leaves `ß` and `ss` two names, as mail servers do.
    let folded: String = composed(text).chars().map(|c| folds.simple_fold(c)).collect();
    let local = composed(&folded).into_owned();
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_of_an_atom);
    let fine = local.chars().count() <= Email::LONGEST_LOCAL && local.split('.').all(is_atom);
    fine.then_some(local)
}

fn is_of_an_atom(c: char) -> bool {
    let plain = c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    plain || !c.is_ascii() && !c.is_whitespace() && !is_control(c) && !is_invisible(c)
}

/// The domain after Unicode's rules for names of hosts (UTS 46), in ASCII.
fn domain_name(text: &str) -> Option<String> {
    if text.chars().any(|c| is_control(c) || is_invisible(c)) {
        return None;
    }
    let uts46 = Uts46::new();
    let ascii =
        uts46.to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify).ok()?;
    ascii.contains('.').then(|| ascii.into_owned())
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
    use proptest::prelude::*;

    fn kept(text: &str) -> Option<String> {
        text.parse::<Email>().ok().map(|email| email.as_str().to_owned())
    }

    #[test]
    fn one_mailbox_is_one_address() {
        for (typed, address) in [
            ("Kim@Example.com", "kim@example.com"),
            ("jos\u{e9}@ex\u{e4}mple.com", "jos\u{e9}@xn--exmple-cua.com"),
            ("jose\u{301}@exa\u{308}mple.com", "jos\u{e9}@xn--exmple-cua.com"),
            ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
            ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
            ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("bob@example\u{3002}com", "bob@example.com"),
            ("bob@\u{ff45}xample.com", "bob@example.com"),
            // The sign for Kelvin is the letter K; there are two small sigmas and one capital.
            ("\u{212a}im@example.com", "kim@example.com"),
            ("ΟΔΟΣ@example.com", "οδοσ@example.com"),
            ("οδος@example.com", "οδοσ@example.com"),
            ("bob+1@example.com", "bob+1@example.com"),
            ("o'neil@mail.example.com", "o'neil@mail.example.com"),
            ("straße@example.com", "straße@example.com"),
        ] {
            assert_eq!(kept(typed).as_deref(), Some(address), "{typed:?}");
        }
        assert_ne!(kept("straße@example.com"), kept("strasse@example.com"));
        assert_ne!(kept("\u{131}lker@example.com"), kept("ilker@example.com"));
    }

    #[test]
    fn what_is_no_address_or_hides_something_is_refused() {
        let no_address =
            ["", "kim", "@example.com", "kim@", "kim@localhost", "kim@a..b", "a@b@c.de", "kim@[127.0.0.1]"];
        let quoted =
            ["\"a b\"@example.com", "<bob@example.com>", "bob\\@example.com", "a,b@example.com", "(a)b@example.com"];
        let spaced = ["k m@example.com", "bob@example.com ", " bob@example.com", "bob\u{3000}@example.com"];
        let dots = [".bob@example.com", "bob.@example.com", "b..b@example.com", "bob@example.com.", "bob@.example.com"];
        let hidden = [
            "b\u{200b}ob@example.com",
            "bo\u{ad}b@example.com",
            "bob\u{202e}@example.com",
            "bob@exam\u{ad}ple.com",
            "bob@example\u{200b}.com",
            "bob\u{feff}@example.com",
            "b\u{7}ob@example.com",
            "bob@exa\u{2066}mple.com",
        ];
        let hosts = ["bob@exa_mple.com", "bob@-example.com", "bob@xn--a.com", "bob@exam!ple.com"];
        for text in [&no_address[..], &quoted, &spaced, &dots, &hidden, &hosts].concat() {
            assert_eq!(text.parse::<Email>(), Err(NotAnEmail), "{text:?}");
        }
        let long = |local, label: usize| format!("{}@{}.com", "k".repeat(local), "d".repeat(label));
        for (local, label, fits) in [(64, 63, true), (65, 63, false), (64, 64, false)] {
            assert_eq!(long(local, label).parse::<Email>().is_ok(), fits, "{local} {label}");
        }
        // A letter that becomes many in ASCII.
        assert!(format!("a@{}co", "\u{130}.".repeat(126)).parse::<Email>().is_err());
    }

    proptest! {
        /// So what was stored is read again.
        #[test]
        fn an_address_stays_what_it_is(text in "\\PC{1,10}@\\PC{1,10}\\.[a-z]{2,3}") {
            if let Some(address) = kept(&text) {
                prop_assert_eq!(kept(&address), Some(address));
            }
        }
    }

    #[test]
    fn an_address_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", "kim@example.com".parse::<Email>().unwrap()), "Email(…)");
    }
}
