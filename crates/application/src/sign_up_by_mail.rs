//! Signing up where mails are sent.

use crate::port::{AccountRepository, MailKind, Outbox, PromisedMail};
use crate::{Conflict, Error, SignUp, SignUpRequest};
use frontrow_domain::{Email, Role, User, UserId};
use std::sync::Arc;

/// Signs somebody up, and promises them the mail that verifies their address.
///
/// Where addresses have to be verified, whoever signs up is not told whether the address has an account: its owner is, by
/// mail. Then both ways cost the same: a hash, and two rows that are written.
pub struct SignUpByMail {
    /// Makes the account.
    pub sign_up: SignUp,
    /// Says who has an account.
    pub accounts: Arc<dyn AccountRepository>,
    /// Keeps the mail; `None` if no mails are sent.
    pub outbox: Option<Arc<dyn Outbox>>,
    /// Whether addresses have to be verified.
    pub is_required: bool,
}

impl SignUpByMail {
    /// Whether whoever signs up is sent a mail, and the owner of the address, if it has an account.
    pub fn sends_mail(&self) -> bool {
        self.outbox.is_some()
    }

    /// The account; `None` if that is not to be said. See [`SignUp::run`], and with a key, [`SignUp::run_with_key`].
    pub async fn run(&self, request: SignUpRequest, key: Option<&str>) -> Result<Option<User>, Error> {
        match &self.outbox {
            Some(outbox) if self.is_required => self.run_silently(&**outbox, request, key).await.map(|()| None),
            outbox => {
                let user = match key {
                    Some(key) => self.sign_up.run_with_key(request, key).await?,
                    None => self.sign_up.run(request).await?,
                };
                if let Some(outbox) = outbox {
                    // The account is there: if the mail can't be promised, its owner asks for another.
                    drop(self.promise(&**outbox, user.id, MailKind::VerifyEmail).await);
                }
                Ok(Some(user))
            }
        }
    }

    async fn run_silently(&self, outbox: &dyn Outbox, request: SignUpRequest, key: Option<&str>) -> Result<(), Error> {
        let (email, ids) = (request.email.clone(), &self.sign_up.ids);
        let id = key.map_or_else(|| ids.id(), |key| self.sign_up.id_of(&email, key, ids.id()));
        let known = self.accounts.by_email(&email).await?.map(|credentials| credentials.user.id);
        let credentials = self.sign_up.draft(request, Role::Customer, UserId::new(id)).await?;
        let Some(known) = known else {
            // First the mail: without its account it is dropped, and without its mail nobody could come in.
            self.promise(outbox, credentials.user.id, MailKind::VerifyEmail).await?;
            return match self.sign_up.keep(credentials).await {
                Err(Error::Conflict(Conflict::EmailTaken)) => self.tell_owner(outbox, &email).await,
                added => added.map(drop),
            };
        };
        // A sign-up whose answer was lost, and that is repeated with its key, is no news to the owner.
        let is_repeated = key.is_some_and(|key| self.sign_up.id_of(&email, key, known.uuid()) == known.uuid());
        let kind = if is_repeated { MailKind::VerifyEmail } else { MailKind::AccountExists };
        self.promise(outbox, known, kind).await?;
        // Instead of the account.
        self.promise(outbox, UserId::new(ids.id()), MailKind::VerifyEmail).await
    }

    /// Somebody has signed up with the same address at the same moment.
    async fn tell_owner(&self, outbox: &dyn Outbox, email: &Email) -> Result<(), Error> {
        match self.accounts.by_email(email).await? {
            Some(owner) => self.promise(outbox, owner.user.id, MailKind::AccountExists).await,
            None => Err(Conflict::ChangedMeanwhile.into()),
        }
    }

    async fn promise(&self, outbox: &dyn Outbox, user: UserId, kind: MailKind) -> Result<(), Error> {
        let SignUp { ids, clock, .. } = &self.sign_up;
        Ok(outbox.put(&PromisedMail::new(ids.id(), user, kind, clock.now())).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Password;
    use crate::port::{Credentials, MockAccountRepository, MockOutbox, MockPasswordHasher, StoreError};
    use crate::testing::{clock, digest, ids, user};
    use frontrow_domain::testing;
    use std::sync::Mutex;

    type Promises = Arc<Mutex<Vec<(UserId, MailKind)>>>;

    /// With that account under the address already, or none.
    fn sign_up(known: Option<UserId>, is_required: bool) -> (SignUpByMail, Promises) {
        let mut accounts = MockAccountRepository::new();
        let known = known.map(|id| Credentials { user: testing::user().id(id).build(), password_hash: "hash".into() });
        let is_known = known.is_some();
        accounts.expect_by_email().returning(move |_| Ok(known.clone()));
        accounts.expect_add().returning(move |_, _| if is_known { Err(StoreError::Stale) } else { Ok(()) });
        let accounts = Arc::new(accounts);
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().times(..=1).returning(|_| Ok("hash".into()));
        let (mut outbox, promises) = (MockOutbox::new(), Promises::default());
        let noted = Arc::clone(&promises);
        outbox.expect_put().returning(move |mail| {
            noted.lock().unwrap().push((mail.user, mail.kind));
            Ok(())
        });
        let sign_up = SignUp {
            accounts: accounts.clone(),
            passwords: Arc::new(passwords),
            ids: ids(),
            clock: clock(100),
            digest,
        };
        (SignUpByMail { sign_up, accounts, outbox: Some(Arc::new(outbox)), is_required }, promises)
    }

    fn request() -> SignUpRequest {
        let password = Password::new("correct horse battery").unwrap();
        SignUpRequest { email: "kim@example.com".parse().unwrap(), password, name: "Kim".into() }
    }

    #[tokio::test]
    async fn who_has_to_verify_an_address_is_not_told_whether_it_has_an_account() {
        let (unknown, promises) = sign_up(None, true);
        assert_eq!(unknown.run(request(), None).await, Ok(None));
        let kinds = |promises: &Promises| promises.lock().unwrap().iter().map(|(_, kind)| *kind).collect::<Vec<_>>();
        assert_eq!(kinds(&promises), [MailKind::VerifyEmail]);
        let (known, promises) = sign_up(Some(user(9)), true);
        assert_eq!(known.run(request(), None).await, Ok(None));
        assert_eq!(kinds(&promises), [MailKind::AccountExists, MailKind::VerifyEmail]);
        let promised = promises.lock().unwrap();
        assert!(promised[0].0 == user(9) && promised[1].0 != user(9), "the second mail is for nobody");
    }

    #[tokio::test]
    async fn a_repetition_with_its_key_is_no_news_to_the_owner() {
        let id = sign_up(None, true).0.sign_up.id_of(&request().email, "tap-1", user(9).uuid());
        for (key, kind) in [("tap-1", MailKind::VerifyEmail), ("tap-2", MailKind::AccountExists)] {
            let (again, promises) = sign_up(Some(UserId::new(id)), true);
            assert_eq!(again.run(request(), Some(key)).await, Ok(None));
            assert_eq!(promises.lock().unwrap()[0], (UserId::new(id), kind));
        }
    }

    #[tokio::test]
    async fn where_nobody_has_to_verify_the_account_is_told_and_a_mail_is_sent_all_the_same() {
        let (sign_up_by_mail, promises) = sign_up(None, false);
        let user = sign_up_by_mail.run(request(), None).await.unwrap().unwrap();
        assert_eq!(*promises.lock().unwrap(), [(user.id, MailKind::VerifyEmail)]);
        let (taken, promises) = sign_up(Some(user.id), false);
        assert_eq!(taken.run(request(), None).await, Err(Conflict::EmailTaken.into()));
        assert!(promises.lock().unwrap().is_empty());
    }
}
