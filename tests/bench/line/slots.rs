//! How soon a slot that becomes free is somebody else's, on two instances.

use crate::load::{Client, request};
use crate::place::{Place, Sale};
use crate::report::Report;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// Slots that become free one after the other.
const SLOTS: u64 = 200;

/// One slot; whoever has it leaves through one instance, and the next one waits at the door of the other.
pub async fn measure(place: &Place, report: &mut Report) -> Result<()> {
    let other = place.another().await?;
    let sale = place.sale(&json!({"capacity": 1})).await?;
    place.fill(&sale, usize::try_from(SLOTS)? + 1).await?;
    let addresses = [place.server.address, other.address];
    let mut waits = Vec::new();
    let mut inside: Option<(Visitor, SocketAddr)> = None;
    for number in 1..=SLOTS {
        let address = addresses[usize::try_from(number)? % 2];
        let visitor = Visitor::new(place, &sale, number).await?;
        place.wait_for(&sale, |line| line["groups"][0]["called"].as_u64() >= Some(number)).await?;
        let waiting = tokio::spawn(visitor.clone().enter(address));
        if let Some((leaver, address)) = inside.take() {
            // The one who comes has to stand at the door before the slot becomes free.
            place.stands_at_door(&sale).await?;
            let begun = Instant::now();
            leaver.leave(address).await?;
            waits.push(waiting.await??.duration_since(begun));
        } else {
            waiting.await??;
        }
        inside = Some((visitor, address));
    }
    other.stop().await?;
    waits.sort();
    let at = |part: usize| waits.get(waits.len() * part / 100).copied().unwrap_or_default();
    report.note(format!(
        "{}, two instances: from a free slot to the next admission {} ms at the median, {} ms p99 (100 ms are wanted)",
        place.name,
        at(50).as_millis(),
        at(99).as_millis()
    ));
    Ok(())
}

#[derive(Clone)]
struct Visitor {
    admission: String,
    access: String,
    token: String,
}

impl Visitor {
    async fn new(place: &Place, sale: &Sale, number: u64) -> Result<Self> {
        let user = place.account().await?;
        Ok(Self {
            admission: format!("/v1/sales/{}/admission", sale.id),
            access: format!("Bearer {}", place.access(user)),
            token: place.queue_token(sale, user, number)?,
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
        let claim = request("POST", &self.admission, &headers, "");
        let until = Instant::now() + Duration::from_mins(1);
        while Instant::now() < until {
            if client.ask(&claim).await? == 201 {
                return Ok(Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("never admitted: {}", String::from_utf8_lossy(&client.body))
    }

    async fn leave(&self, address: SocketAddr) -> Result<()> {
        let mut client = Client::connect(address).await?;
        let status = client.ask(&request("DELETE", &self.admission, &[("authorization", &self.access)], "")).await?;
        ensure!(status == 204, "{status}");
        Ok(())
    }
}

impl Place {
    async fn stands_at_door(&self, sale: &Sale) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            let line: Value = self.line(sale).await?;
            if line["at_door"].as_u64().context("no at_door")? > 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("nobody comes to the door")
    }
}
