//! Installed databases, started privately: on a temporary directory and a port of their own, as a user of their own.

use crate::installation::{Installation, find};
use crate::server::{Server, answers};
use crate::{Kind, Protocol};
use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Starts an installed server for as long as this process lives.
pub(crate) async fn start(kind: Kind) -> Result<Server> {
    let installation = install(kind, false)?;
    let mut watchdog = installation.start()?;
    let url = kind.address(installation.port);
    let version = answers(kind, &url, || watchdog.has_ended()).await?;
    let from = format!("{version}, {}", installation.program.display());
    installation.leave_to_watchdog();
    Ok(Server { kind, url, from, _watchdog: Some(watchdog) })
}

/// Finds the program and creates the directory. If `durable`, commits survive the server's death.
pub(crate) fn install(kind: Kind, durable: bool) -> Result<Installation> {
    let mut installation = Installation::new(program(kind)?)?;
    make(kind, &installation)?;
    installation.words = words(kind, durable, &installation);
    Ok(installation)
}

fn data(installation: &Installation) -> PathBuf {
    installation.path().join("data")
}

fn make(kind: Kind, installation: &Installation) -> Result<()> {
    let data = data(installation);
    std::fs::create_dir(&data)?;
    let data = data.display();
    let mut command = match kind {
        Kind::Postgres => {
            give_to(installation.path(), "postgres")?;
            let initdb = installation.program.with_file_name("initdb");
            let mut command = as_user("postgres", &initdb);
            command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
            command.args(["--pgdata", &data.to_string()]);
            command
        }
        Kind::MariaDb => {
            give_to(installation.path(), "mysql")?;
            let mut command = as_user("mysql", &find(&["mariadb-install-db", "mysql_install_db"], &[])?);
            command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
            command.arg(format!("--datadir={data}"));
            command
        }
        Kind::MySql => {
            give_to(installation.path(), "mysql")?;
            let mut command = as_user("mysql", &installation.program);
            command.args(["--no-defaults", "--initialize-insecure"]).arg(format!("--datadir={data}"));
            command
        }
    };
    let output = command.stdin(Stdio::null()).output().context("the database directory can't be made")?;
    ensure!(
        output.status.success(),
        "the database directory can't be made: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    match kind.protocol() {
        // Whoever made the directory is its administrator, by whatever way they come in.
        Protocol::Postgres => Ok(()),
        Protocol::MySql => {
            let users = "CREATE USER IF NOT EXISTS root@'127.0.0.1';\n\
                         GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n";
            let file = installation.path().join("init.sql");
            std::fs::write(&file, users)?;
            give_to(&file, "mysql")
        }
    }
}

fn words(kind: Kind, durable: bool, installation: &Installation) -> Vec<String> {
    let (data, directory) = (data(installation), installation.path().display().to_string());
    let mut words: Vec<String> = Vec::new();
    let relaxed: &[&str] = match kind {
        Kind::Postgres => {
            words.extend(user_words("postgres"));
            words.extend([installation.program.display().to_string(), "-D".into(), data.display().to_string()]);
            words.extend(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"].map(str::to_owned));
            words.extend(["-p".into(), installation.port.to_string(), "-k".into(), directory]);
            &["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        }
        Kind::MySql | Kind::MariaDb => {
            words.extend(user_words("mysql"));
            words.extend([installation.program.display().to_string(), "--no-defaults".into()]);
            words.push(format!("--datadir={}", data.display()));
            words.push(format!("--socket={directory}/socket"));
            words.push(format!("--pid-file={directory}/process"));
            words.push(format!("--init-file={directory}/init.sql"));
            words.push(format!("--port={}", installation.port));
            words.extend(["--bind-address=127.0.0.1", "--max-connections=500"].map(str::to_owned));
            if kind == Kind::MySql {
                words.push("--mysqlx=OFF".into());
            }
            &["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--innodb-doublewrite=0"]
        }
    };
    if !durable {
        words.extend(relaxed.iter().map(|word| (*word).to_owned()));
    }
    words
}

/// Whether such a server is installed.
pub(crate) fn is_installed(kind: Kind) -> bool {
    program(kind).is_ok()
}

fn program(kind: Kind) -> Result<PathBuf> {
    match kind {
        Kind::Postgres => find(&["postgres"], &postgres_folders()),
        Kind::MariaDb => find(&["mariadbd"], &[]),
        Kind::MySql => {
            let program = find(&["mysqld"], &[])?;
            let output = Command::new(&program).arg("--version").output()?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if said.contains("MariaDB") {
                bail!("the installed mysqld is MariaDB");
            }
            Ok(program)
        }
    }
}

/// Debian has one directory per version; newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| path.file_name().and_then(OsStr::to_str).and_then(|name| name.parse::<u32>().ok()));
    versions.into_iter().rev().map(|path| path.join("bin")).collect()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Database servers don't run as root.
fn user_words(user: &str) -> Vec<String> {
    if !is_root() {
        return Vec::new();
    }
    let group = format!("--regid={user}");
    ["setpriv".to_owned(), format!("--reuid={user}"), group, "--init-groups".into()].into()
}

fn as_user(user: &str, program: &Path) -> Command {
    let mut words = user_words(user);
    words.push(program.display().to_string());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir("/");
    command
}

fn give_to(path: &Path, user: &str) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let status = Command::new("chown").args(["-R", user]).arg(path).status()?;
    ensure!(status.success(), "there is no user {user}");
    Ok(())
}
