//! What would be chance elsewhere, and follows from the seed here: ids, keys, what the crowd does.

use frontrow_adapters::{SeededIds, TokenKey, sha256};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Everything that follows from one seed, apart for each purpose: what one part of the world draws changes no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(pub u64);

impl Chance {
    /// Ids that ascend.
    pub fn ids(self, purpose: &str) -> SeededIds {
        let bytes = self.bytes(purpose);
        SeededIds::new(u64::from_be_bytes(std::array::from_fn(|place| bytes[place])))
    }

    /// A key, which anybody who knows the seed knows, too.
    pub fn key(self, purpose: &str) -> TokenKey {
        TokenKey { id: "mock".to_owned(), secret: self.bytes(purpose) }
    }

    /// Dice.
    pub fn dice(self, purpose: &str) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.bytes(purpose))
    }

    fn bytes(self, purpose: &str) -> [u8; 32] {
        sha256(&[b"frontrow mock", &self.0.to_be_bytes()[..], purpose.as_bytes()].concat())
    }
}
