//! One client with one connection, which stays open between requests.

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use uuid::Uuid;

/// The longest time and the largest size of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// A connection that has been idle for longer isn't used again: the server closes it after 5 s, and a request sent at that
/// moment is lost.
const MAX_IDLE: Duration = Duration::from_secs(2);

/// Somebody's client.
pub struct Client {
    address: SocketAddr,
    /// Whose access token goes with the next request.
    pub token: Option<String>,
    /// What else goes with every request, such as a pass.
    pub headers: Vec<(&'static str, String)>,
    connection: Option<SendRequest<Full<Bytes>>>,
    used: Instant,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    /// `null` if there is none.
    pub body: Value,
}

impl Client {
    /// Nobody's without a token.
    pub fn new(address: SocketAddr, token: Option<&str>) -> Self {
        Self { address, token: token.map(str::to_owned), headers: Vec::new(), connection: None, used: Instant::now() }
    }

    /// Opens the connection, so that the first request does not have to.
    pub async fn connect(&mut self) -> Result<()> {
        self.connected().await.map(drop)
    }

    /// Sends one request and waits for the whole answer. After an error the next request opens a new connection.
    pub async fn ask(&mut self, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Result<Reply> {
        let said = format!("{method} {path}");
        let answer = tokio::time::timeout(PATIENCE, self.exchange(method, path, key, body)).await;
        let reply = answer.with_context(|| format!("{said}: no answer")).flatten();
        if reply.is_err() {
            self.connection = None;
        }
        self.used = Instant::now();
        reply.with_context(|| said)
    }

    /// Holds seats by their labels.
    pub async fn hold(&mut self, performance: Uuid, seats: &[String], key: &str) -> Result<Reply> {
        let path = format!("/v1/performances/{performance}/reservations");
        self.ask(Method::POST, &path, Some(key), Some(json!({ "seats": seats }))).await
    }

    /// Holds the best seats that are left.
    pub async fn hold_best(&mut self, performance: Uuid, count: u32, key: &str) -> Result<Reply> {
        let path = format!("/v1/performances/{performance}/reservations");
        let body = json!({"best_available": {"count": count, "tier": "R"}});
        self.ask(Method::POST, &path, Some(key), Some(body)).await
    }

    /// Pays a hold with points.
    pub async fn pay(&mut self, reservation: &str, key: &str) -> Result<Reply> {
        let path = format!("/v1/reservations/{reservation}/payment");
        self.ask(Method::POST, &path, Some(key), Some(json!({ "method": "points" }))).await
    }

    async fn exchange(&mut self, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Result<Reply> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.address.to_string());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(serde_json::to_vec(&body)?)
            }
            None => Bytes::new(),
        };
        let answer = self.connected().await?.send_request(request.body(Full::new(bytes))?).await?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect().await.map_err(anyhow::Error::from_boxed)?.to_bytes();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).context("not JSON")? };
        Ok(Reply { status: head.status, body })
    }

    async fn connected(&mut self) -> Result<&mut SendRequest<Full<Bytes>>> {
        if let Some(sender) = &mut self.connection
            && (self.used.elapsed() > MAX_IDLE || sender.ready().await.is_err())
        {
            self.connection = None;
        }
        if self.connection.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            // Its errors are those of the requests on it.
            tokio::spawn(connection);
            self.connection = Some(sender);
            self.used = Instant::now();
        }
        self.connection.as_mut().context("just made")
    }
}

impl Reply {
    /// The body, if the status is the one expected.
    pub fn expect(self, status: StatusCode) -> Result<Value> {
        ensure!(self.status == status, "{} instead of {status}: {}", self.status, self.body);
        Ok(self.body)
    }
}
