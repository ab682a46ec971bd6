//! Logging in, staying logged in, seeing where one is logged in, logging out.

use crate::port::{
    AccessClaims, AccountNotice, AccountNotices, AccountRepository, Clock, Credentials, Ending, IdSource,
    PasswordChange, PasswordHasher, RefreshRotation, Rotated, SessionRepository, SessionStart, StoreError, TokenIssuer,
};
use crate::{Denied, EndedSessions, Error, Missing, Outage, Password};
use frontrow_domain::{Email, Instant, RefreshToken, Session, SessionId, User, UserId};
use std::sync::Arc;
use std::time::Duration;

/// What somebody logs in with.
#[derive(Clone)]
pub struct LogInRequest {
    /// Email address that was given at the sign-up.
    pub email: Email,
    /// Password that was given at the sign-up; see [`Password::typed`].
    pub password: String,
    /// What the client calls itself, if it does; cut off after [`Session::LONGEST_USER_AGENT`] characters.
    pub user_agent: Option<String>,
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
    /// Finds accounts, and keeps hashes that were made anew.
    pub accounts: Arc<dyn AccountRepository>,
    /// Checks passwords, and hashes them anew where a hash is weak.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Makes the tokens.
    pub refresh: Arc<Refresh>,
}

impl LogIn {
    /// [`Denied::Credentials`] for an unknown address and for a wrong password, after the same time. Whoever has
    /// [`Session::MOST`] sessions loses the oldest.
    pub async fn run(&self, request: LogInRequest) -> Result<LoggedIn, Error> {
        // Once more, if the password has changed since it was compared.
        match self.try_once(request.clone()).await? {
            Some(logged_in) => Ok(logged_in),
            None => self.try_once(request).await?.ok_or(BUSY),
        }
    }

    async fn try_once(&self, request: LogInRequest) -> Result<Option<LoggedIn>, Error> {
        let known = self.accounts.by_email(&request.email).await?;
        let hash = known.as_ref().map(|credentials| credentials.password_hash.clone());
        let password = Password::typed(request.password);
        let right = self.passwords.verify(password.clone(), hash).await?;
        let credentials = known.filter(|_| right).ok_or(Denied::Credentials)?;
        let (user, hash) = (credentials.user.id, credentials.password_hash.clone());
        let logged_in = self.refresh.begin(credentials, request.user_agent).await?;
        if logged_in.is_some() && self.passwords.is_weak(&hash) {
            self.strengthen(user, password, hash).await;
        }
        Ok(logged_in)
    }

    /// Hashes the password anew, as it would be today. If that can't be done now, the next log-in tries it.
    async fn strengthen(&self, user: UserId, password: String, known: String) {
        if let Ok(hash) = self.passwords.hash(password).await {
            let change = PasswordChange { user, known, hash, ending: None, now: self.refresh.clock.now() };
            drop(self.accounts.change_password(&change).await);
        }
    }
}

pub(crate) const BUSY: Error = Error::Outage(Outage::Busy { retry_after: Duration::from_secs(1) });

/// Exchanges a refresh token for new tokens.
pub struct Refresh {
    /// Says what role a user has now.
    pub accounts: Arc<dyn AccountRepository>,
    /// Which refresh tokens are good.
    pub sessions: Arc<dyn SessionRepository>,
    /// Signs access tokens, and makes refresh tokens of others.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Hashes refresh tokens: they are random, so a fast hash will do.
    pub digest: fn(&[u8]) -> [u8; 32],
    /// Makes first tokens and ids of sessions.
    pub ids: Arc<dyn IdSource>,
    /// Says when a token has expired.
    pub clock: Arc<dyn Clock>,
    /// Whose access tokens are refused.
    pub ended: Arc<EndedSessions>,
    /// Tells the owner of a token that somebody has a copy of it.
    pub notices: Arc<dyn AccountNotices>,
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// How long a refresh token is good.
    pub refresh_lifetime: Duration,
    /// How long a session lasts, however often it is refreshed.
    pub session_lifetime: Duration,
}

impl Refresh {
    /// [`Denied::SessionEnded`] if the token is unknown, expired or was used up. Within
    /// [`REUSE_GRACE`](frontrow_domain::REUSE_GRACE) the same token gets the same refresh token again; later it ends the
    /// session, and its owner is told.
    pub async fn run(&self, shown: &str) -> Result<LoggedIn, Error> {
        let now = self.clock.now();
        let secrets = self.tokens.successors(shown);
        let rotation = RefreshRotation {
            shown: (self.digest)(shown.as_bytes()),
            successors: secrets.iter().map(|secret| (self.digest)(secret.as_bytes())).collect(),
            expires: now + self.refresh_lifetime,
            access_until: now + self.access_lifetime,
            now,
        };
        let token = match self.sessions.rotate(&rotation).await? {
            Rotated::Issued(token) => token,
            Rotated::Refused => return Err(Denied::SessionEnded.into()),
            Rotated::Reused { user, ended } => {
                self.ended.add(&[ended]);
                self.notices.tell(&AccountNotice::RefreshTokenReused { user, session: ended.session, at: now });
                return Err(Denied::SessionEnded.into());
            }
        };
        let issued = rotation.successors.iter().position(|hash| *hash == token.hash);
        let secret = issued.and_then(|place| secrets.into_iter().nth(place)).ok_or(Denied::SessionEnded)?;
        let user = self.accounts.user(token.user).await?.ok_or(Error::NotFound(Missing::User))?;
        Ok(self.logged_in(&user, &token, secret, now))
    }

    /// `None` if the password has changed since it was found right.
    async fn begin(&self, known: Credentials, user_agent: Option<String>) -> Result<Option<LoggedIn>, Error> {
        let Credentials { user, password_hash } = known;
        let (id, now, secret) = (SessionId::new(self.ids.id()), self.clock.now(), hex::encode(self.ids.secret()));
        let ends = now + self.session_lifetime;
        let expires = ends.min(now + self.refresh_lifetime);
        let token = RefreshToken {
            hash: (self.digest)(secret.as_bytes()),
            session: id,
            user: user.id,
            expires,
            replaced: None,
        };
        let session = Session {
            id,
            user: user.id,
            started: now,
            last_used: now,
            expires,
            ends,
            access_until: expires.min(now + self.access_lifetime),
            user_agent: user_agent.map(|name| name.chars().take(Session::LONGEST_USER_AGENT).collect()),
        };
        let start = SessionStart { session, token, password_hash: Some(password_hash) };
        match self.sessions.start(&start).await {
            Ok(ended) => self.ended.add(&ended),
            Err(StoreError::Stale) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        Ok(Some(self.logged_in(&user, &start.token, secret, now)))
    }

    fn logged_in(&self, user: &User, token: &RefreshToken, refresh_token: String, now: Instant) -> LoggedIn {
        // No access token outlives its session.
        let expires = token.expires.min(now + self.access_lifetime);
        let claims = AccessClaims { user: user.id, role: user.role, session: token.session, expires };
        LoggedIn { access_token: self.tokens.issue(&claims), expires_in: expires.since(now), refresh_token }
    }
}

/// Shows somebody where they are logged in.
pub struct ListSessions {
    /// Which sessions there are.
    pub sessions: Arc<dyn SessionRepository>,
    /// Says which are over.
    pub clock: Arc<dyn Clock>,
}

impl ListSessions {
    /// Their sessions, the newest first; at most [`Session::MOST`].
    pub async fn run(&self, user: UserId) -> Result<Vec<Session>, Error> {
        Ok(self.sessions.sessions_of(user, self.clock.now()).await?)
    }
}

/// Ends sessions.
pub struct EndSessions {
    /// Which sessions there are.
    pub sessions: Arc<dyn SessionRepository>,
    /// Whose access tokens are refused.
    pub ended: Arc<EndedSessions>,
    /// Says when they ended.
    pub clock: Arc<dyn Clock>,
}

impl EndSessions {
    /// Ends sessions of that user; says how many. Their access tokens are refused at once on this instance, and within a
    /// second on the others.
    pub async fn run(&self, user: UserId, ending: Ending) -> Result<usize, Error> {
        let ended = self.sessions.end(user, ending, self.clock.now()).await?;
        self.ended.add(&ended);
        Ok(ended.len())
    }

    /// Ends the session with that id; [`Missing::Session`] if it is over, or somebody else's.
    pub async fn one(&self, user: UserId, session: SessionId) -> Result<(), Error> {
        let ended = self.run(user, Ending::One(session)).await?;
        if ended == 0 { Err(Error::NotFound(Missing::Session)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
