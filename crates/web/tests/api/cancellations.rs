//! Performances that don't take place, or at another time.

use crate::ask::Ask;
use crate::description::Description;
use crate::good::{hold, pay};
use crate::theatre::{PERFORMANCE, Theatre};
use serde_json::{Value, json};
use std::time::Duration;

const PRICE: i64 = 121_000;

async fn say(theatre: &Theatre, what: &str) {
    theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/{what}"))).await.with(200);
}

async fn again(theatre: &Theatre, name: &str) -> String {
    theatre.log_in(&format!("{name}@example.com")).await["access_token"].as_str().unwrap().to_owned()
}

async fn see(theatre: &Theatre, who: &str, path: String) -> Value {
    theatre.send(&Ask::get(path).by(who)).await.with(200)
}

async fn balance(theatre: &Theatre, who: &str) -> i64 {
    see(theatre, who, "/v1/wallet".to_owned()).await["balance"]["amount"].as_i64().unwrap()
}

#[actix_web::test]
async fn who_paid_for_a_cancelled_performance_is_given_back_everything_without_asking() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer_with("kim", 500_000).await, theatre.customer_with("lee", 500_000).await);
    let (paid, held) = (hold(&theatre, &kim, &["A-1-1"]).await, hold(&theatre, &lee, &["A-1-2"]).await);
    pay(&theatre, &kim, &paid).await;
    say(&theatre, "cancellation").await;
    // Before anything is given back, the tickets are worth nothing, and nothing more is paid.
    assert_eq!(see(&theatre, &kim, format!("/v1/reservations/{paid}/tickets")).await["items"], json!([]));
    let late = Ask::post(format!("/v1/reservations/{held}/payment")).by(&lee).key("late");
    theatre.send(&late.json(&json!({"method": "points"}))).await.problem(409, "not-bookable");
    // Long after the deadline.
    theatre.clock.advance(Duration::from_hours(365 * 24));
    assert_eq!(theatre.use_cases.return_money.run().await.unwrap().given_back, 1);
    let kim = again(&theatre, "kim").await;
    assert_eq!(balance(&theatre, &kim).await, 500_000);
    let shown = see(&theatre, &kim, format!("/v1/reservations/{paid}")).await;
    assert_eq!((&shown["status"], &shown["can_cancel"]), (&json!("refunded"), &json!(false)));
    theatre.verify().await;
}

#[actix_web::test]
async fn an_owner_need_not_wait_and_a_deadline_holds_nobody_up() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let paid = hold(&theatre, &kim, &["A-1-1"]).await;
    pay(&theatre, &kim, &paid).await;
    say(&theatre, "cancellation").await;
    theatre.clock.advance(Duration::from_hours(365 * 24));
    let kim = again(&theatre, "kim").await;
    let shown = see(&theatre, &kim, format!("/v1/reservations/{paid}")).await;
    let told = ["can_cancel", "cancel_until", "pay_until"].map(|name| shown[name].clone());
    assert_eq!(told, [json!(true), Value::Null, Value::Null], "no deadline is shown as passed that doesn't count");
    theatre.send(&Ask::post(format!("/v1/reservations/{paid}/cancellation")).by(&kim).key("back")).await.with(200);
    assert_eq!(theatre.use_cases.return_money.run().await.unwrap().given_back, 0);
    assert_eq!(balance(&theatre, &kim).await, 500_000);
    theatre.verify().await;
}

#[actix_web::test]
async fn what_is_postponed_can_be_given_back_until_the_operators_date() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let (paid, other) = (hold(&theatre, &kim, &["A-1-1"]).await, hold(&theatre, &kim, &["A-1-2"]).await);
    pay(&theatre, &kim, &paid).await;
    pay(&theatre, &kim, &other).await;
    say(&theatre, "postponement").await;
    let path = format!("/v1/performances/{PERFORMANCE}");
    let mut show = Description::new().operation("put", "/v1/performances/{id}").body_example();
    show["starts_at"] = json!("2027-09-01T10:00:00Z");
    show["give_back_until"] = json!("2027-06-01T00:00:00Z");
    theatre.replace(&path, &show).await.with(200);
    assert_eq!(theatre.get(path.clone()).await.with(200)["give_back_until"], "2027-06-01T00:00:00Z");
    // What was said is not taken back.
    for earlier in [json!("2027-05-31T23:59:59Z"), Value::Null] {
        show["give_back_until"] = earlier;
        theatre.replace(&path, &show).await.problem(409, "performance-public");
    }
    say(&theatre, "publication").await;
    // The sale's own deadline passed in April.
    let until = crate::moments::instant(&json!("2027-06-01T00:00:00Z"));
    theatre.clock.set(until - Duration::from_micros(1));
    let kim = again(&theatre, "kim").await;
    let shown = see(&theatre, &kim, format!("/v1/reservations/{paid}")).await;
    assert_eq!((&shown["cancel_until"], &shown["can_cancel"]), (&json!("2027-06-01T00:00:00Z"), &json!(true)));
    theatre.send(&Ask::post(format!("/v1/reservations/{paid}/cancellation")).by(&kim).key("back")).await.with(200);
    assert_eq!(balance(&theatre, &kim).await, 500_000 - PRICE);
    theatre.clock.set(until);
    let refused = theatre.send(&Ask::post(format!("/v1/reservations/{other}/cancellation")).by(&kim).key("late")).await;
    refused.problem(409, "too-late-to-cancel");
    theatre.verify().await;
}
