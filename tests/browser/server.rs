//! The server that a page calls, and somebody else who calls it, too.

use crate::process::Process;
use anyhow::{Context, Result, ensure};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Where the binary is, if the variable doesn't say it.
const BINARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/debug/frontrow");

pub struct Server {
    pub address: SocketAddr,
    pub process: Process,
}

impl Server {
    /// The demo on a new SQLite file in that directory, for the pages of that origin.
    pub async fn demo(directory: &Path, origin: &str) -> Result<Self> {
        let mut command = frontrow(directory, &["demo", "--serve"]);
        let (process, address) = Process::start(command.env("FRONTROW_CORS_ORIGINS", origin), address).await?;
        Ok(Self { address, process })
    }

    /// The mock, with these options.
    pub async fn mock(directory: &Path, options: &[&str]) -> Result<Self> {
        let mut arguments = vec!["mock", "--address", "127.0.0.1:0"];
        arguments.extend(options);
        let (process, address) = Process::start(&mut frontrow(directory, &arguments), address).await?;
        Ok(Self { address, process })
    }

    /// Puts the mock's clock forward.
    pub async fn advance(&self, seconds: u32) -> Result<()> {
        let clock = format!("http://{}/mock/clock", self.address);
        answer(reqwest::Client::new().post(clock).json(&json!({"advance_seconds": seconds}))).await.map(drop)
    }

    /// Somebody else with an account, who is logged in.
    pub async fn somebody(&self) -> Result<Client> {
        let mut client = Client::new(self.address);
        let credentials = json!({"email": "somebody@example.com", "password": "correct horse battery"});
        let mut account = credentials.clone();
        account["name"] = json!("Somebody");
        client.send(Method::POST, "/users", Some(&account)).await?;
        client.log_in(&credentials).await?;
        Ok(client)
    }

    /// The demo's operator, logged in.
    pub async fn operator(&self) -> Result<Client> {
        let password =
            self.process.line(|line| line.trim().strip_prefix("operator  operator@example.com ").map(str::to_owned));
        let password = password.context("the demo has told no operator's password")?;
        let mut client = Client::new(self.address);
        client.log_in(&json!({"email": "operator@example.com", "password": password.trim()})).await?;
        Ok(client)
    }
}

/// The command, with everything that it keeps in that directory and with no setting from elsewhere.
pub fn frontrow(directory: &Path, arguments: &[&str]) -> Command {
    let binary = std::env::var_os("FRONTROW_BINARY").map_or_else(|| PathBuf::from(BINARY), PathBuf::from);
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FRONTROW_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).current_dir(directory).env("TMPDIR", directory);
    command.env("FRONTROW_LISTEN", "127.0.0.1:0").env("FRONTROW_METRICS_LISTEN", "off");
    command
}

/// The address of the API, in the line that says it.
pub fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.split('/').next()?.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

/// Somebody who uses no page.
pub struct Client {
    http: reqwest::Client,
    api: String,
    token: Option<String>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { http: reqwest::Client::new(), api: format!("http://{address}"), token: None }
    }

    async fn log_in(&mut self, credentials: &Value) -> Result<()> {
        let session = self.send(Method::POST, "/sessions", Some(credentials)).await?;
        self.token = Some(session["access_token"].as_str().context("no token")?.to_owned());
        Ok(())
    }

    /// The first performance of that concert that can be booked.
    pub async fn performance(&self, title: &str) -> Result<Value> {
        let concerts = self.send(Method::GET, "/concerts", None).await?;
        let is_it = |concert: &&Value| concert["title"] == title;
        let concert = concerts["items"].as_array().context("a list")?.iter().find(is_it).context("no such concert")?;
        let id = concert["id"].as_str().context("an id")?;
        let performances = self.send(Method::GET, &format!("/concerts/{id}/performances?bookable=true"), None).await?;
        Ok(performances["items"][0].clone())
    }

    /// Holds these seats of a performance.
    pub async fn hold(&self, performance: &Value, seats: &[&str]) -> Result<Value> {
        let path = format!("/performances/{}/reservations", performance["id"].as_str().context("an id")?);
        let request = self.request(Method::POST, &path).header("Idempotency-Key", seats.join("+"));
        answer(request.json(&json!({"seats": seats}))).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let request = self.request(method, path);
        answer(if let Some(body) = body { request.json(body) } else { request }).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/v1{path}", self.api));
        if let Some(token) = &self.token { request.bearer_auth(token) } else { request }
    }
}

async fn answer(request: RequestBuilder) -> Result<Value> {
    let response = request.send().await?;
    let (status, url) = (response.status(), response.url().clone());
    let text = response.text().await?;
    ensure!(status.is_success(), "{url}: {status}: {text}");
    if status == StatusCode::NO_CONTENT { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
}
