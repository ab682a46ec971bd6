//! Names for people and networks in the security log.

use arc_swap::ArcSwap;
use frontrow_application::port::Pseudonyms;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::sync::Arc;

/// The first half of an HMAC-SHA256, as 32 hexadecimal digits. The key can be replaced at any time.
pub struct HmacPseudonyms(ArcSwap<Hmac<Sha256>>);

/// Bytes of the HMAC that are shown.
const SHOWN: usize = 16;

impl HmacPseudonyms {
    /// With that key, which nobody else may have.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(ArcSwap::from_pointee(mac(key)))
    }

    /// From now on with that key, so that everybody has another name.
    pub fn replace(&self, key: &[u8; 32]) {
        self.0.store(Arc::new(mac(key)));
    }
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros itself; a whole block of it can't be refused.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    Hmac::new(&block.into())
}

impl Pseudonyms for HmacPseudonyms {
    fn of(&self, kind: &str, what: &[u8]) -> String {
        let mac = Hmac::clone(&self.0.load());
        // What is between the two stands in no kind.
        let tag = mac.chain_update(kind).chain_update([0]).chain_update(what).finalize().into_bytes();
        tag[..SHOWN].iter().fold(String::with_capacity(2 * SHOWN), |shown, byte| shown + &format!("{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_has_the_same_name_and_nothing_else_has_it() {
        let pseudonyms = HmacPseudonyms::new(&[1; 32]);
        let kim = pseudonyms.of("account", b"kim@example.com");
        assert_eq!((kim.len(), pseudonyms.of("account", b"kim@example.com")), (32, kim.clone()));
        assert_ne!(pseudonyms.of("account", b"lee@example.com"), kim);
        assert_ne!(pseudonyms.of("network", b"kim@example.com"), kim);
        assert_ne!(HmacPseudonyms::new(&[2; 32]).of("account", b"kim@example.com"), kim);
        pseudonyms.replace(&[2; 32]);
        assert_ne!(pseudonyms.of("account", b"kim@example.com"), kim);
    }
}
