//! Tests the harness on all available servers.

use anyhow::{Context, Result, ensure};
use frontrow_test_databases::{
    Kind, PrivateRedis, Protocol, REQUIRE, RedisServer, UNAVAILABLE, database, execute, for_each_kind, private_redis,
    private_server, redis_server, url_variable,
};
use std::io::{BufRead, BufReader};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// To connect to a server on this machine takes less.
const SHORT: Duration = Duration::from_secs(1);

async fn run(kind: Kind, url: &str, statement: &str) -> Result<()> {
    execute(kind, url, &[statement]).await
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
    let table = match kind.protocol() {
        Protocol::Postgres => "t",
        // Its administrator's address names no database.
        Protocol::MySql => "mysql.frontrow_t",
    };
    run(kind, &url, &format!("CREATE TABLE {table} (id INT PRIMARY KEY)")).await?;
    run(kind, &url, &format!("INSERT INTO {table} VALUES (1)")).await?;
    server.kill()?;
    ensure!(run(kind, &url, "SELECT 1").await.is_err(), "it lives");
    server.start().await?;
    let again = run(kind, &url, &format!("INSERT INTO {table} VALUES (1)")).await;
    ensure!(again.is_err(), "the row is gone");
    Ok(())
}

macro_rules! on_server {
    ($server:ident $kind:ident; $($test:ident),+) => {
        mod $server {
            use super::Kind;
            $(#[tokio::test]
            async fn $test() -> anyhow::Result<()> {
                super::$test(Kind::$kind).await
            })+
        }
    };
}

for_each_kind! { on_server; a_database_goes_with_its_test, what_was_committed_survives_the_servers_death }

/// Has a Redis-compatible server do something.
async fn ask<T: redis::FromRedisValue>(url: &str, words: &[&str]) -> Result<T> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    Ok(redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await?)
}

#[tokio::test]
async fn a_redis_is_everybodys_and_a_private_one_is_not() -> Result<()> {
    let test = "a_redis_is_everybodys_and_a_private_one_is_not";
    let Some(mine) = redis_server(test).await else { return Ok(()) };
    let Some(yours) = redis_server(test).await else { return Ok(()) };
    let Some(private) = private_redis(test).await else { return Ok(()) };
    let key = format!("{test}-{:016x}", getrandom::u64()?);
    let _: () = ask(mine.url(), &["SET", &key, "here", "EX", "600"]).await?;
    let _: () = ask(private.url(), &["FLUSHALL"]).await?;
    ensure!(ask::<Option<String>>(private.url(), &["GET", &key]).await?.is_none(), "the private one is not private");
    ensure!(ask::<i64>(yours.url(), &["DEL", &key]).await? == 1, "the shared one is not shared, or was flushed");
    Ok(())
}

async fn what_redis_answered_survives(end: fn(&mut PrivateRedis) -> Result<()>, test: &str) -> Result<()> {
    let Some(mut server) = private_redis(test).await else { return Ok(()) };
    let url = server.url().to_owned();
    // Its death alone can't show this one: what a process has written outlives it, synced or not.
    let (_, sync): (String, String) = ask(&url, &["CONFIG", "GET", "appendfsync"]).await?;
    ensure!(sync == "always", "it syncs {sync}");
    for number in 1..=3 {
        ensure!(ask::<i64>(&url, &["INCR", "answered"]).await? == number, "what it answered is gone");
        end(&mut server)?;
        ensure!(ask::<String>(&url, &["PING"]).await.is_err(), "it lives");
        server.start_again().await?;
        ensure!(server.url() == url, "it has moved to {}", server.url());
    }
    Ok(())
}

#[tokio::test]
async fn what_redis_answered_survives_its_death() -> Result<()> {
    what_redis_answered_survives(PrivateRedis::kill, "what_redis_answered_survives_its_death").await
}

#[tokio::test]
async fn what_redis_answered_survives_its_stop() -> Result<()> {
    what_redis_answered_survives(PrivateRedis::stop, "what_redis_answered_survives_its_stop").await
}

fn launcher() -> Command {
    Command::new(env!("CARGO_BIN_EXE_with-test-databases"))
}

#[test]
fn a_server_ends_even_if_who_started_it_is_killed() -> Result<()> {
    let mut launcher = launcher();
    let names = Kind::ALL.map(Kind::name).into_iter().chain([RedisServer::NAME]);
    let variables: Vec<String> = names.map(url_variable).collect();
    for variable in &variables {
        launcher.env_remove(variable);
    }
    let says = format!("echo \"${}\"; exec sleep 60", variables.join(" $"));
    let mut child = launcher.args(["sh", "-c", &says]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut urls = String::new();
    BufReader::new(child.stdout.take().context("piped")?).read_line(&mut urls)?;
    child.kill()?;
    child.wait()?;
    for url in urls.split_whitespace() {
        let url: Url = url.parse()?;
        let address = (url.host_str().context("a host")?, url.port().context("a port")?);
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect_timeout(&address.to_socket_addrs()?.next().context("an address")?, SHORT).is_ok() {
            ensure!(Instant::now() < deadline, "the server at {url} was left behind");
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
fn one_test(server: &str, test: &str, settings: &[(&str, &str)]) -> Result<(bool, String)> {
    let mut program = Command::new(std::env::current_exe()?);
    program.args(["--exact", test]).env_remove(url_variable(server));
    let output = program.envs(settings.iter().copied()).output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
}

fn a_skip_is_loud_and_a_failure_where_required(server: &str, path: &str) -> Result<()> {
    let test = path.rsplit("::").next().context("a name")?;
    let reason = format!("{server}: it is not here\n");
    let missing = (UNAVAILABLE, reason.as_str());
    let (passed, said) = one_test(server, path, &[missing, (REQUIRE, "")])?;
    ensure!(passed && said.contains(&format!("SKIPPED on {server}: {test} (it is not here)")), "{said}");
    let (passed, said) = one_test(server, path, &[missing, (REQUIRE, &format!("mariadb,{server}"))])?;
    ensure!(!passed && said.contains("it is not here"), "{said}");
    Ok(())
}

#[test]
fn a_skip_is_loud_and_a_failure_where_the_kind_is_required() -> Result<()> {
    a_skip_is_loud_and_a_failure_where_required("mysql", "mysql::a_database_goes_with_its_test")
}

#[test]
fn a_skip_is_loud_and_a_failure_where_redis_is_required() -> Result<()> {
    a_skip_is_loud_and_a_failure_where_required("redis", "a_redis_is_everybodys_and_a_private_one_is_not")
}
