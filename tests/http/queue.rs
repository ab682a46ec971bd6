//! The waiting room: a queue entry becomes a pass, and a pass a ticket, whatever happens meanwhile.

#[path = "../driver/crowd.rs"]
pub mod crowd;
mod draw;
mod instances;
mod mishaps;
mod patience;
mod story;

use crate::driver::client::Reply;
use crate::driver::{Client, Show, Terms};
use crate::test_server::until;
use anyhow::{Context, Result, ensure};
use crowd::{Endpoints, QueueClient};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// More than a test of a few people needs.
const CONNECTIONS: usize = 64;
/// A request that has waited at least this long is repeated at once.
const WAIT: Duration = Duration::from_secs(5);

/// A sale with a waiting room.
#[derive(Clone, Copy)]
pub struct Queue {
    pub show: Show,
    pub sale: Uuid,
}

impl Queue {
    /// Publishes a sale that has been open for long; its waiting room is as named here, and as usual otherwise. Returns
    /// once people can join.
    pub async fn publish(operator: &mut Client, terms: Terms, room: &Value) -> Result<Self> {
        let mut waiting_room = json!({
            "lobby_opens": "2020-01-01T00:00:00Z",
            "capacity": 10,
            "rate_per_minute": 60_000,
            "session_seconds": 600,
            "leave_on_payment": true,
        });
        for (name, value) in room.as_object().into_iter().flatten() {
            waiting_room[name] = value.clone();
        }
        let sale = Uuid::from_u128(u128::from(getrandom::u64()?) << 64 | u128::from(getrandom::u64()?));
        let show = Show::publish_as(operator, terms, sale, &json!({ "waiting_room": waiting_room })).await?;
        let queue = Self { show, sale };
        until("the queue opens", async || queue.snapshot(operator, |queue| queue["phase"] == "open").await).await?;
        Ok(queue)
    }

    /// The snapshot, once it is there and fits.
    async fn snapshot(self, client: &mut Client, fits: impl Fn(&Value) -> bool) -> Result<Option<Value>> {
        let reply = client.ask(Method::GET, &format!("/v1/sales/{}/queue", self.sale), None, None).await?;
        Ok(Some(reply.body).filter(|body| reply.status == StatusCode::OK && fits(body)))
    }

    /// What operators see.
    async fn report(self, operator: &mut Client) -> Result<Value> {
        operator.get(&format!("/v1/sales/{}/waiting-room", self.sale)).await
    }

    /// What operators do.
    async fn change(self, operator: &mut Client, change: Value) -> Result<Value> {
        let path = format!("/v1/sales/{}/waiting-room", self.sale);
        operator.ask(Method::PATCH, &path, None, Some(change)).await?.expect(StatusCode::OK)
    }

    /// The client of somebody who has neither a queue token nor a pass yet.
    pub fn client(self, endpoints: &Arc<Endpoints>, access: &str) -> QueueClient {
        QueueClient {
            endpoints: endpoints.clone(),
            sale: self.sale,
            performance: self.show.performance,
            access: access.to_owned(),
            token: None,
            pass: None,
        }
    }
}

pub fn endpoints(addresses: &[SocketAddr]) -> Arc<Endpoints> {
    Arc::new(Endpoints::new(addresses.to_vec(), CONNECTIONS))
}

/// Stays checked in until the person is admitted.
pub async fn let_in(client: &mut QueueClient) -> Result<()> {
    until("somebody is let in", async || {
        let reply = client.check_in(WAIT).await?;
        let waits = reply.status == StatusCode::ACCEPTED || kind(&reply) == "not-your-turn";
        ensure!(waits || reply.status == StatusCode::CREATED, "{} {}", reply.status, reply.body);
        Ok((reply.status == StatusCode::CREATED).then_some(()))
    })
    .await
}

/// The last part of a problem's type; nothing if it is none.
fn kind(reply: &Reply) -> &str {
    let problem = reply.body["type"].as_str().unwrap_or_default();
    problem.rsplit('/').next().unwrap_or_default()
}

/// The group and the number of a queue entry.
pub fn entry(body: &Value) -> Result<(u64, u64)> {
    let part = |field: &str| body[field].as_u64().with_context(|| format!("no {field}: {body}"));
    Ok((part("group")?, part("number")?))
}
