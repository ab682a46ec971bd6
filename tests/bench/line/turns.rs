//! Rates, in turns with the bare server.

use crate::driver::CUSTOMERS;
use crate::hello::Hello;
use crate::load::{Requests, rate, request};
use crate::place::{Place, Sale};
use crate::report::Report;
use crate::rounds;
use anyhow::{Context, Result};
use frontrow_domain::UserId;
use serde_json::json;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = CUSTOMERS;
/// People who join at a time: enough that one transaction is filled while another is written.
const JOINERS: usize = 8 * CONNECTIONS;
/// How many wait in a short line, and in a long one.
const FEW: usize = 1_000;
const MANY: usize = 1_000_000;
/// People who join, or claim, in one turn: more than can be answered in it.
const CROWD: usize = 60_000;

/// Everything, on one database.
pub async fn measure(place: &Place, hello: &Hello, report: &mut Report) -> Result<()> {
    let short = place.sale(&json!({})).await?;
    place.fill(&short, FEW).await?;
    look_in_turns(place, hello, &short, report).await?;
    interceptor(place, report).await?;
    join_in_turns(place, hello, report).await?;
    claim_in_turns(place, hello, report).await?;
    let before = memory(place)?;
    let long = place.lobby().await?;
    place.fill(&long, MANY).await?;
    place.wait_for(&long, |line| line["groups"][0]["issued"].as_u64() >= Some(MANY as u64)).await?;
    place.change(&long, json!({"phase": "open"})).await?;
    place.wait_for(&long, |line| line["draw"]["seed"].is_string()).await?;
    let grown = memory(place)?.saturating_sub(before);
    report.note(format!("{}: {} bytes of the server's memory a waiting person", place.name, grown / MANY));
    compare_looks(place, &short, &long, report).await?;
    compare_joins(place, &short, &long, report).await
}

fn again(bytes: Vec<u8>) -> Requests {
    Arc::new(move |_, _| Some(bytes.clone()))
}

fn hello_again() -> Requests {
    again(request("GET", "/", &[], ""))
}

fn snapshot(sale: &Sale) -> Requests {
    again(request("GET", &format!("/v1/sales/{}/queue", sale.id), &[], ""))
}

fn personal(place: &Place, sale: &Sale) -> Result<Requests> {
    let token = place.queue_token(sale, UserId::new(place.house.ports.ids.id()), 900)?;
    Ok(again(request("GET", "/v1/queue-tokens/current", &[("frontrow-queue-token", &token)], "")))
}

async fn look_in_turns(place: &Place, hello: &Hello, sale: &Sale, report: &mut Report) -> Result<()> {
    let (snapshot, personal) = (snapshot(sale), personal(place, sale)?);
    let (mut snapshots, mut personals) = (Vec::new(), Vec::new());
    for _ in 0..rounds()? {
        let bare = rate(hello.address, CONNECTIONS, hello_again(), &[200]).await?;
        snapshots.push((rate(place.server.address, CONNECTIONS, snapshot.clone(), &[200]).await?, bare));
        let bare = rate(hello.address, CONNECTIONS, hello_again(), &[200]).await?;
        personals.push((rate(place.server.address, CONNECTIONS, personal.clone(), &[200]).await?, bare));
    }
    report.add("looks at the snapshot, to hello", snapshots, Some(0.9));
    report.add("looks at one's place, to hello", personals, Some(0.75));
    Ok(())
}

/// The same booking call, a look at the seats that are left, with a waiting room in front of it and without.
async fn interceptor(place: &Place, report: &mut Report) -> Result<()> {
    let (guarded, open) = (place.sale(&json!({})).await?, place.sale_without().await?);
    let user = UserId::new(place.house.ports.ids.id());
    let access = format!("Bearer {}", place.access(user));
    let pass = place.pass(&guarded, user);
    let path = |sale: &Sale| format!("/v1/performances/{}/availability", sale.performance);
    let with_pass = [("authorization", access.as_str()), ("frontrow-pass", pass.as_str())];
    let guarded = again(request("GET", &path(&guarded), &with_pass, ""));
    let open = again(request("GET", &path(&open), &with_pass[..1], ""));
    let mut pairs = Vec::new();
    let address = place.server.address;
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

/// Requests of people who each send one, on so many connections.
fn once_each(connections: usize, requests: Vec<Vec<u8>>) -> Requests {
    let requests = Arc::new(requests);
    Arc::new(move |connection, n| requests.get(n * connections + connection).cloned())
}

fn joins(place: &Place, sale: &Sale) -> Requests {
    let path = format!("/v1/sales/{}/queue-tokens", sale.id);
    let join = |_| {
        let access = format!("Bearer {}", place.access(UserId::new(place.house.ports.ids.id())));
        request("POST", &path, &[("authorization", &access)], "{}")
    };
    once_each(JOINERS, (0..CROWD).map(join).collect())
}

pub async fn join_in_turns(place: &Place, hello: &Hello, report: &mut Report) -> Result<()> {
    let sale = place.sale(&json!({})).await?;
    let mut pairs = Vec::new();
    for _ in 0..rounds()? {
        let joins = joins(place, &sale);
        let bare = rate(hello.address, JOINERS, hello_again(), &[200]).await?;
        pairs.push((rate(place.server.address, JOINERS, joins, &[201]).await?, bare));
    }
    let wanted = if place.name == "SQLite" { 0.2 } else { 0.3 };
    report.add(format!("{}: durable joins, to hello", place.name), pairs, Some(wanted));
    Ok(())
}

/// Everybody is called, nobody is admitted: what is measured is coming to the door.
pub async fn claim_in_turns(place: &Place, hello: &Hello, report: &mut Report) -> Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..rounds()? {
        let sale = place.sale(&json!({"capacity": 100_000})).await?;
        place.fill(&sale, CROWD).await?;
        place.wait_for(&sale, |line| line["groups"][0]["called"].as_u64() >= Some(CROWD as u64)).await?;
        place.change(&sale, json!({"phase": "paused"})).await?;
        place.wait_for(&sale, |line| line["phase"] == "paused").await?;
        let claims = claims(place, &sale)?;
        let bare = rate(hello.address, CONNECTIONS, hello_again(), &[200]).await?;
        pairs.push((rate(place.server.address, CONNECTIONS, claims, &[202]).await?, bare));
        place.change(&sale, json!({"phase": "closed"})).await?;
    }
    report.add(format!("{}: claims, to hello", place.name), pairs, None);
    Ok(())
}

fn claims(place: &Place, sale: &Sale) -> Result<Requests> {
    let path = format!("/v1/sales/{}/admission", sale.id);
    let claim = |number| {
        let user = UserId::new(place.house.ports.ids.id());
        let access = format!("Bearer {}", place.access(user));
        let token = place.queue_token(sale, user, number)?;
        let headers = [("authorization", access.as_str()), ("frontrow-queue-token", token.as_str())];
        Ok(request("POST", &path, &headers, ""))
    };
    Ok(once_each(CONNECTIONS, (1..=CROWD as u64).map(claim).collect::<Result<_>>()?))
}

/// The same with a million who wait as with a thousand.
async fn compare_looks(place: &Place, short: &Sale, long: &Sale, report: &mut Report) -> Result<()> {
    let (mut snapshots, mut personals) = (Vec::new(), Vec::new());
    let address = place.server.address;
    for _ in 0..rounds()? {
        let few = rate(address, CONNECTIONS, snapshot(short), &[200]).await?;
        snapshots.push((rate(address, CONNECTIONS, snapshot(long), &[200]).await?, few));
        let few = rate(address, CONNECTIONS, personal(place, short)?, &[200]).await?;
        personals.push((rate(address, CONNECTIONS, personal(place, long)?, &[200]).await?, few));
    }
    report.add("looks at the snapshot, 1,000,000 waiting to 1,000", snapshots, Some(1.0 / 1.2));
    report.add("looks at one's place, 1,000,000 waiting to 1,000", personals, Some(1.0 / 1.2));
    Ok(())
}

async fn compare_joins(place: &Place, short: &Sale, long: &Sale, report: &mut Report) -> Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..rounds()? {
        let few = rate(place.server.address, JOINERS, joins(place, short), &[201]).await?;
        pairs.push((rate(place.server.address, JOINERS, joins(place, long), &[201]).await?, few));
    }
    report.add("joins, 1,000,000 waiting to 1,000", pairs, Some(1.0 / 1.2));
    Ok(())
}

/// Bytes of the server process.
fn memory(place: &Place) -> Result<usize> {
    let id = place.server.child.id().context("the server has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: usize = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kilobytes * 1024)
}

/// What Redis keeps of somebody who waits.
pub async fn bytes_a_person(place: &Place, redis: &str, report: &mut Report) -> Result<()> {
    const PEOPLE: usize = 200_000;
    let sale = place.sale(&json!({})).await?;
    let before = used_memory(redis).await?;
    place.fill(&sale, PEOPLE).await?;
    let bytes = (used_memory(redis).await? - before) / f64::from(u32::try_from(PEOPLE)?);
    report.note(format!("{}: {bytes:.0} bytes of Redis a waiting person (64 or fewer are wanted)", place.name));
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
