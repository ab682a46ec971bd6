//! Verified e-mail addresses: asking for a code, entering it, and who has to.

use crate::port::{
    AccessClaims, AccountRepository, Clock, CodeRepository, IdSource, MailKind, Outbox, PasswordHasher, PromisedMail,
};
use crate::{Conflict, Denied, Error, Missing};
use frontrow_domain::{CodePurpose, Role, UserId};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Promises a mail with a code that verifies one's address.
pub struct AskForVerification {
    /// Whether there is a mailer.
    pub mails: bool,
    /// Says whether the address is verified already.
    pub accounts: Arc<dyn AccountRepository>,
    /// Keeps the mail.
    pub outbox: Arc<dyn Outbox>,
    /// Names the mail.
    pub ids: Arc<dyn IdSource>,
    /// Dates the mail.
    pub clock: Arc<dyn Clock>,
}

impl AskForVerification {
    /// `false`, and no mail, if the address is verified already; [`Conflict::NoMailer`] if there is none. Whoever asks twice
    /// within a minute gets one mail.
    pub async fn run(&self, user: UserId) -> Result<bool, Error> {
        let account = self.accounts.account(user).await?.ok_or(Error::NotFound(Missing::User))?;
        if account.email_verified.is_some() {
            return Ok(false);
        }
        if !self.mails {
            return Err(Conflict::NoMailer.into());
        }
        let mail = PromisedMail::new(self.ids.id(), user, MailKind::VerifyEmail, self.clock.now());
        self.outbox.put(&mail).await?;
        Ok(true)
    }
}

/// Verifies one's address with the code from the mail.
pub struct VerifyEmail {
    /// Says whether it is verified already.
    pub accounts: Arc<dyn AccountRepository>,
    /// Has the codes.
    pub codes: Arc<dyn CodeRepository>,
    /// Compares them.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Says which are good.
    pub clock: Arc<dyn Clock>,
}

impl VerifyEmail {
    /// [`Conflict::CodeWrong`] if it is wrong, used up or too old. Verifying again is no error, whatever the code.
    pub async fn run(&self, user: UserId, code: String) -> Result<(), Error> {
        let account = self.accounts.account(user).await?.ok_or(Error::NotFound(Missing::User))?;
        if account.email_verified.is_some() {
            return Ok(());
        }
        let kept = self.codes.attempt(user, CodePurpose::VerifyEmail, self.clock.now()).await?;
        let kept = kept.ok_or(Conflict::CodeWrong)?;
        let is_right = self.passwords.verify(code, Some(kept.hash.clone())).await?;
        if is_right && self.codes.verify_email(&kept, self.clock.now()).await? {
            Ok(())
        } else {
            Err(Conflict::CodeWrong.into())
        }
    }
}

/// Lets nobody join or hold whose address is not verified, if the installation wants that.
pub struct RequireVerifiedEmail {
    /// Whether it does.
    pub is_required: bool,
    /// Says who has.
    pub accounts: Arc<dyn AccountRepository>,
    /// Those who have, as far as this instance has asked.
    pub known: KnownVerified,
}

/// People whose addresses are verified. They stay so, whatever address they change to, so nobody asks for them again.
#[derive(Default)]
pub struct KnownVerified(Mutex<BTreeSet<UserId>>);

impl KnownVerified {
    /// So many are kept, some 4 MB; then it begins again.
    const MOST: usize = 100_000;

    fn has(&self, user: UserId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&user)
    }

    fn add(&self, user: UserId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(user);
    }
}

impl RequireVerifiedEmail {
    /// [`Denied::EmailUnverified`] unless it is. Operators are known to whoever runs the installation.
    pub async fn run(&self, claims: &AccessClaims) -> Result<(), Error> {
        let AccessClaims { user, role, .. } = *claims;
        if !self.is_required || role != Role::Customer || self.known.has(user) {
            return Ok(());
        }
        let account = self.accounts.account(user).await?;
        if account.and_then(|account| account.email_verified).is_none() {
            return Err(Denied::EmailUnverified.into());
        }
        self.known.add(user);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{
        Account, Credentials, MockAccountRepository, MockCodeRepository, MockOutbox, MockPasswordHasher,
    };
    use crate::testing::{at, clock, ids, user};
    use frontrow_domain::{Instant, MailCode, SessionId, testing};
    use mockall::predicate::eq;
    use uuid::Uuid;

    const NOW: i64 = 100;

    fn accounts(email_verified: Option<Instant>) -> MockAccountRepository {
        let credentials = Credentials { user: testing::user().id(user(1)).build(), password_hash: "hash".into() };
        let account = Account { credentials, created: at(0), email_verified };
        let mut accounts = MockAccountRepository::new();
        accounts.expect_account().with(eq(user(1))).times(1).return_once(move |_| Ok(Some(account)));
        accounts
    }

    fn asking(accounts: MockAccountRepository, outbox: MockOutbox, mails: bool) -> AskForVerification {
        AskForVerification {
            mails,
            accounts: Arc::new(accounts),
            outbox: Arc::new(outbox),
            ids: ids(),
            clock: clock(NOW),
        }
    }

    #[tokio::test]
    async fn a_mail_is_promised_to_whoever_needs_one() {
        let mut outbox = MockOutbox::new();
        let mail = PromisedMail::new(Uuid::from_u128(1), user(1), MailKind::VerifyEmail, at(NOW));
        outbox.expect_put().with(eq(mail)).times(1).return_once(|_| Ok(()));
        assert_eq!(asking(accounts(None), outbox, true).run(user(1)).await, Ok(true));
        assert_eq!(asking(accounts(Some(at(5))), MockOutbox::new(), true).run(user(1)).await, Ok(false));
        let refused = asking(accounts(None), MockOutbox::new(), false).run(user(1)).await;
        assert_eq!(refused, Err(Conflict::NoMailer.into()));
    }

    /// What is said to a code, if that one was sent, it is right or wrong, and somebody else has used it meanwhile or not.
    async fn enter(kept: bool, right: bool, used: bool) -> Result<(), Error> {
        let hash = "hash of the code".to_owned();
        let code = MailCode { user: user(1), purpose: CodePurpose::VerifyEmail, hash, made: at(NOW), tries: 1 };
        let (mut codes, mut passwords) = (MockCodeRepository::new(), MockPasswordHasher::new());
        let (purpose, found) = (CodePurpose::VerifyEmail, kept.then(|| code.clone()));
        codes.expect_attempt().with(eq(user(1)), eq(purpose), eq(at(NOW))).times(1).return_once(|_, _, _| Ok(found));
        codes.expect_verify_email().with(eq(code.clone()), eq(at(NOW))).return_once(move |_, _| Ok(!used));
        let expected = (eq("12345678".to_owned()), eq(Some(code.hash)));
        passwords.expect_verify().with(expected.0, expected.1).return_once(move |_, _| Ok(right));
        let verify = VerifyEmail {
            accounts: Arc::new(accounts(None)),
            codes: Arc::new(codes),
            passwords: Arc::new(passwords),
            clock: clock(NOW),
        };
        verify.run(user(1), "12345678".into()).await
    }

    #[tokio::test]
    async fn a_code_has_to_be_there_and_right_and_unused() {
        assert_eq!(enter(true, true, false).await, Ok(()));
        for (kept, right, used) in [(false, true, false), (true, false, false), (true, true, true)] {
            assert_eq!(enter(kept, right, used).await, Err(Conflict::CodeWrong.into()), "{kept} {right} {used}");
        }
    }

    fn requiring(is_required: bool, accounts: MockAccountRepository) -> RequireVerifiedEmail {
        RequireVerifiedEmail { is_required, accounts: Arc::new(accounts), known: KnownVerified::default() }
    }

    fn claims(role: Role) -> AccessClaims {
        AccessClaims { user: user(1), role, session: SessionId::new(Uuid::nil()), expires: at(NOW + 1) }
    }

    #[tokio::test]
    async fn only_a_customer_who_has_to_be_verified_is_asked_for_and_only_once() {
        let nobody = MockAccountRepository::new;
        assert_eq!(requiring(false, nobody()).run(&claims(Role::Customer)).await, Ok(()));
        assert_eq!(requiring(true, nobody()).run(&claims(Role::Operator)).await, Ok(()));
        let refused = requiring(true, accounts(None)).run(&claims(Role::Customer)).await;
        assert_eq!(refused, Err(Denied::EmailUnverified.into()));
        let verified = requiring(true, accounts(Some(at(5))));
        for _ in 0..2 {
            assert_eq!(verified.run(&claims(Role::Customer)).await, Ok(()));
        }
    }
}
