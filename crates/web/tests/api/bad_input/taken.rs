//! What an operation does not take.

use super::Bad;
use crate::ask::Ask;
use crate::description::{Description, Operation};
use actix_web::http::header::CONTENT_TYPE;

pub fn kinds(_: &Description, operation: &Operation, good: &Ask) -> Vec<Bad> {
    let mut bad = queries(operation, good);
    if operation.body_schema().is_none() {
        bad.extend(bodies(good));
    }
    bad.into_iter().map(|bad| bad.status(422)).collect()
}

fn queries(operation: &Operation, good: &Ask) -> Vec<Bad> {
    let with = |query: &str| Ask { path: format!("{}?{query}", good.path), ..good.clone() };
    let mut bad: Vec<Bad> = [
        ("nonsense=1", "nonsense"),
        ("nonsense", "nonsense"),
        ("dry_run=true", "dry_run"),
        ("comfirm=true", "comfirm"),
        ("Limit=1", "Limit"),
        ("limit%00=1", "limit\0"),
        ("a%2Fb%7E=1", "a~1b~0"),
        ("=1", ""),
    ]
    .iter()
    .map(|(query, name)| Bad::new(format!("?{query}"), with(query)).at(format!("/query/{name}")))
    .collect();
    for known in ["limit", "cursor", "confirm", "bookable", "status", "tier", "section"] {
        let taken = operation.parameters("query").iter().any(|parameter| parameter["name"] == known);
        let queries = if taken { vec![format!("{known}=x&{known}=x")] } else { vec![format!("{known}=1")] };
        bad.extend(queries.iter().map(|query| Bad::new(query, with(query)).at(format!("/query/{known}"))));
    }
    bad
}

fn bodies(good: &Ask) -> Vec<Bad> {
    let mut bad = Vec::new();
    for (body, at) in [
        (r#"{"nonsense":1}"#, "/nonsense"),
        (r#"{"amount":1000}"#, "/amount"),
        (r#"{"seats":["A-1-7"]}"#, "/seats"),
        (r#"{"dry_run":true,"starts_at":"2027-05-01T10:00:00Z"}"#, "/starts_at"),
        (r#"{"a/b":{"c":1}}"#, "/a~1b"),
        ("[]", ""),
        ("null", ""),
        ("17", ""),
        (r#""x""#, ""),
        ("amount=1000", ""),
        (r#"{"amount":1000"#, ""),
        ("{} {}", ""),
        (" ", ""),
        ("\0", ""),
    ] {
        bad.push(Bad::new(format!("the body {body}"), good.clone().bytes(body)).at(at));
        let unnamed = good.clone().bytes(body).without(CONTENT_TYPE);
        bad.push(Bad::new(format!("the body {body}, which is not called JSON"), unnamed).at(at));
    }
    let long = format!("{{}}{}", " ".repeat(1_000_000));
    bad.push(Bad::new("a great many spaces", good.clone().bytes(long)));
    bad
}

/// What says nothing: it is taken for no body.
pub fn nothing(good: &Ask) -> Vec<Ask> {
    let empty = good.clone().bytes("");
    let unnamed = good.clone().bytes("{}").without(CONTENT_TYPE);
    let no_query = Ask { path: format!("{}?", good.path), ..good.clone() };
    vec![empty, good.clone().bytes("{}"), unnamed, no_query]
}
