//! What can be booked: every state of a performance and a sale, through everything that asks.

use crate::ask::Ask;
use crate::description::Description;
use crate::steps::{admit, at, holding, join, snapshot};
use crate::theatre::{CONCERT, PERFORMANCE, SALE, Theatre, sale_with};
use frontrow_application::port::{Clock, PerformanceRepository, SaleRepository, Stored};
use frontrow_domain::{Action, Instant, NotBookable, Performance, PerformanceId, PerformanceStatus, Sale, SaleId};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

async fn stored(theatre: &Theatre) -> (Stored<Performance>, Stored<Sale>) {
    let performance = theatre.memory.performance(PerformanceId::new(PERFORMANCE.parse().unwrap())).await;
    let sale = theatre.memory.sale(SaleId::new(SALE.parse().unwrap())).await;
    (performance.unwrap().unwrap(), sale.unwrap().unwrap())
}

/// What becomes of the performance.
type Turn = (&'static str, fn(&mut Performance, Instant));
/// What becomes of the sale.
type Shift = (&'static str, fn(&mut Sale, Instant));

const TURNS: [Turn; 5] = [
    ("published", |_, _| {}),
    ("begun", |show, now| show.starts_at = now),
    ("begun, and sold on", |show, now| (show.starts_at, show.sold_until) = (now, Some(now + HOUR))),
    ("postponed", |show, _| show.status = PerformanceStatus::Postponed),
    ("cancelled", |show, _| show.status = PerformanceStatus::Cancelled),
];

const SHIFTS: [Shift; 4] = [
    ("open", |_, _| {}),
    ("opens later", |sale, now| sale.opens = now + Duration::from_micros(1)),
    ("closed", |sale, now| sale.closes = now),
    ("nothing is cancelled any more", |sale, now| sale.cancel_until = now),
];

fn type_of(answer: &Value) -> String {
    answer["type"].as_str().unwrap_or_default().trim_start_matches("/problems/").to_owned()
}

/// The problem that a refusal is told as; none if it may be done.
fn problem(said: Result<(), NotBookable>) -> String {
    match said {
        Ok(()) => "",
        Err(NotBookable::Draft | NotBookable::Postponed | NotBookable::Cancelled) => "not-bookable",
        Err(NotBookable::Begun { .. }) => "performance-begun",
        Err(NotBookable::SaleNotOpen { .. }) => "sale-not-open",
        Err(NotBookable::SaleClosed { .. }) => "sale-closed",
        Err(NotBookable::TooLateToCancel { .. }) => "too-late-to-cancel",
    }
    .to_owned()
}

/// What the catalogue says when holding is answered like that.
fn status(hold: Result<(), NotBookable>) -> &'static str {
    match hold {
        Ok(()) => "on_sale",
        Err(NotBookable::SaleNotOpen { .. }) => "upcoming",
        Err(NotBookable::Postponed) => "postponed",
        Err(NotBookable::Cancelled) => "cancelled",
        Err(_) => "closed",
    }
}

/// What the queue says is the reason that there is nothing to wait for.
fn ending(hold: Result<(), NotBookable>) -> Value {
    match hold {
        Err(NotBookable::Postponed) => json!("postponed"),
        Err(NotBookable::Begun { .. }) => json!("begun"),
        Err(NotBookable::Cancelled) => json!("cancelled"),
        _ => Value::Null,
    }
}

/// Somebody is admitted, has paid for a seat and holds one; then both take that turn, and everything asks.
async fn walk((turn, change): Turn, (shift, edit): Shift) {
    let theatre = Theatre::in_queue(json!({"lobby_opens": "2026-12-31T23:00:00Z"})).await;
    let kim = theatre.customer_with("kim", 1_000_000).await;
    let pass = admit(&theatre, &kim).await;
    let (mut held, mut answers) = (Vec::new(), Vec::new());
    for seat in ["A-1-1", "A-1-2"] {
        let hold = theatre.send(&holding(&kim, &[seat]).pass(&pass)).await.with(201);
        held.push(hold["id"].as_str().unwrap().to_owned());
    }
    let paying = |id: &str| {
        let ask = Ask::post(format!("/v1/reservations/{id}/payment")).by(&kim).key(id);
        ask.json(&json!({"method": "points"}))
    };
    theatre.send(&paying(&held[0])).await.with(201);

    let (now, (mut show, mut sale)) = (theatre.clock.now(), stored(&theatre).await);
    let promised = sale.value.cancel_until;
    change(&mut show.value, now);
    edit(&mut sale.value, now);
    theatre.memory.save_performance(&show.value, Some(show.revision)).await.unwrap();
    theatre.memory.save_sale(&sale.value, Some(sale.revision)).await.unwrap();
    let said = |action| sale.value.check_action(&show.value, action, now);
    let (hold, context) = (said(Action::Hold), format!("{turn}; {shift}"));

    let shown = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200);
    assert_eq!(shown["status"], status(hold), "{context}");
    let listed = theatre.get(format!("/v1/concerts/{CONCERT}/performances?bookable=true")).await.with(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), usize::from(hold.is_ok()), "{context}");
    let best = json!({"best_available": {"count": 1, "tier": "R"}});
    for ask in [holding(&kim, &["A-1-3"]), holding(&kim, &["best"]).json(&best), paying(&held[1])] {
        answers.push(theatre.send(&ask.pass(&pass)).await);
    }
    let back = Ask::post(format!("/v1/reservations/{}/cancellation", held[0])).by(&kim).key("back");
    answers.push(theatre.send(&back).await);
    let told: Vec<String> = answers.iter().map(|answer| type_of(&answer.json())).collect();
    // What was promised at the hold stands.
    let kept = Sale { cancel_until: sale.value.cancel_until.max(promised), ..sale.value.clone() };
    let cancel = kept.check_action(&show.value, Action::Cancel, now);
    let expected = [hold, hold, said(Action::Pay), cancel].map(problem);
    assert_eq!(told, expected, "{context}: hold, best available, pay, cancel");

    // The first tick of an instance has not counted yet, and what is known of a sale may be a second old.
    for _ in 0..2 {
        theatre.clock.advance(Duration::from_secs(1));
        theatre.tick().await;
    }
    let now = theatre.clock.now();
    let hold = sale.value.check_action(&show.value, Action::Hold, now);
    let queue = snapshot(&theatre).await;
    assert_eq!(queue["ending"], ending(hold), "{context}");
    assert_eq!(queue["seats_left"] == json!(0), !ending(hold).is_null(), "{context}: {queue}");
    theatre.verify().await;
}

#[actix_web::test]
async fn everything_that_asks_hears_the_same() {
    for turn in TURNS {
        for shift in SHIFTS {
            walk(turn, shift).await;
        }
    }
}

/// A second later, after a tick that has counted.
async fn later(theatre: &Theatre) -> Value {
    for _ in 0..2 {
        theatre.clock.advance(Duration::from_secs(1));
        theatre.tick().await;
    }
    snapshot(theatre).await
}

async fn declare(theatre: &Theatre, what: &str) {
    theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/{what}"))).await.with(200);
}

#[actix_web::test]
async fn nobody_is_admitted_to_what_is_not_sold_and_what_is_published_again_goes_on() {
    let theatre = Theatre::in_queue(json!({})).await;
    let kim = theatre.customer("kim").await;
    let token = join(&theatre, &kim).await;
    assert_eq!(later(&theatre).await["ending"], Value::Null);
    declare(&theatre, "postponement").await;
    let queue = later(&theatre).await;
    assert_eq!((&queue["ending"], &queue["seats_left"]), (&json!("postponed"), &json!(0)));
    let checking_in = Ask::post(at("admission")).by(&kim).queue_token(&token);
    for _ in 0..3 {
        theatre.send(&checking_in).await.with(202);
        assert_eq!(later(&theatre).await["ending"], "postponed");
    }
    declare(&theatre, "publication").await;
    assert_eq!(later(&theatre).await["ending"], Value::Null);
    theatre.send(&checking_in).await.with(201);

    let lee = theatre.customer("lee").await;
    let token = join(&theatre, &lee).await;
    declare(&theatre, "cancellation").await;
    assert_eq!(later(&theatre).await["ending"], "cancelled");
    let answer = theatre.send(&Ask::post(at("admission")).by(&lee).queue_token(&token)).await;
    assert_ne!(answer.status, 201, "{answer}");
    later(&theatre).await;
    let answer = theatre.send(&Ask::post(at("admission")).by(&lee).queue_token(&token)).await;
    assert_ne!(answer.status, 201, "{answer}");
}

#[actix_web::test]
async fn only_what_can_be_booked_is_left() {
    const SECOND: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e20";
    let theatre = Theatre::in_queue(json!({})).await;
    let left = |queue: &Value| queue["seats_left"].as_u64().unwrap();
    let one = left(&later(&theatre).await);
    let description = Description::new();
    let body = description.operation("put", "/v1/performances/{id}").body_example();
    theatre.operate(Ask::put(format!("/v1/performances/{SECOND}")).json(&body)).await.with(201);
    theatre.operate(Ask::post(format!("/v1/performances/{SECOND}/publication"))).await.with(200);
    let mut sale = sale_with(json!({}));
    sale["performances"] = json!([PERFORMANCE, SECOND]);
    theatre.replace(&format!("/v1/sales/{SALE}"), &sale).await.with(200);
    assert!(left(&later(&theatre).await) > one, "both are sold");
    declare(&theatre, "cancellation").await;
    let queue = later(&theatre).await;
    assert_eq!((left(&queue), &queue["ending"]), (one, &Value::Null));
}

#[actix_web::test]
async fn a_date_that_has_passed_is_refused() {
    let theatre = Theatre::on_sale().await;
    let description = Description::new();
    let mut body = description.operation("put", "/v1/performances/{id}").body_example();
    let put = async |body: &Value| theatre.replace(&format!("/v1/performances/{PERFORMANCE}"), body).await;
    (body["starts_at"], body["doors_at"]) = (json!("2027-01-02T00:00:00Z"), Value::Null);
    let refused = put(&body).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/starts_at".to_owned()]), "{refused}");
    body["starts_at"] = json!("2027-01-02T00:00:00.000001Z");
    put(&body).await.with(200);
    theatre.clock.advance(Duration::from_secs(1));
    put(&body).await.with(200);
}
