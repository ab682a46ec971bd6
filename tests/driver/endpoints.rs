//! The servers' addresses, and a bounded number of connections to them that everybody shares.

use crate::driver::Client;
use crate::driver::client::Reply;
use anyhow::{Context, Result};
use hyper::Method;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// Servers of one installation.
pub struct Endpoints {
    /// Of those that run.
    pub addresses: RwLock<Vec<SocketAddr>>,
    idle: Mutex<Vec<(SocketAddr, Client)>>,
    connections: Semaphore,
    turn: AtomicUsize,
}

/// What somebody sends.
pub struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub token: Option<&'a str>,
    pub headers: Vec<(&'static str, String)>,
    pub key: Option<&'a str>,
    pub body: Option<Value>,
}

impl Endpoints {
    /// With at most this many connections at once.
    pub fn new(addresses: Vec<SocketAddr>, connections: usize) -> Self {
        Self {
            addresses: RwLock::new(addresses),
            idle: Mutex::default(),
            connections: Semaphore::new(connections),
            turn: AtomicUsize::new(0),
        }
    }

    /// Asks the servers by turns.
    pub async fn ask(&self, request: Request<'_>) -> Result<Reply> {
        let _permit = self.connections.acquire().await?;
        let address = self.next()?;
        let mut client = self.client(address);
        client.token = request.token.map(str::to_owned);
        client.headers = request.headers;
        let reply = client.ask(request.method, request.path, request.key, request.body).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((address, client));
        Ok(reply)
    }

    fn next(&self) -> Result<SocketAddr> {
        let addresses = self.addresses.read().unwrap_or_else(PoisonError::into_inner);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let next = turn.checked_rem(addresses.len()).and_then(|index| addresses.get(index));
        next.copied().context("no server runs")
    }

    fn client(&self, address: SocketAddr) -> Client {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.iter().rposition(|(of, _)| *of == address) {
            Some(index) => idle.swap_remove(index).1,
            None => Client::new(address, None),
        }
    }
}
