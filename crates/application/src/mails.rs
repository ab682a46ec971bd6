//! Sends the mails that were promised.

mod letter;

use crate::port::{
    AccountRepository, Clock, CodeRepository, IdSource, Mail, MailKind, Mailer, NotSent, Outbox, PasswordHasher,
    PromisedMail,
};
use crate::{Error, Outage};
use frontrow_domain::{CodePurpose, Instant, MailCode, UserId};
use futures_util::future::join_all;
use letter::Letter;
use std::sync::Arc;
use std::time::Duration;

/// Sends the mails that were promised, and makes the codes in them.
///
/// A code is made here, and not when it is asked for, so that it is never kept but as a slow hash. Asking costs one row,
/// whoever asks, and says nothing about who has an account. A mail that was handed over just before a crash is sent again,
/// with a code that takes the place of the first.
pub struct SendMails {
    /// Sends them.
    pub mailer: Arc<dyn Mailer>,
    /// Has them.
    pub outbox: Arc<dyn Outbox>,
    /// Says where they go.
    pub accounts: Arc<dyn AccountRepository>,
    /// Keeps the codes in them.
    pub codes: Arc<dyn CodeRepository>,
    /// Hashes the codes.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Makes the codes.
    pub ids: Arc<dyn IdSource>,
    /// Says which are due.
    pub clock: Arc<dyn Clock>,
}

/// What a run of [`SendMails`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailed {
    /// Mails that were sent.
    pub sent: u32,
    /// The first error, if some were not sent. They are tried again as long as they are worth it.
    pub failed: Option<Error>,
    /// Whether there may be more that are due.
    pub more: bool,
}

/// What has become of one.
enum Fate {
    Sent,
    /// There was nothing to send, or somebody else does it.
    Dropped,
    Failed(Error),
}

impl SendMails {
    /// Mails of one run: 100.
    pub const BATCH: u32 = 100;
    /// How many are sent at a time: 4.
    const AT_A_TIME: usize = 4;
    /// The time to the second try, 1 minute. It doubles with every try, up to [`SendMails::LONGEST_WAIT`].
    const FIRST_WAIT: Duration = Duration::from_mins(1);
    /// The longest time from one try to the next: 16 minutes.
    const LONGEST_WAIT: Duration = Duration::from_mins(16);
    /// Whoever promises a mail to a new account may not have made it yet: 10 seconds.
    const ACCOUNT_COMES: Duration = Duration::from_secs(10);

    /// Sends those that are due, the longest due first.
    pub async fn run(&self) -> Result<Mailed, Error> {
        let due = self.outbox.due(self.clock.now(), Self::BATCH).await?;
        let mut mailed = Mailed { more: due.len() >= Self::BATCH as usize, ..Mailed::default() };
        for some in due.chunks(Self::AT_A_TIME) {
            for fate in join_all(some.iter().map(|mail| self.send(mail))).await {
                match fate {
                    Fate::Sent => mailed.sent += 1,
                    Fate::Dropped => {}
                    Fate::Failed(error) => {
                        mailed.failed.get_or_insert(error);
                    }
                }
            }
        }
        Ok(mailed)
    }

    async fn send(&self, mail: &PromisedMail) -> Fate {
        self.try_to_send(mail).await.unwrap_or_else(Fate::Failed)
    }

    async fn try_to_send(&self, mail: &PromisedMail) -> Result<Fate, Error> {
        let now = self.clock.now();
        if mail.at + mail.kind.worth_sending_for() <= now {
            return self.drop(mail).await;
        }
        if !self.outbox.claim(mail, now + Self::wait_after(mail.tries)).await? {
            return Ok(Fate::Dropped);
        }
        let Some(account) = self.accounts.account(mail.user).await? else {
            return if now < mail.at + Self::ACCOUNT_COMES { Ok(Fate::Dropped) } else { self.drop(mail).await };
        };
        let is_needless = mail.kind == MailKind::VerifyEmail && account.email_verified.is_some();
        let code = match mail.kind.code() {
            _ if is_needless => return self.drop(mail).await,
            None => None,
            Some(purpose) => match self.new_code(mail.user, purpose, now).await? {
                None => return self.drop(mail).await,
                code => code,
            },
        };
        let Letter { subject, text } = Letter::about(mail.kind, code.as_deref().unwrap_or_default());
        let ready = Mail { id: mail.id, to: account.credentials.user.email, subject, text };
        match self.mailer.send(&ready).await {
            Ok(()) => self.outbox.remove(mail.id).await.map(|()| Fate::Sent).map_err(Error::from),
            Err(NotSent::Refused) => self.drop(mail).await,
            Err(NotSent::Later) => Err(Outage::Unavailable { retry_after: Self::wait_after(mail.tries) }.into()),
        }
    }

    async fn drop(&self, mail: &PromisedMail) -> Result<Fate, Error> {
        self.outbox.remove(mail.id).await?;
        Ok(Fate::Dropped)
    }

    /// `None` if the last one is too new. That is no error: whoever asks twice finds one mail.
    async fn new_code(&self, user: UserId, purpose: CodePurpose, now: Instant) -> Result<Option<String>, Error> {
        let digits = MailCode::digits(self.ids.secret());
        let hash = self.passwords.hash(digits.clone()).await?;
        let code = MailCode { user, purpose, hash, made: now, tries: 0 };
        Ok(self.codes.make(&code).await?.then_some(digits))
    }

    fn wait_after(tries: u32) -> Duration {
        Self::FIRST_WAIT.saturating_mul(1 << tries.min(10)).min(Self::LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests;
