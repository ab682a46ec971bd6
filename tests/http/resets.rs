//! Clients whose connection breaks at any moment: whatever the server made of the first try, the second one finds out.

use crate::driver::{Client, Show, Terms, TestAccounts};
use crate::test_server::{TestServer, at_once, on_every_database, seat, seed, text, until};
use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

on_every_database! {
    a_connection_that_breaks_at_any_moment_loses_and_doubles_nothing,
}

const PRICE: i64 = 1000;
const CHARGE: i64 = 700;

/// A request as it goes over the wire.
struct Wire<'a> {
    address: SocketAddr,
    token: &'a str,
    path: String,
    key: &'a str,
    body: Value,
}

impl Wire<'_> {
    fn bytes(&self) -> Vec<u8> {
        let body = self.body.to_string();
        let Self { address, token, path, key, .. } = self;
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// Sends the request, or half the time only a part of it, and resets the connection at some moment after that.
    async fn send_and_reset(&self, chance: &mut impl Rng) -> Result<()> {
        let bytes = self.bytes();
        let part = if chance.random() { bytes.len() } else { chance.random_range(0..bytes.len()) };
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        // With zero as the time to linger, closing sends a reset.
        stream.set_zero_linger()?;
        stream.write_all(&bytes[..part]).await?;
        sleep(Duration::from_micros(chance.random_range(0..6000))).await;
        Ok(())
    }
}

async fn a_connection_that_breaks_at_any_moment_loses_and_doubles_nothing(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { price: PRICE, ..Terms::default() }).await?;
    let address = server.running()?.address;
    let seed = seed()?;
    let clients = server.customers()?;
    let count = clients.len() as u64;
    let book = |n: usize, client| {
        let chance = ChaCha8Rng::seed_from_u64(seed.wrapping_add(n as u64));
        broken(client, address, &server.accounts.customers[n], show, n, chance)
    };
    at_once(clients, book).await.with_context(|| format!("seed {seed}"))?;
    ensure!(server.stranger()?.available(show).await? == 100 - count);
    Ok(())
}

/// Charges, holds and pays, each twice: first over a connection that breaks, then again with the same key.
async fn broken(
    mut client: Client,
    address: SocketAddr,
    token: &str,
    show: Show,
    n: usize,
    mut chance: ChaCha8Rng,
) -> Result<()> {
    let wire = |path: String, key, body| Wire { address, token, path, key, body };

    let body = json!({"amount": CHARGE, "payment_token": "tok_accept"});
    wire("/v1/wallet/charges".into(), "charge", body).send_and_reset(&mut chance).await?;
    let charged = client.charge(CHARGE, "tok_accept", "charge").await?;
    ensure!(charged.status.is_success(), "{charged:?}");

    let seats = [seat(n + 1)];
    let path = format!("/v1/performances/{}/reservations", show.performance);
    wire(path, "hold", json!({"seats": seats})).send_and_reset(&mut chance).await?;
    let id = client.held(show, &seats, "hold").await?;

    let path = format!("/v1/reservations/{id}/payment");
    wire(path, "pay", json!({"method": "points"})).send_and_reset(&mut chance).await?;
    let paid = client.pay(&id, "pay").await?.expect(StatusCode::CREATED)?;
    ensure!(paid["tickets"].as_array().is_some_and(|tickets| tickets.len() == 1), "{paid}");

    let own = client.get("/v1/reservations").await?;
    let own = own["items"].as_array().context("no items")?;
    ensure!(own.len() == 1 && text(&own[0], "status")? == "confirmed", "{own:?}");
    until("the charge is settled", async || {
        Ok((client.balance().await? == TestAccounts::POINTS + CHARGE - PRICE).then_some(()))
    })
    .await
}
