//! Signing up, logging in, staying logged in, logging out.

use crate::port::{
    AccessClaims, AccountRepository, Clock, Credentials, HashingBusy, IdSource, PasswordHasher, Rotated,
    SessionRepository, StoreError, TokenIssuer,
};
use crate::{Conflict, Denied, Error, Missing};
use frontrow_domain::{Email, RefreshToken, Role, SessionId, User, UserId};
use std::sync::Arc;
use std::time::Duration;

/// Makes an account.
pub struct SignUp {
    /// Where it is kept.
    pub accounts: Arc<dyn AccountRepository>,
    /// For the password.
    pub passwords: Arc<dyn PasswordHasher>,
    /// For its id.
    pub ids: Arc<dyn IdSource>,
    /// For its date.
    pub clock: Arc<dyn Clock>,
}

/// Who signs up.
pub struct SignUpRequest {
    /// What they will log in with.
    pub email: Email,
    /// What they will prove it with; its length has been checked.
    pub password: String,
    /// What to call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl SignUp {
    /// Characters of a password.
    pub const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

    /// [`Conflict::EmailTaken`] if the address has an account.
    pub async fn run(&self, request: SignUpRequest) -> Result<User, Error> {
        let SignUpRequest { email, password, name, role } = request;
        let user = User { id: UserId::new(self.ids.id()), email, name, role };
        user.check()?;
        let password_hash = self.passwords.hash(password).await?;
        let credentials = Credentials { user, password_hash };
        match self.accounts.add(&credentials, self.clock.now()).await {
            Ok(()) => Ok(credentials.user),
            Err(StoreError::Stale) => Err(Conflict::EmailTaken.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Who logs in.
pub struct LogInRequest {
    /// As they signed up.
    pub email: Email,
    /// As they signed up.
    pub password: String,
}

/// What somebody who is logged in has in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// For every request.
    pub access_token: String,
    /// How long it is good.
    pub expires_in: Duration,
    /// For the next access token; only its hash is kept. 32 bytes as hexadecimal digits.
    pub refresh_token: String,
}

/// Begins a session.
pub struct LogIn {
    /// Who has an account.
    pub accounts: Arc<dyn AccountRepository>,
    /// For the password.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Makes the tokens.
    pub refresh: Arc<Refresh>,
}

impl LogIn {
    /// [`Denied::Credentials`] for an unknown address and for a wrong password, after the same time.
    pub async fn run(&self, request: LogInRequest) -> Result<LoggedIn, Error> {
        let known = self.accounts.by_email(&request.email).await?;
        let hash = known.as_ref().map(|credentials| credentials.password_hash.clone());
        let right = self.passwords.verify(request.password, hash).await?;
        match known {
            Some(credentials) if right => self.refresh.begin(&credentials.user).await,
            _ => Err(Denied::Credentials.into()),
        }
    }
}

/// Exchanges a refresh token for new tokens.
pub struct Refresh {
    /// Who has an account.
    pub accounts: Arc<dyn AccountRepository>,
    /// Which refresh tokens are good.
    pub sessions: Arc<dyn SessionRepository>,
    /// Signs access tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Hashes refresh tokens: they are random, so a fast hash will do.
    pub digest: fn(&[u8]) -> [u8; 32],
    /// For tokens and sessions.
    pub ids: Arc<dyn IdSource>,
    /// For expiry.
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
        self.ids.secret().iter().map(|byte| format!("{byte:02x}")).collect()
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
        Self::Busy { retry_after: Duration::from_secs(1) }
    }
}
