//! Requests as fast as they are answered, on connections that stay open. The clients do as little as they can: what
//! they take of the processors is missing to the server.

use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long one turn takes.
pub const TURN: Duration = Duration::from_secs(2);

/// What a connection sends as its nth request; nothing more once there is nothing left to send.
pub type Requests = Arc<dyn Fn(usize, usize) -> Option<Vec<u8>> + Send + Sync>;

/// How many answers per second had one of these status codes, on that many connections; any other status is an error.
pub async fn rate(address: SocketAddr, connections: usize, requests: Requests, expected: &[u16]) -> Result<f64> {
    let until = Instant::now() + TURN;
    let expected: Arc<[u16]> = expected.into();
    let clients = (0..connections).map(|connection| {
        let (requests, expected) = (requests.clone(), expected.clone());
        tokio::spawn(async move { send(address, connection, &requests, &expected, until).await })
    });
    let (clients, begun): (Vec<_>, _) = (clients.collect(), Instant::now());
    let mut answers = 0_u32;
    for client in clients {
        answers += client.await??;
    }
    Ok(f64::from(answers) / begun.elapsed().as_secs_f64())
}

async fn send(
    address: SocketAddr,
    connection: usize,
    requests: &Requests,
    expected: &[u16],
    until: Instant,
) -> Result<u32> {
    let mut client = Client::connect(address).await?;
    let mut answers = 0;
    while Instant::now() < until {
        let Some(request) = requests(connection, answers as usize) else { break };
        let status = client.ask(&request).await?;
        ensure!(expected.contains(&status), "{status}: {}", String::from_utf8_lossy(&client.body));
        answers += 1;
    }
    Ok(answers)
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Of the last answer.
    pub body: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024), body: Vec::new() })
    }

    /// The status of the answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let (status, length) = read_head(&self.buffer[..head])?;
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        self.body.clear();
        self.body.extend_from_slice(&self.buffer[head..]);
        Ok(status)
    }

    async fn more(&mut self) -> Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection was closed");
        Ok(())
    }
}

fn read_head(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let status = head.get(9..12).context("no status")?.parse()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse())
    });
    Ok((status, length.transpose()?.unwrap_or(0)))
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
