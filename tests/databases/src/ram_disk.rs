//! A disk that can be filled up and freed.

use crate::shared::skip;
use anyhow::{Context, Result, ensure};
use std::fs::{File, remove_file};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A file system of its own in memory. To make one takes the right to mount.
pub struct RamDisk {
    directory: TempDir,
}

/// `None`: this process may not mount one, which has been said with the test's name. Panics if it has to be there.
pub fn ram_disk(megabytes: usize, test: &str) -> Option<RamDisk> {
    RamDisk::mount(megabytes).map_or_else(|error| skip(RamDisk::NAME, &format!("{error:#}"), test), Some)
}

impl RamDisk {
    /// What it is called where it is required.
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

    /// Takes all room but so many bytes.
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

    /// Gives back what was taken, if anything was.
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
        // Whoever still has a file open there keeps it until they end.
        let ended = Command::new("umount").arg("--lazy").arg(self.directory.path()).status();
        if !ended.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.directory.path().display());
        }
    }
}
