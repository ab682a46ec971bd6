//! Choosing another password.

use crate::port::{AccountNotice, AccountNotices, AccountRepository, Clock, Ending, PasswordChange, PasswordHasher};
use crate::sessions::BUSY;
use crate::{Conflict, EndedSessions, Error, Missing, Password};
use frontrow_domain::{Invalid, SessionId, UserId, Violation};
use std::sync::Arc;

/// Changes somebody's password, and ends their other sessions.
pub struct ChangePassword {
    /// Keeps the hash.
    pub accounts: Arc<dyn AccountRepository>,
    /// Checks the password until now, and hashes the new one.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Whose access tokens are refused.
    pub ended: Arc<EndedSessions>,
    /// Tells the owner.
    pub notices: Arc<dyn AccountNotices>,
    /// Says when.
    pub clock: Arc<dyn Clock>,
}

/// A wish for another password.
#[derive(Clone)]
pub struct ChangePasswordRequest {
    /// Owner of the password.
    pub user: UserId,
    /// The session that asks: it goes on.
    pub session: SessionId,
    /// The password until now, as it was typed.
    pub current: String,
    /// The password from now on.
    pub new: Password,
}

impl ChangePassword {
    /// [`Error::Invalid`] if the current password is wrong, or the new one is about its owner. If the new password is the
    /// account's already, there is nothing to do: so a request whose answer was lost can be sent again.
    pub async fn run(&self, request: ChangePasswordRequest) -> Result<(), Error> {
        // Once more, if it has changed since it was compared.
        match self.try_once(&request).await {
            Err(Error::Conflict(Conflict::ChangedMeanwhile)) => {}
            answer => return answer,
        }
        match self.try_once(&request).await {
            Err(Error::Conflict(Conflict::ChangedMeanwhile)) => Err(BUSY),
            answer => answer,
        }
    }

    async fn try_once(&self, request: &ChangePasswordRequest) -> Result<(), Error> {
        let gone = Error::NotFound(Missing::User);
        let user = self.accounts.user(request.user).await?.ok_or(gone.clone())?;
        let known = self.accounts.by_email(&user.email).await?.ok_or(gone)?.password_hash;
        request.new.check_for(&user)?;
        let new = request.new.clone().into_text();
        let current = Password::typed(request.current.clone());
        if !self.passwords.verify(current, Some(known.clone())).await? {
            let is_done = self.passwords.verify(new, Some(known)).await?;
            return if is_done { Ok(()) } else { Err(wrong()) };
        }
        let (hash, now) = (self.passwords.hash(new).await?, self.clock.now());
        let ending = Some(Ending::AllBut(request.session));
        let change = PasswordChange { user: user.id, known, hash, ending, now };
        self.ended.add(&self.accounts.change_password(&change).await?);
        self.notices.tell(&AccountNotice::PasswordChanged { user: user.id, at: now });
        Ok(())
    }
}

fn wrong() -> Error {
    let detail = "the account's password".to_owned();
    Error::Invalid(Invalid(vec![Violation { pointer: "/current_password".into(), code: "wrong", detail }]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{
        Credentials, EndedSession, MockAccountNotices, MockAccountRepository, MockPasswordHasher,
        MockSessionRepository, StoreError,
    };
    use crate::testing::{at, clock, user};
    use frontrow_domain::{User, testing};
    use mockall::predicate::eq;
    use uuid::Uuid;

    const NEW: &str = "staple battery horse";

    fn kim() -> User {
        testing::user().id(user(1)).name("Kim").build()
    }

    fn session(n: u128) -> SessionId {
        SessionId::new(Uuid::from_u128(n))
    }

    /// Changes the password where `current` and the new one are right or not, and the store answers like that.
    async fn change(
        right: (bool, bool),
        stored: Vec<Result<Vec<EndedSession>, StoreError>>,
    ) -> (Result<(), Error>, bool) {
        let (mut accounts, mut passwords, mut notices) =
            (MockAccountRepository::new(), MockPasswordHasher::new(), MockAccountNotices::new());
        accounts.expect_user().returning(|_| Ok(Some(kim())));
        accounts.expect_by_email().returning(|_| Ok(Some(Credentials { user: kim(), password_hash: "old".into() })));
        for (text, right) in [("current", right.0), (NEW, right.1)] {
            let asked = (eq(text.to_owned()), eq(Some("old".to_owned())));
            passwords.expect_verify().with(asked.0, asked.1).returning(move |_, _| Ok(right));
        }
        passwords.expect_hash().with(eq(NEW.to_owned())).returning(|_| Ok("new".into()));
        let is_changed = matches!(stored.last(), Some(Ok(_)));
        let change = PasswordChange {
            user: kim().id,
            known: "old".into(),
            hash: "new".into(),
            ending: Some(Ending::AllBut(session(1))),
            now: at(5),
        };
        let (times, mut answers) = (stored.len(), stored.into_iter());
        let asked = accounts.expect_change_password().with(eq(change)).times(times);
        asked.returning(move |_| answers.next().unwrap());
        let told = AccountNotice::PasswordChanged { user: kim().id, at: at(5) };
        notices.expect_tell().with(eq(told)).times(usize::from(is_changed)).return_const(());
        let change = ChangePassword {
            accounts: Arc::new(accounts),
            passwords: Arc::new(passwords),
            ended: Arc::new(EndedSessions::new(Arc::new(MockSessionRepository::new()), clock(5))),
            notices: Arc::new(notices),
            clock: clock(5),
        };
        let new = Password::new(NEW).unwrap();
        let request = ChangePasswordRequest { user: kim().id, session: session(1), current: "current".into(), new };
        (change.run(request).await, change.ended.includes(session(2)))
    }

    #[tokio::test]
    async fn another_password_ends_the_other_sessions_and_its_owner_is_told() {
        let ended = EndedSession { session: session(2), at: at(5), access_until: at(900) };
        assert_eq!(change((true, false), vec![Ok(vec![ended])]).await, (Ok(()), true));
        assert_eq!(change((true, false), vec![Err(StoreError::Stale), Ok(vec![ended])]).await, (Ok(()), true));
        let busy = change((true, false), vec![Err(StoreError::Stale), Err(StoreError::Stale)]).await;
        assert_eq!(busy, (Err(BUSY), false));
    }

    #[tokio::test]
    async fn who_does_not_know_the_password_changes_nothing_and_who_repeats_is_answered() {
        let (refused, _) = change((false, false), Vec::new()).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        assert_eq!((&*flaws[0].pointer, flaws[0].code), ("/current_password", "wrong"));
        assert_eq!(change((false, true), Vec::new()).await, (Ok(()), false));
    }
}
