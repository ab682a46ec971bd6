//! Holding, paying, giving up and giving back.

use crate::ask::{Answer, Ask};
use crate::good::{another_sale, hold, pay};
use crate::theatre::{NOTHING, PERFORMANCE, SALE, Theatre, sale_example};
use frontrow_domain::TAKEOVER_GRACE;
use serde_json::{Value, json};
use std::time::Duration;

const HOLD: Duration = Duration::from_mins(5);
const DAY: Duration = Duration::from_hours(24);

fn at(id: &str, path: &str) -> String {
    format!("/v1/reservations/{id}{path}")
}

async fn try_hold(theatre: &Theatre, who: &str, body: &Value) -> Answer {
    let path = format!("/v1/performances/{PERFORMANCE}/reservations");
    theatre.send(&Ask::post(path).by(who).key("tap").json(body)).await
}

async fn try_pay(theatre: &Theatre, who: &str, id: &str, key: &str) -> Answer {
    theatre.send(&Ask::post(at(id, "/payment")).by(who).key(key).json(&json!({"method": "points"}))).await
}

async fn see(theatre: &Theatre, who: &str, path: &str) -> Value {
    theatre.send(&Ask::get(path).by(who)).await.with(200)
}

async fn balance(theatre: &Theatre, who: &str) -> i64 {
    see(theatre, who, "/v1/wallet").await["balance"]["amount"].as_i64().unwrap()
}

/// Access tokens end when the clock moves.
async fn back(theatre: &Theatre, name: &str) -> String {
    theatre.log_in(&format!("{name}@example.com")).await["access_token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_seat_is_held_paid_and_printed() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let answer =
        try_hold(&theatre, &kim, &json!({"seats": ["A-1-3", {"label": "A-1-4", "price_type": "child"}]})).await;
    let held = answer.with(201);
    let id = held["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), Some(at(id, "").as_str()));
    assert_eq!((&held["status"], &held["sale_id"]), (&json!("held"), &json!(SALE)));
    assert_eq!(held["held_until"], "2027-01-02T00:05:00Z");
    assert_eq!(held["pay_until"], "2027-05-01T09:30:00Z");
    assert_eq!((&held["cancel_until"], &held["can_cancel"]), (&json!("2027-04-24T00:00:00Z"), &json!(false)));
    let won = |amount| json!({"amount": amount, "currency": "KRW"});
    assert_eq!((&held["total"], &held["refunded"]), (&won(182_000), &won(0)));
    let child = json!({"seat": "A-1-4", "tier": "R", "price_type": "child", "list_price": won(120_000),
        "discount": won(60_000), "fee": won(1_000), "tax": won(5_545), "price": won(61_000), "returned": false});
    assert_eq!(held["line_items"][1], child);
    assert_eq!(see(&theatre, &kim, &at(id, "")).await, held);

    let paid = pay(&theatre, &kim, id).await;
    assert_eq!(
        (&paid["reservation"]["status"], &paid["reservation"]["can_cancel"]),
        (&json!("confirmed"), &json!(true))
    );
    assert_eq!(see(&theatre, &kim, &at(id, "/tickets")).await["items"], paid["tickets"]);
    let seats: Vec<_> = paid["tickets"].as_array().unwrap().iter().map(|ticket| &ticket["seat"]).collect();
    assert_eq!(seats, ["A-1-3", "A-1-4"]);
    assert_eq!(balance(&theatre, &kim).await, 318_000);
    theatre.verify().await;
}

#[actix_web::test]
async fn the_seats_in_the_way_are_named_and_no_other_is_held() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    hold(&theatre, &kim, &["A-1-3", "A-1-4"]).await;
    let problem = try_hold(&theatre, &lee, &json!({"seats": ["A-1-3", "A-1-5"]})).await.problem(409, "seats-taken");
    assert_eq!((&problem["seats"], &problem["yours"]), (&json!(["A-1-3"]), &json!([])));
    assert_eq!(problem["alternatives"], json!([["A-1-5", "A-1-6"], ["A-1-7", "A-1-8"], ["A-1-9", "A-1-10"]]));
    let problem = try_hold(&theatre, &kim, &json!({"seats": ["A-1-4", "A-1-5"]})).await.problem(409, "seats-taken");
    assert_eq!((&problem["seats"], &problem["yours"]), (&json!(["A-1-4"]), &json!(["A-1-4"])));
    hold(&theatre, &lee, &["A-1-5"]).await;
}

#[actix_web::test]
async fn every_flaw_of_a_choice_of_seats_is_named() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let flaws: [(Value, &[&str]); 4] = [
        (
            json!(["A-1-1", "seat 7", "A-1-01", {"label": "A-1-2", "price_type": "longer than sixteen"}]),
            &["/seats/1", "/seats/2", "/seats/3/price_type"],
        ),
        (
            json!(["A-1-1", "A-1-1", "Z-1-1", {"label": "A-1-2", "price_type": "senior"}]),
            &["/seats/1", "/seats/2", "/seats/3/price_type"],
        ),
        (json!([]), &["/seats"]),
        (json!(vec!["A-1-1"; 51]), &["/seats"]),
    ];
    for (seats, pointers) in flaws {
        let answer = try_hold(&theatre, &kim, &json!({ "seats": seats })).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.pointers(), pointers);
    }
}

#[actix_web::test]
async fn nobody_has_more_seats_than_the_sale_allows() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    hold(&theatre, &kim, &["A-1-1", "A-1-2", "A-1-3"]).await;
    let problem = try_hold(&theatre, &kim, &json!({"seats": ["A-1-4", "A-1-5"]})).await.problem(409, "limit-reached");
    assert_eq!((&problem["limit"], &problem["used"], &problem["asked"]), (&json!(4), &json!(3), &json!(2)));
}

#[actix_web::test]
async fn a_hold_needs_an_open_sale() {
    let theatre = Theatre::on_sale().await;
    theatre.customer("kim").await;
    let seats = json!({"seats": ["A-1-1"]});
    theatre.clock.advance(119 * DAY + Duration::from_hours(9));
    let kim = back(&theatre, "kim").await;
    let closed = try_hold(&theatre, &kim, &seats).await.problem(409, "sale-closed");
    assert_eq!(closed["closed"], "2027-05-01T09:00:00Z");
    theatre.clock.advance(Duration::from_hours(1));
    theatre.clock.set(theatre_opens() - Duration::from_secs(1));
    let kim = back(&theatre, "kim").await;
    let early = try_hold(&theatre, &kim, &seats).await.problem(409, "sale-not-open");
    assert_eq!(early["opens"], "2027-01-01T00:00:00Z");
}

/// 2027-01-01T00:00:00Z.
fn theatre_opens() -> frontrow_domain::Instant {
    frontrow_domain::Instant::from_micros(1_798_761_600_000_000)
}

#[actix_web::test]
async fn a_hold_names_its_sale_where_several_are_open() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let other = another_sale(&theatre).await;
    let seats = json!({"seats": ["A-1-1"]});
    let in_sale = |id: &str| json!({"seats": ["A-1-1"], "sale_id": id});
    try_hold(&theatre, &kim, &in_sale(&other)).await.problem(404, "not-found");
    theatre.operate(Ask::post(format!("/v1/sales/{other}/publication"))).await.with(200);
    try_hold(&theatre, &kim, &seats).await.problem(409, "several-open-sales");
    assert_eq!(try_hold(&theatre, &kim, &in_sale(&other)).await.with(201)["sale_id"], json!(other));
    let lee = theatre.customer("lee").await;
    theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/postponement"))).await.with(200);
    try_hold(&theatre, &lee, &in_sale(SALE)).await.problem(409, "not-bookable");
    theatre.clock.set(theatre_opens() - Duration::from_secs(1));
    let lee = back(&theatre, "lee").await;
    try_hold(&theatre, &lee, &seats).await.problem(409, "no-open-sale");
}

#[actix_web::test]
async fn what_is_given_up_can_be_had_by_others() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let id = hold(&theatre, &kim, &["A-1-3"]).await;
    for _ in 0..2 {
        theatre.send(&Ask::delete(at(&id, "")).by(&kim)).await.with(204);
    }
    assert_eq!(see(&theatre, &kim, &at(&id, "")).await["status"], "released");
    hold(&theatre, &lee, &["A-1-3"]).await;
    assert_eq!(try_pay(&theatre, &kim, &id, "pay").await.problem(409, "reservation-ended")["state"], "released");
}

#[actix_web::test]
async fn a_hold_that_has_lapsed_is_paid_late_only_while_nobody_has_its_seats() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let lee = theatre.customer("lee").await;
    let (first, second) = (hold(&theatre, &kim, &["A-1-3"]).await, hold(&theatre, &kim, &["A-1-4"]).await);
    theatre.clock.advance(HOLD);
    assert_eq!(see(&theatre, &kim, &at(&first, "")).await["status"], "expired");
    pay(&theatre, &kim, &first).await;
    theatre.clock.advance(TAKEOVER_GRACE);
    hold(&theatre, &lee, &["A-1-4"]).await;
    let problem = try_pay(&theatre, &kim, &second, "late").await.problem(409, "hold-lapsed");
    assert_eq!(problem["held_until"], "2027-01-02T00:05:00Z");
    assert_eq!(balance(&theatre, &kim).await, 379_000);
    theatre.verify().await;
}

#[actix_web::test]
async fn paying_takes_enough_points_and_happens_once() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let id = hold(&theatre, &kim, &["A-1-3"]).await;
    let problem = try_pay(&theatre, &kim, &id, "pay").await.problem(409, "balance-too-low");
    assert_eq!((&problem["balance"], &problem["amount"]), (&json!(0), &json!(121_000)));
    let charge = json!({"amount": 200_000, "payment_token": "tok_accept"});
    theatre.send(&Ask::post("/v1/wallet/charges").by(&kim).key("charge").json(&charge)).await.with(201);
    let paid = try_pay(&theatre, &kim, &id, "pay").await.with(201);
    assert_eq!(try_pay(&theatre, &kim, &id, "pay").await.with(201), paid);
    try_pay(&theatre, &kim, &id, "other").await.problem(409, "already-paid");
    theatre.send(&Ask::delete(at(&id, "")).by(&kim)).await.problem(409, "already-paid");
    assert_eq!(balance(&theatre, &kim).await, 79_000);
    theatre.verify().await;
}

#[actix_web::test]
async fn what_is_cancelled_comes_back_until_the_deadline_and_what_is_refunded_at_any_time() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let (first, second) = (hold(&theatre, &kim, &["A-1-3"]).await, hold(&theatre, &kim, &["A-1-4"]).await);
    let cancel = async |who: &str, id: &str| {
        theatre.send(&Ask::post(at(id, "/cancellation")).by(who).key(&format!("cancel-{id}"))).await
    };
    cancel(&kim, &first).await.problem(409, "not-paid");
    pay(&theatre, &kim, &first).await;
    pay(&theatre, &kim, &second).await;
    assert_eq!(cancel(&kim, &first).await.with(200)["status"], "cancelled");
    assert_eq!(balance(&theatre, &kim).await, 379_000);
    assert_eq!(see(&theatre, &kim, &at(&first, "/tickets")).await["items"], json!([]));
    theatre.clock.advance(112 * DAY);
    let kim = back(&theatre, "kim").await;
    let late = cancel(&kim, &second).await.problem(409, "too-late-to-cancel");
    assert_eq!(late["cancel_until"], "2027-04-24T00:00:00Z");
    let operator = back(&theatre, "operator").await;
    let refund = |id: &str| Ask::post(at(id, "/refund")).by(&operator).key("refund");
    for _ in 0..2 {
        assert_eq!(theatre.send(&refund(&second)).await.with(200)["status"], "refunded");
    }
    assert_eq!(balance(&theatre, &kim).await, 500_000);
    theatre.send(&refund(NOTHING)).await.problem(404, "not-found");
    theatre.verify().await;
}

#[actix_web::test]
async fn a_refund_keeps_its_reason_for_operators() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 1_000_000).await;
    let id = hold(&theatre, &kim, &["A-1-1", "A-1-2"]).await;
    pay(&theatre, &kim, &id).await;
    let refund = Ask::post(at(&id, "/refund")).by(&theatre.operator).key("refund");
    let paid = theatre.send(&Ask::get(at(&id, "")).by(&kim)).await.with(200);
    for (body, pointer) in [
        (json!({"amount": 1000}), "/amount"),
        (json!({"reason": "The artist is ill.", "seat": "A-1-1"}), "/seat"),
        (json!({"reason": ""}), "/reason"),
        (json!({"reason": "  "}), "/reason"),
        (json!({"reason": "two\nlines"}), "/reason"),
        (json!({"reason": "x".repeat(201)}), "/reason"),
        (json!({"reason": 17}), "/reason"),
    ] {
        let refused = theatre.send(&refund.clone().json(&body)).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
    assert_eq!(theatre.send(&Ask::get(at(&id, "")).by(&kim)).await.with(200), paid, "nothing was done");
    let because = |reason: &str| refund.clone().json(&json!({ "reason": reason }));
    let refunded = theatre.send(&because(" The artist is ill. ")).await.with(200);
    assert_eq!((&refunded["status"], &refunded["refund_reason"]), (&json!("refunded"), &json!("The artist is ill.")));
    for repeated in [because("The artist is ill."), because(" The artist is ill. ")] {
        assert_eq!(theatre.send(&repeated).await.with(200), refunded);
    }
    for other in [because("It rains."), refund.clone(), refund.clone().json(&json!({}))] {
        theatre.send(&other).await.problem(422, "idempotency-key-reused");
    }
    let shown = theatre.send(&Ask::get(at(&id, "")).by(&theatre.operator)).await.with(200);
    assert_eq!(shown, refunded, "an operator is shown anybody's");
    let own = theatre.send(&Ask::get(at(&id, "")).by(&kim)).await.with(200);
    assert_eq!((&own["status"], own.get("refund_reason")), (&json!("refunded"), None), "the reason is not the owner's");
    let lee = theatre.customer("lee").await;
    let lees = hold(&theatre, &lee, &["A-1-5"]).await;
    let lees = theatre.send(&Ask::get(at(&lees, "")).by(&theatre.operator)).await.with(200);
    assert!(shown["user_id"].is_string() && lees["user_id"].is_string(), "an operator is told whose it is: {shown}");
    assert_ne!(shown["user_id"], lees["user_id"]);
    assert_eq!(own.get("user_id"), None);
    theatre.send(&Ask::get(at(&id, "")).by(&lee)).await.problem(404, "not-found");
    theatre.send(&Ask::get(at(NOTHING, "")).by(&theatre.operator)).await.problem(404, "not-found");
    theatre.verify().await;
}

#[actix_web::test]
async fn what_belongs_to_somebody_else_is_not_found() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer_with("lee", 500_000).await);
    let id = hold(&theatre, &kim, &["A-1-3"]).await;
    theatre.send(&Ask::get(at(&id, "")).by(&lee)).await.problem(404, "not-found");
    for other in [&lee, &theatre.operator] {
        for ask in [
            Ask::get(at(&id, "/tickets")),
            Ask::delete(at(&id, "")),
            Ask::post(at(&id, "/cancellation")).key("x"),
            Ask::post(at(&id, "/payment")).key("x").json(&json!({"method": "points"})),
        ] {
            theatre.send(&ask.by(other)).await.problem(404, "not-found");
        }
        assert_eq!(see(&theatre, other, "/v1/reservations").await["items"], json!([]));
    }
    assert_eq!(see(&theatre, &kim, &at(&id, "")).await["status"], "held");
}

#[actix_web::test]
async fn ones_own_reservations_are_listed_the_newest_first() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let mut ids = Vec::new();
    for seat in ["A-1-1", "A-1-2", "A-1-3"] {
        ids.insert(0, hold(&theatre, &kim, &[seat]).await);
    }
    let first = see(&theatre, &kim, "/v1/reservations?limit=2").await;
    let rest = format!("/v1/reservations?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = see(&theatre, &kim, &rest).await;
    let pages = first["items"].as_array().unwrap().iter().chain(rest["items"].as_array().unwrap());
    assert_eq!(pages.map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    assert_eq!(rest["next_cursor"], Value::Null);
}

/// Puts the sale with these deadlines, and sees after a second what the reservation says of them.
async fn with_deadlines(theatre: &Theatre, id: &str, pay_until: &str, cancel_until: &str) -> (Value, Value, Value) {
    let mut sale = sale_example();
    sale["pay_until"] = json!(pay_until);
    sale["cancel_until"] = json!(cancel_until);
    theatre.replace(&format!("/v1/sales/{SALE}"), &sale).await.with(200);
    let kim = back(theatre, "kim").await;
    let shown = see(theatre, &kim, &at(id, "")).await;
    (shown["pay_until"].clone(), shown["cancel_until"].clone(), shown["can_cancel"].clone())
}

#[actix_web::test]
async fn what_was_promised_is_kept_and_what_is_extended_is_for_everybody() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let id = hold(&theatre, &kim, &["A-1-1"]).await;
    pay(&theatre, &kim, &id).await;
    let promised = (json!("2027-05-01T09:30:00Z"), json!("2027-04-24T00:00:00Z"), json!(true));
    let shorter = with_deadlines(&theatre, &id, "2027-05-01T09:00:00Z", "2027-01-01T00:00:00Z").await;
    assert_eq!(shorter, promised);
    let sale = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200)["sales"][0].clone();
    let said = (&sale["pay_until"], &sale["cancel_until"]);
    assert_eq!(said, (&json!("2027-05-01T09:00:00Z"), &json!("2027-01-01T00:00:00Z")));
    // Whoever holds from then on is promised less.
    let lee = theatre.customer_with("lee", 500_000).await;
    let late = hold(&theatre, &lee, &["A-1-2"]).await;
    assert_eq!(pay(&theatre, &lee, &late).await["reservation"]["can_cancel"], false);
    let refused = theatre.send(&Ask::post(at(&late, "/cancellation")).by(&lee).key("late")).await;
    assert_eq!(refused.problem(409, "too-late-to-cancel")["cancel_until"], "2027-01-01T00:00:00Z");
    // Extended, but not beyond the beginning.
    let longer = with_deadlines(&theatre, &id, "2027-06-01T00:00:00Z", "2027-06-01T00:00:00Z").await;
    assert_eq!(longer, (json!("2027-05-01T10:00:00Z"), json!("2027-05-01T10:00:00Z"), json!(true)));
    assert_eq!(see(&theatre, &lee, &at(&late, "")).await["can_cancel"], true);
    with_deadlines(&theatre, &id, "2027-05-01T09:00:00Z", "2027-01-01T00:00:00Z").await;
    let kim = back(&theatre, "kim").await;
    theatre.send(&Ask::post(at(&id, "/cancellation")).by(&kim).key("back")).await.with(200);
    theatre.verify().await;
}
