//! What is on, and which seats can be had.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use crate::good::hold;
use crate::theatre::{CONCERT, NOTHING, PERFORMANCE, Theatre};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frontrow_domain::TAKEOVER_GRACE;
use serde_json::{Value, json};
use std::time::Duration;

/// A hold of the examples' sale, and the time until somebody else can take its seats.
const UNTIL_FREE: Duration = Duration::from_mins(5).saturating_add(TAKEOVER_GRACE);

fn at(path: &str) -> String {
    format!("/v1/performances/{PERFORMANCE}{path}")
}

async fn see(theatre: &Theatre, path: &str) -> Value {
    theatre.get(path).await.with(200)
}

async fn status(theatre: &Theatre) -> Value {
    see(theatre, &at("")).await["status"].clone()
}

#[actix_web::test]
async fn a_concert_is_on_once_a_performance_is_public() {
    let theatre = Theatre::empty().await;
    assert_eq!(see(&theatre, "/v1/concerts").await, json!({"items": [], "next_cursor": null}));
    let theatre = Theatre::on_sale().await;
    let description = Description::new();
    let (_, schema) = description.schemas().find(|(name, _)| *name == "ConcertDto").unwrap();
    let concert = schema["example"].clone();
    assert_eq!(concert["id"], CONCERT);
    assert_eq!(see(&theatre, "/v1/concerts").await, json!({"items": [concert], "next_cursor": null}));
    assert_eq!(see(&theatre, &format!("/v1/concerts/{CONCERT}")).await, concert);
    let performances = see(&theatre, &format!("/v1/concerts/{CONCERT}/performances")).await;
    assert_eq!(performances["items"][0], see(&theatre, &at("")).await);
}

#[actix_web::test]
async fn a_performance_shows_its_open_sales_and_what_is_left() {
    let theatre = Theatre::on_sale().await;
    hold(&theatre, &theatre.customer("kim").await, &["A-1-3"]).await;
    // The theatre is made of the examples; what differs is the number of seats, and the sale has no waiting room.
    let description = Description::new();
    let (_, schema) = description.schemas().find(|(name, _)| *name == "PerformanceDto").unwrap();
    let mut expected = schema["example"].clone();
    (expected["seat_count"], expected["available"]) = (json!(110), json!(109));
    expected["sales"][0]["waiting_room"] = Value::Null;
    assert_eq!(see(&theatre, &at("")).await, expected);
}

/// A field that an operator writes is tested by adding it to the example of `PerformanceBody`.
#[actix_web::test]
async fn what_an_operator_puts_is_what_everybody_reads() {
    let theatre = Theatre::on_sale().await;
    let put = Description::new().operation("put", "/v1/performances/{id}").body_example();
    let shown = see(&theatre, &at("")).await;
    let both = put.as_object().unwrap().iter().filter_map(|(name, value)| Some((name, value, shown.get(name)?)));
    let both: Vec<_> = both.collect();
    assert!(both.len() >= 3, "{both:?}");
    for (name, put, shown) in both {
        assert_eq!(put, shown, "{name}");
    }
}

#[actix_web::test]
async fn the_status_follows_the_clock_and_the_operators() {
    let theatre = Theatre::on_sale().await;
    assert_eq!(status(&theatre).await, "on_sale");
    let bookable = format!("/v1/concerts/{CONCERT}/performances?bookable=true");
    assert_eq!(see(&theatre, &bookable).await["items"][0]["id"], PERFORMANCE);
    for (what, expected) in [("postponement", "postponed"), ("publication", "on_sale"), ("cancellation", "cancelled")] {
        theatre.operate(Ask::post(at(&format!("/{what}")))).await.with(200);
        assert_eq!(status(&theatre).await, expected);
    }
    assert_eq!(see(&theatre, &bookable).await["items"], json!([]));
    let theatre = Theatre::on_sale().await;
    theatre.clock.advance(Duration::from_hours(130 * 24));
    assert_eq!(status(&theatre).await, "closed");
    theatre.clock.set(frontrow_domain::Instant::from_micros(0));
    assert_eq!(status(&theatre).await, "upcoming");
}

#[actix_web::test]
async fn availability_is_a_bitmap_with_counts() {
    let theatre = Theatre::on_sale().await;
    let bits = |answer: &Value| STANDARD.decode(answer["bitmap"].as_str().unwrap()).unwrap();
    let before = see(&theatre, &at("/availability")).await;
    let mut expected = vec![0xff; 14];
    expected[13] = 0b11_1111;
    assert_eq!(bits(&before), expected);
    hold(&theatre, &theatre.customer("kim").await, &["A-1-3", "FLOOR-100"]).await;
    let after = see(&theatre, &at("/availability")).await;
    expected[0] = 0b1111_1011;
    expected[13] = 0b1_1111;
    assert_eq!(bits(&after), expected);
    assert_eq!(after["tiers"], json!({"R": {"seats": 10, "available": 9}, "S": {"seats": 100, "available": 99}}));
    theatre.clock.advance(UNTIL_FREE);
    assert_eq!(see(&theatre, &at("/availability")).await, before);
}

#[actix_web::test]
async fn availability_that_is_known_is_not_sent_again() {
    let theatre = Theatre::on_sale().await;
    let ask = async |known: &str| theatre.send(&Ask::get(at("/availability")).header("If-None-Match", known)).await;
    let tag = theatre.get(at("/availability")).await.header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = ask(&known).await;
        assert_eq!((answer.with(304), answer.header("etag")), (Value::Null, Some(tag.as_str())), "{known}");
    }
    ask("\"x\"").await.with(200);
    hold(&theatre, &theatre.customer("kim").await, &["A-1-3"]).await;
    let changed = ask(&tag).await;
    changed.with(200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
}

#[actix_web::test]
async fn a_seat_map_never_changes_under_its_address() {
    let theatre = Theatre::on_sale().await;
    let answer = theatre.get(at("/seat-map/1")).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let point = |x: i32, y: i32| json!({"x": x, "y": y});
    let row = json!({"name": "1", "first": 1, "seats": 10, "tier": "R", "accessible": [1], "companion": [2], "blocked": [],
        "from": point(-248, 300), "to": point(248, 300)});
    let border = json!([point(-275, 255), point(275, 255), point(275, 345), point(-275, 345)]);
    // Worked out: 50 square metres behind the section that is drawn.
    let floor = json!([point(-500, 545), point(500, 545), point(500, 1045), point(-500, 1045)]);
    assert_eq!(
        answer.with(200),
        json!({"version": 1, "seat_count": 110, "stage": {"x": -600, "y": -500, "width": 1200, "depth": 400},
            "bounds": {"x": -600, "y": -500, "width": 1200, "depth": 1545}, "sections": [
            {"name": "A", "kind": "seated", "first": 1, "outline": border, "rows": [row]},
            {"name": "FLOOR", "kind": "standing", "first": 11, "outline": floor, "spots": 100, "tier": "S"}]})
    );
    theatre.get(at("/seat-map/2")).await.problem(404, "not-found");
}

#[actix_web::test]
async fn prices_are_what_is_paid() {
    let theatre = Theatre::on_sale().await;
    let tiers = see(&theatre, &at("/prices")).await["tiers"].clone();
    let price = |tier: usize, kind: usize| tiers[tier]["prices"][kind]["price"].clone();
    let won = |amount| json!({"amount": amount, "currency": "KRW"});
    assert_eq!([price(0, 0), price(0, 1), price(1, 0)], [won(121_000), won(61_000), won(81_000)]);
}

#[actix_web::test]
async fn seats_are_listed_page_by_page() {
    let theatre = Theatre::on_sale().await;
    hold(&theatre, &theatre.customer("kim").await, &["A-1-3"]).await;
    let mut path = at("/seats?status=available&section=A&limit=3");
    let mut found = Vec::new();
    loop {
        let page = see(&theatre, &path).await;
        found.extend(page["items"].as_array().unwrap().iter().map(|seat| seat["number"].as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = at(&format!("/seats?status=available&section=A&limit=3&cursor={cursor}"));
    }
    assert_eq!(found, [1, 2, 4, 5, 6, 7, 8, 9, 10]);
    let taken = see(&theatre, &at("/seats?status=taken")).await;
    assert_eq!((&taken["items"][0]["label"], &taken["items"][1]), (&json!("A-1-3"), &Value::Null));
    let floor = json!({"number": 11, "label": "FLOOR-1", "section": "FLOOR", "row": null, "tier": "S", "kind": "standing",
        "status": "available", "price": {"amount": 81_000, "currency": "KRW"}});
    assert_eq!(see(&theatre, &at("/seats?tier=S&limit=1")).await["items"], json!([floor]));
    for (query, pointer) in [("tier=Z", "/query/tier"), ("section=Z", "/query/section")] {
        let answer = theatre.get(at(&format!("/seats?{query}"))).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.pointers(), [pointer]);
    }
}

#[actix_web::test]
async fn what_is_not_public_is_not_found() {
    let theatre = Theatre::on_sale().await;
    let draft = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8ead";
    let description = crate::description::Description::new();
    let body = description.operation("put", "/v1/performances/{id}").body_example();
    theatre.operate(Ask::put(format!("/v1/performances/{draft}")).json(&body)).await.with(201);
    let mut answers: Vec<Answer> = Vec::new();
    for id in [draft, NOTHING] {
        for path in ["", "/availability", "/prices", "/seats", "/seat-map/1"] {
            answers.push(theatre.get(format!("/v1/performances/{id}{path}")).await);
        }
    }
    answers.push(theatre.get(format!("/v1/concerts/{NOTHING}")).await);
    answers.push(theatre.get(format!("/v1/concerts/{NOTHING}/performances")).await);
    for answer in answers {
        answer.problem(404, "not-found");
    }
}
