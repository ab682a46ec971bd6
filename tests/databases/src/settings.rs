//! What the environment says.

use crate::{Kind, RamDisk, RedisServer};
use anyhow::{Result, ensure};
use std::env;

/// What has to be there, such as `mariadb,postgres,redis,disk`: to skip their tests is a failure.
pub const REQUIRE: &str = "FRONTROW_TEST_REQUIRE";
/// From the launcher to the programs under it: servers that could not be had, one a line as `name: why`.
pub const UNAVAILABLE: &str = "FRONTROW_TEST_UNAVAILABLE";
const DOCKER: &str = "FRONTROW_TEST_DOCKER";

/// The variable with the address of the server of that name: a kind of database, or `redis`.
pub fn url_variable(name: &str) -> String {
    format!("FRONTROW_TEST_{}_URL", name.to_uppercase())
}

pub(crate) fn url(name: &str) -> Option<String> {
    env::var(url_variable(name)).ok().filter(|url| !url.is_empty())
}

pub(crate) fn image(name: &str, usual: &str) -> String {
    let named = env::var(format!("FRONTROW_TEST_{}_IMAGE", name.to_uppercase()));
    named.unwrap_or_else(|_| usual.to_owned())
}

pub(crate) fn docker_allowed() -> bool {
    env::var(DOCKER).as_deref() != Ok("off")
}

/// Why the launcher could not get that server.
pub(crate) fn unavailable(name: &str) -> Option<String> {
    let reasons = env::var(UNAVAILABLE).ok()?;
    let reason = reasons.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    reason.map(str::to_owned)
}

/// The servers that have to be there.
pub(crate) fn required() -> Result<Vec<String>> {
    parse_required(&env::var(REQUIRE).unwrap_or_default())
}

fn parse_required(text: &str) -> Result<Vec<String>> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let names = words.map(|word| {
        // A word that is mistyped would require nothing.
        let is_known = Kind::named(word).is_some() || [RedisServer::NAME, RamDisk::NAME].contains(&word);
        ensure!(is_known, "{REQUIRE}: nothing is called {word}");
        Ok(word.to_owned())
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_a_list_of_servers() {
        assert_eq!(parse_required("").unwrap(), [""; 0]);
        assert_eq!(parse_required("mariadb, redis,disk").unwrap(), ["mariadb", "redis", "disk"]);
        let error = parse_required("mariadb,oracle").unwrap_err().to_string();
        assert!(error.contains("oracle"), "{error}");
    }
}
