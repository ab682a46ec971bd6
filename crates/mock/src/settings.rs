//! What can be chosen about the mock.

use frontrow_web::Origins;

/// What can be chosen about the mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockSettings {
    /// What all ids, tokens and deeds of the crowd follow from.
    pub seed: u64,
    /// How many scripted people there are besides you: 0 to [`MockSettings::MAX_CROWD`].
    pub crowd: u32,
    /// Origins whose pages may call it, besides those of this machine.
    pub origins: Vec<String>,
}

/// Not an origin as browsers send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one to {} origins as browsers send them, such as https://pages.example", Origins::MOST)]
pub struct NotAnOrigin;

impl MockSettings {
    /// The seed unless another is chosen.
    pub const DEFAULT_SEED: u64 = 16;
    /// The largest crowd.
    pub const MAX_CROWD: u32 = 10_000;

    /// Pages of this machine, on any port, and those that were named.
    pub fn origins(&self) -> Origins {
        Origins::Local(self.origins.clone())
    }

    /// The origins, if each is written as browsers send it.
    pub fn checked_origins(origins: &[String]) -> Result<Vec<String>, NotAnOrigin> {
        if origins.is_empty() {
            return Ok(Vec::new());
        }
        match origins.join(",").parse() {
            Ok(Origins::Listed(origins)) => Ok(origins),
            _ => Err(NotAnOrigin),
        }
    }
}

impl Default for MockSettings {
    fn default() -> Self {
        Self { seed: Self::DEFAULT_SEED, crowd: 0, origins: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_named_exactly() {
        let checked = |origins: &[&str]| {
            MockSettings::checked_origins(&origins.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(checked(&[]), Ok(Vec::new()));
        assert_eq!(checked(&["https://pages.example"]).map(|origins| origins.len()), Ok(1));
        for wrong in [&["*"][..], &["pages.example"], &["https://pages.example/"], &["https://pages.example", "x"]] {
            assert_eq!(checked(wrong), Err(NotAnOrigin), "{wrong:?}");
        }
    }
}
