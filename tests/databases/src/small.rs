//! Servers whose data is on a small disk, which tests fill and free.

use crate::server::{Watchdog, answers};
use crate::shared::skip;
use crate::{Kind, docker};
use anyhow::{Result, ensure};
use std::process::Command;

/// Room for a new server's files and some tens of megabytes.
const MEGABYTES: u32 = 400;

/// A server that nobody else uses, in a container.
pub struct SmallDisk {
    kind: Kind,
    url: String,
    container: String,
    _watchdog: Watchdog,
}

/// `None`: there is none of that kind, which has been said with the test's name. Panics if it has to be there.
pub async fn on_small_disk(kind: Kind, test: &str) -> Option<SmallDisk> {
    match SmallDisk::make(kind).await {
        Ok(server) => Some(server),
        Err(error) => skip(kind.name(), &format!("{error:#}"), test),
    }
}

impl SmallDisk {
    async fn make(kind: Kind) -> Result<Self> {
        let image = docker::available_image(kind.name(), kind.image())?;
        let container = format!("frontrow-small-disk-{}-{kind}", std::process::id());
        let disk = format!("{}:rw,size={MEGABYTES}m", kind.data());
        let options = ["--name", &container, "--tmpfs", &disk];
        let (port, watchdog) = docker::run_again_and_again(&image, &docker::Start::of(kind), &options)?;
        let server = Self { kind, url: kind.address(port), container, _watchdog: watchdog };
        answers(kind, &server.url, || false).await?;
        Ok(server)
    }

    /// Where its administrator connects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Leaves no room on the disk.
    pub fn fill(&self) -> Result<()> {
        // Large blocks first, then what is left; that it fails in the end is what it is for.
        self.run("for size in 1M 4k; do dd if=/dev/zero of=$0/ballast-$size bs=$size 2>/dev/null; done; true")
    }

    /// Makes room again.
    pub fn free(&self) -> Result<()> {
        self.run("rm -f $0/ballast-*")
    }

    fn run(&self, script: &str) -> Result<()> {
        let output =
            Command::new("docker").args(["exec", &self.container, "sh", "-c", script, self.kind.data()]).output()?;
        ensure!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}
