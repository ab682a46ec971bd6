//! Steps on the way through a queue.

use crate::ask::{Answer, Ask};
use crate::theatre::{PERFORMANCE, SALE, Theatre};
use serde_json::{Value, json};

/// The address of something of the sale.
pub fn at(what: &str) -> String {
    format!("/v1/sales/{SALE}/{what}")
}

pub async fn try_join(theatre: &Theatre, who: &str, body: &Value) -> Answer {
    theatre.send(&Ask::post(at("queue-tokens")).by(who).json(body)).await
}

/// The queue token.
pub async fn join(theatre: &Theatre, who: &str) -> String {
    let answer = try_join(theatre, who, &json!({})).await;
    assert!([200, 201].contains(&answer.status), "{answer}");
    answer.json()["token"].as_str().unwrap().to_owned()
}

pub fn checking_in(who: &str, token: &str) -> Ask {
    Ask::post(at("admission")).by(who).queue_token(token)
}

pub async fn check_in(theatre: &Theatre, who: &str, token: &str) -> Answer {
    theatre.send(&checking_in(who, token)).await
}

/// The pass of somebody who joins and is called at once.
pub async fn admit(theatre: &Theatre, who: &str) -> String {
    let token = join(theatre, who).await;
    theatre.tick().await;
    check_in(theatre, who, &token).await.with(202);
    theatre.tick().await;
    check_in(theatre, who, &token).await.with(201)["pass"].as_str().unwrap().to_owned()
}

pub async fn entry(theatre: &Theatre, token: &str) -> Value {
    theatre.send(&Ask::get("/v1/queue-tokens/current").queue_token(token)).await.with(200)
}

pub async fn snapshot(theatre: &Theatre) -> Value {
    theatre.get(at("queue")).await.with(200)
}

/// The request to hold a seat.
pub fn holding(who: &str, seats: &[&str]) -> Ask {
    let path = format!("/v1/performances/{PERFORMANCE}/reservations");
    Ask::post(path).by(who).key(&format!("hold-{}", seats.join("-"))).json(&json!({ "seats": seats }))
}

/// An operator changes the queue.
pub async fn change(theatre: &Theatre, body: &Value) -> Answer {
    let answer = theatre.operate(Ask::patch(at("waiting-room")).json(body)).await;
    theatre.look().await;
    answer
}
