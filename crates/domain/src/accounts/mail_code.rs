//! Codes that are sent by mail: whoever knows one reads the mails of that address.

use crate::id::UserId;
use crate::time::Instant;
use std::time::Duration;

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodePurpose {
    /// Shows that the account's address is its owner's.
    VerifyEmail,
}

impl CodePurpose {
    /// Every purpose.
    pub const ALL: [Self; 1] = [Self::VerifyEmail];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
        }
    }
}

/// A code as it is kept: the newest of its user and purpose. Its `Debug` leaves the hash out.
#[derive(Clone, PartialEq, Eq)]
pub struct MailCode {
    /// Whose it is.
    pub user: UserId,
    /// What it is good for.
    pub purpose: CodePurpose,
    /// A slow, salted hash of the code: a fast one of eight digits could be undone in a moment.
    pub hash: String,
    /// When it was made.
    pub made: Instant,
    /// How often one was tried, right or wrong.
    pub tries: u32,
}

impl std::fmt::Debug for MailCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, purpose, made, tries, .. } = self;
        write!(f, "MailCode({user} {} {made:?} {tries})", purpose.as_str())
    }
}

impl MailCode {
    /// Digits of a code: 8.
    pub const DIGITS: usize = 8;
    /// How long a code is good: 15 minutes.
    pub const LIFETIME: Duration = Duration::from_mins(15);
    /// How often a code can be tried: 5 times.
    pub const MAX_TRIES: u32 = 5;
    /// The time from one code to the next: 1 minute.
    pub const PAUSE: Duration = Duration::from_mins(1);

    /// The code that follows from random bytes.
    pub fn digits(secret: [u8; 32]) -> String {
        let number = secret.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{:0width$}", number % 10_u64.pow(8), width = Self::DIGITS)
    }

    /// Whether a code can be tried at `now`.
    pub fn can_be_tried(&self, now: Instant) -> bool {
        self.tries < Self::MAX_TRIES && now < self.made + Self::LIFETIME
    }

    /// Whether another can take its place at `now`. One from a clock that was ahead can be replaced, too.
    pub fn can_be_replaced(&self, now: Instant) -> bool {
        self.made + Self::PAUSE <= now || now + Self::PAUSE < self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn code(tries: u32) -> MailCode {
        let user = UserId::new(Uuid::nil());
        MailCode { user, purpose: CodePurpose::VerifyEmail, hash: "secret".into(), made: at(1000), tries }
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_code_is_good_for_a_quarter_of_an_hour_and_five_tries() {
        for (tries, seconds, good) in
            [(0, 1000, true), (4, 1899, true), (4, 1900, false), (5, 1001, false), (6, 1001, false)]
        {
            assert_eq!(code(tries).can_be_tried(at(seconds)), good, "{tries} {seconds}");
        }
    }

    #[test]
    fn a_new_code_comes_after_a_minute_at_the_earliest() {
        for (seconds, can) in [(1000, false), (1059, false), (1060, true), (940, false), (939, true)] {
            assert_eq!(code(0).can_be_replaced(at(seconds)), can, "{seconds}");
        }
    }

    #[test]
    fn a_code_has_eight_digits_and_is_not_printed() {
        assert_eq!(MailCode::digits([0; 32]), "00000000");
        // 2^64 - 1 is 18446744073709551615.
        assert_eq!(MailCode::digits([255; 32]), "09551615");
        assert!(!format!("{:?}", code(0)).contains("secret"));
    }
}
