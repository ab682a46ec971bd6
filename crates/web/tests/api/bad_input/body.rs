//! Bodies that can't be read.

use super::Bad;
use crate::ask::Ask;
use crate::description::{Description, Operation};
use crate::theatre::MAX_BODY;
use actix_web::http::header::CONTENT_TYPE;
use frontrow_web::WebState;

pub fn kinds(_: &Description, operation: &Operation, good: &Ask) -> Vec<Bad> {
    let Some(body) = &good.body else { return Vec::new() };
    let text = String::from_utf8(body.clone()).unwrap();
    let with = |what: &str, body: Vec<u8>| Bad::new(what, good.clone().bytes(body));
    let mut bad = Vec::new();
    if operation.needs_body() {
        bad.push(with("an empty body", Vec::new()).status(400));
    }
    for (what, text) in [
        ("only spaces", " \n\t".to_owned()),
        ("no JSON", "seats=A-1-1".to_owned()),
        ("a truncated object", text[..text.len() - 1].to_owned()),
        ("a truncated string", text[..3].to_owned()),
        ("something behind it", format!("{text} {text}")),
        ("a comma too many", text.replacen('}', ",}", 1)),
        ("a byte-order mark", format!("\u{feff}{text}")),
        ("single quotes", text.replace('"', "'")),
        ("a NUL in front", format!("\0{text}")),
        ("a NUL behind", format!("{text}\0")),
        ("a control character in a string", text.replacen('"', "\"\u{1}", 1)),
    ] {
        bad.push(with(what, text.into_bytes()).status(400));
    }
    let quote = text.find('"').unwrap() + 1;
    bad.push(with("a name that is no UTF-8", [&body[..quote], b"\xff", &body[quote..]].concat()).status(400));
    bad.push(with("bytes that are no UTF-8", [body, &b"\xff\xfe"[..]].concat()).status(400));
    bad.push(with("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()).status(400));
    bad.push(with("half a surrogate", text.replacen('"', "\"\\ud800", 1).into_bytes()));
    for (what, text) in [("deep arrays", "[".repeat(10_000)), ("deep objects", r#"{"a":"#.repeat(3_000))] {
        bad.push(with(what, text.into_bytes()));
    }
    for (what, text) in
        [("null", "null"), ("an array", "[]"), ("a string", "\"x\""), ("a number", "17"), ("true", "true")]
    {
        bad.push(with(what, text.into()).status(422));
    }
    // What derived code takes for an object.
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let orders = [fields.values().collect::<Vec<_>>(), fields.values().rev().collect()];
    bad.extend(orders.map(|order| with("an array of its fields", serde_json::to_vec(&order).unwrap()).status(422)));
    bad.extend(types(operation, good));
    let most = if operation.path.contains("seat-maps") { MAX_BODY * WebState::SEAT_MAP_FACTOR } else { MAX_BODY };
    let padded = |size: usize| format!("{text}{}", " ".repeat(size - text.len())).into_bytes();
    bad.push(with("a byte too many", padded(most + 1)).status(413));
    bad.push(with("a great many bytes", padded(10 * most)).status(413));
    bad
}

/// What the body is called.
fn types(operation: &Operation, good: &Ask) -> Vec<Bad> {
    let unnamed = good.clone().without(CONTENT_TYPE);
    let mut bad = vec![Bad::new("no content type", unnamed.clone()).status(415)];
    if operation.needs_body() {
        bad.push(Bad::new("no body at all", Ask { body: None, ..unnamed.clone() }));
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/problem+json",
        "json",
        "",
    ] {
        bad.push(
            Bad::new(format!("the content type {kind:?}"), unnamed.clone().header(CONTENT_TYPE, kind)).status(415),
        );
    }
    bad.push(Bad::new("a content type of bytes", unnamed.header(CONTENT_TYPE, b"\xff\xfe")).status(415));
    bad
}
