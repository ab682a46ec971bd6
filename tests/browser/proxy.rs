//! The network between the page and the server, which can fail.

use anyhow::Result;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Works,
    /// Whatever is posted arrives, and the answer to it doesn't.
    LosesAnswersToPosts,
}

/// Passes on what is sent to it, and notes the idempotency keys.
#[derive(Clone)]
pub struct Proxy {
    pub address: SocketAddr,
    network: watch::Sender<Network>,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (network, keys) = (watch::Sender::new(Network::Works), Arc::default());
        let proxy = Self { address: listener.local_addr()?, network, keys };
        let passing = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let passing = passing.clone();
                // A connection that ends is no error of the test's.
                tokio::spawn(async move { passing.pass(client, server).await.ok() });
            }
        });
        Ok(proxy)
    }

    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// Key of every request that had one, in the order in which they came.
    pub fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn pass(self, mut client: TcpStream, server: SocketAddr) -> Result<()> {
        let mut server = TcpStream::connect(server).await?;
        let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
        let mut posting = false;
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let request = &asked[..read?];
                    if request.is_empty() {
                        return Ok(());
                    }
                    let text = String::from_utf8_lossy(request);
                    if text.contains(" HTTP/1.1\r\n") {
                        posting = text.starts_with("POST ");
                    }
                    self.note_key(&text);
                    server.write_all(request).await?;
                }
                read = server.read(&mut answered) => {
                    let answer = &answered[..read?];
                    if answer.is_empty() || (posting && *self.network.borrow() == Network::LosesAnswersToPosts) {
                        return Ok(());
                    }
                    client.write_all(answer).await?;
                }
            }
        }
    }

    fn note_key(&self, request: &str) {
        let key = request.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("idempotency-key").then(|| value.trim().to_owned())
        });
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).extend(key);
    }
}
