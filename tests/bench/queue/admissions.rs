//! How soon the next person is admitted after somebody has left, on two instances.

use crate::load::{Client, request};
use crate::report::Report;
use crate::testbed::{Sale, Testbed};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// People who are admitted and leave, one after the other.
const ADMISSIONS: u64 = 200;

/// Capacity 1: the admitted person leaves through one instance, and the next one waits, checked in, at the other.
pub async fn measure(testbed: &Testbed, report: &mut Report) -> Result<()> {
    let other = testbed.another().await?;
    let sale = testbed.sale(&json!({"capacity": 1})).await?;
    testbed.fill(&sale, usize::try_from(ADMISSIONS)? + 1).await?;
    let addresses = [testbed.server.address, other.address];
    let mut waits = Vec::new();
    let mut inside: Option<(QueuedPerson, SocketAddr)> = None;
    for number in 1..=ADMISSIONS {
        let address = addresses[usize::try_from(number)? % 2];
        let person = QueuedPerson::new(testbed, &sale, number).await?;
        testbed.wait_for(&sale, |queue| queue["groups"][0]["called"].as_u64() >= Some(number)).await?;
        let waiting = tokio::spawn(person.clone().enter(address));
        if let Some((leaver, address)) = inside.take() {
            // The next person must be checked in before the admission ends.
            testbed.stays_checked_in(&sale).await?;
            let begun = Instant::now();
            leaver.leave(address).await?;
            waits.push(waiting.await??.duration_since(begun));
        } else {
            waiting.await??;
        }
        inside = Some((person, address));
    }
    other.stop().await?;
    waits.sort();
    let at = |part: usize| waits.get(waits.len() * part / 100).copied().unwrap_or_default();
    report.note(format!(
        "{}, two instances: from the end of an admission to the next one {} ms at the median, {} ms p99 (100 ms are wanted)",
        testbed.name,
        at(50).as_millis(),
        at(99).as_millis()
    ));
    Ok(())
}

/// Somebody with a queue entry.
#[derive(Clone)]
struct QueuedPerson {
    admission: String,
    access: String,
    token: String,
}

impl QueuedPerson {
    async fn new(testbed: &Testbed, sale: &Sale, number: u64) -> Result<Self> {
        let user = testbed.account().await?;
        Ok(Self {
            admission: format!("/v1/sales/{}/admission", sale.id),
            access: format!("Bearer {}", testbed.access(user)),
            token: testbed.queue_token(sale, user, number)?,
        })
    }

    /// When they were admitted.
    async fn enter(self, address: SocketAddr) -> Result<Instant> {
        let mut client = Client::connect(address).await?;
        let headers = [
            ("authorization", self.access.as_str()),
            ("frontrow-queue-token", self.token.as_str()),
            ("prefer", "wait=10"),
        ];
        let check_in = request("POST", &self.admission, &headers, "");
        let until = Instant::now() + Duration::from_mins(1);
        while Instant::now() < until {
            if client.ask(&check_in).await? == 201 {
                return Ok(Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("never admitted: {}", String::from_utf8_lossy(client.body()))
    }

    async fn leave(&self, address: SocketAddr) -> Result<()> {
        let mut client = Client::connect(address).await?;
        let status = client.ask(&request("DELETE", &self.admission, &[("authorization", &self.access)], "")).await?;
        ensure!(status == 204, "{status}");
        Ok(())
    }
}

impl Testbed {
    async fn stays_checked_in(&self, sale: &Sale) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            let queue: Value = self.queue(sale).await?;
            if queue["present"].as_u64().context("no present")? > 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("nobody checks in")
    }
}
