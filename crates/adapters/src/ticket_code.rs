//! The codes on tickets.

use crate::TokenKey;
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use frontrow_application::port::{TicketPublicKey, TicketSigner};
use frontrow_domain::{PerformanceId, SeatKey, SeatNumber, TicketKey, Version};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// Signs the codes on tickets with Ed25519 and a ring of keys: the first one signs, all are good for checking. The ring can
/// be replaced at any time.
///
/// A code is `FR2-` and 128 characters of URL-safe Base64: the key's name (the first 4 bytes of the SHA-256 of its id),
/// performance (16), seat number (4), ticket version (8), and the signature (64) of `FR2-` and all that. Numbers have their
/// highest byte first. A door that has the public keys needs nothing else to tell a forged one; whether a ticket was voided
/// is for the store to say.
///
/// Codes of older releases are read, too: `FR1-`, then performance, seat number, ticket version and the first half of their
/// HMAC-SHA256. Only who has the secret keys can check those.
pub struct Ed25519TicketSigner(ArcSwap<Vec<Key>>);

struct Key {
    id: String,
    name: [u8; NAME],
    pair: SigningKey,
    /// Of the codes of older releases.
    mac: Hmac<Sha256>,
}

/// Says that it is a ticket of this form; part of what is signed.
const PREFIX: &str = "FR2-";
const OLD_PREFIX: &str = "FR1-";
/// Bytes of a key's name.
const NAME: usize = 4;
/// Bytes that say which ticket it is.
const TICKET: usize = 28;
/// What is said before the signature.
const SAID: usize = NAME + TICKET;
/// Bytes of a code, and of one of an older release.
const CODE: usize = SAID + Signature::BYTE_SIZE;
const OLD_CODE: usize = TICKET + 16;

impl Ed25519TicketSigner {
    /// Signs with the first key and checks with all of them. The keys must be the same in all instances, and used for
    /// nothing else.
    pub fn new(signing: &TokenKey, others: &[TokenKey]) -> Self {
        Self(ArcSwap::from_pointee(ring(signing, others)))
    }

    /// From now on the first key signs, and all of them check.
    pub fn replace(&self, signing: &TokenKey, others: &[TokenKey]) {
        self.0.store(Arc::new(ring(signing, others)));
    }

    fn read_new(&self, text: &str) -> Option<TicketKey> {
        let bytes: [u8; CODE] = bytes(text)?;
        let (said, signature) = bytes.split_at(SAID);
        let signature = Signature::from_slice(signature).ok()?;
        let signed = [PREFIX.as_bytes(), said].concat();
        let fine = |key: &Key| key.pair.verifying_key().verify_strict(&signed, &signature).is_ok();
        self.0.load().iter().filter(|key| said[..NAME] == key.name).any(fine).then(|| ticket(&said[NAME..]))?
    }

    fn read_old(&self, text: &str) -> Option<TicketKey> {
        let bytes: [u8; OLD_CODE] = bytes(text)?;
        let (said, tag) = bytes.split_at(TICKET);
        let fine =
            |key: &Key| key.mac.clone().chain_update(OLD_PREFIX).chain_update(said).verify_truncated_left(tag).is_ok();
        self.0.load().iter().any(fine).then(|| ticket(said))?
    }
}

fn ring(signing: &TokenKey, others: &[TokenKey]) -> Vec<Key> {
    std::iter::once(signing).chain(others).map(Key::new).collect()
}

impl Key {
    /// Older releases used the secret itself for HMAC; a pair of keys is made of it so that neither says anything of the
    /// other.
    fn new(key: &TokenKey) -> Self {
        let digest = Sha256::digest(key.id.as_bytes());
        let mut name = [0; NAME];
        name.copy_from_slice(&digest[..NAME]);
        // HMAC fills a short key up with zeros itself; a whole block of it can't be refused.
        let mut block = [0; 64];
        block[..key.secret.len()].copy_from_slice(&key.secret);
        let mac = Hmac::<Sha256>::new(&block.into());
        let seed = mac.clone().chain_update("frontrow ticket codes, Ed25519, 1").finalize().into_bytes();
        Self { id: key.id.clone(), name, pair: SigningKey::from_bytes(&seed.into()), mac }
    }
}

impl TicketSigner for Ed25519TicketSigner {
    fn code(&self, ticket: TicketKey) -> String {
        let ring = self.0.load();
        // The ring is never empty, see `new`.
        let Some(key) = ring.first() else { return String::new() };
        let mut signed = Vec::with_capacity(PREFIX.len() + CODE);
        signed.extend(PREFIX.as_bytes());
        signed.extend(key.name);
        signed.extend(ticket.seat.performance.uuid().as_bytes());
        signed.extend(ticket.seat.number.get().to_be_bytes());
        signed.extend(ticket.version.get().to_be_bytes());
        let signature = key.pair.sign(&signed);
        signed.extend(signature.to_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&signed[PREFIX.len()..]))
    }

    fn read(&self, code: &str) -> Option<TicketKey> {
        match code.strip_prefix(PREFIX) {
            Some(text) => self.read_new(text),
            None => self.read_old(code.strip_prefix(OLD_PREFIX)?),
        }
    }

    fn public_keys(&self) -> Vec<TicketPublicKey> {
        let public = |key: &Key| TicketPublicKey { id: key.id.clone(), bytes: key.pair.verifying_key().to_bytes() };
        self.0.load().iter().map(public).collect()
    }
}

/// So many bytes in Base64; `None` for any other text.
fn bytes<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    // Only now is it of a length that is worth looking at.
    (text.len() == (BYTES * 4).div_ceil(3)).then_some(())?;
    let mut bytes = [0; BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == BYTES).then_some(bytes)
}

fn ticket(said: &[u8]) -> Option<TicketKey> {
    let (performance, rest) = said.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (version, _) = rest.split_first_chunk()?;
    let performance = PerformanceId::new(Uuid::from_bytes(*performance));
    let number = SeatNumber::new(u32::from_be_bytes(*number))?;
    Some(TicketKey { seat: SeatKey { performance, number }, version: Version::new(i64::from_be_bytes(*version)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::VerifyingKey;
    use std::collections::BTreeSet;

    /// A code of a release before Ed25519, signed with the key of sevens.
    const OLD: &str = "FR1-AAAAAAAAAAAAAAAAAAAAAQAAAAIAAAAAAAAAAyom2HhuxgGfKripj-sk_GE";

    /// A code as another program (OpenSSL) made it with the key of sevens by the name of a.
    const NEW: &str = "FR2-ypeBEgAAAAAAAAAAAAAAAAAAAAEAAAACAAAAAAAAAAOXXrGwgn7wtO8CSQqLFLPqoXMl70APuFy6eQnANzSyEuaMFD8vp_75-nNVSUSPLFThpQDg02FehYBrcnxdYBkC";

    fn ticket(performance: u128, number: u32, version: i64) -> TicketKey {
        let performance = PerformanceId::new(Uuid::from_u128(performance));
        let seat = SeatKey { performance, number: SeatNumber::new(number).unwrap() };
        TicketKey { seat, version: Version::new(version) }
    }

    fn key(id: &str, byte: u8) -> TokenKey {
        TokenKey { id: id.into(), secret: [byte; 32] }
    }

    fn signer(byte: u8) -> Ed25519TicketSigner {
        Ed25519TicketSigner::new(&key("a", byte), &[])
    }

    /// Tickets are printed: a form that changes makes them worthless.
    #[test]
    fn a_code_stays_the_same_as_long_as_its_key_signs() {
        let code = signer(7).code(ticket(1, 2, 3));
        assert_eq!(code.len(), 132);
        assert_eq!(code, NEW);
    }

    #[test]
    fn every_ticket_and_every_key_has_a_code_of_its_own() {
        let tickets = [ticket(1, 2, 3), ticket(2, 2, 3), ticket(1, 3, 3), ticket(1, 2, 4)];
        let codes: BTreeSet<_> = tickets.iter().flat_map(|t| [signer(7).code(*t), signer(8).code(*t)]).collect();
        assert_eq!(codes.len(), 8);
    }

    #[test]
    fn a_code_is_read_by_whoever_has_its_key_whichever_signs() {
        let code = signer(7).code(ticket(1, 2, 3));
        assert_eq!(signer(7).read(&code), Some(ticket(1, 2, 3)));
        assert_eq!(signer(8).read(&code), None, "another key of the same name");
        assert_eq!(Ed25519TicketSigner::new(&key("b", 7), &[]).read(&code), None, "a key of another name");
        let signer = Ed25519TicketSigner::new(&key("b", 8), &[key("a", 7)]);
        assert_eq!(signer.read(&code), Some(ticket(1, 2, 3)));
        assert_ne!(signer.code(ticket(1, 2, 3)), code);
        signer.replace(&key("b", 8), &[]);
        assert_eq!(signer.read(&code), None, "the old key has been retired");
    }

    #[test]
    fn codes_of_older_releases_are_read() {
        assert_eq!(signer(7).read(OLD), Some(ticket(1, 2, 3)));
        let renewed = Ed25519TicketSigner::new(&key("b", 8), &[key("a", 7)]);
        assert_eq!(renewed.read(OLD), Some(ticket(1, 2, 3)));
        assert_eq!(signer(8).read(OLD), None);
    }

    /// As a door does it that knows nothing but the public keys and the form of a code.
    #[test]
    fn a_public_key_is_enough_to_check_a_code() {
        let signer = Ed25519TicketSigner::new(&key("b", 8), &[key("a", 7)]);
        let keys = signer.public_keys();
        assert_eq!(keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let code = signer.code(ticket(1, 2, 3));
        let bytes = URL_SAFE_NO_PAD.decode(code.strip_prefix("FR2-").unwrap()).unwrap();
        assert_eq!(bytes[..4], Sha256::digest("b")[..4]);
        let (said, signature) = bytes.split_at(32);
        let signed = [b"FR2-", said].concat();
        let fits = |key: &TicketPublicKey| {
            let signature = Signature::from_slice(signature).unwrap();
            VerifyingKey::from_bytes(&key.bytes).unwrap().verify_strict(&signed, &signature).is_ok()
        };
        assert_eq!(keys.iter().map(fits).collect::<Vec<_>>(), [true, false]);
        assert_eq!(
            (&said[4..20], &said[20..24], &said[24..]),
            (&1_u128.to_be_bytes()[..], &2_u32.to_be_bytes()[..], &3_i64.to_be_bytes()[..])
        );
    }

    #[test]
    fn what_was_tampered_with_is_no_code() {
        let signer = signer(7);
        for code in [signer.code(ticket(1, 2, 3)), OLD.to_owned()] {
            for end in 0..code.len() {
                assert_eq!(signer.read(&code[..end]), None, "the first {end} bytes");
            }
            for place in 0..code.len() {
                let mut forged = code.clone().into_bytes();
                forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
                let forged = String::from_utf8(forged).unwrap();
                assert_eq!(signer.read(&forged), None, "byte {place}");
            }
            assert_eq!(signer.read(&format!("{code}A")), None);
        }
        for text in ["", "FR1-", "FR2-", "FR3-AAAA", &format!("FR2-{}", "A".repeat(128)), &"A".repeat(100_000)] {
            assert_eq!(signer.read(text), None);
        }
    }
}
