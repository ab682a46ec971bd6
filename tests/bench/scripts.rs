//! Requests that are written before the clock starts, and what is answered to them.

use crate::callers::{Job, Jobs, Turn, together};
use crate::driver::Show;
use crate::figures::{number, per_second};
use crate::load::{Client, connect, request};
use anyhow::{Result, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The requests of one connection, in order.
pub type Script = Vec<Vec<u8>>;

/// What became of a request.
pub struct Answer {
    pub status: u16,
    /// Since it was sent; in an open loop, since it was due.
    pub took: Duration,
    /// Of the reservation that was made.
    pub id: Option<String>,
}

/// What became of all of them.
pub struct Played {
    /// By connection, in order.
    pub answers: Vec<Vec<Answer>>,
    pub taken: Duration,
}

impl Played {
    pub fn count(&self, status: u16) -> usize {
        self.answers.iter().flatten().filter(|answer| answer.status == status).count()
    }

    /// How many were created a second. Only success counts.
    pub fn rate(&self) -> f64 {
        per_second(self.count(201), self.taken)
    }

    pub fn times(&self) -> Vec<Duration> {
        self.answers.iter().flatten().map(|answer| answer.took).collect()
    }

    /// The same, if all of them were successful.
    pub fn all_created(self) -> Result<Self> {
        let failed = self.answers.iter().flatten().find(|answer| answer.status != 201);
        ensure!(failed.is_none(), "{} instead of 201", failed.map_or(0, |answer| answer.status));
        Ok(self)
    }
}

fn post(path: &str, token: &str, key: &str, body: &str) -> Vec<u8> {
    request("POST", path, &[("authorization", &format!("Bearer {token}")), ("idempotency-key", key)], body)
}

/// Holds a seat of a hall with rows of 100.
pub fn hold(show: Show, seat: usize, token: &str, key: &str) -> Vec<u8> {
    let path = format!("/v1/performances/{}/reservations", show.performance);
    let label = format!("A-{}-{}", 1 + seat / 100, 1 + seat % 100);
    post(&path, token, key, &format!(r#"{{"seats":["{label}"]}}"#))
}

/// Holds the best two seats that are left.
pub fn hold_pair(show: Show, token: &str, key: &str) -> Vec<u8> {
    let path = format!("/v1/performances/{}/reservations", show.performance);
    post(&path, token, key, r#"{"best_available":{"count":2,"tier":"R"}}"#)
}

/// Pays a reservation.
pub fn pay(reservation: &str, token: &str) -> Vec<u8> {
    post(&format!("/v1/reservations/{reservation}/payment"), token, reservation, r#"{"method":"points"}"#)
}

/// A request for each job.
pub fn scripts(jobs: Jobs, people: &[String], write: impl Fn(Job, &str) -> Vec<u8>) -> Vec<Script> {
    let write = |job: Job| write(job, &people[job.person]);
    jobs.deal().into_iter().map(|jobs| jobs.into_iter().map(write).collect()).collect()
}

/// A hold for each job.
pub fn holds(show: Show, jobs: Jobs, people: &[String]) -> Vec<Script> {
    let key = |job: Job| format!("{}-{}", show.performance.simple(), job.seat);
    scripts(jobs, people, |job, token| hold(show, job.seat, token, &key(job)))
}

/// A payment for each hold that was made.
pub fn payments(held: &Played, jobs: Jobs, people: &[String]) -> Vec<Script> {
    let pay = |(answer, job): (&Answer, Job)| answer.id.as_ref().map(|id| pay(id, &people[job.person]));
    held.answers.iter().zip(jobs.deal()).map(|(held, jobs)| held.iter().zip(jobs).filter_map(pay).collect()).collect()
}

/// Every client sends its script, one request after the other; after that moment nothing more.
pub async fn play(clients: Vec<Client>, scripts: Vec<Script>, until: Option<Instant>) -> Result<Played> {
    let parts = clients.into_iter().zip(scripts).map(|(client, script)| follow(client, script, until)).collect();
    let (answers, taken) = together(parts).await?;
    Ok(Played { answers, taken })
}

async fn follow(mut client: Client, script: Script, until: Option<Instant>) -> Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(script.len());
    for request in script {
        let sent = Instant::now();
        if until.is_some_and(|until| sent >= until) {
            break;
        }
        let status = client.ask(&request).await?;
        answers.push(Answer { status, took: sent.elapsed(), id: reservation(&client, status) });
    }
    Ok(answers)
}

/// The reservation that was made: the first id in the answer.
pub fn reservation(client: &Client, status: u16) -> Option<String> {
    const NAME: &[u8] = br#""id":""#;
    const LENGTH: usize = 36;
    let body = client.body();
    let begins = body.windows(NAME.len()).position(|bytes| status == 201 && bytes == NAME)? + NAME.len();
    Some(String::from_utf8_lossy(body.get(begins..begins + LENGTH)?).into_owned())
}

/// Everybody's holds, then their payments.
pub async fn turn(address: SocketAddr, show: Show, jobs: Jobs, people: &[String]) -> Result<Turn> {
    let held = play(connect(address, jobs.connections).await?, holds(show, jobs, people), None).await?;
    let scripts = payments(&held, jobs, people);
    let paid = play(connect(address, jobs.connections).await?, scripts, None).await?;
    Ok(Turn { holds: held.rate(), times: held.times(), payments: paid.rate() })
}

/// How finely the due times of an open loop are kept: a thread that wakes up more often takes too much from the server.
const STEP: Duration = Duration::from_micros(200);

/// An open loop: when each request is due is fixed in advance, and whichever client is free sends the next one. A
/// request that is sent late, because all clients still wait for answers, has taken that much longer.
pub async fn paced(clients: Vec<Client>, requests: Script, rate: f64) -> Result<Played> {
    let begins = Instant::now() + Duration::from_millis(20);
    let pace = Arc::new(Pace { requests, rate, begins, due: Semaphore::new(0), next: AtomicUsize::new(0) });
    let (clock, all) = (Arc::clone(&pace), clients.len());
    let clock = std::thread::spawn(move || clock.run(all));
    let parts = clients.into_iter().map(|client| keep_pace(client, Arc::clone(&pace))).collect();
    let (answers, taken) = together(parts).await?;
    ensure!(clock.join().is_ok(), "the clock of the open loop has stopped");
    Ok(Played { answers, taken })
}

struct Pace {
    requests: Script,
    /// Requests a second.
    rate: f64,
    begins: Instant,
    /// A permit for every request that is due and not yet taken.
    due: Semaphore,
    next: AtomicUsize,
}

impl Pace {
    fn when(&self, n: usize) -> Instant {
        self.begins + Duration::from_secs_f64(number(n) / self.rate)
    }

    /// Runs on a thread of its own: the timers of the runtime are only as fine as a millisecond. In the end it tells
    /// each client that there is nothing left.
    #[expect(clippy::disallowed_methods, reason = "what is measured is the time")]
    fn run(&self, clients: usize) {
        let mut released = 0;
        while released < self.requests.len() {
            let wait = self.when(released).saturating_duration_since(Instant::now());
            std::thread::sleep(wait.max(STEP));
            let (now, before) = (Instant::now(), released);
            while released < self.requests.len() && self.when(released) <= now {
                released += 1;
            }
            self.due.add_permits(released - before);
        }
        self.due.add_permits(clients);
    }
}

async fn keep_pace(mut client: Client, pace: Arc<Pace>) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    loop {
        pace.due.acquire().await?.forget();
        let n = pace.next.fetch_add(1, Ordering::SeqCst);
        let Some(request) = pace.requests.get(n) else { return Ok(answers) };
        let status = client.ask(request).await?;
        answers.push(Answer { status, took: pace.when(n).elapsed(), id: None });
    }
}
