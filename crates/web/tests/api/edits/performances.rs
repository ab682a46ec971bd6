//! The rows of performances.

use super::stage::{Cell, MICROSECOND, PRICE, Stage};
use crate::ask::Ask;
use crate::description::Description;
use crate::moments::instant;
use crate::steps::{check_in, join};
use crate::theatre::{CONCERT, NOTHING, OPENS, PERFORMANCE, VENUE};
use frontrow_application::port::Clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const OTHER: &str = "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e21";

pub async fn what_it_is() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let example = |path| Description::new().operation("put", path).body_example();
    for (path, address) in [
        ("/v1/concerts/{id}", format!("/v1/concerts/{OTHER}")),
        ("/v1/venues/{id}", format!("/v1/venues/{OTHER}")),
        ("/v1/venues/{id}/seat-maps/{version}", format!("/v1/venues/{OTHER}/seat-maps/1")),
        ("/v1/venues/{id}/seat-maps/{version}", format!("/v1/venues/{VENUE}/seat-maps/2")),
    ] {
        stage.operate(Ask::put(address).json(&example(path))).await.with(201);
    }
    let draft = format!("/v1/performances/{NOTHING}");
    stage.operate(Ask::put(draft.as_str()).json(&example("/v1/performances/{id}"))).await.with(201);
    for (field, other, first) in [
        ("concert_id", json!(OTHER), json!(CONCERT)),
        ("venue_id", json!(OTHER), json!(VENUE)),
        ("seat_map_version", json!(2), json!(1)),
    ] {
        for value in [other, first] {
            stage.edit(&draft, "", &json!({ field: value })).await.with(200);
        }
    }
    for changes in [json!({"concert_id": OTHER}), json!({"venue_id": OTHER}), json!({"seat_map_version": 2})] {
        stage.edit_performance(&changes).await.problem(409, "performance-public");
    }
    stage.note(Cell::MayBecome);
    stage.looked_at().await
}

/// Lee, who has been called, checks in at the instant at which nothing is sold any more. If there were something to sell, the
/// next tick would admit them.
async fn nobody_is_admitted_from(stage: &Stage, waiting: &str, begun: &Value) {
    stage.set(instant(begun));
    stage.theatre.look().await;
    let lee = stage.of("lee").await;
    for _ in 0..3 {
        let answer = check_in(&stage.theatre, &lee, waiting).await;
        assert!([202, 409].contains(&answer.status), "{answer}");
        stage.theatre.tick().await;
    }
    assert_eq!(stage.queue().await["ending"], "begun");
    check_in(&stage.theatre, &stage.of("lee").await, waiting).await.problem(409, "queue-closed");
    stage.note(Cell::Queue);
}

/// Of kim's reservations all that was sold: everything but until when it can be paid and cancelled.
fn sold(all: Vec<Value>) -> Vec<Value> {
    let without_dates = |mut value: Value| {
        if let Some(reservation) = value.as_object_mut() {
            reservation.retain(|name, _| !["pay_until", "cancel_until", "can_cancel"].contains(&name.as_str()));
        }
        value
    };
    all.into_iter().map(without_dates).collect()
}

/// What is held can be paid up to that instant, which the hold outlasts.
async fn holds_are_paid_until(stage: &Stage, until: &Value) {
    let [in_time, late] = &stage.held;
    stage.set(instant(until) - MICROSECOND);
    stage.pay(in_time).await.with(201);
    stage.set(instant(until));
    stage.pay(late).await.problem(409, "performance-begun");
    stage.note(Cell::Holds);
}

/// Another beginning, and the doors open at the same time.
fn starting(at: &Value) -> Value {
    json!({"starts_at": at, "doors_at": at})
}

pub async fn starts_at() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let (before, lee) = (sold(stage.all().await), stage.theatre.customer("lee").await);
    let waiting = join(&stage.theatre, &lee).await;
    let starts = json!("2027-01-01T00:02:00Z");
    stage.edit_performance(&json!({"doors_at": null})).await.with(200);
    stage.refuses("performance", "starts_at", &[json!("2027-01-01T00:00:00Z"), json!("2026-12-31T00:00:00Z")]).await;
    stage.edit_performance(&starting(&starts)).await.with(200);
    stage.note(Cell::MayBecome);
    assert_eq!(sold(stage.all().await), before, "holds stay, and tickets are valid");
    let held = stage.reservation(&stage.held[0]).await;
    assert_eq!((&held["pay_until"], &held["status"]), (&starts, &json!("held")));
    assert_eq!(stage.queue().await["ending"], Value::Null, "it has not begun yet");

    stage.set(instant(&starts) - MICROSECOND);
    stage.cancel(&stage.paid[0]).await.with(200);
    let tickets = stage.tickets(&stage.paid[1]).await;
    nobody_is_admitted_from(&stage, &waiting, &starts).await;
    stage.cancel(&stage.paid[1]).await.problem(409, "performance-begun");
    assert_eq!(stage.tickets(&stage.paid[1]).await, tickets, "they are valid on the evening");
    stage.note(Cell::Paid);

    let stage_of_holds = Stage::new().await;
    stage_of_holds.edit_performance(&starting(&starts)).await.with(200);
    holds_are_paid_until(&stage_of_holds, &starts).await;
    &stage.looked_at().await | &stage_of_holds.looked_at().await
}

pub async fn doors_at() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = stage.all().await;
    stage
        .refuses("performance", "doors_at", &[json!("2027-05-01T10:00:00.000001Z"), json!("2027-05-02T10:00:00Z")])
        .await;
    for at in [json!("2027-05-01T10:00:00Z"), json!("2027-04-30T10:00:00Z"), Value::Null] {
        stage.edit_performance(&json!({ "doors_at": at })).await.with(200);
    }
    stage.note(Cell::MayBecome);
    stage.all_stays(&before).await;
    stage.looked_at().await
}

pub async fn sold_until() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let (before, lee) = (sold(stage.all().await), stage.theatre.customer("lee").await);
    let waiting = join(&stage.theatre, &lee).await;
    let (starts, until) = (json!("2027-01-01T00:01:00Z"), json!("2027-01-01T00:02:00Z"));
    stage.edit_performance(&starting(&starts)).await.with(200);
    let flaws = [json!("2027-01-01T00:00:59.999999Z"), json!("2027-02-01T00:01:00.000001Z")];
    stage.refuses("performance", "sold_until", &flaws).await;
    stage.edit_performance(&json!({"sold_until": "2027-02-01T00:01:00Z"})).await.with(200);
    stage.edit_performance(&json!({ "sold_until": until })).await.with(200);
    stage.note(Cell::MayBecome);

    stage.set(instant(&starts) + Duration::from_secs(1));
    assert_eq!(sold(stage.all().await), before);
    stage.note(Cell::Paid);
    assert_eq!(stage.queue().await["ending"], Value::Null, "it is sold although it has begun");
    nobody_is_admitted_from(&stage, &waiting, &until).await;

    let stage_of_holds = Stage::new().await;
    stage_of_holds.edit_performance(&starting(&starts)).await.with(200);
    stage_of_holds.edit_performance(&json!({ "sold_until": until })).await.with(200);
    holds_are_paid_until(&stage_of_holds, &until).await;
    &stage.looked_at().await | &stage_of_holds.looked_at().await
}

pub async fn give_back_until() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = sold(stage.all().await);
    let pay_until = stage.reservation(&stage.held[0]).await["pay_until"].clone();
    let until = json!("2027-04-29T00:00:00Z");
    for later in [json!("2027-04-28T00:00:00Z"), until.clone()] {
        stage.edit_performance(&json!({ "give_back_until": later })).await.with(200);
    }
    for earlier in [json!("2027-04-28T23:59:59.999999Z"), Value::Null] {
        stage.edit_performance(&json!({ "give_back_until": earlier })).await.problem(409, "performance-public");
    }
    stage.note(Cell::MayBecome);
    assert_eq!(sold(stage.all().await), before);
    assert_eq!(stage.reservation(&stage.held[0]).await["pay_until"], pay_until);
    stage.pay(&stage.held[0]).await.with(201);
    stage.note(Cell::Holds);
    let shown = stage.reservation(&stage.paid[0]).await;
    assert_eq!((&shown["cancel_until"], &shown["can_cancel"]), (&until, &json!(true)));
    stage.set(instant(&until) - MICROSECOND);
    stage.cancel(&stage.paid[0]).await.with(200);
    stage.set(instant(&until));
    stage.cancel(&stage.paid[1]).await.problem(409, "too-late-to-cancel");
    stage.note(Cell::Paid);
    stage.looked_at().await
}

pub async fn prices() -> BTreeSet<Cell> {
    let stage = Stage::new().await;
    let before = stage.all().await;
    let path = format!("/v1/performances/{PERFORMANCE}/settings");
    let mut prices = stage.operate(Ask::get(path)).await.with(200)["prices"].clone();
    prices["fee"] = json!(7000);
    stage.edit_performance(&json!({ "prices": prices })).await.with(200);
    let anew = stage.hold_by("lee", "A-1-7").await.with(201);
    assert_eq!(anew["total"]["amount"], json!(PRICE + 6000), "others pay the new price");
    stage.note(Cell::MayBecome);
    stage.all_stays(&before).await;
    let mut balance = stage.balance().await;
    stage.pay(&stage.held[0]).await.with(201);
    stage.cancel(&stage.paid[0]).await.with(200);
    stage.pay(&stage.held[1]).await.with(201);
    balance -= PRICE;
    assert_eq!(stage.balance().await, balance, "two are paid and one is given back, at the price of their hold");
    assert!(stage.theatre.clock.now() < OPENS + Duration::from_mins(5), "the holds had not lapsed");
    stage.looked_at().await
}
