//! Rates, in turns with the bare server.

use crate::bare::{Bare, first_again as hello_again};
use crate::driver::CUSTOMERS;
use crate::load::{Requests, again, rate, request};
use crate::report::Report;
use crate::rounds;
use crate::testbed::{Sale, Testbed};
use anyhow::{Context, Result};
use frontrow_domain::UserId;
use serde_json::json;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = CUSTOMERS;
/// People who join at a time: enough that one transaction is filled while another is written.
const JOINERS: usize = 8 * CONNECTIONS;
/// How many wait in a short queue, and in a long one.
const FEW: usize = 1_000;
const MANY: usize = 1_000_000;
/// People who join, or check in, in one turn: more than can be answered in it.
const CROWD: usize = 60_000;

/// Everything, on one database.
pub async fn measure(testbed: &Testbed, hello: &Bare, report: &mut Report) -> Result<()> {
    let short = testbed.sale(&json!({})).await?;
    testbed.fill(&short, FEW).await?;
    look_in_turns(testbed, hello, &short, report).await?;
    interceptor(testbed, report).await?;
    join_in_turns(testbed, hello, report).await?;
    check_in_in_turns(testbed, hello, report).await?;
    let before = testbed.server.resident_bytes()?;
    let long = testbed.lobby().await?;
    testbed.fill(&long, MANY).await?;
    testbed.wait_for(&long, |queue| queue["groups"][0]["issued"].as_u64() >= Some(MANY as u64)).await?;
    testbed.change(&long, json!({"phase": "open"})).await?;
    testbed.wait_for(&long, |queue| queue["draw"]["seed"].is_string()).await?;
    let grown = testbed.server.resident_bytes()?.saturating_sub(before);
    report.note(format!("{}: {} bytes of the server's memory a waiting person", testbed.name, grown / MANY));
    compare_looks(testbed, &short, &long, report).await?;
    compare_joins(testbed, &short, &long, report).await
}

fn snapshot(sale: &Sale) -> Requests {
    again(request("GET", &format!("/v1/sales/{}/queue", sale.id), &[], ""))
}

fn personal(testbed: &Testbed, sale: &Sale) -> Result<Requests> {
    let token = testbed.queue_token(sale, UserId::new(testbed.application.ports.ids.id()), 900)?;
    Ok(again(request("GET", "/v1/queue-tokens/current", &[("frontrow-queue-token", &token)], "")))
}

async fn look_in_turns(testbed: &Testbed, hello: &Bare, sale: &Sale, report: &mut Report) -> Result<()> {
    let (snapshot, personal) = (snapshot(sale), personal(testbed, sale)?);
    let (mut snapshots, mut personals) = (Vec::new(), Vec::new());
    for _ in 0..rounds()? {
        let bare = rate(hello.address, CONNECTIONS, hello_again(), &[200]).await?;
        snapshots.push((rate(testbed.server.address, CONNECTIONS, snapshot.clone(), &[200]).await?, bare));
        let bare = rate(hello.address, CONNECTIONS, hello_again(), &[200]).await?;
        personals.push((rate(testbed.server.address, CONNECTIONS, personal.clone(), &[200]).await?, bare));
    }
    report.add("looks at the snapshot, to hello", snapshots, Some(0.9));
    report.add("looks at one's queue entry, to hello", personals, Some(0.75));
    Ok(())
}

/// The same booking call, a look at the seats that are left, with a waiting room in front of it and without.
async fn interceptor(testbed: &Testbed, report: &mut Report) -> Result<()> {
    let (guarded, open) = (testbed.sale(&json!({})).await?, testbed.sale_without().await?);
    let user = UserId::new(testbed.application.ports.ids.id());
    let access = format!("Bearer {}", testbed.access(user));
    let pass = testbed.pass(&guarded, user);
    let path = |sale: &Sale| format!("/v1/performances/{}/availability", sale.performance);
    let with_pass = [("authorization", access.as_str()), ("frontrow-pass", pass.as_str())];
    let guarded = again(request("GET", &path(&guarded), &with_pass, ""));
    let open = again(request("GET", &path(&open), &with_pass[..1], ""));
    let mut pairs = Vec::new();
    let address = testbed.server.address;
    for _ in 0..rounds()? {
        // There and back: so small a difference would else be that between the first turn and the second.
        let mut rates = [0.0; 4];
        for (rate_of, requests) in rates.iter_mut().zip([&open, &guarded, &guarded, &open]) {
            *rate_of = rate(address, CONNECTIONS, requests.clone(), &[200]).await?;
        }
        pairs.push((f64::midpoint(rates[1], rates[2]), f64::midpoint(rates[0], rates[3])));
    }
    report.add("booking calls with the interceptor, to without", pairs, Some(0.95));
    Ok(())
}

/// One request from each person, on that many connections.
fn once_each(connections: usize, requests: Vec<Vec<u8>>) -> Requests {
    let requests = Arc::new(requests);
    Arc::new(move |connection, n| requests.get(n * connections + connection).cloned())
}

fn joins(testbed: &Testbed, sale: &Sale) -> Requests {
    let path = format!("/v1/sales/{}/queue-tokens", sale.id);
    let join = |_| {
        let access = format!("Bearer {}", testbed.access(UserId::new(testbed.application.ports.ids.id())));
        request("POST", &path, &[("authorization", &access)], "{}")
    };
    once_each(JOINERS, (0..CROWD).map(join).collect())
}

pub async fn join_in_turns(testbed: &Testbed, hello: &Bare, report: &mut Report) -> Result<()> {
    let sale = testbed.sale(&json!({})).await?;
    let mut pairs = Vec::new();
    for _ in 0..rounds()? {
        let joins = joins(testbed, &sale);
        let bare = rate(hello.address, JOINERS, hello_again(), &[200]).await?;
        pairs.push((rate(testbed.server.address, JOINERS, joins, &[201]).await?, bare));
    }
    let wanted = if testbed.name == "SQLite" { 0.2 } else { 0.3 };
    report.add(format!("{}: durable joins, to hello", testbed.name), pairs, Some(wanted));
    Ok(())
}

/// Everybody is called, nobody is admitted: this measures check-ins.
pub async fn check_in_in_turns(testbed: &Testbed, hello: &Bare, report: &mut Report) -> Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..rounds()? {
        let sale = testbed.sale(&json!({"capacity": 100_000})).await?;
        testbed.fill(&sale, CROWD).await?;
        testbed.wait_for(&sale, |queue| queue["groups"][0]["called"].as_u64() >= Some(CROWD as u64)).await?;
        testbed.change(&sale, json!({"phase": "paused"})).await?;
        testbed.wait_for(&sale, |queue| queue["phase"] == "paused").await?;
        let check_ins = check_ins(testbed, &sale)?;
        let bare = rate(hello.address, CONNECTIONS, hello_again(), &[200]).await?;
        pairs.push((rate(testbed.server.address, CONNECTIONS, check_ins, &[202]).await?, bare));
        testbed.change(&sale, json!({"phase": "closed"})).await?;
    }
    report.add(format!("{}: check-ins of 64 clients, to hello", testbed.name), pairs, None);
    Ok(())
}

fn check_ins(testbed: &Testbed, sale: &Sale) -> Result<Requests> {
    let path = format!("/v1/sales/{}/admission", sale.id);
    let check_in = |number| {
        let user = UserId::new(testbed.application.ports.ids.id());
        let access = format!("Bearer {}", testbed.access(user));
        let token = testbed.queue_token(sale, user, number)?;
        let headers = [("authorization", access.as_str()), ("frontrow-queue-token", token.as_str())];
        Ok(request("POST", &path, &headers, ""))
    };
    Ok(once_each(CONNECTIONS, (1..=CROWD as u64).map(check_in).collect::<Result<_>>()?))
}

/// The same with a million who wait as with a thousand.
async fn compare_looks(testbed: &Testbed, short: &Sale, long: &Sale, report: &mut Report) -> Result<()> {
    let (mut snapshots, mut personals) = (Vec::new(), Vec::new());
    let address = testbed.server.address;
    for _ in 0..rounds()? {
        let few = rate(address, CONNECTIONS, snapshot(short), &[200]).await?;
        snapshots.push((rate(address, CONNECTIONS, snapshot(long), &[200]).await?, few));
        let few = rate(address, CONNECTIONS, personal(testbed, short)?, &[200]).await?;
        personals.push((rate(address, CONNECTIONS, personal(testbed, long)?, &[200]).await?, few));
    }
    report.add("looks at the snapshot, 1,000,000 waiting to 1,000", snapshots, Some(1.0 / 1.2));
    report.add("looks at one's queue entry, 1,000,000 waiting to 1,000", personals, Some(1.0 / 1.2));
    Ok(())
}

async fn compare_joins(testbed: &Testbed, short: &Sale, long: &Sale, report: &mut Report) -> Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..rounds()? {
        let few = rate(testbed.server.address, JOINERS, joins(testbed, short), &[201]).await?;
        pairs.push((rate(testbed.server.address, JOINERS, joins(testbed, long), &[201]).await?, few));
    }
    report.add("joins, 1,000,000 waiting to 1,000", pairs, Some(1.0 / 1.2));
    Ok(())
}

/// Bytes in Redis per waiting person.
pub async fn bytes_a_person(testbed: &Testbed, redis: &str, report: &mut Report) -> Result<()> {
    const PEOPLE: usize = 200_000;
    let sale = testbed.sale(&json!({})).await?;
    let before = used_memory(redis).await?;
    testbed.fill(&sale, PEOPLE).await?;
    let bytes = (used_memory(redis).await? - before) / f64::from(u32::try_from(PEOPLE)?);
    report.note(format!("{}: {bytes:.0} bytes of Redis a waiting person (64 or fewer are wanted)", testbed.name));
    Ok(())
}

async fn used_memory(redis: &str) -> Result<f64> {
    let address = redis.trim_start_matches("redis://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"INFO memory\r\nQUIT\r\n").await?;
    let mut info = String::new();
    stream.read_to_string(&mut info).await?;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).context("no used_memory")?;
    Ok(used.trim().parse()?)
}
