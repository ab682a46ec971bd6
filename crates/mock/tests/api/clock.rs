//! Time that is put forward, and beginning again.

use crate::house::{Ask, House};
use serde_json::{Value, json};

async fn kims_hold(house: &House) -> (String, Value) {
    let world = house.stage.playbill().json();
    let held = world["reservations"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/reservations/{held}");
    let seen = house.send(Ask::get(&path).by(&house.token("kim"))).await.with(200);
    (path, seen)
}

#[actix_web::test]
async fn a_hold_lapses_while_you_watch_and_others_can_have_its_seats() {
    let house = House::new().await;
    assert_eq!(kims_hold(&house).await.1["status"], "held");
    assert_eq!(house.advance(299).await["ahead_seconds"], 299);
    assert_eq!(kims_hold(&house).await.1["status"], "held");
    house.advance(4).await;
    assert_eq!(kims_hold(&house).await.1["status"], "expired", "marked by the time that the clock answers");
    let last = house.concert("Small Hours")["performances"][1].as_str().unwrap().to_owned();
    let hold = Ask::post(format!("/v1/performances/{last}/reservations")).by(&house.token("lee")).key("a");
    house.send(hold.json(&json!({"seats": ["A-2-1"]}))).await.with(201);
}

#[actix_web::test]
async fn a_sale_opens_and_its_queue_with_it() {
    let house = House::new().await;
    let (lee, sale) = (house.token("lee"), house.sale("First Light"));
    let path = format!("/v1/performances/{}", house.performance("First Light"));
    assert_eq!(house.get(&path).await.with(200)["status"], "upcoming");
    let joined = house.send(Ask::post(format!("/v1/sales/{sale}/queue-tokens")).by(&lee).json(&json!({}))).await;
    let joined = joined.with(201);
    assert_eq!(joined["status"], "lobby");
    let opens = house.get(&format!("/v1/sales/{sale}/queue")).await.with(200)["opens"].clone();
    house.send(Ask::post("/mock/clock").json(&json!({ "at": opens }))).await.with(200);
    assert_eq!(house.get(&path).await.with(200)["status"], "on_sale");
    let entry = Ask::get("/v1/queue-tokens/current").header("Frontrow-Queue-Token", joined["token"].as_str().unwrap());
    house.advance(1).await;
    assert_eq!(house.send(entry).await.with(200)["status"], "called");
}

#[actix_web::test]
async fn the_clock_goes_with_the_machines() {
    let house = House::new().await;
    assert_eq!(house.get("/mock/clock").await.with(200), json!({"now": "2027-01-01T00:00:00Z", "ahead_seconds": 0}));
    house.machine.advance(std::time::Duration::from_secs(5));
    house.advance(60).await;
    for path in ["/mock/clock", "/v1/concerts", "/v1/nothing"] {
        assert_eq!(house.get(path).await.header("Date"), Some("Fri, 01 Jan 2027 00:01:05 GMT"), "{path}");
    }
    assert_eq!(house.get("/mock/clock").await.with(200), json!({"now": "2027-01-01T00:01:05Z", "ahead_seconds": 60}));
}

#[actix_web::test]
async fn what_is_no_time_is_refused_and_nothing_happens() {
    let house = House::new().await;
    for body in [
        json!({}),
        json!({"advance_seconds": 0}),
        json!({"advance_seconds": 2_678_401}),
        json!({"advance_seconds": "300"}),
        json!({"at": "2026-12-31T23:59:59Z"}),
        json!({"at": "2028-01-01T00:00:00Z"}),
        json!({"at": "tomorrow"}),
        json!({"advance_seconds": 1, "at": "2027-01-01T00:00:00Z"}),
        json!([1]),
    ] {
        let problem = house.send(Ask::post("/mock/clock").json(&body)).await.problem(422, "invalid-input");
        assert!(problem["errors"][0]["detail"].is_string(), "{problem}");
    }
    house.send(Ask::post("/mock/clock").header("Content-Type", "application/json")).await.problem(400, "malformed");
    house.send(Ask::post("/mock/clock").header("Content-Type", "text/plain")).await.problem(415, "media-type");
    let long = json!({"at": "x".repeat(5000)});
    assert_eq!(house.send(Ask::post("/mock/clock").json(&long)).await.problem(413, "body-too-large")["status"], 413);
    assert_eq!(house.get("/mock/clock").await.with(200)["ahead_seconds"], 0);
}

#[actix_web::test]
async fn what_a_world_gave_out_is_worth_nothing_in_the_next_but_for_the_printed_tokens() {
    let house = House::new().await;
    let body = json!({"email": "lee@example.com", "password": "correct horse battery"});
    let log_in = || Ask::post("/v1/sessions").json(&body);
    let token = house.send(log_in()).await.with(201)["access_token"].as_str().unwrap().to_owned();
    let sale = house.sale("Northern Lights");
    let join = || Ask::post(format!("/v1/sales/{sale}/queue-tokens"));
    let joined = house.send(join().by(&token)).await.with(201);
    let look = || Ask::get("/v1/queue-tokens/current").queue_token(joined["token"].as_str().unwrap());
    house.send(look()).await.with(200);

    house.send(Ask::post("/mock/reset")).await.with(200);
    house.send(Ask::get("/v1/wallet").by(&token)).await.problem(401, "access-token");
    house.send(look()).await.problem(403, "queue-token-forged");
    house.send(Ask::get("/v1/wallet").by(&house.token("lee"))).await.with(200);
    house.send(log_in()).await.with(201);
}

#[actix_web::test]
async fn a_call_lapses_in_one_jump_of_an_hour() {
    let house = House::new().await;
    let sale = house.sale("Northern Lights");
    let joined =
        house.send(Ask::post(format!("/v1/sales/{sale}/queue-tokens")).by(&house.token("lee"))).await.with(201);
    let token = joined["token"].as_str().unwrap();
    house.advance(2).await;
    let status =
        async || house.send(Ask::get("/v1/queue-tokens/current").queue_token(token)).await.with(200)["status"].clone();
    assert_eq!(status().await, "called");
    house.advance(3600).await;
    assert_eq!(status().await, "lapsed");
}

#[actix_web::test]
async fn a_reset_gives_the_first_world_again() {
    let house = House::new().await;
    let before = kims_hold(&house).await.1;
    house.advance(3600).await;
    let lee = house.token("lee");
    let hold = Ask::post(format!("/v1/performances/{}/reservations", house.performance("Small Hours")));
    let held = house.send(hold.by(&lee).key("a").json(&json!({"seats": ["A-1-1"]}))).await.with(201);
    assert_eq!(house.send(Ask::post("/mock/reset")).await.with(200)["ahead_seconds"], 0);
    assert_eq!(kims_hold(&house).await.1, before);
    let mine = format!("/v1/reservations/{}", held["id"].as_str().unwrap());
    house.send(Ask::get(&mine).by(&lee)).await.problem(404, "not-found");
    let wallet = house.send(Ask::get("/v1/wallet").by(&lee)).await.with(200);
    assert_eq!(wallet["balance"]["amount"], 1_000_000, "{wallet}");
    house.send(Ask::post("/mock/reset").json(&json!({"seed": 3}))).await.problem(422, "invalid-input");
}
