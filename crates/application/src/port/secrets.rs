//! Passwords, tokens and ticket codes.

use async_trait::async_trait;
use frontrow_domain::{Instant, Role, SessionId, TicketKey, UserId};
use thiserror::Error;

/// More hashing is asked for than this machine can do: ask again a little later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many log-ins at once")]
pub struct HashingBusy;

/// Hashes passwords, slowly on purpose, and so many at a time as the machine can bear. New ones are hashed, and known ones
/// verified, in places apart: however many sign up, whoever logs in is served, and the other way round.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A salted hash.
    async fn hash(&self, password: String) -> Result<String, HashingBusy>;

    /// Whether the password has that hash. Without a hash it takes as long and says no, so that nobody can find out by
    /// the time it takes who has an account.
    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, HashingBusy>;

    /// Whether a hash is easier to break than one that [`hash`](PasswordHasher::hash) would make now.
    fn is_weak(&self, hash: &str) -> bool;
}

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The user who is logged in.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// The log-in that it comes from.
    pub session: SessionId,
    /// The first instant at which it is worth nothing.
    pub expires: Instant,
}

/// Signs access tokens, reads what it has signed, and makes refresh tokens follow one another.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait TokenIssuer: Send + Sync {
    /// The claims as a signed token.
    fn issue(&self, claims: &AccessClaims) -> String;

    /// What the token says, if it was signed here and has not expired.
    fn verify(&self, token: &str, now: Instant) -> Option<AccessClaims>;

    /// What a refresh token is exchanged for, by each key, the one that signs first. The same for the same token and key,
    /// and not to be guessed by whoever knows the token. 32 bytes as hexadecimal digits.
    fn successors(&self, refresh_token: &str) -> Vec<String>;
}

/// A public key, with which anybody can check the codes that its owner has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketPublicKey {
    /// Its id in the ring.
    pub id: String,
    /// An Ed25519 public key.
    pub bytes: [u8; 32],
}

/// Makes the codes that stand on tickets, and reads what it has made.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait TicketSigner: Send + Sync {
    /// The code of a ticket: the same as long as the same key signs, and not to be guessed.
    fn code(&self, ticket: TicketKey) -> String;

    /// The ticket whose code it is, if one of the keys here has signed it. Whether the ticket is still good is for the store
    /// to say.
    fn read(&self, code: &str) -> Option<TicketKey>;

    /// What doors need to check codes by themselves: the key that signs comes first.
    fn public_keys(&self) -> Vec<TicketPublicKey>;
}
