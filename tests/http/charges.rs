//! Charging a wallet through a gateway that answers late, never, or twice.

use crate::driver::{Client, TestAccounts};
use crate::test_server::{TestServer, at_once, on_every_database, text, until};
use anyhow::{Result, ensure};
use hyper::StatusCode;

on_every_database! {
    a_charge_repeated_with_its_key_charges_once,
    a_gateway_that_answers_twice_charges_once,
    a_declined_charge_moves_nothing,
    an_answer_that_comes_late_is_asked_for_until_it_is_known,
    a_charge_survives_the_death_of_the_server,
}

async fn a_charge_repeated_with_its_key_charges_once(server: &mut TestServer) -> Result<()> {
    let phones = (0..8).map(|_| server.customer(0)).collect::<Result<Vec<_>>>()?;
    let charge = |_, mut phone: Client| async move { phone.charge(700, "tok_accept", "charge").await };
    let mut ids = Vec::new();
    for reply in at_once(phones, charge).await? {
        // A repetition while the first request still asks the gateway is told that the charge is pending.
        ensure!(matches!(reply.status, StatusCode::CREATED | StatusCode::ACCEPTED), "{reply:?}");
        ids.push(text(&reply.body, "id")?);
    }
    ids.dedup();
    ensure!(ids.len() == 1, "{ids:?}");
    let mut client = server.customer(0)?;
    until("the charge", async || Ok((client.balance().await? == TestAccounts::POINTS + 700).then_some(()))).await
}

async fn a_gateway_that_answers_twice_charges_once(server: &mut TestServer) -> Result<()> {
    let mut client = server.customer(0)?;
    client.charge(700, "tok_twice", "charge").await?.expect(StatusCode::CREATED)?;
    ensure!(client.balance().await? == TestAccounts::POINTS + 700);
    Ok(())
}

async fn a_declined_charge_moves_nothing(server: &mut TestServer) -> Result<()> {
    let mut client = server.customer(0)?;
    let declined = client.charge(700, "tok_decline", "charge").await?;
    ensure!(declined.status.is_success() || declined.status.is_client_error(), "{declined:?}");
    ensure!(client.balance().await? == TestAccounts::POINTS);
    Ok(())
}

async fn an_answer_that_comes_late_is_asked_for_until_it_is_known(server: &mut TestServer) -> Result<()> {
    let mut client = server.customer(0)?;
    let pending = client.charge(700, "tok_late", "charge").await?.expect(StatusCode::ACCEPTED)?;
    let path = format!("/v1/wallet/charges/{}", text(&pending, "id")?);
    until("the settlement", async || {
        let status = text(&client.get(&path).await?, "status")?;
        Ok((status == "succeeded").then_some(()))
    })
    .await?;
    ensure!(client.balance().await? == TestAccounts::POINTS + 700);
    Ok(())
}

async fn a_charge_survives_the_death_of_the_server(server: &mut TestServer) -> Result<()> {
    let pending = server.customer(0)?.charge(700, "tok_late", "charge").await?.expect(StatusCode::ACCEPTED)?;
    server.kill().await?;
    server.start().await?;
    let mut client = server.customer(0)?;
    let again = client.charge(700, "tok_late", "charge").await?;
    ensure!(text(&again.body, "id")? == text(&pending, "id")?, "{again:?}");
    Ok(())
}
