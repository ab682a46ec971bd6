//! What one person of the crowd does, and what they are told.

use crate::queue::crowd::QueueClient;
use crate::queue::{entry, kind};
use crate::test_server::text;
use anyhow::{Result, bail, ensure};
use hyper::StatusCode;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long somebody is checked in with one request.
const WAIT: Duration = Duration::from_secs(3);
/// How much longer than expected somebody may have to wait, besides three times as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is the same for all.
pub struct Crowd {
    /// Everybody comes within this time.
    arrivals: Duration,
    /// Before a person looks again, instead of what they are told: a test has no two minutes.
    pace: Duration,
    /// Everybody's turn has come by then.
    deadline: Instant,
    people: usize,
    /// How many have no queue entry yet.
    outside: AtomicUsize,
}

/// What somebody does once they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Buys,
    /// Is admitted, and gives it back.
    Leaves,
    NeverComes,
}

/// What somebody was told.
pub struct Told {
    client: QueueClient,
    plan: Plan,
    /// One, if all is well.
    pub entries: Vec<(u64, u64)>,
    reservation: Option<String>,
}

impl Crowd {
    pub fn of(people: usize, time: Duration) -> Self {
        let pace = Duration::from_millis(500 + people as u64);
        let deadline = Instant::now() + 3 * time + PATIENCE;
        Self { arrivals: time / 4, pace, deadline, people, outside: AtomicUsize::new(people) }
    }

    /// Whether some have joined, and most have not.
    pub fn has_joined_in_part(&self) -> bool {
        self.outside.load(Ordering::Relaxed) <= self.people * 2 / 3
    }

    pub async fn act(&self, client: QueueClient, mut chance: ChaCha8Rng) -> Result<Told> {
        let plan = match chance.random_range(0..10) {
            0 => Plan::NeverComes,
            1 => Plan::Leaves,
            _ => Plan::Buys,
        };
        let mut told = Told { client, plan, entries: Vec::new(), reservation: None };
        sleep(self.arrivals.mul_f64(chance.random())).await;
        told.join().await?;
        self.outside.fetch_sub(1, Ordering::Relaxed);
        self.wait(&mut told, &mut chance).await?;
        if plan == Plan::NeverComes {
            return Ok(told);
        }
        self.come(&mut told).await?;
        match plan {
            Plan::Buys => {
                let reservation = told.client.insist_on_holding().await?;
                told.reservation = Some(reservation.clone());
                told.client.insist_on_paying(&reservation).await?;
            }
            _ => {
                told.client.insist_on_leaving().await?.expect(StatusCode::NO_CONTENT)?;
            }
        }
        Ok(told)
    }

    /// Until they are called; now and then they close the page and come back.
    async fn wait(&self, told: &mut Told, chance: &mut ChaCha8Rng) -> Result<()> {
        loop {
            let looked = told.client.insist_on_looking().await?.expect(StatusCode::OK)?;
            match text(&looked, "status")?.as_str() {
                "called" => return Ok(()),
                "waiting" | "lobby" => self.be_patient(|| looked.to_string())?,
                _ => bail!("{looked}"),
            }
            sleep(self.pace.mul_f64(chance.random_range(0.5..1.5))).await;
            if chance.random_ratio(1, 20) {
                told.join().await?;
            }
        }
    }

    fn be_patient(&self, told: impl FnOnce() -> String) -> Result<()> {
        ensure!(Instant::now() < self.deadline, "their turn has not come: {}", told());
        Ok(())
    }

    async fn come(&self, told: &mut Told) -> Result<()> {
        loop {
            let reply = told.client.insist_on_checking_in(WAIT).await?;
            match reply.status {
                StatusCode::CREATED => return Ok(()),
                StatusCode::ACCEPTED => self.be_patient(|| reply.body.to_string())?,
                // Of another instance, which is a moment behind.
                StatusCode::CONFLICT if kind(&reply) == "not-your-turn" => sleep(self.pace).await,
                _ => bail!("{reply:?}"),
            }
        }
    }
}

impl Told {
    /// Joins with the queue token, if there is one: it is the same queue entry, every time.
    async fn join(&mut self) -> Result<()> {
        let reply = self.client.insist_on_joining().await?;
        ensure!(reply.status.is_success(), "{reply:?}");
        let entry = entry(&reply.body)?;
        if !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
        Ok(())
    }

    pub fn was_admitted(&self) -> bool {
        self.client.pass.is_some()
    }

    /// What they were told is so.
    pub async fn check(&self) -> Result<()> {
        ensure!(self.entries.len() == 1, "a queue entry that was told is not theirs any more");
        ensure!(self.was_admitted() == (self.plan != Plan::NeverComes), "nobody let them in");
        if let Some(reservation) = &self.reservation {
            let status = self.client.status_of(reservation).await?;
            ensure!(status == "confirmed", "their reservation is {status}");
        }
        if !self.was_admitted() {
            let mut client = self.client.again();
            let reply = client.insist_on_joining().await?;
            ensure!(reply.status == StatusCode::OK && self.entries == [entry(&reply.body)?], "{reply:?}");
        }
        Ok(())
    }

    /// Leaves, if they have not yet.
    pub async fn go_home(&self) -> Result<()> {
        let reply = self.client.leave().await?;
        ensure!(reply.status == StatusCode::NO_CONTENT, "{reply:?}");
        Ok(())
    }
}

impl QueueClient {
    /// The same person, on another device.
    fn again(&self) -> Self {
        Self {
            endpoints: self.endpoints.clone(),
            sale: self.sale,
            performance: self.performance,
            access: self.access.clone(),
            token: self.token.clone(),
            pass: self.pass.clone(),
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let admitted = self.was_admitted();
        write!(
            f,
            "{:?}, queue entries {:?}, admitted {admitted}, reservation {:?}",
            self.plan, self.entries, self.reservation
        )
    }
}
