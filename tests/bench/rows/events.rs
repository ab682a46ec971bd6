//! A thousand clients who watch a performance or a queue, beside as many who poll the same as they are told: what that takes
//! of the server's processors while seats are held and people join.

use crate::callers::Jobs;
use crate::driver::{Server, Show};
use crate::figures::number;
use crate::load::{Client, connect, header, request};
use crate::report::{Report, Wanted};
use crate::scripts::{Script, holds, paced};
use crate::testbed::Testbed;
use anyhow::{Result, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

/// Half of them look at the performance, and half of them at the queue.
const CLIENTS: usize = 1000;
const SEATS: usize = 10_000;
/// Meanwhile, a second.
const HOLDS: usize = 20;
const JOINS: usize = 5;
/// Those who hold and join, of whom nobody does so more often than they may.
const PEOPLE: usize = 256;
const CONNECTIONS: usize = 8;
/// From when all are there until the clock starts, how long it runs, and until all have gone.
const SETTLED: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(6);
const AFTER: Duration = Duration::from_millis(500);
/// What those who ask for a queue are told (`max-age=1`), and in docs/api.md those who poll a seat map.
const EVERY: Duration = Duration::from_secs(1);

/// How somebody keeps up to date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Watch,
    Poll,
}

/// What somebody looks at.
#[derive(Clone, Copy)]
enum Subject {
    Seats(Show),
    Queue(Uuid),
}

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let (mut pairs, mut heard) = (Vec::new(), [0, 0]);
    for round in 0..testbed.rounds {
        let ways = if round.is_multiple_of(2) { [Way::Watch, Way::Poll] } else { [Way::Poll, Way::Watch] };
        let mut processors = [0.0; 2];
        for way in ways {
            let (taken, count) = keep_up(testbed, way).await?;
            let place = usize::from(way == Way::Poll);
            processors[place] = taken;
            heard[place] += count;
        }
        pairs.push((processors[0], processors[1]));
        testbed.progress("events", round);
    }
    let what = format!("processor time, {CLIENTS} who watch to {CLIENTS} who poll, s/s");
    report.ratio(what, &pairs, Wanted::Most(1.0));
    let seconds = MEASURED.as_secs_f64() * number(pairs.len());
    let [events, answers] = heard.map(|count| number(count) / seconds);
    report
        .note(format!("events: {events:.0} events/s to those who watched, {answers:.0} answers/s to those who polled"));
    Ok(())
}

/// The seconds of processor time that the server took a second, and how many events or answers there were.
async fn keep_up(testbed: &mut Testbed, way: Way) -> Result<(f64, usize)> {
    let server = testbed.start().await?;
    let (show, queue) = (testbed.show(&server, SEATS).await?, testbed.queue(&server).await?);
    let until = Instant::now() + SETTLED + MEASURED + AFTER;
    let heard = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for (n, client) in connect(server.address, CLIENTS).await?.into_iter().enumerate() {
        let subject = if n.is_multiple_of(2) { Subject::Seats(show) } else { Subject::Queue(queue) };
        let heard = Arc::clone(&heard);
        clients.spawn(async move {
            match way {
                Way::Watch => client.watch(&subject.events(), until, &heard).await,
                Way::Poll => poll(client, subject, n, until, &heard).await,
            }
        });
    }
    let busy = (begin_holds(testbed, &server, show).await?, begin_joins(testbed, &server, queue).await?);
    sleep(SETTLED).await;
    let (processor, before) = (server.processor_seconds()?, heard.load(Ordering::Relaxed));
    sleep(MEASURED).await;
    let taken = server.processor_seconds()? - processor;
    let count = heard.load(Ordering::Relaxed) - before;
    while let Some(client) = clients.join_next().await {
        client??;
    }
    busy.0.await??;
    busy.1.await??;
    ensure!(count > 0, "nobody has heard anything");
    testbed.stop(server).await?;
    Ok((taken / MEASURED.as_secs_f64(), count))
}

type Busy = tokio::task::JoinHandle<Result<()>>;

/// What goes on while they look: as much for either.
fn seconds() -> usize {
    usize::try_from((SETTLED + MEASURED).as_secs()).unwrap_or(usize::MAX)
}

async fn begin_holds(testbed: &mut Testbed, server: &Server, show: Show) -> Result<Busy> {
    let people = testbed.people(PEOPLE).await?;
    let jobs = Jobs { seats: HOLDS * seconds(), people: PEOPLE, connections: 1 };
    begin(server, holds(show, jobs, &people).concat(), HOLDS).await
}

async fn begin_joins(testbed: &mut Testbed, server: &Server, queue: Uuid) -> Result<Busy> {
    let people = testbed.people(PEOPLE).await?;
    let path = format!("/v1/sales/{queue}/queue-tokens");
    let join = |token: &String| request("POST", &path, &[("authorization", &format!("Bearer {token}"))], "{}");
    begin(server, people.iter().take(JOINS * seconds()).map(join).collect(), JOINS).await
}

async fn begin(server: &Server, script: Script, rate: usize) -> Result<Busy> {
    let clients = connect(server.address, CONNECTIONS).await?;
    Ok(tokio::spawn(async move { paced(clients, script, number(rate)).await?.all_created().map(drop) }))
}

impl Subject {
    fn events(self) -> Vec<u8> {
        let path = match self {
            Self::Seats(show) => format!("/v1/performances/{}/events", show.performance),
            Self::Queue(sale) => format!("/v1/sales/{sale}/queue/events"),
        };
        request("GET", &path, &[], "")
    }

    /// As somebody asks who has the answer with that tag.
    fn since(self, tag: Option<&str>) -> Vec<u8> {
        let path = match (self, tag) {
            (Self::Seats(show), None) => format!("/v1/performances/{}/availability", show.performance),
            (Self::Seats(show), Some(tag)) => {
                format!("/v1/performances/{}/availability?since={}", show.performance, tag.trim_matches('"'))
            }
            (Self::Queue(sale), _) => format!("/v1/sales/{sale}/queue"),
        };
        let known = tag.map(|tag| ("if-none-match", tag));
        request("GET", &path, known.as_slice(), "")
    }
}

/// Asks once a second, each at another moment of it.
async fn poll(mut client: Client, subject: Subject, n: usize, until: Instant, heard: &AtomicUsize) -> Result<()> {
    let mut next = Instant::now() + EVERY.mul_f64(number(n) / number(CLIENTS));
    let mut tag: Option<String> = None;
    while next < until {
        sleep_until(next).await;
        let status = client.ask(&subject.since(tag.as_deref())).await?;
        ensure!([200, 304].contains(&status), "a poll was answered with {status}");
        heard.fetch_add(1, Ordering::Relaxed);
        tag = header(client.head()?, "etag").map(str::to_owned);
        next += EVERY;
    }
    Ok(())
}
