//! What is secret or personal stays out of every log, metric and error, however much is logged.

use crate::driver::client::Reply;
use crate::driver::{Client, command};
use crate::test_server::{run, text, until};
use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

const PASSWORD: &str = "mistral lagoon 7391";
const WRONG: &str = "qzvx-another-password";
const EMAIL: &str = "qzvx.planted@example.com";
const NAME: &str = "Qzvxname";
const CARD: &str = "tok_4242424242424242";
const QUEUE_TOKEN: &str = "qzvx-planted-queue-token";
const FORGED: &str = "qzvx.planted.token";

#[test]
fn no_secret_shows_up_in_any_log_metric_or_error() -> Result<()> {
    run(async |server| {
        server.stop().await?;
        let directory = server.directory.path();
        let mut chatty = Chatty::start(directory).await?;
        let mut secrets: Vec<String> =
            [PASSWORD, WRONG, EMAIL, NAME, CARD, QUEUE_TOKEN, FORGED].map(str::to_owned).into();
        let (replies, tokens) = drive(chatty.address).await?;
        secrets.extend(tokens);
        secrets.extend(keys(directory)?);
        broken_requests(chatty.address).await?;
        let metrics = exchange(chatty.metrics, "GET /metrics HTTP/1.0\r\n\r\n").await?;
        chatty.end().await?;

        let (log, security) =
            (fs::read_to_string(directory.join("log"))?, fs::read_to_string(directory.join("security"))?);
        ensure!(log.contains("TRACE") && log.contains("DEBUG"), "little is logged");
        for event in ["signed_up", "logged_in", "log_in_failed", "refresh_refused", "refused"] {
            ensure!(security.contains(&format!("\"event\":\"{event}\"")), "{event} is missing:\n{security}");
        }
        ensure!(!log.contains("log_in_failed"), "what is said about security is in the log, too");
        let errors = replies.iter().filter(|reply| !reply.status.is_success()).map(|reply| reply.body.to_string());
        let errors: Vec<String> = errors.collect();
        ensure!(errors.len() > 5, "few errors: {errors:?}");
        for secret in &secrets {
            for (what, text) in [("the log", &log), ("the security log", &security), ("metrics", &metrics)] {
                let line = text.lines().find(|line| line.contains(secret));
                ensure!(line.is_none(), "{secret} is in {what}: {line:?}");
            }
            let error = errors.iter().find(|error| error.contains(secret));
            ensure!(error.is_none(), "{secret} is in {error:?}");
        }
        Ok(())
    })
}

/// Requests with all that is secret, right ones and wrong ones; the answers, and the tokens in them.
async fn drive(address: SocketAddr) -> Result<(Vec<Reply>, Vec<String>)> {
    let mut client = Client::new(address, None);
    let mut replies = Vec::new();
    let mut post = async |client: &mut Client, path: &str, key: Option<&str>, body: Value| {
        let reply = client.ask(Method::POST, path, key, Some(body)).await?;
        replies.push(reply.clone());
        Ok::<_, anyhow::Error>(reply)
    };
    let account = json!({"email": EMAIL, "password": PASSWORD, "name": NAME});
    post(&mut client, "/v1/users", None, account.clone()).await?;
    // Known already, and with things that nobody takes.
    post(&mut client, "/v1/users", None, account).await?;
    post(&mut client, "/v1/users", None, json!({"email": EMAIL, "password": PASSWORD, "name": NAME, "card": CARD}))
        .await?;
    post(&mut client, "/v1/users", None, json!({"email": format!("{EMAIL}@"), "password": [PASSWORD], "name": NAME}))
        .await?;
    post(&mut client, "/v1/sessions", None, json!({"email": EMAIL, "password": WRONG})).await?;
    post(&mut client, "/v1/sessions", None, json!({"email": EMAIL, "password": {"text": WRONG}})).await?;
    let session = post(&mut client, "/v1/sessions", None, json!({"email": EMAIL, "password": PASSWORD})).await?.body;
    let tokens = vec![text(&session, "access_token")?, text(&session, "refresh_token")?];
    let refresh = json!({"refresh_token": tokens[1]});
    let next = post(&mut client, "/v1/sessions/refresh", None, refresh).await?.body;
    post(&mut client, "/v1/sessions/refresh", None, json!({"refresh_token": format!("{FORGED}{}", tokens[1])})).await?;

    client.token = Some(text(&next, "access_token")?);
    client.headers = vec![("frontrow-queue-token", QUEUE_TOKEN.to_owned()), ("frontrow-pass", QUEUE_TOKEN.to_owned())];
    post(&mut client, "/v1/wallet/charges", Some("a"), json!({"amount": 1000, "payment_token": CARD})).await?;
    post(&mut client, "/v1/wallet/charges", Some("a"), json!({"amount": 2000, "payment_token": CARD})).await?;
    post(&mut client, "/v1/wallet/charges", Some("b"), json!({"amount": CARD, "payment_token": CARD})).await?;
    client.token = Some(FORGED.to_owned());
    post(&mut client, "/v1/wallet/charges", Some("c"), json!({"amount": 1000, "payment_token": CARD})).await?;
    let tokens = [tokens, vec![text(&next, "access_token")?, text(&next, "refresh_token")?]].concat();
    Ok((replies, tokens))
}

/// What isn't even read to its end.
async fn broken_requests(address: SocketAddr) -> Result<()> {
    let body = format!("{{\"email\": \"{EMAIL}\", \"password\": \"{PASSWORD}");
    let length = body.len();
    for head in [
        format!("POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {length}"),
        format!("POST /v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: {length}"),
        format!("POST /v1/sessions?email={EMAIL} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}"),
        format!("GET /v1/wallet HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {FORGED}\r\nno header\r\n"),
    ] {
        exchange(address, &format!("{head}\r\nconnection: close\r\n\r\n{body}")).await?;
    }
    Ok(())
}

/// What is answered on a connection of its own.
async fn exchange(address: SocketAddr, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The secrets in the keys file.
fn keys(directory: &Path) -> Result<Vec<String>> {
    let keys: Value = serde_json::from_str(&fs::read_to_string(directory.join("keys.json"))?)?;
    let rings = keys.as_object().context("no rings")?.values();
    let keys = rings.filter_map(|ring| ring["keys"].as_object()).flat_map(|keys| keys.values());
    Ok(keys.filter_map(|key| key.as_str().map(str::to_owned)).collect())
}

/// A server that logs all it can into the file `log`, and what is said about security into `security`.
struct Chatty {
    address: SocketAddr,
    metrics: SocketAddr,
    child: Child,
}

impl Chatty {
    async fn start(directory: &Path) -> Result<Self> {
        let mut serve = command(directory, &["serve"]);
        let serve = serve
            .env("FRONTROW_LOG", "trace")
            .env("FRONTROW_SECURITY_LOG_FILE", directory.join("security"))
            .env("FRONTROW_METRICS_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.join("log"))?);
        let mut child = serve.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("piped")?).lines();
        let mut listens = async |what: &str| {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once("http://").filter(|_| line.starts_with(what)) {
                    let (address, _) = address.split_once('/').context("no path")?;
                    return Ok(address.parse::<SocketAddr>()?);
                }
            }
            anyhow::bail!("the server did not start")
        };
        let (address, metrics) = (listens("API").await?, listens("metrics").await?);
        Ok(Self { address, metrics, child })
    }

    async fn end(&mut self) -> Result<()> {
        let id = self.child.id().context("the server has ended by itself")?;
        let sent =
            tokio::process::Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id.to_string()]).status().await?;
        ensure!(sent.success(), "the server has ended by itself");
        until("it stops", async || Ok(self.child.try_wait()?)).await?;
        Ok(())
    }
}
