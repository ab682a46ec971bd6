//! Signing up, logging in, staying logged in, logging out.

use crate::port::{
    AccessClaims, AccountRepository, Clock, Credentials, HashingBusy, IdSource, PasswordHasher, Rotated,
    SessionRepository, StoreError, TokenIssuer,
};
use crate::{Conflict, Denied, Error, Missing, Outage, Password};
use frontrow_domain::waiting_room::Digest;
use frontrow_domain::{Email, RefreshToken, Rejection, Role, SessionId, User, UserId};
use std::sync::Arc;
use std::time::Duration;
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
        let mark = (self.digest)(&[b"sign-up\0", key.as_bytes(), b"\0", email.as_str().as_bytes()].concat());
        let id = marked(self.ids.id(), mark);
        let refused = match self.add(request, Role::Customer, UserId::new(id)).await {
            Err(Error::Conflict(Conflict::EmailTaken)) => Err(Conflict::EmailTaken.into()),
            answer => return answer,
        };
        let Some(Credentials { user, password_hash }) = self.accounts.by_email(&email).await? else { return refused };
        if marked(user.id.uuid(), mark) != user.id.uuid() {
            return refused;
        }
        let is_same = user.name == User { name, ..user.clone() }.normalized().name;
        let knows = self.passwords.verify(password.into_text(), Some(password_hash)).await?;
        if is_same && knows { Ok(user) } else { Err(Rejection::KeyReused.into()) }
    }

    async fn add(&self, request: SignUpRequest, role: Role, id: UserId) -> Result<User, Error> {
        let SignUpRequest { email, password, name } = request;
        let user = User { id, email, name, role }.normalized();
        user.check()?;
        let password_hash = self.passwords.hash(password.into_text()).await?;
        let credentials = Credentials { user, password_hash };
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

/// What somebody logs in with.
pub struct LogInRequest {
    /// Email address that was given at the sign-up.
    pub email: Email,
    /// Password that was given at the sign-up; see [`Password::typed`].
    pub password: String,
}

/// The tokens of somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// Access token, for every request.
    pub access_token: String,
    /// How long it is good.
    pub expires_in: Duration,
    /// Refresh token, to be exchanged for the next tokens; only its hash is kept. 32 bytes as hexadecimal digits.
    pub refresh_token: String,
}

/// Begins a session.
pub struct LogIn {
    /// Finds accounts.
    pub accounts: Arc<dyn AccountRepository>,
    /// Hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Makes the tokens.
    pub refresh: Arc<Refresh>,
}

impl LogIn {
    /// [`Denied::Credentials`] for an unknown address and for a wrong password, after the same time.
    pub async fn run(&self, request: LogInRequest) -> Result<LoggedIn, Error> {
        let known = self.accounts.by_email(&request.email).await?;
        let hash = known.as_ref().map(|credentials| credentials.password_hash.clone());
        let right = self.passwords.verify(Password::typed(request.password), hash).await?;
        match known {
            Some(credentials) if right => self.refresh.begin(&credentials.user).await,
            _ => Err(Denied::Credentials.into()),
        }
    }
}

/// Exchanges a refresh token for new tokens.
pub struct Refresh {
    /// Finds accounts.
    pub accounts: Arc<dyn AccountRepository>,
    /// Which refresh tokens are good.
    pub sessions: Arc<dyn SessionRepository>,
    /// Signs access tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Hashes refresh tokens: they are random, so a fast hash will do.
    pub digest: fn(&[u8]) -> [u8; 32],
    /// Makes tokens and ids of sessions.
    pub ids: Arc<dyn IdSource>,
    /// Says when a token has expired.
    pub clock: Arc<dyn Clock>,
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// How long a refresh token is good.
    pub refresh_lifetime: Duration,
}

impl Refresh {
    /// [`Denied::SessionEnded`] if the token is unknown, expired or was used up.
    pub async fn run(&self, shown: &str) -> Result<LoggedIn, Error> {
        let now = self.clock.now();
        let secret = self.new_secret();
        let (shown, new) = ((self.digest)(shown.as_bytes()), (self.digest)(secret.as_bytes()));
        match self.sessions.rotate(shown, new, now + self.refresh_lifetime, now).await? {
            Rotated::Issued(token) => {
                let user = self.accounts.user(token.user).await?.ok_or(Error::NotFound(Missing::User))?;
                Ok(self.logged_in(&user, token.session, secret))
            }
            Rotated::Refused => Err(Denied::SessionEnded.into()),
        }
    }

    async fn begin(&self, user: &User) -> Result<LoggedIn, Error> {
        let secret = self.new_secret();
        let token = RefreshToken {
            hash: (self.digest)(secret.as_bytes()),
            session: SessionId::new(self.ids.id()),
            user: user.id,
            expires: self.clock.now() + self.refresh_lifetime,
            replaced: None,
        };
        self.sessions.start(&token).await?;
        Ok(self.logged_in(user, token.session, secret))
    }

    fn logged_in(&self, user: &User, session: SessionId, refresh_token: String) -> LoggedIn {
        let expires = self.clock.now() + self.access_lifetime;
        let claims = AccessClaims { user: user.id, role: user.role, session, expires };
        LoggedIn { access_token: self.tokens.issue(&claims), expires_in: self.access_lifetime, refresh_token }
    }

    fn new_secret(&self) -> String {
        hex::encode(self.ids.secret())
    }
}

/// Ends a session.
pub struct LogOut {
    /// Which refresh tokens are good.
    pub sessions: Arc<dyn SessionRepository>,
}

impl LogOut {
    /// Ends the session that the access token comes from. The access token itself is good until it expires.
    pub async fn run(&self, claims: &AccessClaims) -> Result<(), Error> {
        Ok(self.sessions.end(claims.session).await?)
    }
}

impl From<HashingBusy> for Error {
    fn from(_: HashingBusy) -> Self {
        Outage::Busy { retry_after: Duration::from_secs(1) }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockAccountRepository, MockPasswordHasher, MockSessionRepository, MockTokenIssuer};
    use crate::testing::{at, clock, ids, user};
    use frontrow_domain::Instant;
    use mockall::predicate::eq;
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

    /// Not a good hash: it only has to tell inputs apart.
    fn digest(bytes: &[u8]) -> [u8; 32] {
        let mut hash = [0; 32];
        bytes.iter().zip((0..32).cycle()).for_each(|(byte, place)| hash[place] = byte.wrapping_add(hash[place]) ^ 0x55);
        hash
    }

    fn refresh(sessions: MockSessionRepository, accounts: MockAccountRepository) -> Refresh {
        let mut tokens = MockTokenIssuer::new();
        tokens
            .expect_issue()
            .returning(|claims| format!("{}/{:?}/{}", claims.user, claims.role, claims.expires.micros()));
        Refresh {
            accounts: Arc::new(accounts),
            sessions: Arc::new(sessions),
            tokens: Arc::new(tokens),
            digest,
            ids: ids(),
            clock: clock(NOW),
            access_lifetime: Duration::from_mins(10),
            refresh_lifetime: Duration::from_secs(10_000),
        }
    }

    /// What [`refresh`] gives Kim: the secret of the fixture in hexadecimal.
    fn tokens_of_kim() -> LoggedIn {
        LoggedIn {
            access_token: format!("{}/Customer/{}", kim().id, at(NOW + 600).micros()),
            expires_in: Duration::from_mins(10),
            refresh_token: "ab".repeat(32),
        }
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
    async fn too_many_log_ins_at_once_are_told_to_come_back() {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().return_once(|_| Err(HashingBusy));
        let refused = sign_up(MockAccountRepository::new(), passwords).run(sign_up_request("Kim")).await;
        assert_eq!(refused, Err(Error::Outage(Outage::Busy { retry_after: Duration::from_secs(1) })));
    }

    /// Logs in where `known` has an account; the password is verified against exactly that `hash`, with that result.
    async fn log_in(
        known: Option<User>,
        hash: Option<&str>,
        right: bool,
        sessions: MockSessionRepository,
    ) -> Result<LoggedIn, Error> {
        let mut accounts = MockAccountRepository::new();
        let found = known.map(|user| Credentials { user, password_hash: "hash".into() });
        accounts.expect_by_email().with(eq(kim().email)).return_once(|_| Ok(found));
        let mut passwords = MockPasswordHasher::new();
        let verify = passwords.expect_verify().with(eq("secret".to_owned()), eq(hash.map(str::to_owned)));
        verify.times(1).return_once(move |_, _| Ok(right));
        let refresh = Arc::new(refresh(sessions, MockAccountRepository::new()));
        let log_in = LogIn { accounts: Arc::new(accounts), passwords: Arc::new(passwords), refresh };
        log_in.run(LogInRequest { email: kim().email, password: "secret".into() }).await
    }

    #[tokio::test]
    async fn an_unknown_address_takes_as_long_and_hears_the_same_as_a_wrong_password() {
        let denied = Err(Denied::Credentials.into());
        assert_eq!(log_in(Some(kim()), Some("hash"), false, MockSessionRepository::new()).await, denied);
        assert_eq!(log_in(None, None, false, MockSessionRepository::new()).await, denied);
        assert_eq!(log_in(None, None, true, MockSessionRepository::new()).await, denied);
    }

    #[tokio::test]
    async fn logging_in_begins_a_session_of_which_only_a_hash_is_kept() {
        let mut sessions = MockSessionRepository::new();
        let first = RefreshToken {
            hash: digest("ab".repeat(32).as_bytes()),
            session: SessionId::new(Uuid::from_u128(1)),
            user: kim().id,
            expires: at(NOW + 10_000),
            replaced: None,
        };
        sessions.expect_start().with(eq(first)).times(1).return_once(|_| Ok(()));
        assert_eq!(log_in(Some(kim()), Some("hash"), true, sessions).await, Ok(tokens_of_kim()));
    }

    fn rotating(answer: Rotated) -> MockSessionRepository {
        let mut sessions = MockSessionRepository::new();
        let (shown, new) = (digest(b"shown"), digest("ab".repeat(32).as_bytes()));
        let rotate = sessions.expect_rotate().with(eq(shown), eq(new), eq(at(NOW + 10_000)), eq(at(NOW)));
        rotate.times(1).return_once(|_, _, _, _| Ok(answer));
        sessions
    }

    #[tokio::test]
    async fn a_refresh_token_is_exchanged_for_new_tokens() {
        let issued = RefreshToken {
            hash: [0; 32],
            session: SessionId::new(Uuid::from_u128(5)),
            user: kim().id,
            expires: Instant::default(),
            replaced: None,
        };
        let mut accounts = MockAccountRepository::new();
        accounts.expect_user().with(eq(kim().id)).return_once(|_| Ok(Some(kim())));
        let refresh = refresh(rotating(Rotated::Issued(issued)), accounts);
        assert_eq!(refresh.run("shown").await, Ok(tokens_of_kim()));
    }

    #[tokio::test]
    async fn a_refresh_token_that_is_worth_nothing_buys_nothing() {
        let refresh = refresh(rotating(Rotated::Refused), MockAccountRepository::new());
        assert_eq!(refresh.run("shown").await, Err(Denied::SessionEnded.into()));
    }

    #[tokio::test]
    async fn logging_out_ends_the_session_of_the_access_token() {
        let session = SessionId::new(Uuid::from_u128(5));
        let mut sessions = MockSessionRepository::new();
        sessions.expect_end().with(eq(session)).times(1).return_once(|_| Ok(()));
        let claims = AccessClaims { user: kim().id, role: Role::Customer, session, expires: at(NOW) };
        assert_eq!(LogOut { sessions: Arc::new(sessions) }.run(&claims).await, Ok(()));
    }
}
