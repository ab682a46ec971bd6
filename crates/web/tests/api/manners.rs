//! What every address has in common.

use crate::ask::Ask;
use crate::description::{Description, Operation};
use crate::good::Good;
use crate::steps::at;
use crate::theatre::{CONCERT, PERFORMANCE, Theatre};
use actix_web::http::Method;
use serde_json::json;
use std::collections::HashSet;

#[actix_web::test]
async fn an_address_of_nothing_is_a_problem_too() {
    let theatre = Theatre::empty().await;
    for path in
        ["/", "/v1", "/v1/", "/v2/concerts", "/v1/concerts/", "/v1//concerts", "/metrics", "/.env", "/%00", "/%FF"]
    {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            theatre.send(&Ask::new(method, path)).await.problem(404, "not-found");
        }
    }
}

#[actix_web::test]
async fn only_the_sandbox_says_that_it_is_one() {
    for theatre in [Theatre::empty().await, Theatre::with_real_money().await] {
        for path in ["/healthz", "/v1/concerts", "/v1/wallet", "/nothing", "/openapi.json"] {
            // Whether the header is there is looked at with every answer.
            theatre.get(path).await;
        }
    }
}

#[actix_web::test]
async fn every_request_has_an_id_of_its_own_whatever_the_client_calls_it() {
    let theatre = Theatre::in_queue(json!({})).await;
    let theirs = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10";
    let mut ids = HashSet::new();
    for path in ["/v1/concerts", "/v1/concerts", "/nothing", "/docs/", "/docs/nothing", &at("queue"), "/v1/wallet"] {
        for method in [Method::GET, Method::HEAD, Method::PUT] {
            let answer = theatre.send(&Ask::new(method, path).header("Frontrow-Request-Id", theirs)).await;
            assert!(ids.insert(answer.request_id()), "{path}: {answer}");
        }
    }
    assert!(!ids.contains(&theirs.parse().unwrap()));
}

#[actix_web::test]
async fn a_path_is_read_without_needless_percent_encoding() {
    let theatre = Theatre::on_sale().await;
    let encoded = CONCERT.replace('a', "%61");
    assert_eq!(theatre.get(format!("/v1/%63oncerts/{encoded}")).await.with(200)["id"], CONCERT);
    theatre.get(format!("/v1%2Fconcerts/{CONCERT}")).await.problem(404, "not-found");
}

#[actix_web::test]
async fn a_method_that_an_address_lacks_is_refused_with_those_that_it_has() {
    let theatre = Theatre::empty().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/concerts".to_owned(), "GET, HEAD"),
        (Method::GET, "/v1/users".to_owned(), "POST"),
        (Method::OPTIONS, "/v1/wallet".to_owned(), "GET, HEAD"),
        (Method::TRACE, format!("/v1/concerts/{CONCERT}"), "GET, HEAD, PUT, PATCH"),
        ("MADE-UP".parse().unwrap(), format!("/v1/reservations/{PERFORMANCE}"), "GET, HEAD, DELETE"),
    ] {
        let answer = theatre.send(&Ask::new(method.clone(), &path)).await;
        answer.problem(405, "method-not-allowed");
        assert_eq!(answer.header("Allow"), Some(allowed), "{method} {path}");
    }
}

#[actix_web::test]
async fn a_body_that_never_ends_is_not_waited_for() {
    let description = Description::new();
    for operation in description.operations().into_iter().filter(|operation| operation.body_schema().is_some()) {
        let (theatre, good) = Good::new(&operation).await;
        let answer = theatre.send_head(&Ask { body: None, ..good.ask }).await;
        answer.problem(408, "body-timeout");
    }
}

#[actix_web::test]
async fn no_answer_is_kept_or_guessed_at_unless_it_says_so() {
    let theatre = Theatre::on_sale().await;
    for path in ["/v1/concerts", "/v1/wallet", "/healthz", "/nothing"] {
        let answer = theatre.get(path).await;
        assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"), "{path}");
    }
}

#[actix_web::test]
async fn the_head_of_an_answer_can_be_had_alone() {
    let description = Description::new();
    for operation in description.operations().into_iter().filter(|operation| operation.method == "get") {
        let (theatre, good) = Good::new(&operation).await;
        let head = theatre.send(&Ask { method: Method::HEAD, ..good.ask }).await;
        assert_eq!(head.status, 200, "{}", operation.name());
    }
}

#[actix_web::test]
async fn what_is_for_operators_is_for_nobody_else() {
    let description = Description::new();
    let mut asked = 0;
    for operation in description.operations().into_iter().filter(Operation::is_for_operators) {
        let (theatre, good) = Good::new(&operation).await;
        let before = crate::seen::seen(&theatre).await;
        let customer = theatre.log_in("lee@example.com").await["access_token"].as_str().unwrap().to_owned();
        let forbidden = theatre.send(&good.ask.clone().by(&customer)).await;
        forbidden.problem(403, "not-an-operator");
        let unknown = theatre.send(&good.ask.without("Authorization")).await;
        unknown.problem(401, "access-token");
        assert_eq!(unknown.header("WWW-Authenticate"), Some("Bearer"));
        assert_eq!(crate::seen::seen(&theatre).await, before, "{}", operation.name());
        asked += 1;
    }
    assert!(asked > 0, "nothing is for operators");
}

#[actix_web::test]
async fn json_is_json_however_its_type_is_written() {
    let theatre = Theatre::empty().await;
    for (number, kind) in ["application/json", "application/json; charset=utf-8", "Application/JSON"].iter().enumerate()
    {
        let body =
            json!({"email": format!("kim{number}@example.com"), "password": "correct horse battery", "name": "Kim"});
        let ask = Ask::post("/v1/users").json(&body).without("Content-Type").header("Content-Type", kind);
        theatre.send(&ask).await.with(201);
    }
}
