//! Servers to measure: nothing is between them and who connects, and their data are on a disk.

use crate::private::{PrivateServer, private_server};
use crate::server::{Watchdog, answers, free_port};
use crate::shared::skip;
use crate::{Kind, docker, local};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A server that nobody else uses, as durable as it comes, on the host or on the host's network.
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

/// An installed one, else a container that keeps its data in that directory. `None`: there is none of that kind, which has
/// been said with the test's name. Panics if it has to be there.
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
    /// Where its administrator connects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// A port that Docker maps would slow down what is fast, and a container's own layer what is durable.
async fn in_container(kind: Kind, directory: &Path) -> Result<HostServer> {
    let image = docker::available_image(kind.name(), kind.image())?;
    let data = tempfile::Builder::new().prefix("frontrow-bench-").tempdir_in(directory)?;
    let path = data.path().to_str().context("UTF-8")?;
    let port = free_port()?;
    let (inside, password) = match kind {
        Kind::Postgres => ("/var/lib/postgresql/data", "POSTGRES_HOST_AUTH_METHOD=trust"),
        Kind::MySql => ("/var/lib/mysql", "MYSQL_ALLOW_EMPTY_PASSWORD=1"),
        Kind::MariaDb => ("/var/lib/mysql", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1"),
    };
    let volume = format!("{path}:{inside}");
    let mut run = Command::new("docker");
    run.args(["run", "--detach", "--network", "host", "--volume", &volume, "--env", password, &image]);
    let output = run.args(words(kind, port)).output()?;
    ensure!(output.status.success(), "no container of {image}: {}", String::from_utf8_lossy(&output.stderr));
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // The data belong to somebody whom only the container knows.
    let remove = "echo \"$1\"; read _; docker kill \"$1\" >/dev/null 2>&1; \
                  docker run --rm --volume \"$2:/data\" --entrypoint find \"$3\" /data -mindepth 1 -delete >/dev/null 2>&1; \
                  docker rm --force --volumes \"$1\" >/dev/null 2>&1; rmdir \"$2\"";
    let watchdog = Watchdog::run(remove, &[&id, path, &image])?;
    let url = kind.address(port);
    answers(kind, &url, || false).await?;
    Ok(HostServer { kind, url, _home: Home::Container(watchdog, data) })
}

/// For loopback only, and no more connections than an installed one has.
fn words(kind: Kind, port: u16) -> Vec<String> {
    match kind {
        Kind::Postgres => {
            let settings = [format!("port={port}"), "listen_addresses=127.0.0.1".into(), "max_connections=300".into()];
            settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
        }
        Kind::MySql | Kind::MariaDb => {
            let mut words = vec![format!("--port={port}"), "--bind-address=127.0.0.1".into()];
            words.push("--max-connections=500".into());
            if kind == Kind::MySql {
                words.push("--mysqlx=OFF".into());
            }
            words
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Connection, Executor, MySqlConnection};

    /// Where `MySQL` is installed, or there is neither it nor Docker, there is nothing to see.
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
