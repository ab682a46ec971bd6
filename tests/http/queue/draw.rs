//! The draw of a lobby, from the naming of its round to its check by anybody.

use super::{Queue, endpoints, let_in};
use crate::driver::{Client, Show, Terms, command};
use crate::test_server::{TestServer, change_installation, on_every_database, run, until};
use anyhow::{Context, Result, ensure};
use frontrow_test_databases::redis_server;
use hyper::StatusCode;
use serde_json::{Value, json};
use std::fs::{OpenOptions, read_to_string};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use tokio::process::Command;
use uuid::Uuid;

on_every_database! { a_named_round_decides_and_anybody_can_check_it }

const ROUND: &str = "drand quicknet 1234567";
const VALUE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const LOBBY: usize = 5;
const OPERATOR: &str = "operator@example.com";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/draw/verify.py");

/// With Redis, the list of the lobby is kept there, for a month after the queue is over.
#[test]
fn a_draw_is_revealed_from_redis_before_and_after_the_queue_is_over() -> Result<()> {
    run(async |server| {
        let test = "a_draw_is_revealed_from_redis_before_and_after_the_line_is_over";
        let Some(redis) = redis_server(test).await else { return Ok(()) };
        server.stop().await?;
        let settings = server.directory.path().join("frontrow.toml");
        writeln!(OpenOptions::new().create(true).append(true).open(settings)?, "redis_url = {:?}", redis.url())?;
        change_installation(server.directory.path(), &["numbers"], &[]).await?;
        server.start().await?;
        let (queue, draw) = drawn_and_checked(server).await?;
        let epoch = format!("frontrow:{{{}}}:epoch", queue.sale);
        ensure!(redis.runs_out(&epoch).await? == Some(false), "while the queue goes on its keys last");
        queue.change(&mut server.operator()?, json!({"phase": "closed"})).await?;
        until("the queue is over, and Redis may forget it", async || {
            Ok((redis.runs_out(&epoch).await? == Some(true)).then_some(()))
        })
        .await?;
        let draw = Draw { out: server.directory.path().join("later"), ..draw };
        draw.files("reveal", &[]).await?;
        draw.checked().await
    })
}

async fn a_named_round_decides_and_anybody_can_check_it(server: &mut TestServer) -> Result<()> {
    drawn_and_checked(server).await.map(drop)
}

/// In the end nobody is admitted any more.
async fn drawn_and_checked(server: &mut TestServer) -> Result<(Queue, Draw)> {
    let mut operator = server.operator()?;
    let queue = lobby(&mut operator).await?;
    let draw = Draw::of(server, queue);
    draw.files("publish", &["--round", ROUND, "--by", OPERATOR]).await?;
    let named = |queue: &Value| queue["draw"]["round"] == ROUND && queue["draw"]["lists"].is_null();
    let before = until("everybody sees the round", async || queue.snapshot(&mut operator, named).await).await?;
    draw.refused("publish", &["--round", "drand quicknet 7", "--by", OPERATOR], ROUND).await?;
    draw.refused("publish", &["--round", "", "--by", OPERATOR], "1 to 200 characters").await?;
    draw.value_refused(VALUE, "not published yet").await?;

    let endpoints = endpoints(&[server.running()?.address]);
    let mut people: Vec<_> = server.accounts.customers.iter().map(|access| queue.client(&endpoints, access)).collect();
    for person in &mut people[..LOBBY] {
        person.join().await?.expect(StatusCode::CREATED)?;
    }
    queue.change(&mut operator, json!({"phase": "open"})).await?;
    let listed = |queue: &Value| queue["draw"]["lists"].is_array();
    until("the list is fixed", async || queue.snapshot(&mut operator, listed).await).await?;
    people[LOBBY].join().await?.expect(StatusCode::CREATED)?;
    let waiting = people[0].look().await?.expect(StatusCode::OK)?;
    ensure!(waiting["status"] == "lobby", "nobody is called before the value is known: {waiting}");
    decided(&draw, &before["draw"]["commitment"]).await?;

    let drawn = |queue: &Value| queue["draw"]["value"] == VALUE && queue["groups"][0]["drawn"] == LOBBY;
    until("the value is known", async || queue.snapshot(&mut operator, drawn).await).await?;
    for person in &mut people[..=LOBBY] {
        let_in(person).await?;
        person.leave().await?.expect(StatusCode::NO_CONTENT)?;
    }
    draw.files("reveal", &[]).await?;
    draw.checked().await?;
    Ok((queue, draw))
}

/// The list is published without what would tell the order; then the value is entered, once.
async fn decided(draw: &Draw, commitment: &Value) -> Result<()> {
    draw.refused("reveal", &[], "not drawn yet").await?;
    draw.files("publish", &[]).await?;
    let published: Value = serde_json::from_str(&draw.read("draw.json")?)?;
    ensure!(published["commitment"] == *commitment && published["counts"] == json!([LOBBY]), "{published}");
    ensure!(published["secret"].is_null() && published["value"].is_null(), "{published}");
    ensure!(draw.read("list-0.txt")?.lines().count() == LOBBY, "the list has all of the lobby, and nobody else");

    draw.value_refused("xyz", "hexadecimal digits").await?;
    for value in [VALUE, VALUE, &VALUE.to_uppercase()] {
        let sale = draw.sale.to_string();
        draw.done(&["draw", "value", &sale, "--value", value, "--by", OPERATOR]).await?;
    }
    draw.value_refused(&VALUE.replace('0', "1"), "another value").await?;
    let log = draw.done(&["sale", "log", &draw.sale.to_string()]).await?;
    let noted = |what: &str| log.lines().filter(|line| line.contains(what) && line.contains(OPERATOR)).count();
    ensure!(noted(ROUND) == 1 && noted(VALUE) == 1, "each is noted once:\n{log}");
    Ok(())
}

/// A sale that an operator opens, long before its time.
async fn lobby(operator: &mut Client) -> Result<Queue> {
    let room = json!({
        "lobby_opens": "2020-01-01T00:00:00Z",
        "capacity": 10,
        "rate_per_minute": 60_000,
        "session_seconds": 600,
        "draw": true,
    });
    let sale = Uuid::from_u128(u128::from(getrandom::u64()?) << 64 | u128::from(getrandom::u64()?));
    let fields = json!({"opens": "2099-01-01T00:00:00Z", "waiting_room": room});
    Ok(Queue { show: Show::publish_as(operator, Terms::default(), sale, &fields).await?, sale })
}

/// `frontrow draw` of one sale.
struct Draw {
    directory: PathBuf,
    out: PathBuf,
    sale: Uuid,
}

impl Draw {
    fn of(server: &TestServer, queue: Queue) -> Self {
        let directory = server.directory.path().to_owned();
        Self { out: directory.join("draw"), directory, sale: queue.sale }
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.out.join(file);
        read_to_string(&path).with_context(|| path.display().to_string())
    }

    async fn run(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let output = command(&self.directory, arguments).output().await?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
    }

    async fn done(&self, arguments: &[&str]) -> Result<String> {
        let (code, said) = self.run(arguments).await?;
        ensure!(code == Some(0), "{arguments:?} exits with {code:?}:\n{said}");
        Ok(said)
    }

    /// `publish` or `reveal`.
    async fn files(&self, what: &str, more: &[&str]) -> Result<String> {
        let (sale, out) = (self.sale.to_string(), self.out.display().to_string());
        self.done(&[&["draw", what, &sale, "--out", &out][..], more].concat()).await
    }

    /// Nothing is done, and it is said why.
    async fn refused(&self, what: &str, more: &[&str], why: &str) -> Result<()> {
        let (sale, out) = (self.sale.to_string(), self.out.display().to_string());
        let (code, said) = self.run(&[&["draw", what, &sale, "--out", &out][..], more].concat()).await?;
        ensure!(code == Some(2) && said.contains(why), "{what} {more:?} exits with {code:?}, not for {why:?}:\n{said}");
        Ok(())
    }

    async fn value_refused(&self, value: &str, why: &str) -> Result<()> {
        let sale = self.sale.to_string();
        let (code, said) = self.run(&["draw", "value", &sale, "--value", value, "--by", OPERATOR]).await?;
        ensure!(code == Some(2) && said.contains(why), "{value} exits with {code:?}, not for {why:?}:\n{said}");
        Ok(())
    }

    /// By the binary without a database, and by the script that shares no code with it.
    async fn checked(&self) -> Result<()> {
        let out = self.out.display().to_string();
        let said = self.done(&["draw", "verify", &out]).await?;
        ensure!(said.contains("all is right") && said.contains(ROUND) && said.contains(VALUE), "{said}");
        let script = match Command::new("python3").args([SCRIPT, &out]).output().await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("SKIPPED, there is no python3: {SCRIPT}");
                return Ok(());
            }
            script => script?,
        };
        let theirs = String::from_utf8_lossy(&[script.stdout, script.stderr].concat()).into_owned();
        ensure!(script.status.success() && theirs == said, "{theirs}\ninstead of\n{said}");
        Ok(())
    }
}
