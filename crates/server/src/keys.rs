//! The keys that sign access tokens, queue tokens, passes and ticket codes.
//!
//! They have a file of their own. The first start creates it, only its owner can read it, and a server never overwrites it;
//! `frontrow keys` does. Anybody who has it can forge tickets; without it, nobody can check the tickets that were issued.

mod file;

use anyhow::{Context, Result, anyhow};
use frontrow_domain::Ring;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// All signing keys of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// For access tokens.
    pub access_tokens: KeyRing,
    /// For queue tokens and passes. Keep a key until the last sale whose tokens it signed has closed.
    pub queue: KeyRing,
    /// For the codes on tickets. Keep a key as long as tickets are out whose codes it signed.
    pub ticket_codes: KeyRing,
    /// For the names of people and networks in the security log; see [`Keys::log_key`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_log: Option<Key>,
}

/// Keys by id: one signs, all of them check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRing {
    /// The id of the key that signs.
    pub current: String,
    /// By id.
    pub keys: BTreeMap<String, Key>,
    /// Since when keys sign no more that did before, by id: whole seconds since 1970.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<String, i64>,
}

/// 32 secret bytes: hexadecimal digits in the file, never shown in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(pub [u8; 32]);

/// Why a ring can't be changed so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RingRefused {
    /// There is no such key.
    NoSuchKey,
    /// It is the one that signs.
    Signs,
}

impl Keys {
    /// New keys.
    pub fn generate() -> Result<Self> {
        Ok(Self {
            access_tokens: KeyRing::generate()?,
            queue: KeyRing::generate()?,
            ticket_codes: KeyRing::generate()?,
            security_log: Some(Key(random()?)),
        })
    }

    /// What names people and networks in the security log. A file of an older release has no key for it until a command
    /// changes it: till then it follows from the key that signs tickets, so that all instances have the same.
    pub fn log_key(&self) -> [u8; 32] {
        if let Some(Key(key)) = &self.security_log {
            return *key;
        }
        let mut hash = Sha256::new();
        hash.update("frontrow security log 1");
        hash.update(self.ticket_codes.keys.get(&self.ticket_codes.current).map_or([0; 32], |key| key.0));
        hash.finalize().into()
    }

    /// Gives a file of an older release what it lacks.
    fn complete(&mut self) -> Result<()> {
        if self.security_log.is_none() {
            self.security_log = Some(Key(random()?));
        }
        Ok(())
    }

    /// The keys for one purpose.
    pub fn ring(&self, ring: Ring) -> &KeyRing {
        match ring {
            Ring::AccessTokens => &self.access_tokens,
            Ring::Queue => &self.queue,
            Ring::TicketCodes => &self.ticket_codes,
        }
    }

    /// The same, to change them.
    pub fn ring_mut(&mut self, ring: Ring) -> &mut KeyRing {
        match ring {
            Ring::AccessTokens => &mut self.access_tokens,
            Ring::Queue => &mut self.queue,
            Ring::TicketCodes => &mut self.ticket_codes,
        }
    }
}

impl KeyRing {
    fn generate() -> Result<Self> {
        let current = new_id()?;
        let keys = BTreeMap::from([(current.clone(), Key(random()?))]);
        Ok(Self { current, keys, replaced: BTreeMap::new() })
    }

    /// Adds a new key that only checks; its id.
    pub fn add(&mut self) -> Result<String> {
        let id = new_id()?;
        // A second key of the same id would take the place of the first: four random bytes repeat one time in billions.
        if self.keys.contains_key(&id) {
            return self.add();
        }
        self.keys.insert(id.clone(), Key(random()?));
        Ok(id)
    }

    /// From now on, in whole seconds since 1970, that key signs, and the one that did only checks.
    pub fn promote(&mut self, id: &str, now: i64) -> Result<(), RingRefused> {
        if !self.keys.contains_key(id) {
            return Err(RingRefused::NoSuchKey);
        }
        if self.current != id {
            self.replaced.remove(id);
            let former = std::mem::replace(&mut self.current, id.to_owned());
            self.replaced.insert(former, now);
        }
        Ok(())
    }

    /// Forgets a key that doesn't sign.
    pub fn retire(&mut self, id: &str) -> Result<(), RingRefused> {
        if self.current == id {
            return Err(RingRefused::Signs);
        }
        self.replaced.remove(id);
        self.keys.remove(id).map(|_| ()).ok_or(RingRefused::NoSuchKey)
    }
}

impl fmt::Display for RingRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchKey => "the keys file has no such key",
            Self::Signs => "it is the key that signs: promote another one first",
        })
    }
}

impl std::error::Error for RingRefused {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        hex::encode(key.0)
    }
}

impl TryFrom<String> for Key {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        let mut key = [0; 32];
        // The error of `hex` would quote a digit of the key.
        hex::decode_to_slice(text, &mut key).map_err(|_| anyhow!("a key is 64 hexadecimal digits"))?;
        Ok(Self(key))
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("the system has no random numbers")?;
    Ok(bytes)
}

fn new_id() -> Result<String> {
    Ok(hex::encode(random::<4>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_show_in_debug_output() {
        let keys = Keys::generate().unwrap();
        let key = &keys.access_tokens.keys[&keys.access_tokens.current];
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(!format!("{keys:?}").contains(&hex::encode(key.0)));
    }

    #[test]
    fn a_key_checks_before_it_signs_and_after() {
        let mut ring = KeyRing::generate().unwrap();
        let old = ring.current.clone();
        let new = ring.add().unwrap();
        assert_eq!((ring.current.as_str(), ring.keys.len()), (old.as_str(), 2), "it does not sign yet");
        assert_eq!(ring.retire(&old), Err(RingRefused::Signs));

        ring.promote(&new, 1000).unwrap();
        assert_eq!((&ring.current, ring.keys.len()), (&new, 2));
        assert_eq!(ring.replaced, BTreeMap::from([(old.clone(), 1000)]));
        ring.promote(&new, 2000).unwrap();
        assert_eq!(ring.replaced[&old], 1000, "it signs already");
        assert_eq!(ring.retire(&new), Err(RingRefused::Signs));

        ring.retire(&old).unwrap();
        assert_eq!((ring.keys.len(), ring.replaced.len()), (1, 0));
        assert_eq!(ring.retire(&old), Err(RingRefused::NoSuchKey));
        assert_eq!(ring.promote(&old, 3000), Err(RingRefused::NoSuchKey));
    }

    #[test]
    fn a_file_of_an_older_release_gets_its_key_for_the_security_log() {
        let mut keys = Keys { security_log: None, ..Keys::generate().unwrap() };
        let derived = keys.log_key();
        assert_ne!(derived, keys.ticket_codes.keys[&keys.ticket_codes.current].0);
        assert_ne!(derived, Keys { security_log: None, ..Keys::generate().unwrap() }.log_key());
        keys.complete().unwrap();
        let own = keys.log_key();
        assert_ne!(own, derived);
        keys.complete().unwrap();
        assert_eq!(keys.log_key(), own);
    }

    #[test]
    fn a_promotion_can_be_undone() {
        let mut ring = KeyRing::generate().unwrap();
        let (old, new) = (ring.current.clone(), ring.add().unwrap());
        ring.promote(&new, 1000).unwrap();
        ring.promote(&old, 2000).unwrap();
        assert_eq!(ring.replaced, BTreeMap::from([(new, 2000)]));
    }
}
