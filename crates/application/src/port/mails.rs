//! Mails: what sends them, and what keeps those that are promised.

use super::StoreError;
use async_trait::async_trait;
use frontrow_domain::{CodePurpose, Email, Instant, UserId};
use std::fmt;
use std::time::Duration;
use thiserror::Error;
use uuid::Uuid;

/// One mail, ready to be sent. Its `Debug` shows neither the address nor the text, which may have a code in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same whenever it is sent again, so that it can be told apart from others.
    pub id: Uuid,
    /// The one it is for.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// Plain text; lines end with `\n`.
    pub text: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({})", self.id)
    }
}

/// Why a mail was not sent. The mailer has logged the details, without the address and the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotSent {
    /// It will never be taken: there is no such mailbox, for example.
    #[error("the mail was refused")]
    Refused,
    /// It may be taken later.
    #[error("the mail server can't be used for the moment")]
    Later,
}

/// Sends mails.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over, within a bounded time.
    async fn send(&self, mail: &Mail) -> Result<(), NotSent>;
}

/// What a mail is about. Its text is made when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailKind {
    /// A code that shows that the address is the account's owner's.
    VerifyEmail,
    /// Somebody has tried to sign up with the address of this account.
    AccountExists,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::VerifyEmail, Self::AccountExists];

    /// The word for it, in logs and stores: at most 32 letters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::AccountExists => "account_exists",
        }
    }

    /// What the code in it is good for; `None` if it has none.
    pub const fn code(self) -> Option<CodePurpose> {
        match self {
            Self::VerifyEmail => Some(CodePurpose::VerifyEmail),
            Self::AccountExists => None,
        }
    }

    /// How long after it was promised it is worth sending: whoever waits for a code has gone after an hour; news are good
    /// for a day.
    pub const fn worth_sending_for(self) -> Duration {
        if self.code().is_some() { Duration::from_hours(1) } else { Duration::from_hours(24) }
    }
}

/// A mail that was promised and is not sent yet. It has no address and no text: personal data stand with the account
/// alone, and a code is made when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromisedMail {
    /// Names it.
    pub id: Uuid,
    /// Whose account it is about. Nobody may have that id: then there is nothing to send.
    pub user: UserId,
    /// What it is about.
    pub kind: MailKind,
    /// When it was promised.
    pub at: Instant,
    /// When to try it, or try it again.
    pub due: Instant,
    /// How often it was tried.
    pub tries: u32,
}

impl PromisedMail {
    /// One to be sent at once.
    pub const fn new(id: Uuid, user: UserId, kind: MailKind, at: Instant) -> Self {
        Self { id, user, kind, at, due: at, tries: 0 }
    }
}

/// Keeps the mails that are promised until they are sent.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Keeps it: from now on a crash does not lose it.
    async fn put(&self, mail: &PromisedMail) -> Result<(), StoreError>;

    /// Those that are due at `now`, the longest due first, at most `limit`.
    async fn due(&self, now: Instant, limit: u32) -> Result<Vec<PromisedMail>, StoreError>;

    /// Counts a try, and makes it due again at that instant; `false` if somebody else has tried it since it was read, or
    /// it is gone. So of several who find it, one sends it.
    async fn claim(&self, mail: &PromisedMail, due: Instant) -> Result<bool, StoreError>;

    /// Forgets it; nothing if it is gone.
    async fn remove(&self, id: Uuid) -> Result<(), StoreError>;
}
