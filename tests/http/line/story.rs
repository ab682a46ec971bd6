//! From the end of the line to a ticket, one step after the other.

use super::{Line, doors, kind, let_in, place};
use crate::driver::Terms;
use crate::driver::client::Reply;
use crate::house::{House, on_every_database, text, until};
use crate::line::crowd::Visitor;
use anyhow::{Result, ensure};
use hyper::StatusCode;
use serde_json::json;
use std::time::Duration;

on_every_database! { a_place_becomes_a_pass_and_the_pass_a_ticket }

fn refused(reply: &Reply, status: StatusCode, with: &str) -> Result<()> {
    let fits = reply.status == status && kind(reply) == with;
    ensure!(fits, "{} {} instead of {status} {with}", reply.status, reply.body);
    Ok(())
}

async fn a_place_becomes_a_pass_and_the_pass_a_ticket(house: &mut House) -> Result<()> {
    let mut operator = house.operator()?;
    let room = json!({"capacity": 1, "strict": true});
    let line = Line::publish(&mut operator, Terms::default(), &room).await?;
    let doors = doors(&[house.server()?.address]);
    let mut first = line.visitor(&doors, &house.stage.customers[0]);
    let mut second = line.visitor(&doors, &house.stage.customers[1]);

    // One slot is free, so the line has called one rank ahead; in a pause it stays at that.
    until("the line has called", async || line.snapshot(&mut operator, |s| s["groups"][0]["called"] == 1).await)
        .await?;
    line.change(&mut operator, json!({"phase": "paused", "message": "soundcheck"})).await?;
    let paused = until("the pause is seen", async || line.snapshot(&mut operator, |s| s["phase"] == "paused").await);
    ensure!(paused.await?["message"] == "soundcheck");
    joining(&mut first, &mut second).await?;
    line.change(&mut operator, json!({"phase": "open"})).await?;
    let_in(&mut first).await?;

    let (reservation, paid) = booking(&mut first, &mut second).await?;
    // The slot has gone back with the payment, and is taken at once.
    let_in(&mut second).await?;
    ended(&mut first, &reservation, &paid).await?;

    second.leave().await?.expect(StatusCode::NO_CONTENT)?;
    let_in(&mut first).await?;
    let report = line.report(&mut operator).await?;
    ensure!(report["active"] == 1 && report["admitted"] == 3, "{report}");
    first.leave().await?.expect(StatusCode::NO_CONTENT)?;
    let report = line.report(&mut operator).await?;
    ensure!(report["active"] == 0 && report["capacity"] == 1, "{report}");
    Ok(())
}

/// Both join; the first is called, the second is not; nobody is let in during a pause.
async fn joining(first: &mut Visitor, second: &mut Visitor) -> Result<()> {
    let joined = first.join().await?.expect(StatusCode::CREATED)?;
    ensure!(place(&joined)? == (0, 1) && joined["standing"] == "called" && joined["people_ahead"] == 0, "{joined}");
    let again = first.join().await?.expect(StatusCode::OK)?;
    ensure!(place(&again)? == (0, 1), "{again}");
    let joined = second.join().await?.expect(StatusCode::CREATED)?;
    ensure!(place(&joined)? == (0, 2) && joined["standing"] == "waiting" && joined["people_ahead"] == 1, "{joined}");
    let looked = second.look().await?.expect(StatusCode::OK)?;
    ensure!(looked["people_ahead"] == 1 && looked["token"].is_null(), "{looked}");

    let early = second.claim(Duration::ZERO).await?;
    refused(&early, StatusCode::CONFLICT, "not-your-turn")?;
    let again = early.body["ask_again_seconds"].as_u64();
    ensure!(early.body["people_ahead"] == 1 && again.is_some_and(|seconds| seconds >= 3), "{}", early.body);
    let at_door = first.claim(Duration::ZERO).await?.expect(StatusCode::ACCEPTED)?;
    ensure!(at_door["phase"] == "paused", "{at_door}");
    Ok(())
}

/// Nobody books without a pass of their own; who has one does. The reservation, and what was said when it was paid.
async fn booking(first: &mut Visitor, second: &mut Visitor) -> Result<(String, Reply)> {
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
async fn ended(first: &mut Visitor, reservation: &str, paid: &Reply) -> Result<()> {
    let pass = first.pass.take();
    let again = first.pay(reservation, "pay").await?;
    ensure!(again.status == paid.status && again.body == paid.body, "{again:?} instead of {paid:?}");
    refused(&first.pay(reservation, "pay-again").await?, StatusCode::FORBIDDEN, "pass-missing")?;
    first.pass = pass;
    refused(&first.hold_best(1, "R", "more").await?, StatusCode::FORBIDDEN, "admission-ended")?;
    refused(&first.claim(Duration::ZERO).await?, StatusCode::GONE, "place-used")?;
    let joined = first.join().await?.expect(StatusCode::CREATED)?;
    ensure!(place(&joined)? == (0, 3), "{joined}");
    Ok(())
}
