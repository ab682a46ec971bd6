//! The others: seats come and go, and the queue moves.

use crate::house::{Ask, House};
use frontrow_mock::MockSettings;
use serde_json::{Value, json};

async fn crowded(crowd: u32) -> House {
    House::of(MockSettings { crowd, ..MockSettings::default() }).await
}

async fn availability(house: &House, title: &str) -> Value {
    house.get(&format!("/v1/performances/{}/availability", house.performance(title))).await.with(200)
}

fn available(availability: &Value) -> u64 {
    availability["counts"].as_array().map_or_else(
        || availability["available"].as_u64().unwrap(),
        |counts| counts.iter().map(|count| count["available"].as_u64().unwrap()).sum(),
    )
}

#[actix_web::test]
async fn seats_are_taken_and_come_free_again_and_never_all() {
    let house = crowded(300).await;
    let (mut seen, mut least) = (Vec::new(), u64::MAX);
    for _ in 0..30 {
        house.advance(30).await;
        let now = availability(&house, "Small Hours").await;
        least = least.min(available(&now));
        seen.push(available(&now));
    }
    assert!(least < 50, "nobody takes a seat: {seen:?}");
    assert!(seen.windows(2).any(|two| two[0] < two[1]), "no seat comes free: {seen:?}");
    // 48 seats are sold, and the crowd has 32 of them at most.
    assert!(least >= 16, "you find no seat: {seen:?}");
}

#[actix_web::test]
async fn a_queue_has_people_before_and_behind_you_and_moves() {
    let house = crowded(2000).await;
    let (lee, sale) = (house.token("lee"), house.sale("Northern Lights"));
    let joined = house.send(Ask::post(format!("/v1/sales/{sale}/queue-tokens")).by(&lee).json(&json!({}))).await;
    let joined = joined.with(201);
    let token = joined["token"].as_str().unwrap().to_owned();
    let entry = async || {
        let ask = Ask::get("/v1/queue-tokens/current").header("Frontrow-Queue-Token", &token);
        house.send(ask).await.with(200)
    };
    let ahead = |entry: &Value| entry["people_ahead"].as_u64().unwrap_or(0);
    let first = ahead(&joined);
    assert!(first > 400, "{joined}");
    let mut last = first;
    for _ in 0..6 {
        house.advance(10).await;
        let now = ahead(&entry().await);
        assert!(now <= last, "{now} after {last}");
        last = now;
    }
    assert!(last + 50 < first, "{first} people ahead became {last}");
    // Somebody who comes later stands behind those who came after you.
    let kim = house.token("kim");
    let later =
        house.send(Ask::post(format!("/v1/sales/{sale}/queue-tokens")).by(&kim).json(&json!({}))).await.with(201);
    assert!(later["number"].as_u64().unwrap() > joined["number"].as_u64().unwrap() + 10, "{later}");
    let mut status = Value::Null;
    for _ in 0..60 {
        house.advance(10).await;
        status = entry().await["status"].clone();
        if status == "called" {
            break;
        }
    }
    assert_eq!(status, "called");
}

#[actix_web::test]
async fn a_seed_gives_the_same_crowd() {
    let (one, other) = (crowded(100).await, crowded(100).await);
    let mut seen = Vec::new();
    for house in [&one, &other] {
        house.advance(120).await;
        let sale = one.sale("Northern Lights");
        let queue = house.get(&format!("/v1/sales/{sale}/queue")).await.with(200);
        seen.push((availability(house, "Open Air").await, availability(house, "Small Hours").await, queue));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(availability(&House::new().await, "Open Air").await, seen[0].0);
}
