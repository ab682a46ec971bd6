//! A turn over HTTP.

use crate::driver::{Client, Show};
use crate::{Job, Turn, deal, timed};
use anyhow::{Context, Result};
use hyper::StatusCode;
use std::net::SocketAddr;

/// A server, and its customers' access tokens.
pub struct Http {
    pub address: SocketAddr,
    pub tokens: Vec<String>,
}

impl Http {
    /// Everybody's jobs over that many connections.
    pub async fn turn(&self, show: Show, connections: usize) -> Result<Turn> {
        let mut parts = Vec::with_capacity(connections);
        for jobs in deal(connections) {
            parts.push(hold(self.client().await?, self.with_tokens(jobs), show));
        }
        let (held, holds) = timed(parts).await?;
        let mut parts = Vec::with_capacity(connections);
        for reservations in held {
            parts.push(pay(self.client().await?, reservations));
        }
        let (_, payments) = timed(parts).await?;
        Ok(Turn { holds, payments })
    }

    async fn client(&self) -> Result<Client> {
        let mut client = Client::new(self.address, None);
        client.connect().await?;
        Ok(client)
    }

    fn with_tokens(&self, jobs: Vec<Job>) -> Vec<(Job, String)> {
        jobs.into_iter().map(|job| (job, self.tokens[job.customer].clone())).collect()
    }
}

/// The reservations that were made, each with its owner's token.
async fn hold(mut client: Client, jobs: Vec<(Job, String)>, show: Show) -> Result<Vec<(String, String)>> {
    let mut held = Vec::with_capacity(jobs.len());
    for (job, token) in jobs {
        client.token = Some(token.clone());
        let label = format!("A-{}-{}", 1 + job.seat / 100, 1 + job.seat % 100);
        let key = format!("{}-{}", show.performance, job.seat);
        let reply = client.hold(show.performance, &[label], &key).await?;
        if reply.status == StatusCode::CREATED {
            held.push((reply.body["id"].as_str().context("no id")?.to_owned(), token));
        }
    }
    Ok(held)
}

async fn pay(mut client: Client, reservations: Vec<(String, String)>) -> Result<Vec<()>> {
    let mut paid = Vec::with_capacity(reservations.len());
    for (id, token) in reservations {
        client.token = Some(token);
        if client.pay(&id, &id).await?.status == StatusCode::CREATED {
            paid.push(());
        }
    }
    Ok(paid)
}
