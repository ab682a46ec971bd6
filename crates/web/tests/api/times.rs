//! Times that clients send: as RFC 3339 says, wherever a time is taken.

use crate::description::{Description, Operation};
use crate::good::Good;
use serde_json::{Value, json};

const LAX: &[&str] = &[
    "2027-05-01 10:00:00Z",
    "2027-05-01T10:00:00",
    "2027-05-01T10:00Z",
    "2027-05-01T10:00:60Z",
    "2027-05-01T24:00:00Z",
    "2027-02-29T10:00:00Z",
    "2027-05-01T10:00:00Z[UTC]",
    "2027-05-01T10:00:00+24:00",
    "20270501T100000Z",
    "+002027-05-01T10:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-01-01T00:00:00Z",
    "2027-05-01T10:00:00.1234567890Z",
    "2027-05-01",
];

#[actix_web::test]
async fn a_time_is_as_rfc_3339_says_wherever_one_is_taken() {
    let description = Description::new();
    let mut taken = Vec::new();
    for operation in description.operations() {
        let queries = operation.parameters("query");
        assert!(!queries.iter().any(|query| query.to_string().contains("date-time")), "{}", operation.name());
        let Some(schema) = operation.body_schema() else { continue };
        let mut pointers = Vec::new();
        times(&description, schema, "", &mut pointers);
        for pointer in pointers {
            check(&operation, &pointer).await;
            taken.push(format!("{} {pointer}", operation.name()));
        }
    }
    assert!(taken.len() >= 7, "{taken:?}");
}

async fn check(operation: &Operation, pointer: &str) {
    let (theatre, good) = Good::new(operation).await;
    let body: Value = serde_json::from_slice(good.ask.body.as_ref().unwrap()).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let with = |time: &Value| {
        let mut body = body.clone();
        body.pointer_mut(parent).unwrap()[name] = time.clone();
        good.ask.clone().json(&body)
    };
    for time in LAX {
        let refused = theatre.send(&with(&json!(time))).await;
        assert_eq!(
            (refused.status, refused.pointers()),
            (422, vec![pointer.to_owned()]),
            "{} {time}",
            operation.name()
        );
        assert!(refused.json()["errors"][0]["detail"].as_str().unwrap().contains("RFC 3339"), "{refused}");
    }
    // Small letters and other offsets are RFC 3339; what is wrong with the time itself is another matter.
    for time in ["2027-03-01t10:00:00z", "2027-03-01T19:00:00.123456789+09:00", "2027-03-01T10:00:00-00:00"] {
        let read = theatre.send(&with(&json!(time))).await;
        assert!(!read.to_string().contains("RFC 3339"), "{} {time}: {read}", operation.name());
    }
}

/// The addresses of the times in a body; of what is in a list, none is.
fn times(description: &Description, schema: &Value, at: &str, found: &mut Vec<String>) {
    let schema = description.resolve(schema);
    if schema["format"] == "date-time" {
        found.push(at.to_owned());
    }
    for kinds in ["oneOf", "anyOf", "allOf"] {
        for kind in schema[kinds].as_array().into_iter().flatten() {
            times(description, kind, at, found);
        }
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        times(description, member, &format!("{at}/{name}"), found);
    }
    assert!(!schema["items"].to_string().contains("date-time"), "{at}");
}
