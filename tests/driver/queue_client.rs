//! The HTTP client of one person in the queue of a sale.

use super::{Endpoints, Request};
use crate::driver::client::Reply;
use anyhow::Result;
use hyper::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Sends the person's tokens and pass, once there are any, with every request.
pub struct QueueClient {
    pub endpoints: Arc<Endpoints>,
    pub sale: Uuid,
    pub performance: Uuid,
    /// Their access token.
    pub access: String,
    /// Their queue token, once they have joined.
    pub token: Option<String>,
    /// Their pass, once they have picked it up.
    pub pass: Option<String>,
}

impl QueueClient {
    /// Joins the queue; with the queue token, if there is one already.
    pub async fn join(&mut self) -> Result<Reply> {
        let body = json!({ "token": self.token });
        let reply = self.ask(Method::POST, &self.of_sale("queue-tokens"), None, Some(body), None).await?;
        keep(&mut self.token, &reply, "token");
        Ok(reply)
    }

    /// Asks for the status of the queue entry.
    pub async fn look(&self) -> Result<Reply> {
        self.ask(Method::GET, "/v1/queue-tokens/current", None, None, None).await
    }

    /// Checks in, and waits that long to be admitted.
    pub async fn check_in(&mut self, wait: Duration) -> Result<Reply> {
        let reply = self.ask(Method::POST, &self.of_sale("admission"), None, None, Some(wait)).await?;
        keep(&mut self.pass, &reply, "pass");
        Ok(reply)
    }

    /// Gives the admission back, if there is one.
    pub async fn leave(&self) -> Result<Reply> {
        self.ask(Method::DELETE, &self.of_sale("admission"), None, None, None).await
    }

    /// Holds the best seats of a tier.
    pub async fn hold_best(&self, count: u32, tier: &str, key: &str) -> Result<Reply> {
        let path = format!("/v1/performances/{}/reservations", self.performance);
        let body = json!({"best_available": {"count": count, "tier": tier}});
        self.ask(Method::POST, &path, Some(key), Some(body), None).await
    }

    /// Pays a hold with points.
    pub async fn pay(&self, reservation: &str, key: &str) -> Result<Reply> {
        let path = format!("/v1/reservations/{reservation}/payment");
        self.ask(Method::POST, &path, Some(key), Some(json!({"method": "points"})), None).await
    }

    fn of_sale(&self, what: &str) -> String {
        format!("/v1/sales/{}/{what}", self.sale)
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
        wait: Option<Duration>,
    ) -> Result<Reply> {
        let shown = |name, value: &Option<String>| value.clone().map(|value| (name, value));
        let wait = wait.map(|wait| ("prefer", format!("wait={}", wait.as_secs())));
        let headers = [shown("frontrow-queue-token", &self.token), shown("frontrow-pass", &self.pass), wait];
        let headers = headers.into_iter().flatten().collect();
        self.endpoints.ask(Request { method, path, token: Some(&self.access), headers, key, body }).await
    }
}

fn keep(hand: &mut Option<String>, reply: &Reply, field: &str) {
    if let Some(text) = reply.body[field].as_str().filter(|_| reply.status.is_success()) {
        *hand = Some(text.to_owned());
    }
}
