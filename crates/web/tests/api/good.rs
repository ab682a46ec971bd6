//! A good request to every operation, made of its own example, in a theatre where it succeeds.

use crate::ask::{Ask, QUEUE_TOKEN};
use crate::description::Operation;
use crate::steps::{admit, join};
use crate::theatre::{CONCERT, OTHER_SALE, PERFORMANCE, SALE, Theatre, VENUE, sale_example};
use actix_web::http::Method;
use serde_json::{Value, json};

pub struct Good {
    pub ask: Ask,
    /// Whether it changes what [`seen`](crate::seen::seen) sees.
    pub changes: bool,
}

impl Good {
    pub async fn new(operation: &Operation) -> (Theatre, Self) {
        let theatre =
            if operation.is_of_a_queue() { Theatre::in_queue(json!({})).await } else { Theatre::on_sale().await };
        let buyer = theatre.customer_with("lee", 1_000_000).await;
        let address = Self::prepare(&theatre, &buyer, operation).await;
        let method: Method = operation.method.to_uppercase().parse().unwrap();
        let changes = method != Method::GET
            && !["/v1/sessions", "/v1/users/me/password"].iter().any(|path| operation.path.starts_with(path));
        let mut ask = Ask::new(method, address);
        if operation.needs_token() {
            ask = ask.by(if operation.is_for_operators() { &theatre.operator } else { &buyer });
        }
        if operation.has_key() {
            ask = ask.key("good-1");
        }
        if operation.has_header(QUEUE_TOKEN) {
            ask = ask.queue_token(&join(&theatre, &buyer).await);
            theatre.tick().await;
        }
        if operation.has_header("If-Match") {
            let read = theatre.operate(Ask::get(Theatre::settings(&ask.path))).await;
            if let Some(tag) = read.header("etag") {
                ask = ask.header("If-Match", tag);
            }
        }
        if operation.body_schema().is_some() {
            let mut body = operation.body_example();
            if operation.path == "/v1/sessions/refresh" {
                body["refresh_token"] = theatre.log_in("lee@example.com").await["refresh_token"].clone();
            }
            if operation.path == "/v1/users/me/email-verification" {
                theatre.send(&Ask::post("/v1/users/me/email-verification").by(&buyer)).await.with(202);
                body["code"] = theatre.mailed_code().await.into();
            }
            // What is put as it is already changes nothing.
            match operation.path.as_str() {
                "/v1/venues/{id}" => body["name"] = json!("Another hall"),
                "/v1/concerts/{id}" => body["title"] = json!("Another title"),
                "/v1/performances/{id}" => body["prices"]["fee"] = json!(999),
                _ => {}
            }
            ask = ask.json(&body);
        }
        (theatre, Self { ask, changes })
    }

    /// Brings about what the request needs; its address.
    async fn prepare(theatre: &Theatre, buyer: &str, operation: &Operation) -> String {
        let path = operation.path.as_str();
        let id = match path {
            "/v1/sessions" => {
                theatre.customer("kim").await;
                String::new()
            }
            "/v1/sessions/{id}" => {
                // Another than the one that asks.
                theatre.log_in("lee@example.com").await;
                let listed = theatre.send(&Ask::get("/v1/sessions").by(buyer)).await.with(200);
                listed["items"][0]["id"].as_str().unwrap().to_owned()
            }
            _ if path.starts_with("/v1/reservations/{id}") => {
                // Of what is given back, another seat is left.
                let reservation = hold(theatre, buyer, &["A-1-3", "A-1-4"]).await;
                if ["cancellation", "refund", "tickets"].iter().any(|end| path.ends_with(end)) {
                    pay(theatre, buyer, &reservation).await;
                }
                reservation
            }
            "/v1/wallet/charges/{id}" => {
                let body = json!({"amount": 5, "payment_token": "tok_late"});
                let charge = Ask::post("/v1/wallet/charges").by(buyer).key("late").json(&body);
                theatre.send(&charge).await.with(202)["id"].as_str().unwrap().to_owned()
            }
            "/v1/performances/{id}/publication" => {
                theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/postponement"))).await.with(200);
                PERFORMANCE.to_owned()
            }
            "/v1/sales/{id}/publication" => another_sale(theatre).await,
            "/v1/sales/{id}" if operation.method == "patch" => another_sale(theatre).await,
            // What is public keeps its waiting room.
            "/v1/sales/{id}" => OTHER_SALE.to_owned(),
            "/v1/sales/{id}/admission" => {
                if operation.method != "post" {
                    admit(theatre, buyer).await;
                }
                SALE.to_owned()
            }
            "/v1/sales/{id}/barred/{user}" => {
                let user = theatre.user("lee").await;
                if operation.method == "delete" {
                    theatre.operate(Ask::put(format!("/v1/sales/{SALE}/barred/{user}"))).await.with(204);
                }
                return path.replace("{id}", SALE).replace("{user}", &user.to_string());
            }
            _ if path.starts_with("/v1/venues") => VENUE.to_owned(),
            _ if path.starts_with("/v1/concerts") => CONCERT.to_owned(),
            _ if path.starts_with("/v1/sales") => SALE.to_owned(),
            _ => PERFORMANCE.to_owned(),
        };
        // The first version is frozen.
        let version = if operation.method == "put" { "2" } else { "1" };
        path.replace("{id}", &id).replace("{version}", version)
    }
}

pub async fn hold(theatre: &Theatre, buyer: &str, seats: &[&str]) -> String {
    let key = format!("hold-{}", seats.join("-"));
    let ask = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(buyer).key(&key);
    let held = theatre.send(&ask.json(&json!({ "seats": seats }))).await.with(201);
    held["id"].as_str().unwrap().to_owned()
}

pub async fn pay(theatre: &Theatre, buyer: &str, reservation: &str) -> Value {
    let ask = Ask::post(format!("/v1/reservations/{reservation}/payment")).by(buyer).key(&format!("pay-{reservation}"));
    theatre.send(&ask.json(&json!({"method": "points"}))).await.with(201)
}

/// A sale of the same performance that is not public.
pub async fn another_sale(theatre: &Theatre) -> String {
    let mut body = sale_example();
    body["name"] = "Second sale".into();
    theatre.operate(Ask::put(format!("/v1/sales/{OTHER_SALE}")).json(&body)).await.with(201);
    OTHER_SALE.to_owned()
}
