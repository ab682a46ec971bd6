//! Pairs of the best seats, until there are none: on one instance, and on two.

use crate::callers::{Jobs, together};
use crate::driver::Show;
use crate::figures::{number, per_second};
use crate::load::{Client, connect};
use crate::report::{Report, Wanted};
use crate::scripts::{Script, hold_pair, scripts};
use crate::testbed::{CONNECTIONS, PEOPLE, Testbed};
use anyhow::Result;
use frontrow_test_databases::Kind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

const SEATS: usize = 10_000;
/// Requests of everybody: far more than there are pairs.
const REQUESTS: usize = 16 * PEOPLE;
/// A hall that is not sold out by then is given up.
const LONGEST: Duration = Duration::from_mins(1);

/// How a hall was sold out.
#[derive(Clone, Copy, Default)]
struct Sale {
    pairs: usize,
    busy: usize,
    /// Neither a pair, nor busy, nor sold out.
    others: usize,
    answers: usize,
    taken: Duration,
}

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let (first, mut one) = (testbed.start().await?, Vec::new());
    for round in 0..testbed.rounds {
        let show = testbed.show(&first, SEATS).await?;
        one.push(sell_out(testbed, &[first.address], show).await?);
        testbed.progress("best", round);
    }
    write(testbed, report, "one instance", &one);
    if testbed.kind.is_some() {
        let (second, mut two) = (testbed.start().await?, Vec::new());
        for round in 0..testbed.rounds {
            let show = testbed.show(&first, SEATS).await?;
            two.push(sell_out(testbed, &[first.address, second.address], show).await?);
            testbed.progress("best, two instances", round);
        }
        write(testbed, report, "two instances", &two);
        testbed.stop(second).await?;
    }
    testbed.stop(first).await
}

fn write(testbed: &Testbed, report: &mut Report, instances: &str, sales: &[Sale]) {
    let wanted = match testbed.kind {
        Some(Kind::Postgres) => Wanted::Least(4000.0),
        _ => Wanted::Nothing,
    };
    let pairs: Vec<_> = sales.iter().map(|sale| per_second(sale.pairs, sale.taken)).collect();
    report.figure(format!("pairs of the best seats, {instances}, /s"), &pairs, wanted);
    let busy: Vec<_> = sales.iter().map(|sale| 100.0 * number(sale.busy) / number(sale.answers)).collect();
    report.figure(format!("of these answers busy, {instances}, %"), &busy, Wanted::Most(2.0));
    let left = sales.iter().map(|sale| (SEATS / 2).saturating_sub(sale.pairs)).max().unwrap_or_default();
    let others = sales.iter().map(|sale| sale.others).sum::<usize>();
    if left + others > 0 {
        report.note(format!("best seats, {instances}: {left} pairs left at most, {others} answers of another kind"));
    }
}

/// Everybody goes on until they are told that nothing is left.
async fn sell_out(testbed: &mut Testbed, servers: &[SocketAddr], show: Show) -> Result<Sale> {
    let people = testbed.people(PEOPLE).await?;
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for server in servers {
        clients.extend(connect(*server, CONNECTIONS / servers.len()).await?);
    }
    let jobs = Jobs { seats: REQUESTS, people: PEOPLE, connections: CONNECTIONS };
    let scripts = scripts(jobs, &people, |job, token| {
        hold_pair(show, token, &format!("{}-{}", show.performance.simple(), job.seat))
    });
    let until = Instant::now() + LONGEST;
    let parts = clients.into_iter().zip(scripts).map(|(client, script)| take_pairs(client, script, until)).collect();
    let (parts, taken) = together(parts).await?;
    let add = |all: Sale, part: Sale| Sale {
        pairs: all.pairs + part.pairs,
        busy: all.busy + part.busy,
        others: all.others + part.others,
        answers: all.answers + part.answers,
        taken,
    };
    Ok(parts.into_iter().fold(Sale::default(), add))
}

async fn take_pairs(mut client: Client, script: Script, until: Instant) -> Result<Sale> {
    let mut sale = Sale::default();
    for request in script {
        if Instant::now() >= until {
            break;
        }
        let status = client.ask(&request).await?;
        sale.answers += 1;
        let says = |kind: &str| String::from_utf8_lossy(client.body()).contains(kind);
        match status {
            201 => sale.pairs += 1,
            409 if says("problems/sold-out") || says("problems/not-together") => break,
            503 if says("problems/busy") => sale.busy += 1,
            _ => sale.others += 1,
        }
    }
    Ok(sale)
}
