//! The pages that the `type` of a problem leads to.

use crate::ask::Ask;
use crate::theatre::Theatre;
use frontrow_web::problem::{ALL, Kind, Problem};

#[actix_web::test]
async fn every_type_leads_to_a_page_that_says_what_to_do() {
    let theatre = Theatre::empty().await;
    let list = text(&theatre, "/problems").await;
    for kind in ALL {
        let uri = Problem::new(*kind).document().kind;
        assert!(list.contains(&format!("href=\"{uri}\"")), "{uri} is not in the list");
        let page = text(&theatre, &uri).await;
        for part in [kind.slug(), kind.status().as_str(), kind.title(), "What to do", "\"status\": "] {
            assert!(page.contains(part), "{part} is not on {uri}:\n{page}");
        }
    }
    assert_eq!(ALL.len(), list.matches("<tr><td>").count());
    assert!(text(&theatre, "/problems/seats-taken").await.contains("<code>alternatives</code>"));
}

async fn text(theatre: &Theatre, path: &str) -> String {
    let answer = theatre.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer}");
    assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("Content-Security-Policy"), Some("default-src 'none'; style-src 'unsafe-inline'"));
    String::from_utf8(answer.body).unwrap()
}

#[actix_web::test]
async fn a_type_that_there_is_not_has_no_page() {
    let theatre = Theatre::empty().await;
    for path in ["/problems/nothing", "/problems/", "/problems/busy/", "/problems/Busy"] {
        theatre.get(path).await.problem(404, "not-found");
    }
    let refused = theatre.send(&Ask::post("/problems/busy")).await;
    assert_eq!(refused.problem(405, "method-not-allowed")["type"], Kind::MethodNotAllowed.uri());
}
