//! The rows of sales.

use super::stage::{Cell, MICROSECOND, Stage};
use crate::ask::Ask;
use crate::description::Description;
use crate::moments::instant;
use crate::steps::{admit, at, holding, snapshot};
use crate::theatre::{OTHER_SALE, PERFORMANCE, SALE, sale_example};
use frontrow_application::port::Clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const SECOND: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e20";

pub async fn name() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = stage.all().await;
    stage.edit_sale(&json!({"name": "Another name"})).await.with(200);
    let shown = stage.theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200);
    assert_eq!(shown["sales"][0]["name"], "Another name");
    stage.note(Cell::MayBecome);
    stage.all_stays(&before).await;
    stage.looked_at().await
}

/// A public sale without a waiting room.
async fn sell_besides(stage: &Stage, changes: Value) {
    let mut sale = sale_example();
    sale.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    stage.operate(Ask::put(format!("/v1/sales/{OTHER_SALE}")).json(&sale)).await.with(201);
    stage.operate(Ask::post(format!("/v1/sales/{OTHER_SALE}/publication"))).await.with(200);
}

async fn publish_second(stage: &Stage) {
    let body = Description::new().operation("put", "/v1/performances/{id}").body_example();
    stage.operate(Ask::put(format!("/v1/performances/{SECOND}")).json(&body)).await.with(201);
    stage.operate(Ask::post(format!("/v1/performances/{SECOND}/publication"))).await.with(200);
}

pub async fn performances() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let (before, left) = (stage.all().await, stage.queue().await["seats_left"].as_u64().unwrap());
    publish_second(&stage).await;
    sell_besides(&stage, json!({"performances": [SECOND]})).await;
    stage.edit_sale(&json!({"performances": [SECOND]})).await.problem(409, "sale-public");
    let both = json!({"performances": [PERFORMANCE, SECOND]});
    stage.edit_sale(&both).await.problem(409, "open-besides");
    stage.edit(&format!("/v1/sales/{SALE}"), "?confirm=true", &both).await.with(200);
    stage.note(Cell::MayBecome);
    stage.all_stays(&before).await;
    assert!(stage.queue().await["seats_left"].as_u64().unwrap() > left, "it counts the new seats");

    let sold_out = Stage::new().await;
    sell_everything(&sold_out).await;
    let closed = sold_out.queue().await;
    assert_eq!((&closed["phase"], &closed["ending"]), (&json!("closed"), &json!("sold_out")));
    publish_second(&sold_out).await;
    sold_out.edit_sale(&both).await.with(200);
    let queue = sold_out.queue().await;
    assert_eq!((&queue["phase"], &queue["ending"]), (&json!("open"), &Value::Null), "it goes on");
    stage.note(Cell::Queue);
    sold_out.looked_at().await;
    stage.looked_at().await
}

/// Kim pays what she holds, and two others buy the rest: 10 seats, and 100 spots to stand.
async fn sell_everything(stage: &Stage) {
    stage.edit_sale(&json!({"limit_per_person": 50})).await.with(200);
    for id in &stage.held {
        stage.pay(id).await.with(201);
    }
    let spots = |numbers: std::ops::RangeInclusive<u32>| numbers.map(|number| format!("FLOOR-{number}"));
    let rest = ["A-1-1", "A-1-2", "A-1-7", "A-1-8", "A-1-9", "A-1-10"].map(str::to_owned);
    let parts: [(&str, Vec<String>); 3] =
        [("lee", spots(1..=50).collect()), ("ann", spots(51..=100).collect()), ("joe", rest.to_vec())];
    for (name, seats) in parts {
        let who = stage.theatre.customer_with(name, 9_000_000).await;
        let pass = admit(&stage.theatre, &who).await;
        let seats: Vec<&str> = seats.iter().map(String::as_str).collect();
        let held = stage.theatre.send(&holding(&who, &seats).key(name).pass(&pass)).await.with(201);
        let pay = Ask::post(format!("/v1/reservations/{}/payment", held["id"].as_str().unwrap())).by(&who).key("pay");
        stage.theatre.send(&pay.json(&json!({"method": "points"}))).await.with(201);
    }
}

pub async fn opens_and_closes() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = stage.all().await;
    // For half an hour before the performance it is sold without a waiting room.
    sell_besides(&stage, json!({"opens": "2027-05-01T09:00:00Z", "closes": "2027-05-01T09:30:00Z"})).await;
    let early = stage.edit_sale(&json!({"opens": "2026-12-31T22:59:59.999999Z"})).await;
    assert_eq!((early.status, early.pointers()), (422, vec!["/waiting_room/lobby_opens".to_owned()]), "{early}");
    let flaws = [json!("2027-01-01T00:00:00Z"), json!("2027-05-01T10:00:00.000001Z")];
    for closes in &flaws {
        let changes = json!({"closes": closes, "pay_until": "2027-05-02T00:00:00Z"});
        let refused = stage.edit_sale(&changes).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/closes".to_owned()]), "{refused}");
    }
    let longer = json!({"closes": "2027-05-01T09:10:00Z"});
    stage.edit_sale(&longer).await.problem(409, "open-besides");
    stage.edit(&format!("/v1/sales/{SALE}"), "?confirm=true", &longer).await.with(200);
    stage.note(Cell::MayBecome);
    stage.all_stays(&before).await;

    let moved = async |changes: Value, phase: &str, message: &str| {
        stage.edit(&format!("/v1/sales/{SALE}"), "?confirm=true", &changes).await.with(200);
        let queue = stage.queue().await;
        assert_eq!((&queue["phase"], &queue["message"]), (&json!(phase), &json!(message)), "{changes}");
        for (name, value) in changes.as_object().unwrap() {
            assert_eq!(&queue[name], value, "the queue has the dates of its sale");
        }
    };
    moved(json!({"opens": "2027-01-01T00:02:00Z"}), "paused", "The opening of the sale has been moved.").await;
    stage.all_stays(&before).await;
    moved(json!({"opens": "2026-12-31T23:00:00Z"}), "open", "The opening of the sale has been moved.").await;
    let soon = instant(&json!("2027-01-01T00:01:00Z"));
    moved(json!({"closes": "2027-01-01T00:01:00Z"}), "open", "The closing of the sale has been moved.").await;
    stage.set(soon);
    assert_eq!(stage.queue().await["phase"], "closed");
    moved(json!({"closes": "2027-05-01T09:00:00Z"}), "open", "The closing of the sale has been moved.").await;
    stage.note(Cell::Queue);
    stage.looked_at().await
}

pub async fn deadlines() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = stage.all().await;
    let promised = ["2027-05-01T09:30:00Z", "2027-04-24T00:00:00Z"].map(|until| json!(until));
    let shown = async |id: &str| {
        let reservation = stage.reservation(id).await;
        ["pay_until", "cancel_until"].map(|name| reservation[name].clone())
    };
    assert_eq!([shown(&stage.held[0]).await, shown(&stage.paid[0]).await], [promised.clone(), promised.clone()]);
    stage.refuses("sale", "pay_until", &[json!("2027-05-01T08:59:59.999999Z")]).await;
    let earlier = json!({"pay_until": "2027-05-01T09:00:00Z", "cancel_until": "2020-01-01T00:00:00Z"});
    stage.edit_sale(&earlier).await.with(200);
    let anew = stage.hold_by("lee", "A-1-7").await.with(201);
    assert_eq!((&anew["pay_until"], &anew["cancel_until"]), (&earlier["pay_until"], &earlier["cancel_until"]));
    stage.note(Cell::MayBecome);
    assert_eq!(stage.all().await, before, "they keep what was promised");
    let [given_back, kept] = &stage.paid;
    stage.set(instant(&promised[1]) - MICROSECOND);
    stage.cancel(given_back).await.with(200);
    stage.set(instant(&promised[1]));
    stage.cancel(kept).await.problem(409, "too-late-to-cancel");

    let later = ["2027-05-01T09:45:00Z", "2027-04-25T00:00:00Z"].map(|until| json!(until));
    stage.edit_sale(&json!({"pay_until": later[0], "cancel_until": later[1]})).await.with(200);
    assert_eq!([shown(&stage.held[0]).await, shown(kept).await], [later.clone(), later.clone()]);
    stage.set(instant(&later[1]) - MICROSECOND);
    stage.cancel(kept).await.with(200);
    stage.note(Cell::Paid);
    let [in_time, late] = &stage.held;
    stage.set(instant(&later[0]) - MICROSECOND);
    stage.pay(in_time).await.with(201);
    stage.set(instant(&later[0]));
    stage.pay(late).await.problem(409, "hold-lapsed");
    stage.note(Cell::Holds);
    stage.looked_at().await
}

pub async fn limit_per_person() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = stage.all().await;
    stage.refuses("sale", "limit_per_person", &[json!(0), json!(51)]).await;
    for limit in [50, 1] {
        stage.edit_sale(&json!({ "limit_per_person": limit })).await.with(200);
    }
    stage.note(Cell::MayBecome);
    stage.all_stays(&before).await;
    let [in_time, late] = &stage.held;
    stage.pay(in_time).await.with(201);
    let kim = stage.of("kim").await;
    let next = stage.theatre.send(&holding(&kim, &["A-1-8"]).pass(&stage.pass)).await;
    assert_eq!(next.problem(409, "limit-reached")["limit"], 1, "it counts from the next hold");
    stage.set(instant(&stage.reservation(late).await["held_until"]));
    stage.pay(late).await.problem(409, "limit-reached");
    stage.edit_sale(&json!({"limit_per_person": 4})).await.with(200);
    stage.pay(late).await.with(201);
    stage.looked_at().await
}

pub async fn hold_seconds() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = stage.all().await;
    stage.refuses("sale", "hold_seconds", &[json!(0), json!(3601)]).await;
    // The shortest comes last: the ids of tests don't say when they were made, so the audit asks the terms when holds were.
    for (name, seat, seconds) in [("lee", "A-1-7", 3600), ("ann", "A-1-8", 1)] {
        stage.edit_sale(&json!({ "hold_seconds": seconds })).await.with(200);
        let anew = stage.hold_by(name, seat).await.with(201);
        let until = stage.theatre.clock.now() + Duration::from_secs(seconds);
        assert_eq!(instant(&anew["held_until"]), until, "it counts from the next hold");
    }
    stage.note(Cell::MayBecome);
    stage.all_stays(&before).await;
    stage.looked_at().await
}

pub async fn waiting_room() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let path = format!("/v1/sales/{SALE}/settings");
    let room = stage.operate(Ask::get(path)).await.with(200)["waiting_room"].clone();
    let mut other = room.clone();
    other["capacity"] = json!(7);
    for changed in [other, Value::Null] {
        stage.edit_sale(&json!({ "waiting_room": changed })).await.problem(409, "sale-public");
    }
    stage.edit_sale(&json!({ "waiting_room": room })).await.with(200);
    stage.note(Cell::MayBecome);
    let change = json!({"capacity": 7, "message": "Slowly."});
    stage.operate(Ask::patch(at("waiting-room")).json(&change)).await.with(200);
    stage.theatre.look().await;
    let (seen, shown) = (stage.waiting_room().await, snapshot(&stage.theatre).await);
    assert_eq!((&seen["capacity"], &shown["message"]), (&json!(7), &json!("Slowly.")));
    stage.note(Cell::Queue);
    stage.looked_at().await
}
