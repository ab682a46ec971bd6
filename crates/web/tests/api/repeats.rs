//! A request that is sent again with its key has happened once, and is answered as it was.

use crate::ask::{Answer, Ask, KEY};
use crate::description::Description;
use crate::good::{Good, hold};
use crate::seen::seen;
use crate::theatre::{PERFORMANCE, Theatre};
use serde_json::{Value, json};
use std::time::Duration;

fn told(answer: &Answer) -> (u16, Option<&str>, Value) {
    (answer.status, answer.header("Location"), answer.json())
}

#[actix_web::test]
async fn every_request_with_a_key_can_be_repeated() {
    let description = Description::new();
    let mut asked = 0;
    for operation in description.operations().into_iter().filter(crate::description::Operation::has_key) {
        let (theatre, good) = Good::new(&operation).await;
        let first = theatre.send(&good.ask).await;
        let after = seen(&theatre).await;
        // The client lost the first answer and tries until it gets one.
        for _ in 0..3 {
            theatre.clock.advance(Duration::from_secs(20));
            let again = theatre.send(&good.ask).await;
            assert_eq!(told(&again), told(&first), "{}", operation.name());
            assert_eq!(seen(&theatre).await, after, "{}", operation.name());
        }
        theatre.verify().await;
        asked += 1;
    }
    assert!(asked > 0, "no operation has a key");
}

#[actix_web::test]
async fn a_key_stands_for_one_request() {
    let description = Description::new();
    for operation in description.operations().into_iter().filter(|one| one.has_key() && one.body_schema().is_some()) {
        let (theatre, good) = Good::new(&operation).await;
        let other = match operation.path.as_str() {
            "/v1/wallet/charges" => json!({"amount": 1, "payment_token": "tok_accept"}),
            "/v1/performances/{id}/reservations" => json!({"seats": ["A-1-9"]}),
            path if path.ends_with("/cancellation") || path.ends_with("/refund") => json!({"seats": ["A-1-4"]}),
            _ => continue, // There is one way to pay.
        };
        theatre.send(&good.ask).await;
        let after = seen(&theatre).await;
        theatre.send(&good.ask.clone().json(&other)).await.problem(422, "idempotency-key-reused");
        assert_eq!(seen(&theatre).await, after);
    }
}

#[actix_web::test]
async fn a_key_stands_for_one_address() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 1_000_000).await;
    let (one, other) = (hold(&theatre, &kim, &["A-1-1"]).await, hold(&theatre, &kim, &["A-1-2"]).await);
    let pay = |id: &str| Ask::post(format!("/v1/reservations/{id}/payment")).by(&kim).key("tap");
    let pay = |id: &str| pay(id).json(&json!({"method": "points"}));
    theatre.send(&pay(&one)).await.with(201);
    theatre.send(&pay(&other)).await.problem(422, "idempotency-key-reused");
    let cancel = Ask::post(format!("/v1/reservations/{one}/cancellation")).by(&kim).key("tap");
    theatre.send(&cancel).await.problem(422, "idempotency-key-reused");
}

#[actix_web::test]
async fn two_people_may_choose_the_same_key() {
    let theatre = Theatre::on_sale().await;
    for (name, seat) in [("kim", "A-1-1"), ("lee", "A-1-2")] {
        let token = theatre.customer(name).await;
        let ask = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(&token).key("tap");
        let held = theatre.send(&ask.json(&json!({"seats": [seat]}))).await.with(201);
        assert_eq!(held["line_items"][0]["seat"], seat);
    }
}

#[actix_web::test]
async fn a_key_is_not_used_up_by_a_refusal() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let held = hold(&theatre, &lee, &["A-1-1"]).await;
    let ask = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(&kim).key("tap");
    let ask = ask.json(&json!({"seats": ["A-1-1"]}));
    theatre.send(&ask).await.problem(409, "seats-taken");
    theatre.send(&Ask::delete(format!("/v1/reservations/{held}")).by(&lee)).await.with(204);
    theatre.send(&ask).await.with(201);
}

#[actix_web::test]
async fn spaces_and_the_order_of_fields_make_no_other_request() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let ask = Ask::post("/v1/wallet/charges").by(&kim).key("~!@#$%^&*()_+");
    let first = theatre.send(&ask.clone().bytes(r#"{"amount":5,"payment_token":"tok_accept"}"#)).await;
    let again = theatre.send(&ask.bytes("{ \"payment_token\" : \"tok_accept\",\n\"amount\":5 }")).await;
    assert_eq!((first.status, told(&again)), (201, told(&first)));
}

#[actix_web::test]
async fn the_longest_key_will_do() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let charge = Ask::post("/v1/wallet/charges").by(&kim).json(&json!({"amount": 5, "payment_token": "tok_accept"}));
    theatre.send(&charge.clone().key(&"x".repeat(64))).await.with(201);
    let refused = theatre.send(&charge.key(&"x".repeat(65))).await;
    assert_eq!(refused.problem(400, "idempotency-key-missing")["errors"][0]["pointer"], format!("/headers/{KEY}"));
}
