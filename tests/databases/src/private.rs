//! Servers for tests that kill them.

use crate::local::Installation;
use crate::server::{Watchdog, answers, free_port};
use crate::shared::skip;
use crate::{Kind, docker, settings};
use anyhow::{Context, Error, Result, ensure};
use std::process::Command;

/// A server that nobody else uses. What was committed on it survives its death.
pub struct PrivateServer {
    kind: Kind,
    url: String,
    home: Home,
}

enum Home {
    Local { installation: Installation, running: Option<Watchdog> },
    Container(Watchdog),
}

/// `None`: there is none of that kind, which has been said with the test's name. Panics if it has to be there.
pub async fn private_server(kind: Kind, test: &str) -> Option<PrivateServer> {
    match PrivateServer::make(kind).await {
        Ok(server) => Some(server),
        Err(error) => skip(kind, &format!("{error:#}"), test),
    }
}

impl PrivateServer {
    async fn make(kind: Kind) -> Result<Self> {
        let local = Installation::new(kind, true);
        let (url, home) = match local {
            Ok(installation) => (installation.url(), Home::Local { installation, running: None }),
            Err(error) => in_container(kind).map_err(|other| Error::msg(format!("{error:#}; {other:#}")))?,
        };
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
        match &mut self.home {
            Home::Local { installation, running } => {
                let watchdog = running.insert(installation.start()?);
                answers(self.kind, &self.url, || watchdog.has_ended()).await?;
            }
            Home::Container(watchdog) => {
                let _ = docker::quiet("docker", &["start", &watchdog.process]);
                answers(self.kind, &self.url, || false).await?;
            }
        }
        Ok(())
    }

    /// Kills it at once, wherever it is, and returns when it has gone.
    pub fn kill(&mut self) -> Result<()> {
        match &mut self.home {
            Home::Local { running, .. } => running.take().context("it does not run")?.kill()?,
            Home::Container(watchdog) => {
                ensure!(docker::quiet("docker", &["kill", "--signal=KILL", &watchdog.process]), "it does not run");
            }
        }
        Ok(())
    }
}

fn in_container(kind: Kind) -> Result<(String, Home)> {
    let image = docker::available_image(kind)?;
    let (port, inside, password) = match kind {
        Kind::Postgres => (free_port()?, 5432, "POSTGRES_HOST_AUTH_METHOD=trust"),
        Kind::MySql => (free_port()?, 3306, "MYSQL_ALLOW_EMPTY_PASSWORD=1"),
        Kind::MariaDb => (free_port()?, 3306, "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1"),
    };
    let publish = format!("127.0.0.1:{port}:{inside}");
    let output =
        Command::new("docker").args(["run", "--detach", "--publish", &publish, "--env", password, &image]).output()?;
    ensure!(
        output.status.success(),
        "no container of {}: {}",
        settings::image(kind),
        String::from_utf8_lossy(&output.stderr)
    );
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let remove = "echo \"$1\"; read _; docker rm --force --volumes \"$1\" >/dev/null 2>&1";
    Ok((kind.address(port), Home::Container(Watchdog::run(remove, &[&id])?)))
}
