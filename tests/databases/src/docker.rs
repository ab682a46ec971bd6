//! Servers in containers, their data in memory.

use crate::server::{Server, Watchdog, answers, free_port};
use crate::{Kind, settings};
use anyhow::{Context, Result, bail, ensure};
use std::process::{Command, Stdio};
use testcontainers_modules::mariadb::Mariadb;
use testcontainers_modules::mysql::Mysql;
use testcontainers_modules::postgres::Postgres;
use testcontainers_modules::testcontainers::core::Mount;
use testcontainers_modules::testcontainers::runners::AsyncRunner;
use testcontainers_modules::testcontainers::{ContainerRequest, Image, ImageExt};

/// Seconds that a pull may take.
const PULL: &str = "120";

/// Starts a container.
pub(crate) async fn start(kind: Kind) -> Result<Server> {
    let image = available_image(kind.name(), kind.image())?;
    let inside = kind.port();
    let (port, watchdog) = match kind {
        Kind::MySql => run(Mysql::default(), &image, "/var/lib/mysql", inside).await?,
        Kind::MariaDb => run(Mariadb::default(), &image, "/var/lib/mysql", inside).await?,
        Kind::Postgres => run(Postgres::default(), &image, "/var/lib/postgresql/data", inside).await?,
    };
    let url = match kind {
        Kind::Postgres => format!("postgres://postgres:postgres@127.0.0.1:{port}/postgres"),
        Kind::MySql | Kind::MariaDb => kind.address(port),
    };
    let version = answers(kind, &url, || false).await?;
    Ok(Server { kind, url, from: format!("{version}, container of {image}"), _watchdog: Some(watchdog) })
}

/// The image of the server of that name, if the engine has it or can pull it.
pub(crate) fn available_image(name: &str, usual: &str) -> Result<String> {
    ensure!(settings::docker_allowed(), "FRONTROW_TEST_DOCKER is off");
    let image = settings::image(name, usual);
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

/// Starts a container with its data in memory: the port of loopback, and what removes it.
pub(crate) async fn run<I: Image>(
    module: impl Into<ContainerRequest<I>>,
    image: &str,
    data: &str,
    inside: u16,
) -> Result<(u16, Watchdog)> {
    let Some((name, tag)) = image.rsplit_once(':') else { bail!("{image} has no tag") };
    let request = module.with_name(name).with_tag(tag).with_mount(Mount::tmpfs_mount(data));
    let container = request.start().await.with_context(|| format!("no container of {image}"))?;
    let port = container.get_host_port_ipv4(inside).await?;
    let watchdog = removes(container.id())?;
    // The watchdog removes it, whether or not this process comes to its end in good order.
    std::mem::forget(container);
    Ok((port, watchdog))
}

/// Starts a container that can be started again: with its data, at the same port of loopback.
pub(crate) fn run_again_and_again(
    image: &str,
    inside: u16,
    options: &[&str],
    command: &[&str],
) -> Result<(u16, Watchdog)> {
    let port = free_port()?;
    let publish = format!("127.0.0.1:{port}:{inside}");
    let mut docker = Command::new("docker");
    docker.args(["run", "--detach", "--publish", &publish]).args(options).arg(image).args(command);
    let output = docker.output()?;
    ensure!(output.status.success(), "no container of {image}: {}", String::from_utf8_lossy(&output.stderr));
    Ok((port, removes(String::from_utf8_lossy(&output.stdout).trim())?))
}

fn removes(container: &str) -> Result<Watchdog> {
    Watchdog::run("echo \"$1\"; read _; docker rm --force --volumes \"$1\" >/dev/null 2>&1", &[container])
}
