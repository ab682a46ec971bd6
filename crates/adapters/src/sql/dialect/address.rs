//! What an address of a database can be, whichever database it is.

use crate::address::{AddressFlaw, Parameter, ServerAddress};
use std::path::PathBuf;

/// What an address says, checked.
pub(in crate::sql) struct Location {
    /// As the driver wants it.
    pub url: String,
    /// Without user and password.
    pub shown: String,
    /// What is read when a connection is made, by the parameters that name it.
    pub files: Vec<(&'static str, PathBuf)>,
}

/// Why it is none.
#[derive(Debug)]
pub(in crate::sql) enum AddressError {
    /// It is not an address of a database.
    NotAnAddress,
    /// It names a server, and no database there.
    NoName,
    /// Something in it is wrong.
    Flaw(AddressFlaw),
    /// Several connections would each have a memory of their own.
    InMemory,
    /// How a file is opened is not the address's business.
    Parameters,
}

/// A parameter that names a file.
pub(super) const fn file(names: &'static [&'static str]) -> Parameter {
    Parameter { names, takes: "the path of a PEM file", check: |path| !path.trim().is_empty() }
}

/// The address of a server, which has to name a database there.
pub(super) fn server(rest: &str, allowed: &[Parameter]) -> Result<ServerAddress, AddressError> {
    let rest = rest.strip_prefix("//").ok_or(AddressError::NotAnAddress)?;
    let parsed = ServerAddress::parse(rest, allowed).map_err(AddressError::Flaw)?;
    if parsed.path.is_empty() { Err(AddressError::NoName) } else { Ok(parsed) }
}

/// Authorities that are named but not asked would be worse than none.
pub(super) fn must_verify(
    parsed: &ServerAddress,
    name: &'static str,
    mode: &str,
    verifies: impl Fn(&str) -> bool,
    verify: &'static str,
) -> Result<(), AddressError> {
    if parsed.parameter(name).is_none() || parsed.parameter(mode).is_some_and(verifies) {
        return Ok(());
    }
    Err(AddressError::Flaw(AddressFlaw::NotVerified { name, verify }))
}

/// The files that these parameters name.
pub(super) fn files(parsed: &ServerAddress, names: &[&'static str]) -> Vec<(&'static str, PathBuf)> {
    names.iter().filter_map(|name| Some((*name, PathBuf::from(parsed.parameter(name)?)))).collect()
}
