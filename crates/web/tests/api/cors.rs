//! What browsers are told when a page of another origin calls the API.

use crate::ask::{Answer, Ask};
use crate::description::{Description, Operation};
use crate::theatre::Theatre;
use actix_web::http::Method;
use serde_json::json;

const SHOP: &str = "https://tickets.example";
const STRANGER: &str = "https://stranger.example";

/// What a browser asks before the call.
async fn preflight(theatre: &Theatre, origin: &str, method: &str, path: &str, headers: &str) -> Answer {
    let ask = Ask::new(Method::OPTIONS, path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", headers);
    theatre.preflight(&ask).await
}

/// Whether the browser goes on to the call.
fn allows(answer: &Answer, origin: &str) -> bool {
    (200..300).contains(&answer.status) && answer.header("Access-Control-Allow-Origin") == Some(origin)
}

fn read_by(answer: &Answer) -> Option<&str> {
    answer.header("Access-Control-Allow-Origin")
}

/// Every header that the call may have.
fn headers_of(operation: &Operation) -> String {
    let mut names = vec!["authorization".to_owned(), "content-type".to_owned(), "if-none-match".to_owned()];
    let described = operation.parameters("header");
    names.extend(described.iter().map(|header| header["name"].as_str().unwrap().to_ascii_lowercase()));
    names.join(",")
}

#[actix_web::test]
async fn without_the_setting_no_page_of_another_origin_reads_anything() {
    let theatre = Theatre::empty().await;
    assert_eq!(preflight(&theatre, SHOP, "GET", "/v1/wallet", "authorization").await.status, 405);
    assert_eq!(read_by(&theatre.send(&Ask::get("/v1/concerts").header("Origin", SHOP)).await), None);
}

#[actix_web::test]
async fn pages_of_a_listed_origin_may_do_everything_that_is_described() {
    let theatre = Theatre::for_pages_of(&format!("http://localhost:3000,{SHOP}")).await;
    for operation in Description::new().operations() {
        let path = operation.path.replace(['{', '}'], "");
        let method = operation.method.to_ascii_uppercase();
        let headers = headers_of(&operation);
        for origin in [SHOP, "http://localhost:3000"] {
            let answer = preflight(&theatre, origin, &method, &path, &headers).await;
            assert!(allows(&answer, origin), "{}: {answer:?}", operation.name());
        }
        let answer = preflight(&theatre, STRANGER, &method, &path, &headers).await;
        assert!(!allows(&answer, STRANGER) && read_by(&answer).is_none(), "{}: {answer:?}", operation.name());
    }
}

#[actix_web::test]
async fn pages_read_problems_and_headers_too() {
    let theatre = Theatre::for_pages_of(SHOP).await;
    for path in ["/v1/concerts", "/v1/wallet", "/nothing", "/healthz"] {
        let answer = theatre.send(&Ask::get(path).header("Origin", SHOP)).await;
        assert_eq!(read_by(&answer), Some(SHOP), "{path}");
        let exposed = answer.header("Access-Control-Expose-Headers").unwrap().to_ascii_lowercase();
        for name in [
            "date",
            "etag",
            "location",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "frontrow-request-id",
            "frontrow-sandbox",
        ] {
            assert!(exposed.split(',').any(|exposed| exposed.trim() == name), "{name}: {exposed}");
        }
        assert!(answer.header("Vary").is_some_and(|vary| vary.to_ascii_lowercase().contains("origin")), "{path}");
        assert_eq!(answer.header("Access-Control-Allow-Credentials"), None, "there are no cookies");
    }
    let body = json!({"email": "kim@example.com", "password": "correct horse battery", "name": "Kim"});
    let answer = theatre.send(&Ask::post("/v1/users").json(&body).header("Origin", SHOP)).await;
    assert_eq!((answer.status, read_by(&answer)), (201, Some(SHOP)));
    assert_eq!(read_by(&theatre.send(&Ask::get("/v1/concerts").header("Origin", STRANGER)).await), None);
}

#[actix_web::test]
async fn where_any_page_may_read_none_may_use_an_account_or_change_anything() {
    let theatre = Theatre::for_pages_of("*").await;
    let answer = theatre.send(&Ask::get("/v1/concerts").header("Origin", STRANGER)).await;
    assert_eq!((answer.status, read_by(&answer)), (200, Some("*")));
    assert!(allows(&preflight(&theatre, STRANGER, "GET", "/v1/concerts", "if-none-match").await, "*"));
    for (method, headers) in [
        ("GET", "authorization"),
        ("GET", "frontrow-pass"),
        ("POST", "content-type"),
        ("DELETE", "accept"),
        ("PUT", "accept"),
        ("PATCH", "accept"),
    ] {
        let answer = preflight(&theatre, STRANGER, method, "/v1/concerts", headers).await;
        assert!(!(200..300).contains(&answer.status), "{method} {headers}: {answer:?}");
    }
}
