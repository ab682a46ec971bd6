//! Holds that lapse while somebody pays, or while somebody else waits for the seat.

use crate::driver::{Client, Show, Terms, TestAccounts};
use crate::test_server::{TestServer, at_once, on_every_database, seat, text, until};
use anyhow::{Context, Result, ensure};
use frontrow_domain::TAKEOVER_GRACE;
use hyper::StatusCode;
use std::time::Duration;
use tokio::time::sleep;

on_every_database! {
    a_seat_whose_hold_has_lapsed_is_somebody_elses,
    a_late_payment_is_good_while_nobody_has_taken_the_seats,
    a_payment_and_a_takeover_at_the_same_moment_have_one_winner,
}

const PRICE: i64 = 1000;
const DUELS: usize = 24;
const SHORT: Terms = Terms { rows: 1, price: PRICE, limit_per_person: 50, hold_seconds: 1 };

/// Tries until the seat is available; `None` if its holder has paid in the meantime.
async fn take_over(
    client: &mut Client,
    show: Show,
    number: usize,
    holder: &mut Client,
    id: &str,
) -> Result<Option<String>> {
    let mut tries = 0;
    until("the seat is taken over or paid", async || {
        tries += 1;
        let reply = client.hold(show.performance, &[seat(number)], &format!("take-{number}-{tries}")).await?;
        if reply.status == StatusCode::CREATED {
            return text(&reply.body, "id").map(|id| Some(Some(id)));
        }
        reply.expect(StatusCode::CONFLICT)?;
        Ok((holder.status_of(id).await? == "confirmed").then_some(None))
    })
    .await
}

async fn a_seat_whose_hold_has_lapsed_is_somebody_elses(server: &mut TestServer) -> Result<()> {
    let show = server.publish(SHORT).await?;
    let (mut first, mut second, mut watch) = (server.customer(0)?, server.customer(1)?, server.customer(0)?);
    let lapsed = first.held(show, &[seat(1)], "hold").await?;
    let taken = take_over(&mut second, show, 1, &mut watch, &lapsed).await?.context("nobody has paid")?;
    let late = first.pay(&lapsed, "pay").await?;
    late.expect(StatusCode::CONFLICT)?;
    ensure!(first.balance().await? == TestAccounts::POINTS, "a payment that came too late has cost points");
    // The new hold may lapse as well before it is paid; then it is paid late, as nobody else wants the seat.
    second.pay(&taken, "pay").await?.expect(StatusCode::CREATED)?;
    ensure!(second.status_of(&taken).await? == "confirmed");
    Ok(())
}

async fn a_late_payment_is_good_while_nobody_has_taken_the_seats(server: &mut TestServer) -> Result<()> {
    let show = server.publish(SHORT).await?;
    let mut client = server.customer(0)?;
    let id = client.held(show, &[seat(1), seat(2)], "hold").await?;
    until("the hold lapses", async || Ok((client.status_of(&id).await? == "expired").then_some(()))).await?;
    client.pay(&id, "pay").await?.expect(StatusCode::CREATED)?;
    ensure!(client.status_of(&id).await? == "confirmed");
    ensure!(client.balance().await? == TestAccounts::POINTS - 2 * PRICE);
    Ok(())
}

async fn a_payment_and_a_takeover_at_the_same_moment_have_one_winner(server: &mut TestServer) -> Result<()> {
    let show = server.publish(SHORT).await?;
    // Holders are the even customers; each has the next one as a rival. Who wins is a matter of moments, that it is
    // one of the two is not.
    let rivals = (0..DUELS).map(|n| server.customer(2 * n + 1)).collect::<Result<Vec<_>>>()?;
    at_once(rivals, |n, rival| {
        let (holder, watcher) = (server.customer(2 * n), server.customer(2 * n));
        async move { duel((holder?, watcher?), rival, show, n).await }
    })
    .await?;
    Ok(())
}

/// The holder pays, late, while the rival tries to take the seat over.
async fn duel((mut holder, mut watcher): (Client, Client), mut rival: Client, show: Show, n: usize) -> Result<()> {
    let number = n + 1;
    let id = holder.held(show, &[seat(number)], "hold").await?;
    let pay = async {
        // The payments are spread closely around the moment at which the seats can be taken over.
        let takeover = Duration::from_secs(SHORT.hold_seconds.into()) + TAKEOVER_GRACE;
        sleep(takeover.saturating_sub(Duration::from_millis(100)) + Duration::from_millis(8 * n as u64)).await;
        holder.pay(&id, "pay").await
    };
    let (paid, taken) = tokio::join!(pay, take_over(&mut rival, show, number, &mut watcher, &id));
    let (paid, taken) = (paid?, taken?);
    ensure!(paid.status.is_success() != taken.is_some(), "paid: {paid:?}, taken over: {taken:?}");
    let cost = if paid.status.is_success() { PRICE } else { 0 };
    ensure!(holder.balance().await? == TestAccounts::POINTS - cost);
    Ok(())
}
