//! A disk that can be filled up and freed.

use crate::shared::skip;
use anyhow::{Context, Result, ensure};
use std::fs::{File, remove_file};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A private file system in memory. Creating one requires the right to mount.
pub struct RamDisk {
    directory: TempDir,
}

/// `None` if this process may not mount one, which has been printed with the test's name. Panics if it's required.
pub fn ram_disk(megabytes: usize, test: &str) -> Option<RamDisk> {
    RamDisk::mount(megabytes).map_or_else(|error| skip(RamDisk::NAME, &format!("{error:#}"), test), Some)
}

impl RamDisk {
    /// Its name in `FRONTROW_TEST_REQUIRE`.
    pub const NAME: &'static str = "disk";

    fn mount(megabytes: usize) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let size = format!("size={megabytes}m,mode=0700");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(directory.path())
            .stdin(Stdio::null())
            .output()
            .context("mount")?;
        ensure!(mount.status.success(), "mount: {}", String::from_utf8_lossy(&mount.stderr).trim());
        Ok(Self { directory })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Fills it, except for that many bytes.
    pub fn fill(&self, left: u64) -> Result<()> {
        let mut ballast = File::create(self.ballast())?;
        let block = vec![0; 64 * 1024];
        let mut length: u64 = 0;
        loop {
            match ballast.write(&block) {
                Ok(written) => length += written as u64,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ballast.set_len(length.saturating_sub(left))?)
    }

    /// Frees the space that `fill` took.
    pub fn free(&self) -> Result<()> {
        match remove_file(self.ballast()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.directory.path().join("ballast")
    }
}

impl Drop for RamDisk {
    fn drop(&mut self) {
        // Processes that still have a file open there keep it until they end.
        let ended = Command::new("umount").arg("--lazy").arg(self.directory.path()).status();
        if !ended.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.directory.path().display());
        }
    }
}
