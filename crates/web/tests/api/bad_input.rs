//! Bad input of any kind, to any operation: a problem document that names the field, and nothing has changed. The kinds
//! come from here, the operations and their fields from the description.

mod body;
mod envelope;
mod field;
mod taken;

use crate::ask::{Answer, Ask};
use crate::description::{Description, Operation};
use crate::good::Good;
use crate::seen::seen;
use crate::theatre::Theatre;
use serde_json::Value;
use std::collections::BTreeSet;

/// A request that has to be refused.
pub struct Bad {
    pub what: String,
    pub ask: Ask,
    /// Where the problem has to say that it is; empty if no field is at fault.
    pub at: String,
    /// The only status that will do; any 4xx, if there is none.
    pub status: Option<u16>,
}

impl Bad {
    pub fn new(what: impl Into<String>, ask: Ask) -> Self {
        Self { what: what.into(), ask, at: String::new(), status: None }
    }

    pub fn at(self, pointer: impl Into<String>) -> Self {
        Self { at: pointer.into(), ..self }
    }

    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    fn flaws(&self, answer: &Answer) -> Vec<String> {
        let mut flaws = Vec::new();
        if !(400..500).contains(&answer.status) || self.status.is_some_and(|status| status != answer.status) {
            flaws.push(format!("the status, which is not {:?}", self.status));
        }
        if answer.header("content-type") != Some("application/problem+json") {
            flaws.push("no problem document".to_owned());
        } else if !self.at.is_empty() && !answer.pointers().iter().any(|pointer| names(pointer, &self.at)) {
            flaws.push(format!("it does not name {}", self.at));
        }
        flaws
    }
}

/// A flaw may be found at the field, or (of two things that don't fit together) in a field of it; of a list of numbers, the
/// list may be named.
fn names(pointer: &str, at: &str) -> bool {
    let list = at.rsplit_once('/').filter(|(_, last)| last.parse::<u32>().is_ok());
    let inside = |at: &str| pointer.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    inside(at) || list.is_some_and(|(list, _)| pointer == list)
}

async fn refuses_all(kinds: fn(&Description, &Operation, &Ask) -> Vec<Bad>) {
    let description = Description::new();
    let mut found = BTreeSet::new();
    let mut asked = 0;
    for operation in description.operations() {
        let (theatre, good) = Good::new(&operation).await;
        let before = seen(&theatre).await;
        for bad in kinds(&description, &operation, &good.ask) {
            let answer = theatre.send(&bad.ask).await;
            asked += 1;
            for flaw in bad.flaws(&answer) {
                found.insert(format!("{}, {}: {flaw}: {answer}", operation.name(), bad.what));
            }
            if seen(&theatre).await != before {
                found.insert(format!("{}, {}: it has changed something: {answer}", operation.name(), bad.what));
                break;
            }
        }
        // The request that the bad ones were made of is good, and would have been seen.
        let answer = theatre.send(&good.ask).await;
        assert!((200..300).contains(&answer.status), "{}: {answer}", operation.name());
        assert_eq!(seen(&theatre).await != before, good.changes, "{}", operation.name());
        theatre.verify().await;
    }
    assert!(found.is_empty(), "{} of {asked}:\n{}", found.len(), found.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(asked > 50, "only {asked}");
}

#[actix_web::test]
async fn bodies_that_are_no_json() {
    refuses_all(body::kinds).await;
}

#[actix_web::test]
async fn fields_that_are_not_as_described() {
    refuses_all(field::kinds).await;
}

#[actix_web::test]
async fn addresses_and_headers() {
    refuses_all(envelope::kinds).await;
}

#[actix_web::test]
async fn tokens() {
    refuses_all(envelope::tokens).await;
}

#[actix_web::test]
async fn what_an_operation_does_not_take() {
    refuses_all(taken::kinds).await;
}

/// Whatever a body names by its id has to be there.
#[actix_web::test]
async fn what_a_body_names_and_is_not_there_is_not_found() {
    let mut asked = 0;
    for operation in Description::new().operations().iter().filter(|operation| operation.body_schema().is_some()) {
        let (theatre, good) = Good::new(operation).await;
        let before = seen(&theatre).await;
        for ask in field::naming_nothing(&good.ask) {
            let answer = theatre.send(&ask).await;
            assert_eq!(answer.status, 404, "{}: {ask:?}: {answer}", operation.name());
            assert_eq!(seen(&theatre).await, before, "{}", operation.name());
            asked += 1;
        }
        theatre.verify().await;
    }
    assert_eq!(
        asked, 7,
        "concert and venue of a performance, performance of a sale (each put or changed), sale of a hold"
    );
}

/// An empty body, and an object without members, say nothing that could be ignored.
#[actix_web::test]
async fn what_says_nothing_is_no_body() {
    for operation in Description::new().operations().iter().filter(|operation| operation.body_schema().is_none()) {
        let (_, good) = Good::new(operation).await;
        for n in 0..taken::nothing(&good.ask).len() {
            let (theatre, good) = Good::new(operation).await;
            let ask = &taken::nothing(&good.ask)[n];
            let answer = theatre.send(ask).await;
            assert!((200..300).contains(&answer.status), "{}: {ask:?}: {answer}", operation.name());
        }
    }
}

/// These are not described.
#[actix_web::test]
async fn the_description_and_its_pages_take_nothing_either() {
    let theatre = Theatre::empty().await;
    for address in ["/openapi.json", "/docs", "/problems", "/problems/busy"] {
        let answer = theatre.get(&format!("{address}?nonsense=1")).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.pointers(), ["/query/nonsense"]);
        let answer = theatre.send(&Ask::get(address).bytes(r#"{"nonsense":1}"#)).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec!["/nonsense".to_owned()]));
    }
    theatre.send(&Ask::post("/openapi.json").bytes(r#"{"nonsense":1}"#)).await.problem(405, "method-not-allowed");
    theatre.get("/nowhere?nonsense=1").await.problem(404, "not-found");
}

/// No object in any body, at any depth, takes members that it does not describe, or the tests above could not see them.
#[test]
fn every_object_of_a_body_is_closed() {
    let description = Description::new();
    let mut seen = BTreeSet::new();
    for operation in description.operations() {
        let Some(schema) = operation.body_schema() else { continue };
        assert_closed(&description, schema, &operation.name(), &mut seen);
    }
    assert!(seen.len() > 15, "{seen:?}");
}

fn assert_closed(description: &Description, schema: &Value, at: &str, seen: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str()
        && !seen.insert(name.to_owned())
    {
        return;
    }
    let schema = description.resolve(schema);
    if schema["properties"].is_object() || schema["type"] == "object" {
        assert_eq!(schema["additionalProperties"], false, "{at} takes members that it does not describe: {schema}");
    }
    let named = schema["properties"].as_object().into_iter().flatten();
    let named = named.map(|(name, inner)| (name.clone(), inner));
    let unnamed =
        ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|word| schema[word].as_array().into_iter().flatten());
    let items = schema.get("items").into_iter().chain(unnamed).map(|inner| ("*".to_owned(), inner));
    for (name, inner) in named.chain(items) {
        assert_closed(description, inner, &format!("{at}/{name}"), seen);
    }
}

/// Some of it is refused for what a schema can't say, and says so.
#[actix_web::test]
async fn what_a_schema_allows_is_never_a_fault() {
    let description = Description::new();
    let mut asked = 0;
    for operation in description.operations() {
        let (theatre, good) = Good::new(&operation).await;
        for ask in field::allowed(&description, &operation, &good.ask) {
            let answer = theatre.send(&ask).await;
            let told =
                || format!("{}: {}: {answer}", operation.name(), String::from_utf8_lossy(ask.body.as_ref().unwrap()));
            assert!(answer.status < 500, "{}", told());
            if answer.status >= 400 {
                let invalid = answer.any_problem()["type"] == "/problems/invalid-input";
                assert!(!invalid || answer.pointers().iter().any(|pointer| !pointer.is_empty()), "{}", told());
            }
            asked += 1;
        }
        theatre.verify().await;
    }
    assert!(asked > 50, "only {asked}");
}
