//! Forgotten passwords: asking for a code, and setting a new password with it.

use crate::port::{
    AccountRepository, Clock, CodeRepository, IdSource, MailKind, Outbox, PasswordHasher, PasswordReset, PromisedMail,
};
use crate::{Conflict, EndedSessions, Error, Password};
use frontrow_domain::{CodePurpose, Email, UserId};
use std::sync::Arc;

/// Promises a mail with a code for a new password.
pub struct AskForPasswordReset {
    /// Whether there is a mailer.
    pub mails: bool,
    /// Says whose address it is.
    pub accounts: Arc<dyn AccountRepository>,
    /// Keeps the mail.
    pub outbox: Arc<dyn Outbox>,
    /// Names the mail.
    pub ids: Arc<dyn IdSource>,
    /// Dates the mail.
    pub clock: Arc<dyn Clock>,
}

impl AskForPasswordReset {
    /// The same for every address, and as long: for one without an account a mail to nobody is promised.
    /// [`Conflict::NoMailer`] if there is none.
    pub async fn run(&self, email: &Email) -> Result<(), Error> {
        if !self.mails {
            return Err(Conflict::NoMailer.into());
        }
        let known = self.accounts.by_email(email).await?;
        let user = known.map_or_else(|| UserId::new(self.ids.id()), |credentials| credentials.user.id);
        let mail = PromisedMail::new(self.ids.id(), user, MailKind::ResetPassword, self.clock.now());
        Ok(self.outbox.put(&mail).await?)
    }
}

/// What somebody sets a new password with.
pub struct NewPasswordRequest {
    /// Address of the account.
    pub email: Email,
    /// Code from the mail.
    pub code: String,
    /// Password to log in with from now on.
    pub password: Password,
}

/// Sets a new password with the code from the mail.
pub struct ResetPassword {
    /// Says whose address it is.
    pub accounts: Arc<dyn AccountRepository>,
    /// Has the codes.
    pub codes: Arc<dyn CodeRepository>,
    /// Compares codes, and hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Keeps a mail to nobody, where somebody else's try is counted.
    pub outbox: Arc<dyn Outbox>,
    /// Whose access tokens are refused.
    pub ended: Arc<EndedSessions>,
    /// Names the mail that says so.
    pub ids: Arc<dyn IdSource>,
    /// Says which codes are good.
    pub clock: Arc<dyn Clock>,
}

impl ResetPassword {
    /// [`Conflict::CodeWrong`] if the code is wrong, used up or too old, or nobody has the address, after the same time. All
    /// sessions of the account end, and its owner is told by mail. Whoever reads the mails of the address has verified it by
    /// this.
    pub async fn run(&self, request: NewPasswordRequest) -> Result<(), Error> {
        let NewPasswordRequest { email, code, password } = request;
        let known = self.accounts.by_email(&email).await?;
        let user = known.map_or_else(|| UserId::new(self.ids.id()), |credentials| credentials.user.id);
        let kept = self.codes.attempt(user, CodePurpose::ResetPassword, self.clock.now()).await?;
        if kept.is_none() {
            // As much is written as for somebody whose try is counted.
            self.outbox.put(&self.mail(UserId::new(self.ids.id()))).await?;
        }
        let is_right = self.passwords.verify(code, kept.as_ref().map(|kept| kept.hash.clone())).await?;
        let code = kept.filter(|_| is_right).ok_or(Conflict::CodeWrong)?;
        let password_hash = self.passwords.hash(password.into_text()).await?;
        let reset = PasswordReset { code, password_hash, at: self.clock.now(), notice: self.mail(user) };
        let ended = self.codes.reset_password(&reset).await?.ok_or(Conflict::CodeWrong)?;
        self.ended.add(&ended);
        Ok(())
    }

    fn mail(&self, user: UserId) -> PromisedMail {
        PromisedMail::new(self.ids.id(), user, MailKind::PasswordChanged, self.clock.now())
    }
}

#[cfg(test)]
mod tests;
