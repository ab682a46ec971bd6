//! Servers for tests that kill them.

use crate::home::Home;
use crate::server::answers;
use crate::shared::skip;
use crate::{Kind, docker, local};
use anyhow::{Error, Result};

/// A private server. Commits survive its death.
pub struct PrivateServer {
    kind: Kind,
    url: String,
    home: Home,
}

/// `None` if there's none of that kind, which has been printed with the test's name. Panics if it's required.
pub async fn private_server(kind: Kind, test: &str) -> Option<PrivateServer> {
    match PrivateServer::make(kind).await {
        Ok(server) => Some(server),
        Err(error) => skip(kind.name(), &format!("{error:#}"), test),
    }
}

impl PrivateServer {
    async fn make(kind: Kind) -> Result<Self> {
        let (port, home) = match local::install(kind, true) {
            Ok(installation) => (installation.port, Home::local(installation)),
            Err(error) => in_container(kind).map_err(|other| Error::msg(format!("{error:#}; {other:#}")))?,
        };
        let url = kind.address(port);
        let mut server = Self { kind, url, home };
        server.start().await?;
        Ok(server)
    }

    /// The administrator's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Restarts it at the same address, on the same data; returns once it answers.
    pub async fn start(&mut self) -> Result<()> {
        self.home.start()?;
        answers(self.kind, &self.url, || self.home.has_ended()).await?;
        Ok(())
    }

    /// Kills it at once, whether it's a process or a container, and returns when it's gone.
    pub fn kill(&mut self) -> Result<()> {
        self.home.kill()
    }
}

fn in_container(kind: Kind) -> Result<(u16, Home)> {
    let image = docker::available_image(kind.name(), kind.image())?;
    // Not in memory, because memory is lost when the container stops; and not in its own layer, which is slow.
    let (port, watchdog) = docker::run_again_and_again(&image, &docker::Start::of(kind), &["--volume", kind.data()])?;
    Ok((port, Home::Container(watchdog)))
}
