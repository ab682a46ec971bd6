//! Why a database can't be used.

use super::dialect::address::AddressError;
use super::dialect::{forms, oldest_servers};
use crate::address::AddressFlaw;
use thiserror::Error;

/// More readers than these only wait for the same processors.
pub(super) const MAX_READERS: u32 = 64;
/// More writers than these only wait for the same processors.
pub(super) const MAX_WRITERS: u32 = 64;

/// Why the database can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DatabaseError {
    /// The address is not one of a database.
    #[error("the database address is {}", forms())]
    NotAnAddress,
    /// The address names a server, and no database there.
    #[error("the database address has to end with the name of a database, such as postgres://HOST/frontrow")]
    NoName,
    /// Something in the address is wrong.
    #[error("the database address: {0}")]
    Address(AddressFlaw),
    /// A file that the address names can't be read.
    #[error("{parameter} of the database address names {path}, which can't be read: {why}")]
    CannotRead {
        /// By which parameter.
        parameter: &'static str,
        /// Which file.
        path: String,
        /// Why.
        why: String,
    },
    /// Several connections would each have a memory of their own.
    #[error(
        "the database is a file that several connections share: write sqlite://PATH instead of an in-memory address"
    )]
    InMemory,
    /// How the file is opened is not the address's business.
    #[error("write the path alone: the database address takes no parameters after a question mark")]
    Parameters,
    /// Too few or too many.
    #[error("write 1 to {} readers", self::MAX_READERS)]
    Readers,
    /// Too few or too many.
    #[error("write 1 to {} writers", self::MAX_WRITERS)]
    Writers,
    /// There is no such file, or it can't be read or made.
    #[error("there is no database that can be opened at {0}: check the path and whose it is, or make one first")]
    CannotOpen(String),
    /// The server does not answer, or does not let us in.
    #[error("no connection to {0}: {1}")]
    CannotConnect(String, String),
    /// The server's release is too old.
    #[error("the server is {0}, and too old: {servers} or newer is needed", servers = oldest_servers())]
    TooOld(String),
    /// Made by a newer release.
    #[error("the database was made by a newer release (it has {}): run that one, or one that is newer", .0.join(", "))]
    Newer(Vec<String>),
    /// Anything else.
    #[error("the database does not work: {0}")]
    Failed(String),
}

impl From<AddressError> for DatabaseError {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::NotAnAddress => Self::NotAnAddress,
            AddressError::NoName => Self::NoName,
            AddressError::Flaw(flaw) => Self::Address(flaw),
            AddressError::InMemory => Self::InMemory,
            AddressError::Parameters => Self::Parameters,
        }
    }
}
