//! Servers to measure: nothing is between them and whoever connects, and their data are on a disk.

use crate::private::{PrivateServer, private_server};
use crate::server::{Watchdog, answers};
use crate::shared::skip;
use crate::{Kind, docker, local};
use anyhow::{Context, Result};
use std::path::Path;
use tempfile::TempDir;

/// A private server with its default durability, on the host or on the host's network.
pub struct HostServer {
    kind: Kind,
    url: String,
    _home: Home,
}

#[expect(dead_code, reason = "what ends the server when it is dropped")]
enum Home {
    Installed(PrivateServer),
    Container(Watchdog, TempDir),
}

/// An installed server, or a container that keeps its data in that directory. `None` if there's none of that kind, which
/// has been printed with the test's name. Panics if it's required.
pub async fn host_server(kind: Kind, test: &str, directory: &Path) -> Option<HostServer> {
    if local::is_installed(kind) {
        let server = private_server(kind, test).await?;
        return Some(HostServer { kind, url: server.url().to_owned(), _home: Home::Installed(server) });
    }
    match in_container(kind, directory).await {
        Ok(server) => Some(server),
        Err(error) => skip(kind.name(), &format!("{} is not installed; {error:#}", kind.name()), test),
    }
}

impl HostServer {
    /// The administrator's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// A container's own layer would slow down durable writes.
async fn in_container(kind: Kind, directory: &Path) -> Result<HostServer> {
    let image = docker::available_image(kind.name(), kind.image())?;
    let data = tempfile::Builder::new().prefix("frontrow-bench-").tempdir_in(directory)?;
    let path = data.path().to_str().context("UTF-8")?;
    let volume = format!("{path}:{}", kind.data());
    let (port, id) = docker::run(&image, &docker::Start::of(kind), &["--volume", &volume])?;
    // The data belong to somebody whom only the container knows.
    let remove = "echo \"$1\"; read _; docker kill \"$1\" >/dev/null 2>&1; \
                  docker run --rm --volume \"$2:/data\" --entrypoint find \"$3\" /data -mindepth 1 -delete >/dev/null 2>&1; \
                  docker rm --force --volumes \"$1\" >/dev/null 2>&1; rmdir \"$2\"";
    let watchdog = Watchdog::run(remove, &[&id, path, &image])?;
    let url = kind.address(port);
    answers(kind, &url, || false).await?;
    Ok(HostServer { kind, url, _home: Home::Container(watchdog, data) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Connection, Executor, MySqlConnection};

    /// Does nothing if `MySQL` is installed, or if neither it nor Docker is available.
    #[tokio::test]
    async fn a_container_keeps_its_data_on_the_disk_and_takes_them_along() {
        let directory = tempfile::tempdir().unwrap();
        let name = "a_container_keeps_its_data_on_the_disk_and_takes_them_along";
        if let Some(server) = host_server(Kind::MySql, name, directory.path()).await {
            let mut connection = MySqlConnection::connect(server.url()).await.unwrap();
            connection.execute("CREATE TABLE mysql.frontrow_t (id INT PRIMARY KEY)").await.unwrap();
            let mut kept = std::fs::read_dir(directory.path()).unwrap();
            assert!(kept.all(|data| data.unwrap().path().join("mysql/frontrow_t.ibd").exists()));
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
