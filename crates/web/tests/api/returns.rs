//! Giving back some seats of a reservation.

use crate::ask::{Answer, Ask};
use crate::good::{hold, pay};
use crate::theatre::{PERFORMANCE, Theatre};
use serde_json::{Value, json};

const PRICE: i64 = 121_000;

fn won(amount: i64) -> Value {
    json!({"amount": amount, "currency": "KRW"})
}

fn cancellation(id: &str, who: &str, key: &str, seats: &Value) -> Ask {
    Ask::post(format!("/v1/reservations/{id}/cancellation")).by(who).key(key).json(&json!({ "seats": seats }))
}

async fn cancel(theatre: &Theatre, id: &str, who: &str, seats: &[&str]) -> Answer {
    theatre.send(&cancellation(id, who, &format!("cancel-{}", seats.join("-")), &json!(seats))).await
}

async fn see(theatre: &Theatre, who: &str, path: &str) -> Value {
    theatre.send(&Ask::get(path).by(who)).await.with(200)
}

async fn balance(theatre: &Theatre, who: &str) -> i64 {
    see(theatre, who, "/v1/wallet").await["balance"]["amount"].as_i64().unwrap()
}

async fn paid(theatre: &Theatre, who: &str, seats: &[&str]) -> String {
    let id = hold(theatre, who, seats).await;
    pay(theatre, who, &id).await;
    id
}

async fn available(theatre: &Theatre) -> Value {
    theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200)["available"].clone()
}

fn labels(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["seat"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn some_seats_come_back_and_the_others_are_kept() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let free = available(&theatre).await;
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2", "A-1-3"]).await;
    let now = cancel(&theatre, &id, &kim, &["A-1-3", "A-1-1"]).await.with(200);
    assert_eq!((&now["status"], &now["can_cancel"]), (&json!("confirmed"), &json!(true)));
    assert_eq!((&now["total"], &now["refunded"]), (&won(3 * PRICE), &won(2 * PRICE)));
    assert_eq!(labels(&now["line_items"]), ["A-1-1", "A-1-2", "A-1-3"]);
    let returned: Vec<_> = now["line_items"].as_array().unwrap().iter().map(|item| &item["returned"]).collect();
    assert_eq!(returned, [true, false, true]);
    assert_eq!((now.get("refunds"), now.get("user_id")), (None, None), "that is for operators");

    let path = format!("/v1/reservations/{id}");
    assert_eq!(see(&theatre, &kim, &path).await, now);
    assert_eq!(labels(&see(&theatre, &kim, &format!("{path}/tickets")).await["items"]), ["A-1-2"]);
    assert_eq!(balance(&theatre, &kim).await, 500_000 - PRICE);
    assert_eq!(available(&theatre).await, free.as_i64().unwrap() - 1);
    let entries = see(&theatre, &kim, "/v1/wallet/entries").await;
    let newest = &entries["items"][0];
    assert_eq!((&newest["kind"], &newest["amount"]), (&json!("refund"), &won(2 * PRICE)));
    assert_eq!(newest["reservation_id"], json!(id));

    let lee = theatre.customer("lee").await;
    hold(&theatre, &lee, &["A-1-1"]).await;
    let ended = cancel(&theatre, &id, &kim, &["A-1-2"]).await.with(200);
    assert_eq!((&ended["status"], &ended["refunded"]), (&json!("cancelled"), &won(3 * PRICE)));
    assert_eq!(balance(&theatre, &kim).await, 500_000);
    theatre.verify().await;
}

#[actix_web::test]
async fn without_seats_what_is_left_comes_back() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2"]).await;
    cancel(&theatre, &id, &kim, &["A-1-1"]).await.with(200);
    let rest = Ask::post(format!("/v1/reservations/{id}/cancellation")).by(&kim).key("rest");
    let ended = theatre.send(&rest).await.with(200);
    assert_eq!((&ended["status"], &ended["refunded"]), (&json!("cancelled"), &won(2 * PRICE)));
    // An empty object is no body.
    assert_eq!(theatre.send(&rest.json(&json!({}))).await.with(200), ended);
    assert_eq!(balance(&theatre, &kim).await, 500_000);
    cancel(&theatre, &id, &kim, &["A-1-2"]).await.problem(409, "reservation-ended");
    theatre.verify().await;
}

#[actix_web::test]
async fn every_flaw_of_the_seats_is_named_and_nothing_is_done() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer_with("kim", 500_000).await, theatre.customer_with("lee", 500_000).await);
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2"]).await;
    paid(&theatre, &lee, &["A-1-3"]).await;
    let before = see(&theatre, &kim, &format!("/v1/reservations/{id}")).await;
    let flaws: [(Value, &[&str]); 9] = [
        (json!(["A-1-3"]), &["/seats/0"]),
        (json!(["A-1-1", "A-1-1", "Z-1-1"]), &["/seats/1", "/seats/2"]),
        (json!(["A-1-1", "seat 2", "A-1-02"]), &["/seats/1", "/seats/2"]),
        (json!([]), &["/seats"]),
        (json!(vec!["A-1-1"; 51]), &["/seats"]),
        (Value::Null, &["/seats"]),
        (json!("A-1-1"), &["/seats"]),
        (json!([1]), &["/seats/0"]),
        (json!([{"label": "A-1-1"}]), &["/seats/0"]),
    ];
    for (seats, pointers) in flaws {
        let owner = cancellation(&id, &kim, "tap", &seats);
        let refund = Ask::post(format!("/v1/reservations/{id}/refund")).by(&theatre.operator).key("tap");
        for ask in [owner, refund.json(&json!({ "seats": seats }))] {
            let refused = theatre.send(&ask).await;
            refused.problem(422, "invalid-input");
            assert_eq!(refused.pointers(), pointers, "{seats}");
        }
    }
    let unknown = cancel(&theatre, &id, &kim, &["A-1-3"]).await.problem(422, "invalid-input");
    assert_eq!(unknown["errors"][0]["detail"], "one of A-1-1, A-1-2");
    assert_eq!(see(&theatre, &kim, &format!("/v1/reservations/{id}")).await, before);
    cancel(&theatre, &id, &lee, &["A-1-1"]).await.problem(404, "not-found");
    theatre.verify().await;
}

#[actix_web::test]
async fn who_gives_a_seat_back_twice_is_told_what_is_left() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let held = hold(&theatre, &kim, &["A-1-7"]).await;
    cancel(&theatre, &held, &kim, &["A-1-7"]).await.problem(409, "not-paid");
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2", "A-1-3"]).await;
    cancel(&theatre, &id, &kim, &["A-1-2"]).await.with(200);
    let again = cancel(&theatre, &id, &kim, &["A-1-1", "A-1-2"]).await.problem(409, "seats-returned");
    assert_eq!((&again["seats"], &again["left"]), (&json!(["A-1-2"]), &json!(["A-1-1", "A-1-3"])));
    assert_eq!(balance(&theatre, &kim).await, 500_000 - 2 * PRICE);
    theatre.verify().await;
}

#[actix_web::test]
async fn a_key_stands_for_its_seats() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2"]).await;
    let first = cancellation(&id, &kim, "tap", &json!(["A-1-1"]));
    let told = theatre.send(&first).await.with(200);
    assert_eq!(theatre.send(&first).await.with(200), told);
    let whole = Ask::post(format!("/v1/reservations/{id}/cancellation")).by(&kim).key("tap");
    for other in [cancellation(&id, &kim, "tap", &json!(["A-1-2"])), whole] {
        theatre.send(&other).await.problem(422, "idempotency-key-reused");
    }
    assert_eq!(balance(&theatre, &kim).await, 500_000 - PRICE);
    theatre.verify().await;
}

#[actix_web::test]
async fn an_operator_refunds_some_seats_at_any_time_and_sees_why() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2", "A-1-3"]).await;
    cancel(&theatre, &id, &kim, &["A-1-3"]).await.with(200);
    let refund = |key: &str, body: Value| {
        Ask::post(format!("/v1/reservations/{id}/refund")).by(&theatre.operator).key(key).json(&body)
    };
    let pillar = json!({"reason": "A pillar is in the way.", "seats": ["A-1-1"]});
    let now = theatre.send(&refund("one", pillar.clone())).await.with(200);
    assert_eq!((&now["status"], now.get("refund_reason")), (&json!("confirmed"), None));
    let first = json!({"seats": ["A-1-3"], "amount": won(PRICE)});
    let second = json!({"seats": ["A-1-1"], "amount": won(PRICE), "reason": "A pillar is in the way."});
    assert_eq!(now["refunds"], json!([first, second]));
    assert_eq!(theatre.send(&refund("one", pillar)).await.with(200), now);
    for other in [json!({"reason": "A pillar is in the way."}), json!({"seats": ["A-1-1"]}), json!({})] {
        theatre.send(&refund("one", other)).await.problem(422, "idempotency-key-reused");
    }
    let ended = theatre.send(&refund("rest", json!({"reason": "It rains."}))).await.with(200);
    let third = json!({"seats": ["A-1-2"], "amount": won(PRICE), "reason": "It rains."});
    assert_eq!((&ended["status"], &ended["refund_reason"]), (&json!("refunded"), &json!("It rains.")));
    assert_eq!(ended["refunds"], json!([first, second, third]));
    assert_eq!(theatre.operate(Ask::get(format!("/v1/reservations/{id}"))).await.with(200), ended);
    assert_eq!(see(&theatre, &kim, &format!("/v1/reservations/{id}")).await.get("refunds"), None);
    assert_eq!(balance(&theatre, &kim).await, 500_000);
    theatre.verify().await;
}

#[actix_web::test]
async fn returned_seats_no_longer_count_against_the_limit() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2", "A-1-3", "A-1-4"]).await;
    let more = |seats: &[&str]| {
        let key = format!("hold-{}", seats.join("-"));
        let ask = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(&kim).key(&key);
        ask.json(&json!({ "seats": seats }))
    };
    theatre.send(&more(&["A-1-5"])).await.problem(409, "limit-reached");
    cancel(&theatre, &id, &kim, &["A-1-1"]).await.with(200);
    let refused = theatre.send(&more(&["A-1-5", "A-1-6"])).await.problem(409, "limit-reached");
    assert_eq!((&refused["used"], &refused["asked"]), (&json!(3), &json!(2)));
    theatre.send(&more(&["A-1-5"])).await.with(201);
    theatre.verify().await;
}

#[actix_web::test]
async fn a_cancelled_performance_gives_back_what_is_left() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let id = paid(&theatre, &kim, &["A-1-1", "A-1-2", "A-1-3"]).await;
    cancel(&theatre, &id, &kim, &["A-1-2"]).await.with(200);
    theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/cancellation"))).await.with(200);
    // Its owner need not wait, and may still do it seat by seat.
    cancel(&theatre, &id, &kim, &["A-1-1"]).await.with(200);
    assert_eq!(theatre.use_cases.return_money.run().await.unwrap().given_back, 1);
    let shown = see(&theatre, &kim, &format!("/v1/reservations/{id}")).await;
    assert_eq!((&shown["status"], &shown["refunded"]), (&json!("refunded"), &won(3 * PRICE)));
    assert_eq!(balance(&theatre, &kim).await, 500_000);
    theatre.verify().await;
}
