//! Where a private server lives, and how it is started, killed and started again there.

use crate::docker::quiet;
use crate::installation::Installation;
use crate::server::Watchdog;
use anyhow::{Context, Result, ensure};

pub(crate) enum Home {
    Local { installation: Installation, running: Option<Watchdog> },
    Container(Watchdog),
}

impl Home {
    pub(crate) fn local(installation: Installation) -> Self {
        Self::Local { installation, running: None }
    }

    /// Starts it on its existing data, on the same port; it may take a while to answer.
    pub(crate) fn start(&mut self) -> Result<()> {
        match self {
            Self::Local { installation, running } => {
                // The watchdog of the one that runs would take the directory with it.
                ensure!(running.is_none(), "it runs");
                *running = Some(installation.start()?);
            }
            Self::Container(watchdog) => {
                ensure!(quiet("docker", &["start", &watchdog.process]), "the container does not start");
            }
        }
        Ok(())
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        match self {
            Self::Local { running, .. } => running.as_mut().is_none_or(Watchdog::has_ended),
            Self::Container(_) => false,
        }
    }

    /// Kills it at once, and returns when it's gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        match self {
            Self::Local { running, .. } => running.take().context("it does not run")?.kill(),
            Self::Container(watchdog) => {
                ensure!(quiet("docker", &["kill", "--signal=KILL", &watchdog.process]), "it does not run");
                Ok(())
            }
        }
    }

    /// Asks it to end, and returns when it has ended.
    pub(crate) fn stop(&mut self) -> Result<()> {
        match self {
            Self::Local { running, .. } => running.take().context("it does not run")?.stop(),
            Self::Container(watchdog) => {
                ensure!(quiet("docker", &["stop", &watchdog.process]), "it does not run");
                Ok(())
            }
        }
    }
}
