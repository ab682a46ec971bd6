//! A client that asks any server again and again until it gets an answer: servers come and go.

use super::crowd::QueueClient;
use super::kind;
use crate::driver::client::Reply;
use anyhow::{Result, ensure};
use hyper::{Method, StatusCode};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Nothing that is asked for remains without an answer for longer.
const PATIENCE: Duration = Duration::from_mins(1);
/// Before the same is asked again.
const PACE: Duration = Duration::from_millis(300);

impl QueueClient {
    pub async fn insist_on_joining(&mut self) -> Result<Reply> {
        insist("join", async || self.join().await).await
    }

    pub async fn insist_on_looking(&self) -> Result<Reply> {
        insist("look", async || self.look().await).await
    }

    pub async fn insist_on_checking_in(&mut self, wait: Duration) -> Result<Reply> {
        insist("check in", async || self.check_in(wait).await).await
    }

    pub async fn insist_on_leaving(&self) -> Result<Reply> {
        insist("leave", async || self.leave().await).await
    }

    /// The reservation of a seat.
    pub async fn insist_on_holding(&self) -> Result<String> {
        let held = insist("hold", async || self.hold_best(1, "R", "hold").await).await?;
        crate::test_server::text(&held.expect(StatusCode::CREATED)?, "id")
    }

    pub async fn insist_on_paying(&self, reservation: &str) -> Result<()> {
        let paid = insist("pay", async || self.pay(reservation, "pay").await).await?;
        paid.expect(StatusCode::CREATED).map(drop)
    }

    /// How a reservation of theirs stands.
    pub async fn status_of(&self, reservation: &str) -> Result<String> {
        let path = format!("/v1/reservations/{reservation}");
        let read = insist("read", async || self.ask(Method::GET, &path, None, None, None).await).await?;
        crate::test_server::text(&read.expect(StatusCode::OK)?, "status")
    }
}

/// Asks until there's an answer other than a lost connection or "try again later". A server that hasn't read the queue yet
/// answers that it doesn't exist.
async fn insist(what: &str, mut ask: impl AsyncFnMut() -> Result<Reply>) -> Result<Reply> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let reply = ask().await;
        match &reply {
            Ok(reply) if reply.status == StatusCode::SERVICE_UNAVAILABLE => {}
            Ok(reply) if kind(reply) == "not-found" || kind(reply) == "too-many-joins" => {}
            Ok(_) => return reply,
            Err(_) => {}
        }
        let late = || format!("{what}: nothing but {reply:?} for {PATIENCE:?}");
        ensure!(Instant::now() < deadline, late());
        sleep(PACE).await;
    }
}
