//! How a queue ends, follows its sale, goes on, and is shown after its end.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use crate::steps::{admit, at, change, check_in, entry, join, snapshot, try_join};
use crate::theatre::{OPENS, OTHER_SALE, PERFORMANCE, SALE, Theatre, sale_example, sale_with};
use frontrow_domain::waiting_room::Queue;
use serde_json::{Value, json};
use std::time::Duration;

/// A performance that is not there yet.
const SECOND: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e20";

/// Some seconds later, after ticks that have counted.
async fn later(theatre: &Theatre) -> Value {
    for _ in 0..4 {
        theatre.clock.advance(Duration::from_secs(1));
        theatre.tick().await;
    }
    snapshot(theatre).await
}

async fn put_sale(theatre: &Theatre, sale: &Value, query: &str) -> Answer {
    let answer = theatre.replace(&format!("/v1/sales/{SALE}{query}"), sale).await;
    theatre.look().await;
    answer
}

async fn add_date(theatre: &Theatre) {
    let body = Description::new().operation("put", "/v1/performances/{id}").body_example();
    theatre.operate(Ask::put(format!("/v1/performances/{SECOND}")).json(&body)).await.with(201);
    theatre.operate(Ask::post(format!("/v1/performances/{SECOND}/publication"))).await.with(200);
    let mut sale = sale_with(json!({}));
    sale["performances"] = json!([PERFORMANCE, SECOND]);
    put_sale(theatre, &sale, "").await.with(200);
}

/// What is told of a queue that is over, to whom has a queue token of it.
async fn told(theatre: &Theatre, token: &str) -> [Value; 3] {
    let (queue, entry) = (snapshot(theatre).await, entry(theatre, token).await);
    let what = ["phase", "ending", "message"];
    assert_eq!(what.map(|name| &queue[name]), what.map(|name| &entry[name]), "the two are one truth");
    what.map(|name| queue[name].clone())
}

#[actix_web::test]
async fn a_queue_that_is_over_is_shown_for_a_month() {
    let theatre = Theatre::in_queue(json!({})).await;
    let kim = theatre.customer("kim").await;
    let token = join(&theatre, &kim).await;
    change(&theatre, &json!({"phase": "closed", "message": "Thank you all."})).await.with(200);
    let minute = Duration::from_mins(1);
    let month = Queue::REMEMBERED.checked_sub(minute).unwrap();
    for (wait, is_over) in [(Duration::ZERO, false), (month, false), (minute, true)] {
        theatre.clock.advance(wait);
        theatre.tick().await;
        let kim = theatre.back("kim").await;
        let ask = |ask: Ask| ask.by(&kim).json(&json!({}));
        let looks = [Ask::get(at("queue")), Ask::get("/v1/queue-tokens/current").queue_token(&token)];
        let goes = [
            ask(Ask::post(at("queue-tokens"))),
            Ask::post(at("admission")).by(&kim).queue_token(&token),
            ask(Ask::put(at("admission"))),
        ];
        let leaves = Ask::delete(at("admission")).by(&kim);
        if is_over {
            for ask in looks.iter().chain(&goes).chain([&leaves]) {
                theatre.send(ask).await.problem(404, "not-found");
            }
            continue;
        }
        assert_eq!(told(&theatre, &token).await, [json!("closed"), Value::Null, json!("Thank you all.")]);
        for ask in &goes {
            theatre.send(ask).await.problem(409, "queue-closed");
        }
        theatre.send(&leaves).await.with(204);
    }
    theatre.verify().await;
}

#[actix_web::test]
async fn a_queue_that_ended_by_itself_goes_on_with_an_added_date() {
    let theatre = Theatre::in_queue(json!({})).await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let (first, second) = (join(&theatre, &kim).await, join(&theatre, &lee).await);
    later(&theatre).await;
    theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/cancellation"))).await.with(200);
    later(&theatre).await;
    assert_eq!(told(&theatre, &second).await, [json!("closed"), json!("cancelled"), Value::Null]);
    check_in(&theatre, &kim, &first).await.problem(409, "queue-closed");
    try_join(&theatre, &kim, &json!({})).await.problem(409, "queue-closed");

    add_date(&theatre).await;
    assert_eq!(later(&theatre).await["phase"], "open");
    assert_eq!(told(&theatre, &second).await, [json!("open"), Value::Null, Value::Null]);
    for (who, token) in [(&lee, &second), (&kim, &first)] {
        check_in(&theatre, who, token).await.with(202);
    }
    theatre.tick().await;
    check_in(&theatre, &kim, &first).await.with(201);
    check_in(&theatre, &lee, &second).await.with(201);
}

#[actix_web::test]
async fn a_queue_that_an_operator_closed_stays_closed() {
    let theatre = Theatre::in_queue(json!({})).await;
    later(&theatre).await;
    change(&theatre, &json!({"phase": "closed"})).await.with(200);
    add_date(&theatre).await;
    assert_eq!(later(&theatre).await["phase"], "closed");
    change(&theatre, &json!({"phase": "open"})).await.with(200);
    assert_eq!(later(&theatre).await["phase"], "open");
}

#[actix_web::test]
async fn a_queue_follows_the_dates_of_its_sale() {
    let mut theatre = Theatre::in_lobby(json!({})).await;
    let kim = theatre.customer("kim").await;
    let token = join(&theatre, &kim).await;
    let mut sale = sale_with(json!({}));
    let early = put_sale(&theatre, &json_with(&sale, "opens", "2026-12-31T22:59:59Z"), "").await;
    assert_eq!((early.status, early.pointers()), (422, vec!["/waiting_room/lobby_opens".to_owned()]), "{early}");

    sale["opens"] = json!("2026-12-31T23:31:00Z");
    put_sale(&theatre, &sale, "").await.with(200);
    let moved = [json!("lobby"), Value::Null, json!("The opening of the sale has been moved.")];
    assert_eq!(told(&theatre, &token).await, moved);
    theatre.clock.advance(Duration::from_secs(58));
    assert_eq!(later(&theatre).await["phase"], "open", "as soon as the sale opens");
    assert_eq!(snapshot(&theatre).await["opens"], sale["opens"]);

    // Later, after it has opened: the queue waits for the sale.
    sale["opens"] = json!("2027-01-01T00:00:00Z");
    put_sale(&theatre, &sale, "").await.with(200);
    assert_eq!(later(&theatre).await["phase"], "paused");
    theatre.clock.set(OPENS);
    assert_eq!(later(&theatre).await["phase"], "open");

    theatre.operator = theatre.back("operator").await;
    for (minutes, closes, phase) in [(2, "2027-01-01T00:01:00Z", "closed"), (4, "2027-01-01T02:00:00Z", "open")] {
        (sale["closes"], sale["pay_until"]) = (json!(closes), json!(closes));
        put_sale(&theatre, &sale, "").await.with(200);
        theatre.clock.set(OPENS + Duration::from_mins(minutes));
        theatre.tick().await;
        let queue = snapshot(&theatre).await;
        assert_eq!((&queue["phase"], &queue["closes"]), (&json!(phase), &sale["closes"]));
        if phase == "closed" {
            let refused = change(&theatre, &json!({"phase": "open"})).await.problem(409, "sale-closed");
            assert_eq!(refused["closed"], sale["closes"], "the next tick would close it");
            change(&theatre, &json!({"capacity": 500})).await.with(200);
        }
        assert_eq!(queue["message"], "The closing of the sale has been moved.");
    }
    let kim = theatre.back("kim").await;
    admit(&theatre, &kim).await;
}

fn json_with(body: &Value, name: &str, value: &str) -> Value {
    let mut body = body.clone();
    body[name] = json!(value);
    body
}

#[actix_web::test]
async fn what_is_confirmed_at_the_publication_is_confirmed_at_every_edit() {
    let theatre = Theatre::in_queue(json!({})).await;
    // A public sale without a waiting room, whose dates don't overlap, and that sells something else.
    let other = format!("/v1/sales/{OTHER_SALE}");
    let body = Description::new().operation("put", "/v1/performances/{id}").body_example();
    theatre.operate(Ask::put(format!("/v1/performances/{SECOND}")).json(&body)).await.with(201);
    theatre.operate(Ask::post(format!("/v1/performances/{SECOND}/publication"))).await.with(200);
    let apart = json_with(&sale_example(), "opens", "2027-01-01T00:00:00Z");
    let mut besides = apart.clone();
    besides["performances"] = json!([SECOND]);
    theatre.operate(Ask::put(other.clone()).json(&besides)).await.with(201);
    theatre.operate(Ask::post(format!("{other}/publication"))).await.with(200);

    besides["performances"] = json!([SECOND, PERFORMANCE]);
    let put = async |body: &Value, query: &str| theatre.replace(&format!("{other}{query}"), body).await;
    put(&besides, "").await.problem(409, "open-besides");
    put(&besides, "?confirm=false").await.problem(409, "open-besides");
    assert_eq!(put(&besides, "?confirm=perhaps").await.status, 422);
    put(&besides, "?confirm=true").await.with(200);
    // It stands: nothing of it is new.
    put(&json_with(&besides, "name", "Another name"), "").await.with(200);
    // A date that is moved makes it longer.
    let moved = json_with(&besides, "opens", "2026-12-31T00:00:00Z");
    put(&moved, "").await.problem(409, "open-besides");
    put(&moved, "?confirm=true").await.with(200);
    // The sale with the waiting room is asked the same.
    let sale = json_with(&sale_with(json!({})), "closes", "2027-04-01T00:00:00Z");
    put_sale(&theatre, &sale, "").await.problem(409, "open-besides");
    put_sale(&theatre, &sale, "?confirm=true").await.with(200);
}
