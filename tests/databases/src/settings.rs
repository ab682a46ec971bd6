//! What the environment says.

use crate::Kind;
use anyhow::{Context, Result};
use std::env;

/// Kinds that have to be there, such as `mariadb,postgres`: to skip their tests is a failure.
pub const REQUIRE: &str = "FRONTROW_TEST_REQUIRE";
/// From the launcher to the programs under it: kinds that could not be had, one a line as `kind: why`.
pub const UNAVAILABLE: &str = "FRONTROW_TEST_UNAVAILABLE";
const DOCKER: &str = "FRONTROW_TEST_DOCKER";

/// The variable with the address of a server of that kind.
pub(crate) fn url_variable(kind: Kind) -> String {
    format!("FRONTROW_TEST_{}_URL", kind.name().to_uppercase())
}

pub(crate) fn url(kind: Kind) -> Option<String> {
    env::var(url_variable(kind)).ok().filter(|url| !url.is_empty())
}

pub(crate) fn image(kind: Kind) -> String {
    let named = env::var(format!("FRONTROW_TEST_{}_IMAGE", kind.name().to_uppercase()));
    named.unwrap_or_else(|_| kind.image().to_owned())
}

pub(crate) fn docker_allowed() -> bool {
    env::var(DOCKER).as_deref() != Ok("off")
}

/// Why the launcher could not get that kind.
pub(crate) fn unavailable(kind: Kind) -> Option<String> {
    let reasons = env::var(UNAVAILABLE).ok()?;
    let reason = reasons.lines().find_map(|line| line.strip_prefix(&format!("{kind}: ")));
    reason.map(str::to_owned)
}

/// The kinds that have to be there.
pub(crate) fn required() -> Result<Vec<Kind>> {
    parse_required(&env::var(REQUIRE).unwrap_or_default())
}

fn parse_required(text: &str) -> Result<Vec<Kind>> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let kinds = words.map(|word| Kind::named(word).with_context(|| format!("{REQUIRE}: nothing is called {word}")));
    kinds.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_a_list_of_kinds() {
        assert_eq!(parse_required("").unwrap(), []);
        assert_eq!(parse_required("mariadb, postgres").unwrap(), [Kind::MariaDb, Kind::Postgres]);
        let error = parse_required("mariadb,oracle").unwrap_err().to_string();
        assert!(error.contains("oracle"), "{error}");
    }
}
