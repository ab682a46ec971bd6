//! Requests as fast as they are answered, on connections that stay open. The clients do as little as they can: what
//! they take of the processors is missing to the server.

use anyhow::{Context, Result, ensure};
use futures::stream::{StreamExt, TryStreamExt, iter};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// How long one turn takes.
pub const TURN: Duration = Duration::from_secs(2);
/// Connections that are opened at once: a server keeps a bounded list of those that it has not accepted yet.
const OPENED_AT_ONCE: usize = 64;

/// What a connection sends as its nth request; nothing more once there is nothing left to send.
pub type Requests = Arc<dyn Fn(usize, usize) -> Option<Vec<u8>> + Send + Sync>;

/// How often there was an answer of each status, with the body of the first one.
#[derive(Default)]
pub struct Tally {
    statuses: BTreeMap<u16, (u32, String)>,
    taken: Duration,
}

impl Tally {
    fn note(&mut self, client: &Client, status: u16) {
        let body = || String::from_utf8_lossy(client.body()).chars().take(300).collect();
        self.statuses.entry(status).or_insert_with(|| (0, body())).0 += 1;
    }

    fn add(&mut self, other: Self) {
        for (status, (count, body)) in other.statuses {
            self.statuses.entry(status).or_insert((0, body)).0 += count;
        }
    }

    /// How many answers per second had one of these status codes.
    pub fn rate(&self, expected: &[u16]) -> f64 {
        let counts = self.statuses.iter().filter(|(status, _)| expected.contains(status)).map(|(_, (count, _))| count);
        f64::from(counts.sum::<u32>()) / self.taken.as_secs_f64()
    }

    /// The answers that had another one; `None` if there were none.
    pub fn others(&self, expected: &[u16]) -> Option<String> {
        let others = self.statuses.iter().filter(|(status, _)| !expected.contains(status));
        let others: Vec<String> =
            others.map(|(status, (count, body))| format!("{count} times {status} {body}")).collect();
        (!others.is_empty()).then(|| others.join("; "))
    }
}

/// How many answers per second had one of these status codes, on that many connections; any other status is an error.
pub async fn rate(address: SocketAddr, connections: usize, requests: Requests, expected: &[u16]) -> Result<f64> {
    let tally = tally(connect(address, connections).await?, requests, TURN).await?;
    let others = tally.others(expected);
    ensure!(others.is_none(), "{}", others.unwrap_or_default());
    Ok(tally.rate(expected))
}

/// What is answered in that time.
pub async fn tally(clients: Vec<Client>, requests: Requests, time: Duration) -> Result<Tally> {
    let begun = Instant::now();
    let sending = clients.into_iter().enumerate().map(|(connection, client)| {
        let requests = Arc::clone(&requests);
        tokio::spawn(async move { send(client, connection, &requests, begun + time).await })
    });
    let mut all = Tally::default();
    for sent in sending.collect::<Vec<_>>() {
        all.add(sent.await??);
    }
    all.taken = begun.elapsed();
    Ok(all)
}

async fn send(mut client: Client, connection: usize, requests: &Requests, until: Instant) -> Result<Tally> {
    let (mut tally, mut sent) = (Tally::default(), 0);
    while Instant::now() < until {
        let Some(request) = requests(connection, sent) else { break };
        let status = client.ask(&request).await?;
        tally.note(&client, status);
        sent += 1;
    }
    Ok(tally)
}

/// So many connections.
pub async fn connect(address: SocketAddr, count: usize) -> Result<Vec<Client>> {
    iter(0..count).map(|_| Client::connect(address)).buffer_unordered(OPENED_AT_ONCE).try_collect().await
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    /// The last answer, and where its body begins.
    buffer: Vec<u8>,
    head: usize,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(2 * 1024), head: 0 })
    }

    /// The status of the answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        self.head = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = self.head()?;
        let status = head.get(9..12).context("no status")?.parse()?;
        let length: usize = header(head, "content-length").map(str::parse).transpose()?.unwrap_or(0);
        while self.buffer.len() < self.head + length {
            self.more().await?;
        }
        Ok(status)
    }

    /// Reads a stream of events until that moment, and counts them.
    #[allow(dead_code, reason = "one benchmark watches")]
    pub async fn watch(mut self, request: &[u8], until: Instant, heard: &AtomicUsize) -> Result<()> {
        const EVENT: &[u8] = b"event: ";
        self.stream.write_all(request).await?;
        let mut is_answered = false;
        loop {
            self.buffer.clear();
            match timeout_at(until, self.more()).await {
                Err(_) => break,
                Ok(read) => read?,
            }
            ensure!(
                is_answered || self.buffer.starts_with(b"HTTP/1.1 200 "),
                "{}",
                String::from_utf8_lossy(&self.buffer)
            );
            is_answered = true;
            let events = self.buffer.windows(EVENT.len()).filter(|bytes| *bytes == EVENT).count();
            heard.fetch_add(events, Ordering::Relaxed);
        }
        ensure!(is_answered, "nobody has answered");
        Ok(())
    }

    /// The status line and the headers of the last answer.
    pub fn head(&self) -> Result<&str> {
        Ok(std::str::from_utf8(&self.buffer[..self.head])?)
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.buffer[self.head..]
    }

    async fn more(&mut self) -> Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection was closed");
        Ok(())
    }
}

/// A header of an answer.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A request as it is sent.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]).collect();
    let content = match body.len() {
        0 => String::new(),
        length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n{headers}{content}\r\n{body}").into_bytes()
}

/// The same request again and again.
pub fn again(request: Vec<u8>) -> Requests {
    Arc::new(move |_, _| Some(request.clone()))
}
