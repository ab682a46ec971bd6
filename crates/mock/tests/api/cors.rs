//! Pages of this machine may call the mock, and so may those that were named.

use crate::house::{Ask, House};
use actix_web::http::Method;
use frontrow_mock::MockSettings;

fn preflight(origin: &str, path: &str) -> Ask {
    Ask::new(Method::OPTIONS, path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization, content-type, idempotency-key, prefer, if-match")
}

#[actix_web::test]
async fn pages_of_this_machine_may_call_it_and_others_may_not() {
    let named = vec!["https://pages.example".to_owned()];
    let house = House::of(MockSettings { origins: named, ..MockSettings::default() }).await;
    for origin in ["http://localhost:5173", "http://127.0.0.1:8000", "http://[::1]:3000", "https://pages.example"] {
        for path in ["/v1/wallet/charges", "/mock/clock"] {
            let allowed = house.send(preflight(origin, path)).await;
            assert_eq!((allowed.status, allowed.header("Access-Control-Allow-Origin")), (200, Some(origin)), "{path}");
        }
        for path in ["/v1/concerts", "/v1/nothing", "/mock/world"] {
            let read = house.send(Ask::get(path).header("Origin", origin)).await;
            assert_eq!(read.header("Access-Control-Allow-Origin"), Some(origin), "{path}");
            let exposed = read.header("Access-Control-Expose-Headers").unwrap().to_lowercase();
            for name in ["etag", "location", "retry-after", "frontrow-mock", "frontrow-sandbox"] {
                assert!(exposed.contains(name), "{name} in {exposed}");
            }
        }
    }
    for origin in ["https://other.example", "http://localhost.example", "null"] {
        let read = house.send(Ask::get("/v1/concerts").header("Origin", origin)).await;
        assert_eq!(read.header("Access-Control-Allow-Origin"), None, "{origin}");
        let refused = house.send(preflight(origin, "/v1/wallet/charges")).await;
        assert_eq!((refused.status, refused.header("Access-Control-Allow-Origin")), (400, None), "{origin}");
    }
}
