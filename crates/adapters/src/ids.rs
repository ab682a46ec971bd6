//! Chance.

use frontrow_application::port::IdSource;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::{Builder, Uuid};

/// `UUIDv7` that ascend within this process, and secrets from the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct UuidV7Source;

impl IdSource for UuidV7Source {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter that the rest of the code asks for ids")]
    fn id(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(
        clippy::expect_used,
        reason = "without randomness there is no secret, and one that can be guessed is worse"
    )]
    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system has no random bytes");
        secret
    }
}

/// The same ascending ids and the same secrets for the same seed; for tests, because anybody can guess them.
#[derive(Debug, Default)]
pub struct SeededIds {
    seed: u64,
    given: AtomicU64,
}

impl SeededIds {
    /// Ids of that seed, from the first one on.
    pub const fn new(seed: u64) -> Self {
        Self { seed, given: AtomicU64::new(0) }
    }

    /// The number of the next draw, and its bytes.
    fn draw(&self) -> (u64, [u8; 32]) {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(number.to_be_bytes());
        (number, digest.finalize().into())
    }
}

impl IdSource for SeededIds {
    fn id(&self) -> Uuid {
        let (number, bytes) = self.draw();
        let random = std::array::from_fn(|place| bytes[place]);
        Builder::from_unix_timestamp_millis(number, &random).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        self.draw().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascend(source: &dyn IdSource) -> bool {
        let ids: Vec<Uuid> = (0..10_000).map(|_| source.id()).collect();
        ids.is_sorted_by(|a, b| a < b) && ids.iter().all(|id| id.get_version_num() == 7)
    }

    #[test]
    fn ids_ascend_and_are_of_version_7() {
        assert!(ascend(&UuidV7Source));
        assert!(ascend(&SeededIds::new(7)));
    }

    #[test]
    fn a_seed_says_all_that_follows() {
        let draw = |seed| {
            let ids = SeededIds::new(seed);
            (ids.id(), ids.secret(), ids.secret())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(draw(7).1, draw(7).2);
    }

    #[test]
    fn no_secret_is_given_twice() {
        assert_ne!(UuidV7Source.secret(), UuidV7Source.secret());
    }
}
