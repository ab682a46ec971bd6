//! Points.

use crate::ask::{Answer, Ask};
use crate::good::{hold, pay};
use crate::theatre::{NOTHING, Theatre};
use serde_json::{Value, json};

async fn charge(theatre: &Theatre, who: &str, amount: i64, token: &str) -> Answer {
    let body = json!({"amount": amount, "payment_token": token});
    theatre.send(&Ask::post("/v1/wallet/charges").by(who).key(&format!("charge{amount}")).json(&body)).await
}

async fn see(theatre: &Theatre, who: &str, path: &str) -> Value {
    theatre.send(&Ask::get(path).by(who)).await.with(200)
}

async fn balance(theatre: &Theatre, who: &str) -> Value {
    see(theatre, who, "/v1/wallet").await["balance"].clone()
}

#[actix_web::test]
async fn a_charge_is_made_once_and_seen_by_its_owner_alone() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    let first = charge(&theatre, &kim, 5000, "tok_accept").await;
    assert_eq!(first.with(201)["status"], "succeeded");
    assert_eq!(charge(&theatre, &kim, 5000, "tok_accept").await.with(201), first.json());
    assert_eq!(balance(&theatre, &kim).await, json!({"amount": 5000, "currency": "KRW"}));
    assert_eq!(theatre.gateway.booked().len(), 1);
    let address = first.header("location").unwrap();
    assert_eq!(see(&theatre, &kim, address).await, first.json());
    let lee = theatre.customer("lee").await;
    for (who, path) in [(&lee, address.to_owned()), (&kim, format!("/v1/wallet/charges/{NOTHING}"))] {
        theatre.send(&Ask::get(path).by(who)).await.problem(404, "not-found");
    }
    theatre.verify().await;
}

#[actix_web::test]
async fn a_charge_that_is_declined_has_failed() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    assert_eq!(charge(&theatre, &kim, 5000, "tok_decline").await.with(201)["status"], "failed");
    assert_eq!(balance(&theatre, &kim).await["amount"], 0);
}

#[actix_web::test]
async fn a_charge_that_is_not_decided_is_to_be_looked_at_again() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    let pending = charge(&theatre, &kim, 5000, "tok_late").await;
    assert_eq!(pending.with(202)["status"], "pending");
    assert_eq!(see(&theatre, &kim, pending.header("location").unwrap()).await["status"], "pending");
    assert_eq!(balance(&theatre, &kim).await["amount"], 0);
}

#[actix_web::test]
async fn the_history_shows_what_came_and_what_went() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let reservation = hold(&theatre, &kim, &["A-1-3"]).await;
    pay(&theatre, &kim, &reservation).await;
    let entry = |page: &Value| (page["items"][0]["kind"].clone(), page["items"][0]["amount"]["amount"].clone());
    let page = see(&theatre, &kim, "/v1/wallet/entries?limit=1").await;
    assert_eq!(entry(&page), (json!("reservation"), json!(-121_000)));
    assert_eq!(page["items"][0]["reservation_id"], json!(reservation));
    let next = format!("/v1/wallet/entries?cursor={}", page["next_cursor"].as_str().unwrap());
    let page = see(&theatre, &kim, &next).await;
    assert_eq!((entry(&page), &page["next_cursor"]), ((json!("charge"), json!(500_000)), &Value::Null));
    let lee = theatre.customer("lee").await;
    assert_eq!(see(&theatre, &lee, "/v1/wallet/entries").await["items"], json!([]));
}

#[actix_web::test]
async fn a_charge_has_bounds() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    let allowed = json!({"min": 1, "max": 10_000_000});
    let error = json!({"pointer": "/amount", "code": "range", "params": allowed, "detail": "1 to 10000000"});
    for amount in [-1, 0, 10_000_001] {
        let problem = charge(&theatre, &kim, amount, "tok_accept").await.problem(422, "invalid-input");
        assert_eq!(problem["errors"], json!([error]));
    }
    for amount in [1, 10_000_000] {
        charge(&theatre, &kim, amount, "tok_accept").await.with(201);
    }
    assert_eq!(balance(&theatre, &kim).await["amount"], 10_000_001);
}
