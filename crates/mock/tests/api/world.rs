//! The first world: the same for the same seed, with something of every kind, and real.

use crate::house::{Ask, House};
use frontrow_mock::MockSettings;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn seeded(seed: u64) -> House {
    House::of(MockSettings { seed, ..MockSettings::default() }).await
}

/// What pages see of it.
async fn seen(house: &House) -> Vec<Value> {
    let mut seen = vec![house.get("/mock/world").await.with(200), house.get("/v1/concerts").await.with(200)];
    for concert in house.stage.playbill().json()["concerts"].as_array().unwrap() {
        let id = concert["id"].as_str().unwrap();
        seen.push(house.get(&format!("/v1/concerts/{id}/performances")).await.with(200));
        for performance in concert["performances"].as_array().unwrap() {
            let path = format!("/v1/performances/{}", performance.as_str().unwrap());
            seen.push(house.get(&format!("{path}/prices")).await.with(200));
            seen.push(house.get(&format!("{path}/seat-map/1")).await.with(200));
        }
    }
    let kim = house.token("kim");
    seen.push(house.send(Ask::get("/v1/reservations").by(&kim)).await.with(200));
    seen.push(house.send(Ask::get("/v1/wallet").by(&kim)).await.with(200));
    seen
}

#[actix_web::test]
async fn a_seed_gives_the_same_world_every_time() {
    let (one, again, other) = (seeded(7).await, seeded(7).await, seeded(8).await);
    assert_eq!(seen(&one).await, seen(&again).await);
    assert_eq!(one.stage.playbill().to_string(), again.stage.playbill().to_string());
    let tokens = |house: &House| ["operator", "kim"].map(|name| house.token(name));
    assert_ne!(tokens(&one), tokens(&other));
    assert_ne!(one.sale("Small Hours"), other.sale("Small Hours"));
}

#[actix_web::test]
async fn there_is_a_performance_of_every_kind() {
    let house = House::new().await;
    for (title, status) in [
        ("Small Hours", "on_sale"),
        ("Open Air", "on_sale"),
        ("Northern Lights", "on_sale"),
        ("First Light", "upcoming"),
        ("Last Dance", "sold_out"),
        ("Stormy Weather", "cancelled"),
    ] {
        let performance = house.get(&format!("/v1/performances/{}", house.performance(title))).await.with(200);
        assert_eq!(performance["status"], status, "{title}");
    }
}

#[actix_web::test]
async fn everybody_can_log_in_and_their_printed_tokens_are_good() {
    let house = House::new().await;
    for name in ["operator", "kim", "lee", "park"] {
        let person = house.person(name);
        let body = json!({"email": person["email"], "password": person["password"]});
        house.send(Ask::post("/v1/sessions").json(&body)).await.with(201);
        let wallet = house.send(Ask::get("/v1/wallet").by(&house.token(name))).await.with(200);
        assert_eq!(wallet["balance"]["amount"], person["points"], "{name}: {wallet}");
    }
}

#[actix_web::test]
async fn kim_has_a_reservation_in_every_state() {
    let house = House::new().await;
    let kim = house.token("kim");
    let mine = house.send(Ask::get("/v1/reservations").by(&kim)).await.with(200);
    let states: BTreeSet<&str> =
        mine["items"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["cancelled", "confirmed", "expired", "held", "refunded", "released"].into());
    let ids = |list: &Value| {
        let ids = list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        ids.collect::<BTreeSet<String>>()
    };
    assert_eq!(ids(&mine["items"]), ids(&house.stage.playbill().json()["reservations"]));
}

#[actix_web::test]
async fn a_seat_is_really_booked() {
    let house = House::new().await;
    let (lee, performance) = (house.token("lee"), house.performance("Small Hours"));
    let path = format!("/v1/performances/{performance}");
    let hold = || Ask::post(format!("{path}/reservations")).by(&lee).json(&json!({"seats": ["A-3-5"]}));
    let held = house.send(hold().key("a")).await.with(201);
    house.send(hold().key("b")).await.problem(409, "seats-taken");
    let pay = format!("/v1/reservations/{}/payment", held["id"].as_str().unwrap());
    let paid = house.send(Ask::post(&pay).by(&lee).key("c").json(&json!({"method": "points"}))).await.with(201);
    assert_eq!(paid["tickets"].as_array().unwrap().len(), 1);
    let park = house.token("park");
    let ask = Ask::post(format!("{path}/reservations")).by(&park).key("d").json(&json!({"seats": ["A-3-6"]}));
    let held = house.send(ask).await.with(201);
    let pay = format!("/v1/reservations/{}/payment", held["id"].as_str().unwrap());
    house
        .send(Ask::post(&pay).by(&park).key("e").json(&json!({"method": "points"})))
        .await
        .problem(409, "balance-too-low");
}

#[actix_web::test]
async fn somebody_alone_in_the_queue_is_admitted() {
    let house = House::new().await;
    let (lee, sale) = (house.token("lee"), house.sale("Northern Lights"));
    let joined = house.send(Ask::post(format!("/v1/sales/{sale}/queue-tokens")).by(&lee).json(&json!({}))).await;
    let token = joined.with(201)["token"].as_str().unwrap().to_owned();
    let check_in = || Ask::post(format!("/v1/sales/{sale}/admission")).by(&lee).header("Frontrow-Queue-Token", &token);
    house.advance(1).await;
    house.send(check_in()).await.with(202);
    house.advance(1).await;
    let pass = house.send(check_in()).await.with(201)["pass"].as_str().unwrap().to_owned();
    let availability = format!("/v1/performances/{}/availability", house.performance("Northern Lights"));
    house.get(&availability).await.problem(403, "pass-missing");
    house.send(Ask::get(&availability).by(&lee).header("Frontrow-Pass", &pass)).await.with(200);
}

#[actix_web::test]
async fn what_would_be_mailed_can_be_read_and_verifies_an_address() {
    let house = House::new().await;
    assert_eq!(house.get("/mock/mails").await.with(200), json!({"items": []}));
    let account = json!({"email": "new@example.com", "password": "correct horse battery", "name": "Ada"});
    house.send(Ask::post("/v1/users").json(&account)).await.with(201);
    house.advance(2).await;
    let mails = house.get("/mock/mails").await.with(200);
    assert_eq!((mails["items"].as_array().unwrap().len(), &mails["items"][0]["to"]), (1, &account["email"]), "{mails}");
    let mut lines = mails["items"][0]["text"].as_str().unwrap().lines().map(str::trim);
    let code = lines.find(|line| line.len() == 8 && line.parse::<u32>().is_ok()).unwrap();
    let log_in = json!({"email": account["email"], "password": account["password"]});
    let session = house.send(Ask::post("/v1/sessions").json(&log_in)).await.with(201);
    let verification = || Ask::put("/v1/users/me/email-verification").by(session["access_token"].as_str().unwrap());
    house.send(verification().json(&json!({"code": "x2345678"}))).await.problem(422, "invalid-input");
    house.send(verification().json(&json!({ "code": code }))).await.with(204);
}

#[actix_web::test]
async fn what_the_server_does_not_have_the_mock_does_not_have() {
    let house = House::new().await;
    for path in ["/v1/nothing", "/v1", "/mock", "/mock/nothing", "/nothing"] {
        house.get(path).await.problem(404, "not-found");
    }
    house.send(Ask::post("/v1/concerts")).await.problem(405, "method-not-allowed");
    let put = Ask::new(actix_web::http::Method::PUT, "/mock/clock");
    let refused = house.send(put).await;
    refused.problem(405, "method-not-allowed");
    assert_eq!(refused.header("Allow"), Some("GET, POST"));
    house.get("/openapi.json").await.with(200);
    assert_eq!(house.get("/docs/").await.status, 200);
}
