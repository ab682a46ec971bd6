//! Operators read what they have put, and replace nothing that they have not read.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use crate::theatre::{CONCERT, NOTHING, OTHER_SALE, PERFORMANCE, SALE, Theatre, VENUE, sale_example, sale_with};
use serde_json::{Value, json};

/// Everything that can be put, and a member of it that may change at any time.
fn everything() -> [(String, &'static str, Value); 5] {
    let example = |path| Description::new().operation("put", path).body_example();
    [
        (format!("/v1/venues/{VENUE}"), "name", example("/v1/venues/{id}")),
        (format!("/v1/venues/{VENUE}/seat-maps/2"), "sections", example("/v1/venues/{id}/seat-maps/{version}")),
        (format!("/v1/concerts/{CONCERT}"), "title", example("/v1/concerts/{id}")),
        (format!("/v1/performances/{PERFORMANCE}"), "starts_at", example("/v1/performances/{id}")),
        (format!("/v1/sales/{SALE}"), "name", sale_example()),
    ]
}

fn other(member: &str) -> Value {
    match member {
        "sections" => json!([{"kind": "standing", "name": "F", "spots": 7, "tier": "R"}]),
        "starts_at" => json!("2027-05-02T10:00:00Z"),
        _ => json!("Another"),
    }
}

async fn read(theatre: &Theatre, path: &str) -> Answer {
    theatre.operate(Ask::get(Theatre::settings(path))).await
}

#[actix_web::test]
async fn what_is_read_can_be_put_again_and_what_is_left_out_is_shown() {
    let theatre = Theatre::on_sale().await;
    for (path, ..) in everything() {
        if path.ends_with("seat-maps/2") {
            theatre.operate(Ask::put(path.as_str()).json(&everything()[1].2)).await.with(201);
        }
        let settings = read(&theatre, &path).await;
        let body = settings.with(200);
        theatre.operate(Ask::put(path.as_str()).json(&body)).await.with(200);
        let again = read(&theatre, &path).await;
        assert_eq!((again.with(200), again.header("etag")), (body, settings.header("etag")), "{path}");
    }
    let sale = read(&theatre, &format!("/v1/sales/{SALE}")).await.with(200);
    assert_eq!((&sale["hold_seconds"], &sale["waiting_room"]), (&json!(300), &Value::Null));
}

#[actix_web::test]
async fn drafts_can_be_read_with_all_that_is_in_them() {
    let theatre = Theatre::on_sale().await;
    let draft = format!("/v1/performances/{NOTHING}");
    let mut body = Description::new().operation("put", "/v1/performances/{id}").body_example();
    body["give_back_until"] = json!("2027-06-01T00:00:00Z");
    theatre.operate(Ask::put(draft.as_str()).json(&body)).await.with(201);
    theatre.get(draft.as_str()).await.problem(404, "not-found");
    let shown = read(&theatre, &draft).await.with(200);
    assert_eq!((&shown["prices"], &shown["give_back_until"]), (&body["prices"], &body["give_back_until"]));
    let hidden = format!("/v1/sales/{OTHER_SALE}");
    let sale = sale_with(json!({"draw": true}));
    theatre.operate(Ask::put(hidden.as_str()).json(&sale)).await.with(201);
    let shown = read(&theatre, &hidden).await.with(200);
    assert_eq!(shown["waiting_room"]["groups"][1], sale["waiting_room"]["groups"][1], "codes are the operators' own");
    assert_eq!(shown["waiting_room"]["draw"], true);
    let kim = theatre.customer("kim").await;
    theatre.send(&Ask::get(Theatre::settings(&hidden)).by(&kim)).await.problem(403, "not-an-operator");
}

#[actix_web::test]
async fn nobody_replaces_what_they_have_not_read() {
    let theatre = Theatre::on_sale().await;
    for (path, member, mut body) in everything() {
        let is_new = path.ends_with("seat-maps/2");
        theatre.operate(Ask::put(path.as_str()).json(&body)).await.with(if is_new { 201 } else { 200 });
        let tag = read(&theatre, &path).await.header("etag").unwrap().to_owned();
        body[member] = other(member);
        let put = |tag: Option<&str>| {
            let put = Ask::put(path.as_str()).json(&body);
            tag.map_or(put.clone(), |tag| put.header("If-Match", tag))
        };
        theatre.operate(put(None)).await.problem(428, "if-match-missing");
        for unread in ["\"77\"", "*", "77", "W/\"1\"", "\"1\", \"2\"", "", "\"-1\""] {
            theatre.operate(put(Some(unread))).await.problem(412, "changed-since-read");
        }
        theatre.operate(put(Some(&tag))).await.with(200);
        // A repetition is harmless; a change that another has made since is not lost.
        theatre.operate(put(Some(&tag))).await.with(200);
        let mut second = body.clone();
        second[member] = everything().into_iter().find(|(known, ..)| *known == path).unwrap().2[member].clone();
        let late = Ask::put(path.as_str()).json(&second).header("If-Match", &tag);
        theatre.operate(late).await.problem(412, "changed-since-read");
        assert_eq!(read(&theatre, &path).await.with(200)[member], body[member], "{path}");
    }
}

#[actix_web::test]
async fn what_is_gone_or_was_never_there_is_not_replaced() {
    let theatre = Theatre::on_sale().await;
    let body = Description::new().operation("put", "/v1/concerts/{id}").body_example();
    let put = Ask::put(format!("/v1/concerts/{NOTHING}")).json(&body).header("If-Match", "\"1\"");
    theatre.operate(put).await.problem(412, "changed-since-read");
}

#[actix_web::test]
async fn only_what_is_named_is_changed() {
    let theatre = Theatre::on_sale().await;
    for (path, member, _) in everything().into_iter().filter(|(path, ..)| !path.contains("seat-maps")) {
        let before = read(&theatre, &path).await;
        let changes = json!({ member: other(member) });
        let change = |tag: Option<&str>| {
            let change = Ask::patch(path.as_str()).json(&changes);
            tag.map_or(change.clone(), |tag| change.header("If-Match", tag))
        };
        theatre.operate(change(None)).await.problem(428, "if-match-missing");
        theatre.operate(change(Some("\"77\""))).await.problem(412, "changed-since-read");
        theatre.operate(change(before.header("etag"))).await.with(200);
        let mut expected = before.with(200);
        expected[member] = other(member);
        assert_eq!(read(&theatre, &path).await.with(200), expected, "{path}");
        // Nothing named, nothing changed.
        theatre.operate(Ask::patch(path.as_str()).json(&json!({}))).await.with(200);
        let refused = theatre.operate(Ask::patch(path.as_str()).json(&json!({"nonsense": 1}))).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/nonsense".to_owned()]));
    }
    theatre.operate(Ask::patch(format!("/v1/venues/{NOTHING}")).json(&json!({}))).await.problem(404, "not-found");
}

#[actix_web::test]
async fn null_takes_away_what_may_be_left_out() {
    let theatre = Theatre::on_sale().await;
    let path = format!("/v1/performances/{PERFORMANCE}");
    for (until, kept) in [(json!("2027-05-01T11:00:00Z"), json!("2027-05-01T11:00:00Z")), (Value::Null, Value::Null)] {
        let tag = read(&theatre, &path).await.header("etag").unwrap().to_owned();
        let change = Ask::patch(path.as_str()).json(&json!({ "sold_until": until })).header("If-Match", tag);
        theatre.operate(change).await.with(200);
        assert_eq!(read(&theatre, &path).await.with(200)["sold_until"], kept);
    }
    let refused = theatre.operate(Ask::patch(path.as_str()).json(&json!({"starts_at": null}))).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/starts_at".to_owned()]));
}
