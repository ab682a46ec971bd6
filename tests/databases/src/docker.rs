//! Servers in containers, which listen on loopback like any other.

use crate::server::{Server, Watchdog, answers, free_port};
use crate::{Kind, settings};
use anyhow::{Context, Result, bail, ensure};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use testcontainers_modules::testcontainers::core::{IntoContainerPort, Mount};
use testcontainers_modules::testcontainers::runners::AsyncRunner;
use testcontainers_modules::testcontainers::{GenericImage, ImageExt};

/// The time limit of a pull, in seconds.
const PULL: &str = "120";

/// What a server is told, if it is to listen on that host and port.
type Words = Box<dyn Fn(&str, u16) -> Vec<String> + Send + Sync>;

/// What a container is started with.
pub(crate) struct Start {
    /// A variable and its value.
    pub environment: Option<(&'static str, &'static str)>,
    /// What its server is told.
    pub words: Words,
}

impl Start {
    /// A database server that lets its administrator in without a password.
    pub fn of(kind: Kind) -> Self {
        Self { environment: Some(kind.no_password()), words: Box::new(move |host, port| kind.words(host, port)) }
    }
}

/// Starts a server, with its data in memory.
pub(crate) async fn start(kind: Kind) -> Result<Server> {
    let image = available_image(kind.name(), kind.image())?;
    let (port, watchdog) = run_in_memory(&image, kind.data(), &Start::of(kind)).await?;
    let url = kind.address(port);
    let version = answers(kind, &url, || false).await?;
    Ok(Server { kind, url, from: format!("{version}, container of {image}"), _watchdog: Some(watchdog) })
}

/// The server's image, if the engine has it or can pull it.
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

/// Starts a container with its data and its temporary files in memory: a container's own layer may be many times slower.
/// Returns its port of loopback, and the watchdog that removes it.
pub(crate) async fn run_in_memory(image: &str, data: &str, start: &Start) -> Result<(u16, Watchdog)> {
    let Some((name, tag)) = image.rsplit_once(':') else { bail!("{image} has no tag") };
    let (port, network) = (free_port()?, Network::here());
    let [data, temporary] = [data, "/tmp"].map(Mount::tmpfs_mount);
    let mut request = GenericImage::new(name, tag).with_mount(data).with_mount(temporary);
    request = request.with_cmd((start.words)(network.host(), port));
    if let Some((variable, value)) = start.environment {
        request = request.with_env_var(variable, value);
    }
    request = match network {
        Network::Host => request.with_network("host"),
        Network::Published => request.with_mapped_port(port, port.tcp()),
    };
    let container = request.start().await.with_context(|| format!("no container of {image}"))?;
    let watchdog = removes(container.id())?;
    // The watchdog removes it, whether or not this process comes to its end in good order.
    std::mem::forget(container);
    Ok((port, watchdog))
}

/// Starts a container that can be restarted with its data, on the same port of loopback; further options are Docker's.
pub(crate) fn run_again_and_again(image: &str, start: &Start, options: &[&str]) -> Result<(u16, Watchdog)> {
    let (port, container) = run(image, start, options)?;
    Ok((port, removes(&container)?))
}

/// Starts a container. Returns its port of loopback, and its id.
pub(crate) fn run(image: &str, start: &Start, options: &[&str]) -> Result<(u16, String)> {
    let (port, network) = (free_port()?, Network::here());
    let mut docker = Command::new("docker");
    docker.args(["run", "--detach"]).args(options);
    if let Some((variable, value)) = start.environment {
        docker.args(["--env", &format!("{variable}={value}")]);
    }
    match network {
        Network::Host => docker.args(["--network", "host"]),
        Network::Published => docker.args(["--publish", &format!("127.0.0.1:{port}:{port}")]),
    };
    let output = docker.arg(image).args((start.words)(network.host(), port)).output()?;
    ensure!(output.status.success(), "no container of {image}: {}", String::from_utf8_lossy(&output.stderr));
    Ok((port, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

/// How a container's port becomes one of loopback.
#[derive(Clone, Copy)]
enum Network {
    /// It is: the container has no network of its own.
    Host,
    /// Docker passes on what arrives there. That is a process which copies every byte, and took as much processor time as a
    /// database.
    Published,
}

impl Network {
    /// An engine in a virtual machine has another loopback than this machine.
    fn here() -> Self {
        static HERE: LazyLock<Network> = LazyLock::new(|| {
            let about =
                Command::new("docker").args(["info", "--format", "{{.OperatingSystem}} {{.SecurityOptions}}"]).output();
            let about = about.map(|about| String::from_utf8_lossy(&about.stdout).into_owned()).unwrap_or_default();
            let shares = cfg!(target_os = "linux") && !about.contains("Docker Desktop") && !about.contains("rootless");
            if shares { Network::Host } else { Network::Published }
        });
        *HERE
    }

    /// Where the server listens.
    fn host(self) -> &'static str {
        match self {
            Self::Host => "127.0.0.1",
            Self::Published => "0.0.0.0",
        }
    }
}

fn removes(container: &str) -> Result<Watchdog> {
    Watchdog::run("echo \"$1\"; read _; docker rm --force --volumes \"$1\" >/dev/null 2>&1", &[container])
}
