//! The interceptor: every route, with every pass that is none.

use crate::ask::{Answer, Ask, PASS};
use crate::description::Description;
use crate::good::pay;
use crate::steps::{admit, at, change, holding};
use crate::theatre::{NOTHING, OTHER_SALE, PERFORMANCE, SALE, Theatre, sale_example};
use actix_web::http::Method;
use frontrow_application::port::Clock;
use frontrow_application::waiting_room::PassRequired;
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::Pass;
use frontrow_web::passes;
use serde_json::json;
use std::time::Duration;

fn sale(id: &str) -> SaleId {
    SaleId::new(id.parse().unwrap())
}

/// What is wrong, and how a request gets so.
type Flaw = (&'static str, Box<dyn Fn(Ask) -> Ask>);

/// Every flaw that can be seen without the buyer's row.
async fn flaws(theatre: &Theatre, good: &str) -> Vec<Flaw> {
    let now = theatre.clock.now();
    let (kim, lee) = (theatre.user("kim").await, theatre.user("lee").await);
    let pass = Pass { sale: sale(SALE), user: kim, generation: 1, expires: now + Duration::from_mins(1) };
    let signed = |pass: Pass| theatre.signer.sign_pass(&pass);
    let shown: [(&str, Vec<u8>); 7] = [
        ("pass-forged", b"x".to_vec()),
        ("pass-forged", Vec::new()),
        ("pass-forged", b"\xff\xfe".to_vec()),
        ("pass-forged", format!("{good}A").into_bytes()),
        ("pass-expired", signed(Pass { expires: now, ..pass }).into_bytes()),
        ("pass-of-other-sale", signed(Pass { sale: sale(NOTHING), ..pass }).into_bytes()),
        ("pass-of-other", signed(Pass { user: lee, ..pass }).into_bytes()),
    ];
    let good = good.to_owned();
    let mut flaws: Vec<Flaw> = vec![
        ("pass-missing", Box::new(|ask| ask)),
        ("pass-forged", Box::new(move |ask| ask.header(PASS, &good).header(PASS, &good))),
    ];
    for (kind, value) in shown {
        flaws.push((kind, Box::new(move |ask| ask.header(PASS, &value))));
    }
    flaws
}

/// Every booking route, about what kim has held.
fn routes(kim: &str, reservation: &str) -> Vec<(PassRequired, Ask)> {
    let description = Description::new();
    let is_booking =
        |path: &str| ["/v1/performances", "/v1/reservations", "/v1/wallet"].iter().any(|front| path.starts_with(front));
    let route = |(method, path, required): (&Method, &str, PassRequired)| {
        let of_reservation = path.starts_with("/v1/reservations");
        let id = if of_reservation { reservation } else { PERFORMANCE };
        let mut ask = Ask::new(method.clone(), path.replace("{id}", id).replace("{version}", "1")).by(kim);
        let operation = description.operation(&method.as_str().to_lowercase(), path);
        if operation.has_key() {
            ask = ask.key("table");
        }
        if operation.body_schema().is_some() {
            ask = ask.json(&operation.body_example());
        }
        (required, ask)
    };
    passes().filter(|(_, path, _)| is_booking(path)).map(route).collect()
}

fn is_about_passes(answer: &Answer) -> bool {
    answer.status == 403 && answer.json()["type"].as_str().unwrap().contains(":pass-")
}

/// A theatre in which kim is admitted and holds a seat: the pass, the access token, the reservation.
async fn admitted(strict: bool) -> (Theatre, String, String, String) {
    let theatre = Theatre::in_queue(json!({ "strict": strict })).await;
    let kim = theatre.customer_with("kim", 500_000).await;
    theatre.customer("lee").await;
    let pass = admit(&theatre, &kim).await;
    let held = theatre.send(&holding(&kim, &["A-1-9"]).pass(&pass)).await.with(201);
    let reservation = held["id"].as_str().unwrap().to_owned();
    (theatre, pass, kim, reservation)
}

async fn every_route_with_every_flaw(strict: bool) {
    let (theatre, pass, kim, reservation) = admitted(strict).await;
    for (required, ask) in routes(&kim, &reservation) {
        let needed = required == PassRequired::WaitingRoom || strict && required != PassRequired::Never;
        for (kind, flaw) in flaws(&theatre, &pass).await.into_iter().filter(|_| needed) {
            let problem = theatre.send(&flaw(ask.clone())).await.problem(403, kind);
            assert_eq!(problem["sales"], json!([SALE]), "where to join");
            if ask.method == Method::GET {
                let head = theatre.send(&Ask { method: Method::HEAD, ..flaw(ask.clone()) }).await;
                head.problem(403, kind);
            }
        }
    }
    // Those that change nothing last first: what is let through is let through.
    for (required, ask) in routes(&kim, &reservation) {
        let needed = required == PassRequired::WaitingRoom || strict && required != PassRequired::Never;
        let with = if needed { ask.pass(&pass) } else { ask };
        let answer = theatre.send(&with).await;
        assert!(!is_about_passes(&answer), "{} {}: {answer}", with.method, with.path);
    }
}

#[actix_web::test]
async fn every_route_says_what_is_wrong_with_a_pass() {
    every_route_with_every_flaw(false).await;
}

#[actix_web::test]
async fn a_strict_sale_asks_for_it_everywhere() {
    every_route_with_every_flaw(true).await;
}

#[actix_web::test]
async fn in_a_strict_sale_too_a_payment_is_replayed_after_the_admission_has_gone_back() {
    let theatre = Theatre::in_queue(json!({"strict": true, "leave_on_payment": true})).await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let pass = admit(&theatre, &kim).await;
    let held = theatre.send(&holding(&kim, &["A-1-9"]).pass(&pass)).await.with(201);
    let path = format!("/v1/reservations/{}/payment", held["id"].as_str().unwrap());
    let pay = Ask::post(&path).by(&kim).key("pay").json(&json!({"method": "points"}));
    theatre.send(&pay).await.problem(403, "pass-missing");
    let paid = theatre.send(&pay.clone().pass(&pass)).await.with(201);
    theatre.clock.advance(Duration::from_mins(4));
    assert_eq!(theatre.send(&pay).await.with(201), paid);
    assert_eq!(theatre.send(&pay.clone().pass(&pass)).await.with(201), paid, "with one that has expired");
    // What is theirs they see, cancel and enter with, as ever.
    for what in ["", "/tickets"] {
        let path = path.replace("/payment", what);
        theatre.send(&Ask::get(path).by(&kim)).await.with(200);
    }
    let cancel = Ask::post(path.replace("payment", "cancellation")).by(&kim).key("cancel");
    assert_eq!(theatre.send(&cancel).await.with(200)["status"], "cancelled");
    theatre.verify().await;
}

#[actix_web::test]
async fn a_key_that_was_used_lets_nobody_look() {
    let (theatre, _, kim, _) = admitted(true).await;
    for what in ["", "/availability", "/seats", "/prices", "/seat-map/1"] {
        let ask = Ask::get(format!("/v1/performances/{PERFORMANCE}{what}")).by(&kim).key("hold-A-1-9");
        theatre.send(&ask).await.problem(403, "pass-missing");
    }
    // With another request it is refused for what it is.
    let other = holding(&kim, &["A-1-10"]).key("hold-A-1-9");
    theatre.send(&other).await.problem(422, "idempotency-key-reused");
}

#[actix_web::test]
async fn the_buyer_s_row_has_the_last_word() {
    let (theatre, pass, kim, reservation) = admitted(false).await;
    let user = theatre.user("kim").await;
    let barred = at(&format!("barred/{user}"));
    theatre.operate(Ask::put(&barred)).await.with(204);
    theatre.send(&holding(&kim, &["A-1-1"]).pass(&pass)).await.problem(403, "barred");
    theatre.send(&Ask::put(at("admission")).by(&kim).json(&json!({}))).await.problem(403, "barred");
    // What is held can be paid.
    pay(&theatre, &kim, &reservation).await;
    theatre.operate(Ask::delete(&barred)).await.with(204);
    theatre.send(&holding(&kim, &["A-1-1"]).pass(&pass)).await.problem(403, "admission-ended");
    // Signed, but never admitted.
    let lee = theatre.user("lee").await;
    let expires = theatre.clock.now() + Duration::from_mins(1);
    let signed = theatre.signer.sign_pass(&Pass { sale: sale(SALE), user: lee, generation: 1, expires });
    let lee = theatre.log_in("lee@example.com").await["access_token"].as_str().unwrap().to_owned();
    theatre.send(&holding(&lee, &["A-1-1"]).pass(&signed)).await.problem(403, "not-admitted");
    theatre.verify().await;
}

#[actix_web::test]
async fn who_shows_no_access_token_is_told_so_by_who_needs_one() {
    let (theatre, pass, _, reservation) = admitted(true).await;
    let availability = Ask::get(format!("/v1/performances/{PERFORMANCE}/availability"));
    theatre.send(&availability.pass(&pass)).await.with(200);
    theatre.send(&holding("nobody", &["A-1-1"]).pass(&pass)).await.problem(401, "access-token");
    theatre.send(&Ask::delete(format!("/v1/reservations/{reservation}"))).await.problem(401, "access-token");
}

#[actix_web::test]
async fn what_is_shown_for_a_pass_is_not_for_a_shared_cache() {
    let (theatre, pass, ..) = admitted(true).await;
    let map = Ask::get(format!("/v1/performances/{PERFORMANCE}/seat-map/1")).pass(&pass);
    let shown = theatre.send(&map).await;
    assert_eq!(shown.header("cache-control"), Some("private, max-age=31536000, immutable"));
}

#[actix_web::test]
async fn no_new_holds_while_they_are_stopped() {
    let (theatre, pass, kim, reservation) = admitted(false).await;
    change(&theatre, &json!({"holds_stopped": true})).await.with(200);
    let best = holding(&kim, &[]).json(&json!({"best_available": {"count": 1, "tier": "R"}, "sale_id": SALE}));
    for ask in [holding(&kim, &["A-1-1"]), best] {
        theatre.send(&ask.pass(&pass)).await.problem(409, "holds-stopped");
    }
    assert_eq!(theatre.send(&holding(&kim, &["A-1-9"])).await.with(201)["id"], json!(reservation), "a replay");
    pay(&theatre, &kim, &reservation).await;
    change(&theatre, &json!({"holds_stopped": false})).await.with(200);
    theatre.send(&holding(&kim, &["A-1-1"]).pass(&pass)).await.with(201);
}

#[actix_web::test]
async fn a_performance_is_sold_with_and_without_a_queue_only_if_that_is_meant() {
    let theatre = Theatre::in_queue(json!({})).await;
    let kim = theatre.customer("kim").await;
    theatre.operate(Ask::put(format!("/v1/sales/{OTHER_SALE}")).json(&sale_example())).await.with(201);
    let publication = format!("/v1/sales/{OTHER_SALE}/publication");
    for query in ["", "?confirm=false"] {
        theatre.operate(Ask::post(format!("{publication}{query}"))).await.problem(409, "open-besides");
    }
    let availability = Ask::get(format!("/v1/performances/{PERFORMANCE}/availability"));
    theatre.send(&availability).await.problem(403, "pass-missing");
    theatre.operate(Ask::post(format!("{publication}?confirm=true"))).await.with(200);
    theatre.send(&availability).await.with(200);
    // Each by its own terms.
    let under = |id: &str, seat: &str| holding(&kim, &[seat]).json(&json!({"seats": [seat], "sale_id": id}));
    theatre.send(&under(OTHER_SALE, "A-1-1")).await.with(201);
    theatre.send(&under(SALE, "A-1-2")).await.problem(403, "not-admitted");
    change(&theatre, &json!({"holds_stopped": true})).await.with(200);
    theatre.send(&under(OTHER_SALE, "A-1-3")).await.with(201);
}
