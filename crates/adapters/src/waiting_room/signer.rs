//! Queue tokens and passes.

use crate::TokenKey;
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontrow_application::port::{QueueSigner, TokenFlaw};
use frontrow_domain::waiting_room::{Group, Pass, QueueNumber, QueueToken};
use frontrow_domain::{Instant, SaleId, UserId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// Signs queue tokens and passes with HMAC-SHA256 and a ring of keys: the first one signs, all are good for checking, so
/// that keys can be changed while tokens are out. A key has to stay until the last sale that signed with it has closed. The
/// ring can be replaced at any time.
///
/// Both are URL-safe Base64 of: version (1 byte), the key's name (the first 4 bytes of the SHA-256 of its id), purpose
/// (1), sale (16), user (16); then for a queue token epoch (4), group (1), number (8) and the instant of signing (8), for
/// a pass generation (4) and the instant of expiry (8); then the first half of the HMAC of all that. Numbers have their
/// highest byte first. A queue token has 100 characters, a pass 88.
pub struct HmacQueueSigner {
    ring: ArcSwap<Vec<Key>>,
}

struct Key {
    name: [u8; 4],
    mac: Hmac<Sha256>,
}

/// What is signed for one purpose must not be worth anything for another; so this is part of what is signed.
const TOKEN: u8 = b'q';
const PASS: u8 = b'p';
const VERSION: u8 = 1;
/// Bytes of a queue token and of a pass. Multiples of 3, so that there is only one way to write one in Base64.
const TOKEN_BYTES: usize = HEAD + 21 + TAG;
const PASS_BYTES: usize = HEAD + 12 + TAG;
const HEAD: usize = 38;
/// Bytes of the HMAC.
const TAG: usize = 16;

impl HmacQueueSigner {
    /// Signs with the first key and checks with all of them. The keys must be the same in all instances, and used for
    /// nothing else.
    pub fn new(signing: &TokenKey, others: &[TokenKey]) -> Self {
        Self { ring: ArcSwap::from_pointee(ring(signing, others)) }
    }

    /// From now on the first key signs, and all of them check.
    pub fn replace(&self, signing: &TokenKey, others: &[TokenKey]) {
        self.ring.store(Arc::new(ring(signing, others)));
    }

    fn sign<const BYTES: usize>(&self, purpose: u8, sale: SaleId, user: UserId, rest: &[&[u8]]) -> String {
        // The ring is never empty, see `new`.
        let ring = self.ring.load();
        let Some(key) = ring.first() else { return String::new() };
        let mut bytes = Writer([0; BYTES], 0);
        bytes.put(&[VERSION]).put(&key.name).put(&[purpose]);
        bytes.put(sale.uuid().as_bytes()).put(user.uuid().as_bytes());
        for field in rest {
            bytes.put(field);
        }
        let tag = key.mac.clone().chain_update(&bytes.0[..BYTES - TAG]).finalize().into_bytes();
        bytes.put(&tag[..TAG]);
        URL_SAFE_NO_PAD.encode(bytes.0)
    }

    /// What was signed here for that purpose: the sale, the user, and the rest.
    fn read<const BYTES: usize>(&self, purpose: u8, text: &str) -> Option<[u8; BYTES]> {
        // Only now is it of a length that is worth looking at.
        (text.len() == BYTES / 3 * 4).then_some(())?;
        let mut bytes = [0; BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (said, tag) = bytes.split_at(BYTES - TAG);
        let headed = length == BYTES && said[0] == VERSION && said[5] == purpose;
        let named = |key: &&Key| headed && said[1..5] == key.name;
        let fine = |key: &Key| key.mac.clone().chain_update(said).verify_truncated_left(tag).is_ok();
        self.ring.load().iter().filter(named).any(fine).then_some(bytes)
    }
}

fn ring(signing: &TokenKey, others: &[TokenKey]) -> Vec<Key> {
    std::iter::once(signing).chain(others).map(Key::new).collect()
}

impl Key {
    fn new(key: &TokenKey) -> Self {
        let digest = Sha256::digest(key.id.as_bytes());
        let mut name = [0; 4];
        name.copy_from_slice(&digest[..4]);
        // HMAC fills a short key up with zeros itself; a whole block of it can't be refused.
        let mut block = [0; 64];
        block[..key.secret.len()].copy_from_slice(&key.secret);
        Self { name, mac: Hmac::new(&block.into()) }
    }
}

impl QueueSigner for HmacQueueSigner {
    fn sign_token(&self, token: &QueueToken) -> String {
        let QueueToken { sale, epoch, group, number, user, issued } = token;
        let rest: [&[u8]; 4] =
            [&epoch.to_be_bytes(), &[group.get()], &number.get().to_be_bytes(), &issued.micros().to_be_bytes()];
        self.sign::<TOKEN_BYTES>(TOKEN, *sale, *user, &rest)
    }

    fn read_token(&self, text: &str) -> Result<QueueToken, TokenFlaw> {
        let bytes = self.read::<TOKEN_BYTES>(TOKEN, text).ok_or(TokenFlaw::Forged)?;
        queue_token(&bytes).ok_or(TokenFlaw::Forged)
    }

    fn sign_pass(&self, pass: &Pass) -> String {
        let Pass { sale, user, generation, expires } = pass;
        let rest: [&[u8]; 2] = [&generation.to_be_bytes(), &expires.micros().to_be_bytes()];
        self.sign::<PASS_BYTES>(PASS, *sale, *user, &rest)
    }

    fn read_pass(&self, text: &str, now: Instant) -> Result<Pass, TokenFlaw> {
        let bytes = self.read::<PASS_BYTES>(PASS, text).ok_or(TokenFlaw::Forged)?;
        let pass = pass(&bytes).ok_or(TokenFlaw::Forged)?;
        if now < pass.expires { Ok(pass) } else { Err(TokenFlaw::Expired) }
    }
}

fn queue_token(bytes: &[u8]) -> Option<QueueToken> {
    let mut bytes = Reader(bytes.get(6..)?);
    Some(QueueToken {
        sale: SaleId::new(Uuid::from_bytes(bytes.take()?)),
        user: UserId::new(Uuid::from_bytes(bytes.take()?)),
        epoch: u32::from_be_bytes(bytes.take()?),
        group: Group::new(u8::from_be_bytes(bytes.take()?))?,
        number: QueueNumber::new(u64::from_be_bytes(bytes.take()?))?,
        issued: Instant::from_micros(i64::from_be_bytes(bytes.take()?)),
    })
}

fn pass(bytes: &[u8]) -> Option<Pass> {
    let mut bytes = Reader(bytes.get(6..)?);
    Some(Pass {
        sale: SaleId::new(Uuid::from_bytes(bytes.take()?)),
        user: UserId::new(Uuid::from_bytes(bytes.take()?)),
        generation: u32::from_be_bytes(bytes.take()?),
        expires: Instant::from_micros(i64::from_be_bytes(bytes.take()?)),
    })
}

/// Bytes, and how many of them are written.
struct Writer<const BYTES: usize>([u8; BYTES], usize);

impl<const BYTES: usize> Writer<BYTES> {
    fn put(&mut self, field: &[u8]) -> &mut Self {
        let end = self.1 + field.len();
        self.0[self.1..end].copy_from_slice(field);
        self.1 = end;
        self
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests;
