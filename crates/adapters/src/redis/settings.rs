//! Which server of Redis or Valkey, and how it is talked to.

use crate::address::{AddressFlaw, ServerAddress};
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// Which server, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://USER:PASSWORD@HOST:6379/0`, or `rediss://…` with TLS.
    pub url: String,
    /// What the names of all keys begin with: installations that share a server have different ones.
    pub prefix: String,
    /// Numbers that are leased at a time, for each group: at least as many as one script hands out, 256.
    pub block: u64,
    /// Joins of a sale that may wait; more are told to come back.
    pub queue: usize,
    /// How long a connection may take to be made.
    pub connect_within: Duration,
    /// How long the server may take to answer.
    pub answer_within: Duration,
    /// Whether an epoch is never begun here, but an error where one would have to be: for whoever only wants to read.
    pub only_reads: bool,
    /// The mark that the server has to have before any number comes from it; `None` if any server will do.
    pub mark: Option<String>,
}

impl RedisSettings {
    /// That server, and what is right for most.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: "frontrow".to_owned(),
            block: 10_000,
            queue: 8192,
            connect_within: Duration::from_secs(1),
            answer_within: Duration::from_secs(2),
            only_reads: false,
            mark: None,
        }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address has a password in it.
        let Self { url: _, prefix, block, queue, connect_within, answer_within, only_reads, mark } = self;
        f.debug_struct("RedisSettings")
            .field("prefix", prefix)
            .field("block", block)
            .field("queue", queue)
            .field("connect_within", connect_within)
            .field("answer_within", answer_within)
            .field("only_reads", only_reads)
            .field("mark", mark)
            .finish_non_exhaustive()
    }
}

/// Why the server can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RedisSettingsError {
    /// The address is not one of a server.
    #[error("the address is redis://HOST:6379/0 or rediss://USER:PASSWORD@HOST:6379/0 (for Valkey too)")]
    NotAnAddress,
    /// Something in the address is wrong.
    #[error("the address of Redis: {0}")]
    Address(AddressFlaw),
}

/// Whether it is the address of a server, and nothing in it would be passed over. Says nothing of the password.
pub fn check_address(url: &str) -> Result<(), RedisSettingsError> {
    client(url).map(drop)
}

pub(super) fn client(url: &str) -> Result<redis::Client, RedisSettingsError> {
    let rest = url.strip_prefix("redis://").or_else(|| url.strip_prefix("rediss://"));
    let rest = rest.filter(|rest| !rest.is_empty()).ok_or(RedisSettingsError::NotAnAddress)?;
    let parsed = ServerAddress::parse(rest, &[]).map_err(RedisSettingsError::Address)?;
    let database = parsed.path.trim_end_matches('/');
    if !database.is_empty() && !database.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RedisSettingsError::NotAnAddress);
    }
    redis::Client::open(url).map_err(|_| RedisSettingsError::NotAnAddress)
}
