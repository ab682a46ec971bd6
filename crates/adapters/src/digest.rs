//! SHA-256, as the core wants it.

use sha2::{Digest, Sha256};

/// SHA-256 of the bytes: what [`Ports`](frontrow_application::Ports) and
/// [`RequestKey::new`](frontrow_application::RequestKey::new) ask for.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
