//! The keys that sign access tokens, queue tokens, passes and ticket codes.
//!
//! They have a file of their own. The first start creates it, only its owner can read it, and it's never overwritten.
//! Anybody who has it can forge tickets; without it, nobody can check the tickets that were issued.

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// All signing keys of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// For access tokens.
    pub access_tokens: KeyRing,
    /// For queue tokens and passes. Keep a key until the last sale whose tokens it signed has closed.
    pub queue: KeyRing,
    /// For the codes on tickets.
    pub ticket_codes: KeyRing,
}

/// Keys by id: one signs, all of them check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRing {
    /// The id of the key that signs.
    pub current: String,
    /// By id.
    pub keys: BTreeMap<String, Key>,
}

/// 32 secret bytes: hexadecimal digits in the file, never shown in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(pub [u8; 32]);

/// A larger file can't be a keys file.
const MAX_BYTES: u64 = 64 * 1024;
/// The bits of a file's mode that let anybody but its owner access it.
const OTHERS: u32 = 0o077;

impl Keys {
    /// New keys.
    pub fn generate() -> Result<Self> {
        Ok(Self {
            access_tokens: KeyRing::generate()?,
            queue: KeyRing::generate()?,
            ticket_codes: KeyRing::generate()?,
        })
    }

    /// The keys of that file, which is created if it's missing. If several processes find it missing at once, one
    /// creates it and all get its keys.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        if let Some(keys) = Self::load(path)? {
            return Ok(keys);
        }
        Self::generate()?.publish(path).with_context(|| format!("the keys file {} can't be made", path.display()))?;
        Self::read(File::open(path).with_context(|| unreadable(path))?, path)
    }

    /// The keys of that file; `None` if there's no file.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        match File::open(path) {
            Ok(file) => Self::read(file, path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| unreadable(path)),
        }
    }

    fn read(file: File, path: &Path) -> Result<Self> {
        let metadata = file.metadata().with_context(|| unreadable(path))?;
        let shown = path.display();
        ensure!(metadata.is_file(), "the keys file {shown} is not a file");
        let mode = metadata.permissions().mode() & 0o777;
        ensure!(mode & OTHERS == 0, "the keys file {shown} is open to others (mode {mode:04o}): chmod 600 {shown}");
        ensure!(metadata.len() <= MAX_BYTES, "the keys file {shown} has more than {MAX_BYTES} bytes");
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text).with_context(|| unreadable(path))?;
        // The parser's own message may quote what it found, which may be a key.
        let keys: Self = serde_json::from_str(&text).map_err(|error| {
            anyhow!("the keys file {shown} is damaged in line {}: put a good copy back", error.line())
        })?;
        for (name, ring) in
            [("access_tokens", &keys.access_tokens), ("queue", &keys.queue), ("ticket_codes", &keys.ticket_codes)]
        {
            ensure!(ring.keys.contains_key(&ring.current), "the keys file {shown}: {name} lacks its current key");
        }
        Ok(keys)
    }

    /// Creates the file completely or not at all, and never overwrites one.
    fn publish(&self, path: &Path) -> Result<()> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = directory.join(format!(".frontrow-keys-{}", hex::encode(random::<8>()?)));
        let made = self.write(&draft).and_then(|()| match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
            _ => Ok(()),
        });
        std::fs::remove_file(&draft).or_else(|error| if made.is_err() { Ok(()) } else { Err(error) })?;
        made?;
        Ok(File::open(directory)?.sync_all()?)
    }

    fn write(&self, path: &Path) -> Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.write_all(b"\n")?;
        Ok(file.sync_all()?)
    }
}

impl KeyRing {
    fn generate() -> Result<Self> {
        let current = hex::encode(random::<4>()?);
        Ok(Self { keys: BTreeMap::from([(current.clone(), Key(random()?))]), current })
    }
}

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

fn unreadable(path: &Path) -> String {
    format!("the keys file {} can't be read", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::Barrier;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn refusal(path: &Path) -> String {
        format!("{:#}", Keys::load_or_create(path).unwrap_err())
    }

    #[test]
    fn the_first_start_makes_the_file_and_the_next_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        let made = Keys::load_or_create(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(Keys::load_or_create(&path).unwrap(), made);
        assert_ne!(made.access_tokens, made.ticket_codes);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no draft stays behind");
    }

    #[test]
    fn starts_at_the_same_time_agree() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        for _ in 0..20 {
            let barrier = Barrier::new(8);
            let start = || {
                barrier.wait();
                Keys::load_or_create(&path).unwrap()
            };
            let all: Vec<Keys> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(all.iter().all(|keys| *keys == all[0]));
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "no draft stays behind");
    }

    #[test]
    fn a_file_that_others_can_read_or_write_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        Keys::load_or_create(&path).unwrap();
        for open in [0o640, 0o604, 0o620, 0o602, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            assert!(refusal(&path).contains("chmod 600"), "{open:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(Keys::load_or_create(&path).is_ok());
    }

    #[test]
    fn what_is_no_keys_file_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        let ring = |digits: &str| format!(r#"{{"current": "a", "keys": {{"a": "{digits}"}}}}"#);
        let good = ring(&"0".repeat(64));
        for text in [
            String::new(),
            "{}".into(),
            format!(r#"{{"access_tokens": {good}, "ticket_codes": {good}}}"#),
            format!(r#"{{"access_tokens": {good}, "queue": {good}, "ticket_codes": {}}}"#, ring("00")),
            format!(r#"{{"access_tokens": {good}, "queue": {good}, "ticket_codes": {}}}"#, ring(&"é".repeat(32))),
            format!(
                r#"{{"access_tokens": {good}, "queue": {good}, "ticket_codes": {{"current": "b", "keys": {{}}}}}}"#
            ),
            format!(r#"{{"access_tokens": {good}, "queue": {good}, "ticket_codes": {good}, "more": 1}}"#),
            " ".repeat(70_000),
        ] {
            fs::write(&path, &text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(refusal(&path).contains("keys.json"), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(refusal(directory.path()).contains("is not a file"));
        assert!(refusal(&directory.path().join("missing/keys.json")).contains("can't be made"));
    }

    #[test]
    fn keys_never_show_in_debug_output() {
        let keys = Keys::generate().unwrap();
        let key = &keys.access_tokens.keys[&keys.access_tokens.current];
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(!format!("{keys:?}").contains(&hex::encode(key.0)));
    }
}
