//! What holds to the last microsecond, and no longer.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use crate::good::{hold, pay};
use crate::theatre::{CONCERT, PERFORMANCE, SALE, Theatre, sale_example};
use frontrow_application::port::Clock;
use frontrow_domain::{Instant, TAKEOVER_GRACE};
use serde_json::{Value, json};
use std::time::Duration;

const TICK: Duration = Duration::from_micros(1);

/// The instant, from an answer.
pub fn instant(text: &Value) -> Instant {
    let at: jiff::Timestamp = text.as_str().unwrap().parse().unwrap();
    Instant::from_micros(at.as_microsecond())
}

async fn reservation(theatre: &Theatre, who: &str, id: &str) -> Value {
    theatre.send(&Ask::get(format!("/v1/reservations/{id}")).by(who)).await.with(200)
}

async fn try_hold(theatre: &Theatre, who: &str, seat: &str) -> Answer {
    let ask = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(who).key(&format!("try-{seat}"));
    theatre.send(&ask.json(&json!({ "seats": [seat] }))).await
}

#[actix_web::test]
async fn a_hold_is_shown_as_expired_from_held_until() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let id = hold(&theatre, &kim, &["A-1-3"]).await;
    let held_until = instant(&reservation(&theatre, &kim, &id).await["held_until"]);
    assert_eq!(held_until, theatre.clock.now() + Duration::from_mins(5));
    for (at, status) in [(held_until - TICK, "held"), (held_until, "expired")] {
        theatre.clock.set(at);
        assert_eq!(reservation(&theatre, &kim, &id).await["status"], status);
        let listed = theatre.send(&Ask::get("/v1/reservations").by(&kim)).await.with(200);
        assert_eq!(listed["items"][0]["status"], status);
    }
}

#[actix_web::test]
async fn somebody_else_has_the_seat_after_the_grace_and_not_a_moment_before() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let id = hold(&theatre, &kim, &["A-1-3"]).await;
    let free = instant(&reservation(&theatre, &kim, &id).await["held_until"]) + TAKEOVER_GRACE;
    theatre.clock.set(free - TICK);
    let listed = async || {
        theatre.get(format!("/v1/performances/{PERFORMANCE}/seats?limit=3")).await.with(200)["items"][2].clone()
    };
    assert_eq!(listed().await["status"], "taken");
    try_hold(&theatre, &lee, "A-1-3").await.problem(409, "seats-taken");
    theatre.clock.set(free);
    assert_eq!(listed().await["status"], "available");
    try_hold(&theatre, &lee, "A-1-3").await.with(201);
    theatre.verify().await;
}

#[actix_web::test]
async fn a_sale_is_open_from_its_first_instant_to_before_its_last() {
    let theatre = Theatre::on_sale().await;
    theatre.customer("kim").await;
    let performance = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200);
    let sale = &performance["sales"][0];
    assert_eq!(sale["id"], SALE);
    let (opens, closes) = (instant(&sale["opens"]), instant(&sale["closes"]));
    // Long after the access token has ended, so everybody logs in again.
    let hold_at = async |at: Instant, seat: &str| {
        theatre.clock.set(at);
        let token = theatre.log_in("kim@example.com").await["access_token"].as_str().unwrap().to_owned();
        try_hold(&theatre, &token, seat).await
    };
    hold_at(opens - TICK, "A-1-1").await.problem(409, "sale-not-open");
    hold_at(opens, "A-1-2").await.with(201);
    hold_at(closes - TICK, "A-1-3").await.with(201);
    hold_at(closes, "A-1-4").await.problem(409, "sale-closed");
}

#[actix_web::test]
async fn nothing_is_paid_from_pay_until() {
    let theatre = Theatre::on_sale().await;
    theatre.customer_with("kim", 1_000_000).await;
    let again = async || theatre.log_in("kim@example.com").await["access_token"].as_str().unwrap().to_owned();
    let kim = again().await;
    let (one, other) = (hold(&theatre, &kim, &["A-1-1"]).await, hold(&theatre, &kim, &["A-1-2"]).await);
    let pay_until = instant(&reservation(&theatre, &kim, &one).await["pay_until"]);
    theatre.clock.set(pay_until - TICK);
    assert_eq!(pay(&theatre, &again().await, &one).await["reservation"]["status"], "confirmed");
    theatre.clock.set(pay_until);
    let ask = Ask::post(format!("/v1/reservations/{other}/payment")).by(&again().await).key("late");
    theatre.send(&ask.json(&json!({"method": "points"}))).await.problem(409, "hold-lapsed");
    theatre.verify().await;
}

/// The show begins in the middle of its sale.
const STARTS: &str = "2027-03-01T10:00:00Z";

/// What is said and done at that instant: the status, whether it is listed as bookable, and the answers to a hold, a hold
/// of the best seat, a late payment and a cancellation.
async fn at_the_show(sold_until: Option<&str>, at: Instant) -> (Value, bool, [u16; 4]) {
    let theatre = Theatre::on_sale().await;
    let mut show = Description::new().operation("put", "/v1/performances/{id}").body_example();
    (show["starts_at"], show["doors_at"]) = (json!(STARTS), Value::Null);
    if let Some(sold_until) = sold_until {
        show["sold_until"] = json!(sold_until);
    }
    theatre.replace(&format!("/v1/performances/{PERFORMANCE}"), &show).await.with(200);
    let kim = theatre.customer_with("kim", 1_000_000).await;
    let (held, paid) = (hold(&theatre, &kim, &["A-1-1"]).await, hold(&theatre, &kim, &["A-1-2"]).await);
    pay(&theatre, &kim, &paid).await;
    theatre.clock.set(at);
    let status = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200)["status"].clone();
    let listed = theatre.get(format!("/v1/concerts/{CONCERT}/performances?bookable=true")).await.with(200);
    // Long after the access token has ended.
    let kim = theatre.log_in("kim@example.com").await["access_token"].as_str().unwrap().to_owned();
    let best = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations"))
        .json(&json!({"best_available": {"count": 1, "tier": "R"}}));
    let late = Ask::post(format!("/v1/reservations/{held}/payment")).json(&json!({"method": "points"}));
    let back = Ask::post(format!("/v1/reservations/{paid}/cancellation"));
    let mut answers = vec![try_hold(&theatre, &kim, "A-1-3").await];
    for (key, ask) in [("best", best), ("late", late), ("back", back)] {
        answers.push(theatre.send(&ask.by(&kim).key(key)).await);
    }
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        assert!(refused.problem(409, "performance-begun")["until"].is_string());
    }
    theatre.verify().await;
    let answers: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    (status, !listed["items"].as_array().unwrap().is_empty(), answers.try_into().unwrap())
}

#[actix_web::test]
async fn the_status_of_a_performance_and_what_is_done_with_it_agree() {
    const SOLD_UNTIL: &str = "2027-03-01T11:00:00Z";
    let (starts, sold) = (instant(&json!(STARTS)), instant(&json!(SOLD_UNTIL)));
    for (sold_until, at, open, cancelled) in [
        (None, starts - TICK, true, true),
        (None, starts, false, false),
        (Some(SOLD_UNTIL), starts - TICK, true, true),
        (Some(SOLD_UNTIL), starts, true, false),
        (Some(SOLD_UNTIL), sold - TICK, true, false),
        (Some(SOLD_UNTIL), sold, false, false),
    ] {
        let made = if open { 201 } else { 409 };
        let status = json!(if open { "on_sale" } else { "closed" });
        let expected = (status, open, [made, made, made, if cancelled { 200 } else { 409 }]);
        assert_eq!(at_the_show(sold_until, at).await, expected, "{sold_until:?} at {at:?}");
    }
}

#[actix_web::test]
async fn a_sale_does_not_close_after_its_last_performance_is_sold() {
    let theatre = Theatre::on_sale().await;
    let path = format!("/v1/performances/{PERFORMANCE}");
    let mut show = Description::new().operation("put", "/v1/performances/{id}").body_example();
    let mut sale = sale_example();
    sale["closes"] = json!("2027-05-01T10:00:00.000001Z");
    sale["pay_until"] = json!("2027-05-01T12:00:00Z");
    let put_sale = async || theatre.replace(&format!("/v1/sales/{SALE}"), &sale).await;
    let refused = put_sale().await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/closes".to_owned()]));
    for (sold_until, status) in
        [("2027-05-01T09:59:59.999999Z", 422), ("2027-06-01T10:00:00.000001Z", 422), ("2027-06-01T10:00:00Z", 200)]
    {
        show["sold_until"] = json!(sold_until);
        let put = theatre.replace(&path, &show).await;
        assert_eq!(put.status, status, "{sold_until}");
        if status == 422 {
            assert_eq!(put.pointers(), ["/sold_until"]);
        }
    }
    assert_eq!(theatre.get(path).await.with(200)["sold_until"], "2027-06-01T10:00:00Z");
    put_sale().await.with(200);
}

#[actix_web::test]
async fn a_refresh_token_is_taken_again_for_ten_seconds() {
    let theatre = Theatre::empty().await;
    theatre.customer("kim").await;
    let session = theatre.log_in("kim@example.com").await;
    let refresh = Ask::post("/v1/sessions/refresh").json(&json!({"refresh_token": session["refresh_token"]}));
    let first = theatre.send(&refresh).await.with(200);
    theatre.clock.advance(Duration::from_secs(10));
    let again = theatre.send(&refresh).await.with(200);
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    theatre.clock.advance(TICK);
    theatre.send(&refresh).await.problem(401, "session-ended");
    let next = Ask::post("/v1/sessions/refresh").json(&json!({"refresh_token": first["refresh_token"]}));
    theatre.send(&next).await.problem(401, "session-ended");
}

#[actix_web::test]
async fn an_access_token_is_good_for_as_long_as_it_says() {
    let theatre = Theatre::empty().await;
    theatre.customer("kim").await;
    let session = theatre.log_in("kim@example.com").await;
    let ask = Ask::get("/v1/wallet").by(session["access_token"].as_str().unwrap());
    let ends = theatre.clock.now() + Duration::from_secs(session["expires_in"].as_u64().unwrap());
    theatre.clock.set(ends - TICK);
    theatre.send(&ask).await.with(200);
    theatre.clock.set(ends);
    theatre.send(&ask).await.problem(401, "access-token");
}
