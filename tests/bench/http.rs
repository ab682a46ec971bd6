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

    /// How many answers a second there are, whatever they are, while everybody wants the same few seats.
    pub async fn answers(&self, show: Show, connections: usize) -> Result<f64> {
        let mut parts = Vec::with_capacity(connections);
        for caller in 0..connections {
            let mut client = self.client().await?;
            client.token = Some(self.tokens[caller % self.tokens.len()].clone());
            parts.push(want(client, show, caller));
        }
        Ok(timed(parts).await?.1)
    }

    /// How many pairs of the best seats a second are held.
    pub async fn pairs(&self, show: Show, connections: usize) -> Result<f64> {
        let mut parts = Vec::with_capacity(connections);
        for jobs in deal(connections) {
            parts.push(hold_pairs(self.client().await?, self.with_tokens(jobs), show));
        }
        Ok(timed(parts).await?.1)
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

/// Seats that everybody wants.
const WANTED: usize = 50;
const WISHES: usize = 40;

async fn want(mut client: Client, show: Show, caller: usize) -> Result<Vec<()>> {
    let mut answers = Vec::with_capacity(WISHES);
    for n in 0..WISHES {
        let label = format!("A-1-{}", 1 + (caller * 7 + n * 11) % WANTED);
        let reply =
            client.hold(show.performance, &[label], &format!("{}-{caller}-{n}", show.performance.simple())).await?;
        if matches!(reply.status, StatusCode::CREATED | StatusCode::CONFLICT) {
            answers.push(());
        }
    }
    Ok(answers)
}

async fn hold_pairs(mut client: Client, jobs: Vec<(Job, String)>, show: Show) -> Result<Vec<()>> {
    let mut held = Vec::with_capacity(jobs.len());
    for (job, token) in jobs {
        client.token = Some(token);
        let key = format!("{}-{}", show.performance.simple(), job.seat);
        if client.hold_best(show.performance, 2, &key).await?.status == StatusCode::CREATED {
            held.push(());
        }
    }
    Ok(held)
}
