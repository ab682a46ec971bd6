//! Seats that are not sold, and seats that cost nothing.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use crate::good::pay;
use crate::theatre::{OTHER_SALE, Theatre, VENUE, sale_example};
use serde_json::{Value, json};

const HALL: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e15";

/// One more performance: seat `A-1-10` is blocked, children and people who stand pay nothing.
async fn hall() -> Theatre {
    let theatre = Theatre::on_sale().await;
    let description = Description::new();
    let example = |path: &str| description.operation("put", path).body_example();
    let mut map = example("/v1/venues/{id}/seat-maps/{version}");
    map["sections"][0]["rows"][0]["blocked"] = json!([10]);
    let mut performance = example("/v1/performances/{id}");
    performance["seat_map_version"] = json!(2);
    performance["prices"]["tiers"][1]["list_price"] = json!(0);
    performance["prices"]["types"][1]["discount_percent"] = json!(100);
    let mut sale = sale_example();
    sale["performances"] = json!([HALL]);
    for (path, body) in [
        (format!("/v1/venues/{VENUE}/seat-maps/2"), map),
        (format!("/v1/performances/{HALL}"), performance),
        (format!("/v1/sales/{OTHER_SALE}"), sale),
    ] {
        theatre.operate(Ask::put(path).json(&body)).await.with(201);
    }
    for path in [format!("/v1/performances/{HALL}/publication"), format!("/v1/sales/{OTHER_SALE}/publication")] {
        theatre.operate(Ask::post(path)).await.with(200);
    }
    theatre
}

async fn hold(theatre: &Theatre, who: &str, seats: Value) -> Answer {
    let ask = Ask::post(format!("/v1/performances/{HALL}/reservations")).by(who).key("tap");
    theatre.send(&ask.json(&json!({ "seats": seats }))).await
}

#[actix_web::test]
async fn a_blocked_seat_is_there_but_can_not_be_had() {
    let theatre = hall().await;
    let kim = theatre.customer("kim").await;
    let problem = hold(&theatre, &kim, json!(["A-1-9", "A-1-10"])).await.problem(409, "seats-taken");
    assert_eq!(problem["seats"], json!(["A-1-10"]));
    assert!(problem["detail"].as_str().unwrap().contains("A-1-10"), "{problem}");
    let performance = theatre.get(format!("/v1/performances/{HALL}")).await.with(200);
    assert_eq!((&performance["seat_count"], &performance["available"]), (&json!(110), &json!(109)));
    let taken = theatre.get(format!("/v1/performances/{HALL}/seats?status=taken")).await.with(200);
    assert_eq!((taken["items"][0]["label"].as_str(), &taken["items"][1]), (Some("A-1-10"), &Value::Null));
    hold(&theatre, &kim, json!(["A-1-9"])).await.with(201);
    theatre.verify().await;
}

#[actix_web::test]
async fn what_costs_nothing_is_paid_with_nothing_and_has_a_ticket() {
    let theatre = hall().await;
    let kim = theatre.customer("kim").await;
    let seats = json!([{"label": "A-1-1", "price_type": "child"}, "FLOOR-7"]);
    let held = hold(&theatre, &kim, seats).await.with(201);
    let nothing = json!({"amount": 0, "currency": "KRW"});
    assert_eq!(held["total"], nothing);
    for queue in held["line_items"].as_array().unwrap() {
        assert_eq!((&queue["price"], &queue["fee"], &queue["tax"]), (&nothing, &nothing, &nothing));
    }
    let paid = pay(&theatre, &kim, held["id"].as_str().unwrap()).await;
    assert_eq!(paid["reservation"]["status"], "confirmed");
    let seats: Vec<&Value> = paid["tickets"].as_array().unwrap().iter().map(|ticket| &ticket["seat"]).collect();
    assert_eq!(seats, ["A-1-1", "FLOOR-7"]);
    theatre.verify().await;
}
