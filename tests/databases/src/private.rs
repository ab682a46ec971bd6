//! Servers for tests that kill them.

use crate::home::Home;
use crate::server::answers;
use crate::shared::skip;
use crate::{Kind, docker, local};
use anyhow::{Error, Result};

/// A server that nobody else uses. What was committed on it survives its death.
pub struct PrivateServer {
    kind: Kind,
    url: String,
    home: Home,
}

/// `None`: there is none of that kind, which has been said with the test's name. Panics if it has to be there.
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

    /// Where its administrator connects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Starts it again, at the same address, on the same data; returns once it answers.
    pub async fn start(&mut self) -> Result<()> {
        self.home.start()?;
        answers(self.kind, &self.url, || self.home.has_ended()).await?;
        Ok(())
    }

    /// Kills it at once, wherever it is, and returns when it has gone.
    pub fn kill(&mut self) -> Result<()> {
        self.home.kill()
    }
}

fn in_container(kind: Kind) -> Result<(u16, Home)> {
    let image = docker::available_image(kind.name(), kind.image())?;
    let no_password = match kind {
        Kind::Postgres => "POSTGRES_HOST_AUTH_METHOD=trust",
        Kind::MySql => "MYSQL_ALLOW_EMPTY_PASSWORD=1",
        Kind::MariaDb => "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1",
    };
    let (port, watchdog) = docker::run_again_and_again(&image, kind.port(), &["--env", no_password], &[])?;
    Ok((port, Home::Container(watchdog)))
}
