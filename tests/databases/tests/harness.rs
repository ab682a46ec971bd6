//! The harness, tried on whatever servers can be had.

use anyhow::{Context, Result, ensure};
use frontrow_test_databases::{Kind, REQUIRE, UNAVAILABLE, database, private_server};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

async fn run(kind: Kind, url: &str, statement: &str) -> Result<()> {
    let statement = AssertSqlSafe(statement.to_owned());
    match kind {
        Kind::Postgres => PgConnection::connect(url).await?.execute(statement).await.map(|_| ())?,
        Kind::MySql | Kind::MariaDb => MySqlConnection::connect(url).await?.execute(statement).await.map(|_| ())?,
    }
    Ok(())
}

async fn a_database_goes_with_its_test(kind: Kind) -> Result<()> {
    let Some(database) = database(kind, "a_database_goes_with_its_test").await else { return Ok(()) };
    let url = database.url().to_owned();
    run(kind, &url, "CREATE TABLE t (id INT PRIMARY KEY)").await?;
    drop(database);
    ensure!(run(kind, &url, "SELECT 1").await.is_err(), "{url} is still there");
    Ok(())
}

async fn what_was_committed_survives_the_servers_death(kind: Kind) -> Result<()> {
    let Some(mut server) = private_server(kind, "what_was_committed_survives_the_servers_death").await else {
        return Ok(());
    };
    let url = server.url().to_owned();
    let table = if kind == Kind::Postgres { "t" } else { "mysql.frontrow_t" };
    run(kind, &url, &format!("CREATE TABLE {table} (id INT PRIMARY KEY)")).await?;
    run(kind, &url, &format!("INSERT INTO {table} VALUES (1)")).await?;
    server.kill()?;
    ensure!(run(kind, &url, "SELECT 1").await.is_err(), "it lives");
    server.start().await?;
    let again = run(kind, &url, &format!("INSERT INTO {table} VALUES (1)")).await;
    ensure!(again.is_err(), "the row is gone");
    Ok(())
}

macro_rules! on_every_server {
    ($($test:ident),+) => {
        on_every_server! { @ mysql Kind::MySql; $($test),+ }
        on_every_server! { @ mariadb Kind::MariaDb; $($test),+ }
        on_every_server! { @ postgres Kind::Postgres; $($test),+ }
    };
    (@ $server:ident $kind:expr; $($test:ident),+) => {
        mod $server {
            use super::Kind;
            $(#[tokio::test]
            async fn $test() -> anyhow::Result<()> {
                super::$test($kind).await
            })+
        }
    };
}

on_every_server! { a_database_goes_with_its_test, what_was_committed_survives_the_servers_death }

fn launcher() -> Command {
    Command::new(env!("CARGO_BIN_EXE_with-test-databases"))
}

#[test]
fn a_server_ends_even_if_who_started_it_is_killed() -> Result<()> {
    let mut launcher = launcher();
    for kind in Kind::ALL {
        launcher.env_remove(format!("FRONTROW_TEST_{}_URL", kind.name().to_uppercase()));
    }
    let says = "echo \"$FRONTROW_TEST_MYSQL_URL$FRONTROW_TEST_MARIADB_URL$FRONTROW_TEST_POSTGRES_URL\"; exec sleep 60";
    let mut child = launcher.args(["sh", "-c", says]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut urls = String::new();
    BufReader::new(child.stdout.take().context("piped")?).read_line(&mut urls)?;
    child.kill()?;
    child.wait()?;
    for port in urls.split("127.0.0.1:").skip(1) {
        let port: u16 = port.split('/').next().context("a port")?.parse()?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_ok() {
            ensure!(Instant::now() < deadline, "the server at port {port} was left behind");
            std::thread::yield_now();
        }
    }
    Ok(())
}

#[test]
fn the_exit_code_is_the_commands() -> Result<()> {
    ensure!(launcher().args(["sh", "-c", "exit 7"]).stderr(Stdio::null()).status()?.code() == Some(7));
    Ok(())
}

/// This test program again, with one test and other settings.
fn one_test(settings: &[(&str, &str)]) -> Result<(bool, String)> {
    let mut program = Command::new(std::env::current_exe()?);
    program.args(["--exact", "mysql::a_database_goes_with_its_test"]).env_remove("FRONTROW_TEST_MYSQL_URL");
    let output = program.envs(settings.iter().copied()).output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
}

#[test]
fn a_skip_is_loud_and_a_failure_where_the_kind_is_required() -> Result<()> {
    let missing = (UNAVAILABLE, "mysql: it is not here\n");
    let (passed, said) = one_test(&[missing, (REQUIRE, "")])?;
    ensure!(passed && said.contains("SKIPPED on mysql: a_database_goes_with_its_test (it is not here)"), "{said}");
    let (passed, said) = one_test(&[missing, (REQUIRE, "mariadb,mysql")])?;
    ensure!(!passed && said.contains("it is not here"), "{said}");
    Ok(())
}
