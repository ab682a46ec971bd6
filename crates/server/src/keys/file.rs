//! The file that keys are in.

use super::{Keys, random};
use anyhow::{Context, Result, anyhow, ensure};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A larger file can't be a keys file.
const MAX_BYTES: u64 = 64 * 1024;
/// The bits of a file's mode that let anybody but its owner access it.
const OTHERS: u32 = 0o077;
/// The same where systemd hands on credentials. It lets in the service's user with an access-control list, whose mask stands in
/// the place of the group's bits.
const OTHERS_BUT_LISTED: u32 = 0o037;
const CREDENTIALS: &str = "/run/credentials";

impl Keys {
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
        let others = if path.starts_with(CREDENTIALS) { OTHERS_BUT_LISTED } else { OTHERS };
        ensure!(mode & others == 0, "the keys file {shown} is open to others (mode {mode:04o}): chmod 600 {shown}");
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

    /// Changes the file: completely or not at all, and one change at a time. It keeps its owner; its mode is 0600.
    pub fn update<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        // What is at the end of a link is replaced, not the link.
        let path = &path.canonicalize().with_context(|| unreadable(path))?;
        let directory = File::open(directory_of(path)).with_context(|| unreadable(path))?;
        // The file itself is another one after each change, so the lock is on what stays.
        directory.lock().with_context(|| unreadable(path))?;
        let file = File::open(path).with_context(|| unreadable(path))?;
        let owner = file.metadata().with_context(|| unreadable(path))?;
        let mut keys = Self::read(file, path)?;
        let changed = change(&mut keys)?;
        keys.complete()?;
        let unwritable = || format!("the keys file {} can't be written", path.display());
        keys.replace(path, &owner).with_context(unwritable)?;
        directory.sync_all().with_context(unwritable)?;
        Ok(changed)
    }

    fn replace(&self, path: &Path, owner: &Metadata) -> Result<()> {
        let draft = draft_of(path)?;
        let made = self.write(&draft).and_then(|()| {
            let own = std::fs::metadata(&draft)?;
            if (own.uid(), own.gid()) != (owner.uid(), owner.gid()) {
                // The server has to be able to read it, whoever changes it.
                std::os::unix::fs::chown(&draft, Some(owner.uid()), Some(owner.gid()))?;
            }
            Ok(std::fs::rename(&draft, path)?)
        });
        if made.is_err() {
            let _it_may_not_be_there = std::fs::remove_file(&draft);
        }
        made
    }

    /// Creates the file completely or not at all, and never overwrites one.
    fn publish(&self, path: &Path) -> Result<()> {
        let draft = draft_of(path)?;
        let made = self.write(&draft).and_then(|()| match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
            _ => Ok(()),
        });
        std::fs::remove_file(&draft).or_else(|error| if made.is_err() { Ok(()) } else { Err(error) })?;
        made?;
        Ok(File::open(directory_of(path))?.sync_all()?)
    }

    fn write(&self, path: &Path) -> Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.write_all(b"\n")?;
        Ok(file.sync_all()?)
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn draft_of(path: &Path) -> Result<PathBuf> {
    Ok(directory_of(path).join(format!(".frontrow-keys-{}", hex::encode(random::<8>()?))))
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
    fn a_change_is_whole_or_nothing_and_the_file_stays_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        let before = Keys::load_or_create(&path).unwrap();
        let added = Keys::update(&path, |keys| keys.queue.add()).unwrap();
        let after = Keys::load(&path).unwrap().unwrap();
        assert!(after.queue.keys.contains_key(&added));
        assert_eq!((mode(&path), after.queue.current == before.queue.current), (0o600, true));

        let error = Keys::update(&path, |keys| {
            keys.queue.add()?;
            Err::<(), _>(anyhow!("something is wrong"))
        });
        assert!(error.is_err());
        assert_eq!(Keys::load(&path).unwrap(), Some(after));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no draft stays behind");
        let missing = Keys::update(&directory.path().join("missing.json"), |_| Ok(())).unwrap_err();
        assert!(missing.to_string().contains("missing.json"), "{missing}");
    }

    #[test]
    fn a_link_to_the_file_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("keys.json"), directory.path().join("link.json"));
        Keys::load_or_create(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Keys::update(&link, |keys| keys.queue.add()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Keys::load(&path).unwrap().unwrap().queue.keys.len(), 2);
    }

    #[test]
    fn changes_at_the_same_time_come_one_after_the_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        Keys::load_or_create(&path).unwrap();
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    Keys::update(&path, |keys| keys.queue.add()).unwrap();
                });
            }
        });
        assert_eq!(Keys::load(&path).unwrap().unwrap().queue.keys.len(), 9, "none has undone another");
    }

    #[test]
    fn a_file_that_was_never_changed_by_a_command_is_as_it_was_in_older_releases() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        Keys::load_or_create(&path).unwrap();
        assert!(!fs::read_to_string(&path).unwrap().contains("replaced"));
    }
}
