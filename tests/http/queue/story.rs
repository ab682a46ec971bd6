//! From the end of the queue to a ticket, one step after the other.

use super::{Queue, endpoints, entry, kind, let_in};
use crate::driver::Terms;
use crate::driver::client::Reply;
use crate::queue::crowd::QueueClient;
use crate::test_server::{TestServer, on_every_database, text, until};
use anyhow::{Result, ensure};
use hyper::StatusCode;
use serde_json::json;
use std::time::Duration;

on_every_database! { an_entry_becomes_a_pass_and_the_pass_a_ticket }

fn refused(reply: &Reply, status: StatusCode, with: &str) -> Result<()> {
    let fits = reply.status == status && kind(reply) == with;
    ensure!(fits, "{} {} instead of {status} {with}", reply.status, reply.body);
    Ok(())
}

async fn an_entry_becomes_a_pass_and_the_pass_a_ticket(server: &mut TestServer) -> Result<()> {
    let mut operator = server.operator()?;
    let room = json!({"capacity": 1, "strict": true});
    let queue = Queue::publish(&mut operator, Terms::default(), &room).await?;
    let endpoints = endpoints(&[server.running()?.address]);
    let mut first = queue.client(&endpoints, &server.accounts.customers[0]);
    let mut second = queue.client(&endpoints, &server.accounts.customers[1]);

    // There is room for one, so the queue has called one rank ahead; in a pause it stays at that.
    until("the queue has called", async || queue.snapshot(&mut operator, |s| s["groups"][0]["called"] == 1).await)
        .await?;
    queue.change(&mut operator, json!({"phase": "paused", "message": "soundcheck"})).await?;
    let paused = until("the pause is seen", async || queue.snapshot(&mut operator, |s| s["phase"] == "paused").await);
    ensure!(paused.await?["message"] == "soundcheck");
    joining(&mut first, &mut second).await?;
    queue.change(&mut operator, json!({"phase": "open"})).await?;
    let_in(&mut first).await?;

    let (reservation, paid) = booking(&mut first, &mut second).await?;
    // The payment has ended the admission, so the next person is admitted at once.
    let_in(&mut second).await?;
    ended(&mut first, &reservation, &paid).await?;

    second.leave().await?.expect(StatusCode::NO_CONTENT)?;
    let_in(&mut first).await?;
    let report = queue.report(&mut operator).await?;
    ensure!(report["active"] == 1 && report["admitted"] == 3, "{report}");
    first.leave().await?.expect(StatusCode::NO_CONTENT)?;
    let report = queue.report(&mut operator).await?;
    ensure!(report["active"] == 0 && report["capacity"] == 1, "{report}");
    Ok(())
}

/// Both join; the first is called, the second is not; nobody is let in during a pause.
async fn joining(first: &mut QueueClient, second: &mut QueueClient) -> Result<()> {
    let joined = first.join().await?.expect(StatusCode::CREATED)?;
    ensure!(entry(&joined)? == (0, 1) && joined["status"] == "called" && joined["people_ahead"] == 0, "{joined}");
    let again = first.join().await?.expect(StatusCode::OK)?;
    ensure!(entry(&again)? == (0, 1), "{again}");
    let joined = second.join().await?.expect(StatusCode::CREATED)?;
    ensure!(entry(&joined)? == (0, 2) && joined["status"] == "waiting" && joined["people_ahead"] == 1, "{joined}");
    let looked = second.look().await?.expect(StatusCode::OK)?;
    ensure!(looked["people_ahead"] == 1 && looked["token"].is_null(), "{looked}");

    let early = second.check_in(Duration::ZERO).await?;
    refused(&early, StatusCode::CONFLICT, "not-your-turn")?;
    let again = early.body["ask_again_seconds"].as_u64();
    ensure!(early.body["people_ahead"] == 1 && again.is_some_and(|seconds| seconds >= 3), "{}", early.body);
    let present = first.check_in(Duration::ZERO).await?.expect(StatusCode::ACCEPTED)?;
    ensure!(present["phase"] == "paused", "{present}");
    Ok(())
}

/// Nobody can book without their own pass. Returns the reservation, and the answer to its payment.
async fn booking(first: &mut QueueClient, second: &mut QueueClient) -> Result<(String, Reply)> {
    refused(&second.hold_best(1, "R", "hold").await?, StatusCode::FORBIDDEN, "pass-missing")?;
    second.pass.clone_from(&first.pass);
    refused(&second.hold_best(1, "R", "hold").await?, StatusCode::FORBIDDEN, "pass-of-other")?;
    second.pass.clone_from(&second.token);
    refused(&second.hold_best(1, "R", "hold").await?, StatusCode::FORBIDDEN, "pass-forged")?;
    second.pass = None;

    let held = first.hold_best(2, "R", "hold").await?.expect(StatusCode::CREATED)?;
    let reservation = text(&held, "id")?;
    let pass = first.pass.take();
    refused(&first.pay(&reservation, "pay").await?, StatusCode::FORBIDDEN, "pass-missing")?;
    first.pass = pass;
    let paid = first.pay(&reservation, "pay").await?;
    ensure!(paid.body["tickets"].as_array().is_some_and(|tickets| tickets.len() == 2), "{paid:?}");
    Ok((reservation, paid))
}

/// The payment is answered again, pass or no pass; nothing else is to be had by what has been used.
async fn ended(first: &mut QueueClient, reservation: &str, paid: &Reply) -> Result<()> {
    let pass = first.pass.take();
    let again = first.pay(reservation, "pay").await?;
    ensure!(again.status == paid.status && again.body == paid.body, "{again:?} instead of {paid:?}");
    refused(&first.pay(reservation, "pay-again").await?, StatusCode::FORBIDDEN, "pass-missing")?;
    first.pass = pass;
    refused(&first.hold_best(1, "R", "more").await?, StatusCode::FORBIDDEN, "admission-ended")?;
    refused(&first.check_in(Duration::ZERO).await?, StatusCode::GONE, "queue-entry-used")?;
    let joined = first.join().await?.expect(StatusCode::CREATED)?;
    ensure!(entry(&joined)? == (0, 3), "{joined}");
    Ok(())
}
