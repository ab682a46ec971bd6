//! Signing up.

use crate::port::{AccountRepository, Clock, Credentials, IdSource, PasswordHasher, StoreError};
use crate::{Conflict, Error, Password};
use frontrow_domain::waiting_room::Digest;
use frontrow_domain::{Email, Rejection, Role, User, UserId};
use std::sync::Arc;
use uuid::Uuid;

/// Makes an account for somebody who books seats.
#[derive(Clone)]
pub struct SignUp {
    /// Keeps the account.
    pub accounts: Arc<dyn AccountRepository>,
    /// Hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Makes the account's id.
    pub ids: Arc<dyn IdSource>,
    /// Gives the account's date.
    pub clock: Arc<dyn Clock>,
    /// SHA-256, by which an idempotency key is found again in the id of its account.
    pub digest: Digest,
}

/// What somebody signs up with.
#[derive(Clone, Debug)]
pub struct SignUpRequest {
    /// Email address to log in with.
    pub email: Email,
    /// Password to log in with.
    pub password: Password,
    /// Name to call the user by.
    pub name: String,
}

impl SignUp {
    /// [`Conflict::EmailTaken`] if the address has an account. Whoever signs up is a customer.
    pub async fn run(&self, request: SignUpRequest) -> Result<User, Error> {
        self.add(request, Role::Customer, UserId::new(self.ids.id())).await
    }

    /// The same, so that it can be repeated: the same request with the same key finds the account that it made, another one
    /// is refused with [`Rejection::KeyReused`]. The key is the address's own: with another address it is another key.
    pub async fn run_with_key(&self, request: SignUpRequest, key: &str) -> Result<User, Error> {
        let SignUpRequest { email, password, name } = request.clone();
        let id = self.id_of(&email, key, self.ids.id());
        let refused = match self.add(request, Role::Customer, UserId::new(id)).await {
            Err(Error::Conflict(Conflict::EmailTaken)) => Err(Conflict::EmailTaken.into()),
            answer => return answer,
        };
        let Some(Credentials { user, password_hash }) = self.accounts.by_email(&email).await? else { return refused };
        if self.id_of(&email, key, user.id.uuid()) != user.id.uuid() {
            return refused;
        }
        let is_same = user.name == User { name, ..user.clone() }.normalized().name;
        let knows = self.passwords.verify(password.into_text(), Some(password_hash)).await?;
        if is_same && knows { Ok(user) } else { Err(Rejection::KeyReused.into()) }
    }

    /// The id with the mark of the key, which is the address's own.
    pub(crate) fn id_of(&self, email: &Email, key: &str, id: Uuid) -> Uuid {
        marked(id, (self.digest)(&[b"sign-up\0", key.as_bytes(), b"\0", email.as_str().as_bytes()].concat()))
    }

    async fn add(&self, request: SignUpRequest, role: Role, id: UserId) -> Result<User, Error> {
        self.keep(self.draft(request, role, id).await?).await
    }

    /// What would be kept.
    pub(crate) async fn draft(&self, request: SignUpRequest, role: Role, id: UserId) -> Result<Credentials, Error> {
        let SignUpRequest { email, password, name } = request;
        let user = User { id, email, name, role }.normalized();
        user.check()?;
        password.check_for(&user)?;
        let password_hash = self.passwords.hash(password.into_text()).await?;
        Ok(Credentials { user, password_hash })
    }

    /// Keeps it; [`Conflict::EmailTaken`] if the address has an account.
    pub(crate) async fn keep(&self, credentials: Credentials) -> Result<User, Error> {
        match self.accounts.add(&credentials, self.clock.now()).await {
            Ok(()) => Ok(credentials.user),
            Err(StoreError::Stale) => Err(Conflict::EmailTaken.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The UUID with the mark where it has its random bits: its time, version and variant stay.
fn marked(id: Uuid, mark: [u8; 32]) -> Uuid {
    const RANDOM: u128 = 0x0000_0000_0000_0fff_3fff_ffff_ffff_ffff;
    let mark = mark.iter().take(16).fold(0, |mark, byte| (mark << 8) | u128::from(*byte));
    Uuid::from_u128((id.as_u128() & !RANDOM) | (mark & RANDOM))
}

/// Makes an account for an operator. For whoever runs the installation, from a command line: it is not among the
/// [`UseCases`](crate::UseCases).
pub struct AddOperator(pub SignUp);

impl AddOperator {
    /// [`Conflict::EmailTaken`] if the address has an account.
    pub async fn run(&self, request: SignUpRequest) -> Result<User, Error> {
        let id = UserId::new(self.0.ids.id());
        self.0.add(request, Role::Operator, id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{HashingBusy, MockAccountRepository, MockPasswordHasher};
    use crate::testing::{at, clock, digest, ids, user};
    use frontrow_domain::Invalid;
    use mockall::predicate::eq;
    use std::time::Duration;
    use uuid::Uuid;

    const NOW: i64 = 1000;

    fn kim() -> User {
        User { id: user(1), email: "kim@example.com".parse().unwrap(), name: "Kim".into(), role: Role::Customer }
    }

    fn sign_up_request(name: &str) -> SignUpRequest {
        let password = Password::new("correct horse").unwrap();
        SignUpRequest { email: kim().email, password, name: name.into() }
    }

    fn sign_up(accounts: MockAccountRepository, passwords: MockPasswordHasher) -> SignUp {
        SignUp { accounts: Arc::new(accounts), passwords: Arc::new(passwords), ids: ids(), clock: clock(NOW), digest }
    }

    fn hashing() -> MockPasswordHasher {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().with(eq("correct horse".to_owned())).return_once(|_| Ok("hash".into()));
        passwords
    }

    #[tokio::test]
    async fn an_account_is_kept_with_the_hash_of_its_password() {
        let mut accounts = MockAccountRepository::new();
        let user = User { id: UserId::new(Uuid::from_u128(1)), ..kim() };
        let expected = Credentials { user: user.clone(), password_hash: "hash".into() };
        accounts.expect_add().with(eq(expected), eq(at(NOW))).times(1).return_once(|_, _| Ok(()));
        assert_eq!(sign_up(accounts, hashing()).run(sign_up_request("Kim")).await, Ok(user));
    }

    #[tokio::test]
    async fn only_an_operator_who_is_added_is_one() {
        for role in [Role::Customer, Role::Operator] {
            let mut accounts = MockAccountRepository::new();
            accounts.expect_add().withf(move |new, _| new.user.role == role).times(1).return_once(|_, _| Ok(()));
            let sign_up = sign_up(accounts, hashing());
            let request = sign_up_request("Kim");
            let added = match role {
                Role::Customer => sign_up.run(request).await,
                Role::Operator => AddOperator(sign_up).run(request).await,
            };
            assert_eq!(added.map(|user| user.role), Ok(role));
        }
    }

    #[tokio::test]
    async fn an_address_has_one_account() {
        let mut accounts = MockAccountRepository::new();
        accounts.expect_add().return_once(|_, _| Err(StoreError::Stale));
        let refused = sign_up(accounts, hashing()).run(sign_up_request("Kim")).await;
        assert_eq!(refused, Err(Conflict::EmailTaken.into()));
    }

    /// What is said to whoever signs up as Kim with the key `second`, if the account has been made with the key `first`;
    /// whether the password is the account's is asked only if `password` says what is answered.
    async fn sign_up_again(first: &str, second: &str, name: &str, password: Option<bool>) -> Result<User, Error> {
        let (added, kept) = std::sync::mpsc::channel();
        let mut accounts = MockAccountRepository::new();
        accounts.expect_add().return_once(move |new, _| {
            added.send(new.clone()).unwrap();
            Ok(())
        });
        let made = sign_up(accounts, hashing()).run_with_key(sign_up_request("Kim"), first).await.unwrap();
        let kept = kept.recv().unwrap();
        assert_eq!(kept.user, made);

        let mut accounts = MockAccountRepository::new();
        accounts.expect_add().return_once(|_, _| Err(StoreError::Stale));
        accounts.expect_by_email().with(eq(kim().email)).return_once(move |_| Ok(Some(kept)));
        let mut passwords = hashing();
        if let Some(is_right) = password {
            let asked = (eq("correct horse".to_owned()), eq(Some("hash".to_owned())));
            passwords.expect_verify().with(asked.0, asked.1).times(1).return_once(move |_, _| Ok(is_right));
        }
        sign_up(accounts, passwords)
            .run_with_key(sign_up_request(name), second)
            .await
            .inspect(|again| assert_eq!(*again, made))
    }

    #[tokio::test]
    async fn a_sign_up_is_found_again_by_its_key() {
        assert!(sign_up_again("tap", "tap", "Kim", Some(true)).await.is_ok());
        let reused = Err(Rejection::KeyReused.into());
        assert_eq!(sign_up_again("tap", "tap", "Lee", Some(true)).await, reused);
        assert_eq!(sign_up_again("tap", "tap", "Kim", Some(false)).await, reused);
        assert_eq!(sign_up_again("tap", "tip", "Kim", None).await, Err(Conflict::EmailTaken.into()));
    }

    #[test]
    fn an_id_with_a_mark_keeps_its_time() {
        let id = Uuid::from_u128(0x019a_0f0e_7c1c_7b1e_9e6b_3a5c_2f4d_8e10);
        let marked = [marked(id, [0; 32]), marked(id, [0xff; 32])];
        assert_eq!(marked[0], Uuid::from_u128(0x019a_0f0e_7c1c_7000_8000_0000_0000_0000));
        assert_eq!(marked[1], Uuid::from_u128(0x019a_0f0e_7c1c_7fff_bfff_ffff_ffff_ffff));
    }

    #[tokio::test]
    async fn a_flaw_is_found_before_anything_is_hashed() {
        let refused = sign_up(MockAccountRepository::new(), MockPasswordHasher::new()).run(sign_up_request(" ")).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_password_with_the_own_name_is_refused_before_anything_is_hashed() {
        let password = Password::new("kim and a horse").unwrap();
        let request = SignUpRequest { password, ..sign_up_request("Kim") };
        let refused = sign_up(MockAccountRepository::new(), MockPasswordHasher::new()).run(request).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        assert_eq!((&*flaws[0].pointer, flaws[0].code), ("/password", "personal"));
    }

    #[tokio::test]
    async fn too_many_log_ins_at_once_are_told_to_come_back() {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().return_once(|_| Err(HashingBusy));
        let refused = sign_up(MockAccountRepository::new(), passwords).run(sign_up_request("Kim")).await;
        assert_eq!(refused, Err(Error::Outage(crate::Outage::Busy { retry_after: Duration::from_secs(1) })));
    }
}
