//! How often somebody may ask for what costs a lot, or for what can be guessed by asking often.

use super::joins::Network;
use async_trait::async_trait;
use frontrow_domain::{Email, PerformanceId, SeatNumber, UserId};
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// What is limited, besides joining a queue ([`JoinLimits`](super::JoinLimits)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Signing up.
    SignUp,
    /// Logging in.
    LogIn,
    /// Exchanging refresh tokens.
    Refresh,
    /// Whatever makes the server send mail.
    Mail,
    /// Charging a wallet: whoever has stolen card numbers tries them out.
    Charge,
    /// Holding seats.
    Hold,
    /// Giving holds up.
    Release,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::SignUp, Self::LogIn, Self::Refresh, Self::Mail, Self::Charge, Self::Hold, Self::Release];

    /// Its name in settings, headers and figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::LogIn => "log-in",
            Self::Refresh => "refresh",
            Self::Mail => "mail",
            Self::Charge => "charge",
            Self::Hold => "hold",
            Self::Release => "release",
        }
    }

    /// Whether instances count it together, where they can: what is rare, and worth a question to another machine.
    pub const fn is_shared(self) -> bool {
        !matches!(self, Self::Hold | Self::Release)
    }
}

/// Somebody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker<'a> {
    /// An account.
    Account(UserId),
    /// Whoever types that email address, whether an account has it or not.
    Email(&'a Email),
    /// All who ask from one network.
    Network(Network),
}

impl Asker<'_> {
    /// Whose limit it is.
    pub const fn whose(self) -> LimitedBy {
        match self {
            Self::Account(_) | Self::Email(_) => LimitedBy::Account,
            Self::Network(_) => LimitedBy::Network,
        }
    }
}

/// Whose limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitedBy {
    /// That of one account.
    Account,
    /// That of all who ask from one network.
    Network,
    /// That of one network for one account.
    AccountOnNetwork,
    /// That of one account for the same seats.
    Seats,
}

impl LimitedBy {
    /// Its name in headers and figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Network => "network",
            Self::AccountOnNetwork => "account-and-network",
            Self::Seats => "seats",
        }
    }
}

/// Somebody has asked too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} per {by}: {quota} in {} seconds", .limit.as_str(), .window.as_secs())]
pub struct Exceeded {
    /// What is limited.
    pub limit: Limit,
    /// Whose limit it is.
    pub by: LimitedBy,
    /// So many requests may be made at once, and as many again in each window.
    pub quota: u32,
    /// The window.
    pub window: Duration,
    /// When to ask again.
    pub retry_after: Duration,
}

/// Says how often one may ask. Asked before anything else is done for whoever asks.
#[async_trait]
pub trait RequestLimits: Send + Sync {
    /// Counts a request for each of these, unless one of them has asked too often: then for none. It waits for nothing.
    fn count(&self, limit: Limit, askers: &[Asker<'_>]) -> Result<(), Exceeded>;

    /// The same, together with other instances, where they have something to count with; for limits that
    /// [are shared](Limit::is_shared).
    async fn count_together(&self, limit: Limit, askers: &[Asker<'_>]) -> Result<(), Exceeded> {
        self.count(limit, askers)
    }
}

/// Makes whoever types wrong passwords wait, longer after each. Nobody else has to wait for it, least of all the owner of
/// the account.
#[async_trait]
pub trait LogInDelays: Send + Sync {
    /// Counts a try as if its password were wrong, or says how long to wait. Whether there is such an account plays no
    /// part in it.
    async fn begin(&self, email: &Email, network: Option<Network>) -> Result<(), Exceeded>;

    /// What became of a try that [`begin`](LogInDelays::begin) has counted.
    async fn end(&self, email: &Email, network: Option<Network>, end: TryEnd);
}

/// What became of a try to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryEnd {
    /// The password was right.
    Right,
    /// It was wrong.
    Wrong,
    /// Nobody looked at it.
    Unchecked,
}

/// Keeps people from holding the same seats again and again without buying them.
pub trait SeatCooldown: Send + Sync {
    /// Whether somebody may hold these seats, or has to leave them to others for a while. Without seats: whether they may
    /// hold any that the server chooses.
    fn check(&self, user: UserId, performance: PerformanceId, seats: &[SeatNumber]) -> Result<(), Exceeded>;

    /// Notes that they have given them up.
    fn note_release(&self, user: UserId, performance: PerformanceId, seats: &[SeatNumber]);
}

/// Lets everybody hold whatever they like.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCooldown;

impl SeatCooldown for NoCooldown {
    fn check(&self, _: UserId, _: PerformanceId, _: &[SeatNumber]) -> Result<(), Exceeded> {
        Ok(())
    }

    fn note_release(&self, _: UserId, _: PerformanceId, _: &[SeatNumber]) {}
}

impl fmt::Display for LimitedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Network => "network",
            Self::AccountOnNetwork => "account and network",
            Self::Seats => "account and seat",
        })
    }
}
