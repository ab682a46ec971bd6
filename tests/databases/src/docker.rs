//! Servers in containers, their data in memory.

use crate::server::{Server, Watchdog, answers};
use crate::{Kind, settings};
use anyhow::{Context, Result, bail, ensure};
use std::process::{Command, Stdio};
use testcontainers_modules::mariadb::Mariadb;
use testcontainers_modules::mysql::Mysql;
use testcontainers_modules::postgres::Postgres;
use testcontainers_modules::testcontainers::core::Mount;
use testcontainers_modules::testcontainers::runners::AsyncRunner;
use testcontainers_modules::testcontainers::{Image, ImageExt};

/// Seconds that a pull may take.
const PULL: &str = "120";

/// Starts a container.
pub(crate) async fn start(kind: Kind) -> Result<Server> {
    let image = available_image(kind)?;
    let (url, id) = match kind {
        Kind::MySql => run(kind, Mysql::default(), &image, "/var/lib/mysql").await?,
        Kind::MariaDb => run(kind, Mariadb::default(), &image, "/var/lib/mysql").await?,
        Kind::Postgres => run(kind, Postgres::default(), &image, "/var/lib/postgresql/data").await?,
    };
    let remove = "echo \"$1\"; read _; docker rm --force --volumes \"$1\" >/dev/null 2>&1";
    let watchdog = Watchdog::run(remove, &[&id])?;
    let version = answers(kind, &url, || false).await?;
    Ok(Server { kind, url, from: format!("{version}, container of {image}"), _watchdog: Some(watchdog) })
}

/// The image's name, if the engine has it or can pull it.
pub(crate) fn available_image(kind: Kind) -> Result<String> {
    ensure!(settings::docker_allowed(), "FRONTROW_TEST_DOCKER is off");
    let image = settings::image(kind);
    if quiet("docker", &["image", "inspect", &image]) {
        return Ok(image);
    }
    ensure!(quiet("docker", &["info"]), "no Docker engine answers");
    ensure!(quiet("timeout", &[PULL, "docker", "pull", "--quiet", &image]), "the image {image} can't be pulled");
    Ok(image)
}

pub(crate) fn quiet(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let status = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

async fn run(kind: Kind, module: impl Image, image: &str, data: &str) -> Result<(String, String)> {
    let Some((name, tag)) = image.rsplit_once(':') else { bail!("{image} has no tag") };
    let request = module.with_name(name).with_tag(tag).with_mount(Mount::tmpfs_mount(data));
    let container = request.start().await.with_context(|| format!("no container of {image}"))?;
    let port = match kind {
        Kind::Postgres => 5432,
        Kind::MySql | Kind::MariaDb => 3306,
    };
    let port = container.get_host_port_ipv4(port).await?;
    let url = match kind {
        Kind::Postgres => format!("postgres://postgres:postgres@127.0.0.1:{port}/postgres"),
        Kind::MySql | Kind::MariaDb => kind.address(port),
    };
    let id = container.id().to_owned();
    // The watchdog removes it, whether or not this process comes to its end in good order.
    std::mem::forget(container);
    Ok((url, id))
}
