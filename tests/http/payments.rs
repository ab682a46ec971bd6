//! Paying and giving back: once, whatever happens at the same moment.

use crate::driver::client::Reply;
use crate::driver::{Client, Terms, TestAccounts};
use crate::test_server::{TestServer, at_once, on_every_database, seat, text};
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

on_every_database! {
    a_payment_repeated_with_its_key_is_the_same_payment,
    payments_with_different_keys_pay_once,
    a_key_stands_for_one_request,
    two_cancellations_give_the_points_back_once,
    cancellations_of_seats_that_overlap_give_each_back_once,
    releasing_and_paying_at_once_end_in_one_of_the_two,
    charging_and_paying_at_once_lose_nothing,
    every_point_is_in_the_history,
}

const PRICE: i64 = 1000;
const TAPS: usize = 8;

/// One customer's phones.
fn phones(server: &TestServer) -> Result<Vec<Client>> {
    (0..TAPS).map(|_| server.customer(0)).collect()
}

fn split(replies: Vec<Reply>) -> (Vec<Value>, Vec<Reply>) {
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status.is_success());
    (made.into_iter().map(|reply| reply.body).collect(), refused)
}

async fn a_payment_repeated_with_its_key_is_the_same_payment(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { price: PRICE, ..Terms::default() }).await?;
    let id = server.customer(0)?.held(show, &[seat(1), seat(2)], "hold").await?;
    let id = &id;
    let pay = |_, mut phone: Client| async move { phone.pay(id, "pay").await };
    let (paid, refused) = split(at_once(phones(server)?, pay).await?);
    ensure!(refused.is_empty(), "{refused:?}");
    ensure!(paid.iter().all(|answer| *answer == paid[0]), "{paid:?}");
    ensure!(paid[0]["tickets"].as_array().is_some_and(|tickets| tickets.len() == 2), "{}", paid[0]);
    ensure!(server.customer(0)?.balance().await? == TestAccounts::POINTS - 2 * PRICE);
    Ok(())
}

async fn payments_with_different_keys_pay_once(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { price: PRICE, ..Terms::default() }).await?;
    let id = server.customer(0)?.held(show, &[seat(1)], "hold").await?;
    let id = &id;
    let pay = |n, mut phone: Client| async move { phone.pay(id, &format!("pay-{n}")).await };
    let (paid, refused) = split(at_once(phones(server)?, pay).await?);
    ensure!(paid.len() == 1, "it was paid {} times", paid.len());
    ensure!(refused.iter().all(|reply| reply.status == StatusCode::CONFLICT), "{refused:?}");
    ensure!(server.customer(0)?.balance().await? == TestAccounts::POINTS - PRICE);
    Ok(())
}

async fn a_key_stands_for_one_request(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms::default()).await?;
    let mut client = server.customer(0)?;
    client.held(show, &[seat(1)], "tap").await?;
    let other = client.hold(show.performance, &[seat(2)], "tap").await?;
    other.expect(StatusCode::UNPROCESSABLE_ENTITY)?;
    ensure!(client.available(show).await? == 99);
    Ok(())
}

async fn two_cancellations_give_the_points_back_once(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { price: PRICE, ..Terms::default() }).await?;
    let mut client = server.customer(0)?;
    let id = client.held(show, &[seat(1)], "hold").await?;
    let id = &id;
    client.pay(id, "pay").await?.expect(StatusCode::CREATED)?;
    let cancel = |n, mut phone: Client| async move { phone.cancel(id, &format!("cancel-{n}")).await };
    let (cancelled, refused) = split(at_once(phones(server)?, cancel).await?);
    ensure!(cancelled.len() == 1, "it was given back {} times", cancelled.len());
    ensure!(refused.iter().all(|reply| reply.status == StatusCode::CONFLICT), "{refused:?}");
    ensure!(client.balance().await? == TestAccounts::POINTS);
    ensure!(client.status_of(id).await? == "cancelled");
    // The seat is on sale again, and its new ticket is another one.
    let again = client.held(show, &[seat(1)], "again").await?;
    client.pay(&again, "pay-again").await?.expect(StatusCode::CREATED)?;
    Ok(())
}

async fn cancellations_of_seats_that_overlap_give_each_back_once(server: &mut TestServer) -> Result<()> {
    const PAIRS: [[usize; 2]; 4] = [[1, 2], [2, 3], [3, 4], [4, 5]];
    let show = server.publish(Terms { price: PRICE, ..Terms::default() }).await?;
    let mut client = server.customer(0)?;
    let id = client.held(show, &[1, 2, 3, 4, 5, 6].map(seat), "hold").await?;
    client.pay(&id, "pay").await?.expect(StatusCode::CREATED)?;
    let path = &format!("/v1/reservations/{id}/cancellation");
    let cancel = |n: usize, mut phone: Client| async move {
        let (key, pair) = (format!("cancel-{n}"), PAIRS[n % PAIRS.len()]);
        phone.ask(Method::POST, path, Some(&key), Some(json!({"seats": pair.map(seat)}))).await
    };
    let (given_back, refused) = split(at_once(phones(server)?, cancel).await?);
    ensure!(given_back.len() == 2, "pairs were given back {} times", given_back.len());
    for reply in refused {
        ensure!(reply.status == StatusCode::CONFLICT, "{reply:?}");
        ensure!(text(&reply.body, "type")?.ends_with("/seats-returned"), "{reply:?}");
    }
    ensure!(client.balance().await? == TestAccounts::POINTS - 2 * PRICE);
    ensure!(client.status_of(&id).await? == "confirmed");
    ensure!(client.available(show).await? == 98);
    // What is left is given back once, too, whoever comes first.
    let cancel = |n: usize, mut phone: Client| async move {
        let body = n.is_multiple_of(2).then(|| json!({"seats": [seat(6)]}));
        phone.ask(Method::POST, path, Some(&format!("rest-{n}")), body).await
    };
    let (given_back, refused) = split(at_once(phones(server)?, cancel).await?);
    ensure!((1..=2).contains(&given_back.len()), "the rest was given back {} times", given_back.len());
    ensure!(refused.iter().all(|reply| reply.status == StatusCode::CONFLICT), "{refused:?}");
    ensure!(client.balance().await? == TestAccounts::POINTS);
    ensure!(client.status_of(&id).await? == "cancelled");
    Ok(())
}

async fn releasing_and_paying_at_once_end_in_one_of_the_two(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { price: PRICE, ..Terms::default() }).await?;
    for round in 1..=20 {
        let id = server.customer(0)?.held(show, &[seat(round)], &format!("hold-{round}")).await?;
        let id = &id;
        let race = |n, mut phone: Client| async move {
            if n == 0 {
                phone.pay(id, &format!("pay-{round}")).await
            } else {
                phone.ask(Method::DELETE, &format!("/v1/reservations/{id}"), None, None).await
            }
        };
        let replies = at_once(vec![server.customer(0)?, server.customer(0)?], race).await?;
        let done = replies.iter().map(|reply| reply.status.is_success()).collect::<Vec<_>>();
        let status = server.customer(0)?.status_of(id).await?;
        let fits = matches!((&done[..], status.as_str()), ([true, false], "confirmed") | ([false, true], "released"));
        ensure!(fits, "round {round}: paid and released are {done:?}, the reservation is {status}");
    }
    Ok(())
}

async fn charging_and_paying_at_once_lose_nothing(server: &mut TestServer) -> Result<()> {
    // Nobody can pay before they have charged.
    let show = server.publish(Terms { price: TestAccounts::POINTS + 500, ..Terms::default() }).await?;
    let book = |n: usize, mut client: Client| async move {
        let id = client.held(show, &[seat(n + 1)], "hold").await?;
        Ok((id, client))
    };
    let held = at_once(server.customers()?, book).await?;
    for (n, (id, mut client)) in held.into_iter().enumerate() {
        let mut other = server.customer(n)?;
        let (charged, paid) = tokio::join!(other.charge(1000, "tok_accept", "charge"), client.pay(&id, "pay"));
        charged?.expect(StatusCode::CREATED)?;
        if !paid?.status.is_success() {
            client.pay(&id, "pay").await?.expect(StatusCode::CREATED)?;
        }
        ensure!(client.balance().await? == 500);
    }
    Ok(())
}

async fn every_point_is_in_the_history(server: &mut TestServer) -> Result<()> {
    let show = server.publish(Terms { price: PRICE, ..Terms::default() }).await?;
    let mut client = server.customer(0)?;
    let id = client.held(show, &[seat(1)], "hold").await?;
    client.pay(&id, "pay").await?.expect(StatusCode::CREATED)?;
    client.cancel(&id, "cancel").await?;
    let entries = client.get("/v1/wallet/entries?limit=2").await?;
    let cursor = text(&entries, "next_cursor")?;
    let rest = client.get(&format!("/v1/wallet/entries?limit=2&cursor={cursor}")).await?;
    ensure!(rest["next_cursor"] == json!(null), "{rest}");
    let items = [&entries, &rest].map(|page| page["items"].as_array().context("no items"));
    let mut amounts = Vec::new();
    for items in items {
        amounts.extend(items?.iter().map(|entry| entry["amount"]["amount"].as_i64()));
    }
    ensure!(amounts == [Some(PRICE), Some(-PRICE), Some(TestAccounts::POINTS)], "{amounts:?}");
    Ok(())
}
