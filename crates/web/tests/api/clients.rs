//! What a generator of clients needs from the description: types instead of strings, and the way from each answer to the
//! next question.

use crate::description::{Description, Operation};
use serde_json::Value;
use std::collections::BTreeMap;

/// Every string in an example that is a time or an id has that format.
#[test]
fn times_and_ids_have_their_format() {
    let description = Description::new();
    let (mut times, mut ids) = (0, 0);
    for (name, schema, example) in description.examples() {
        each_text(&description, schema, example, &name, &mut |at, schema, text| {
            let is_time = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
            let is_id = text.len() == 36 && text.matches('-').count() == 4;
            times += usize::from(is_time);
            ids += usize::from(is_id);
            let expected = if is_time { "date-time" } else { "uuid" };
            assert!(!(is_time || is_id) || schema["format"] == expected, "{at} is {schema}");
        });
    }
    assert!(times > 100 && ids > 100, "{times} times, {ids} ids");
}

/// What has few values says which.
#[test]
fn closed_sets_are_enums() {
    let description = Description::new();
    let mut found = 0;
    for (name, schema, example) in description.examples() {
        each_text(&description, schema, example, &name, &mut |at, schema, _| {
            let member = at.rsplit('/').next().unwrap();
            if ["status", "state", "kind", "phase", "ending", "method", "token_type"].contains(&member) {
                let is_closed = schema["enum"].is_array() || schema["const"].is_string();
                assert!(is_closed, "{at} is {schema}");
                found += 1;
            }
        });
    }
    assert!(found > 50, "only {found}");
}

/// Calls back with each text in the example and its schema.
fn each_text(
    description: &Description,
    schema: &Value,
    value: &Value,
    at: &str,
    found: &mut dyn FnMut(&str, &Value, &str),
) {
    let schema = description.resolve(schema);
    for word in ["oneOf", "anyOf", "allOf"] {
        let kinds = schema[word].as_array().into_iter().flatten();
        // Of several that fit, the first says the most.
        let fitting = kinds.filter(|kind| description.validator(kind).is_valid(value));
        for kind in fitting.take(if word == "allOf" { usize::MAX } else { 1 }) {
            each_text(description, kind, value, at, found);
        }
    }
    match value {
        Value::String(text) if schema.get("type").is_some() => found(at, schema, text),
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| schema["properties"][*name].is_object()) {
                each_text(description, &schema["properties"][name], member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                each_text(description, &schema["items"], item, at, found);
            }
        }
        _ => {}
    }
}

/// A header that proves something is a security scheme, and a parameter as well: generated clients send only parameters.
#[test]
fn every_proof_is_a_scheme_and_every_scheme_can_be_sent() {
    let description = Description::new();
    let schemes = description.value()["components"]["securitySchemes"].as_object().unwrap();
    let headers: BTreeMap<&str, &str> =
        schemes.iter().filter_map(|(name, scheme)| Some((&**name, scheme["name"].as_str()?))).collect();
    assert_eq!(headers.len(), 2, "pass and queue token");
    for operation in description.operations() {
        let ways = operation.value["security"].as_array().cloned().unwrap_or_default();
        for (scheme, header) in &headers {
            let named = ways.iter().any(|way| way.get(*scheme).is_some());
            assert_eq!(operation.has_header(header), named, "{} {header}", operation.name());
        }
        for scheme in ways.iter().flat_map(|way| way.as_object().unwrap().keys()) {
            assert!(schemes.contains_key(scheme), "{scheme}");
        }
    }
}

/// What a link takes from a request or an answer is there, and the operation that it leads to has a place for it.
#[test]
fn every_link_leads_somewhere() {
    let description = Description::new();
    let operations: BTreeMap<String, Operation> =
        description.operations().into_iter().map(|operation| (operation.id().to_owned(), operation)).collect();
    let mut links = 0;
    for operation in operations.values() {
        for (status, answer) in operation.value["responses"].as_object().unwrap() {
            for link in answer["links"].as_object().into_iter().flatten().map(|(_, link)| link) {
                let to = &operations[link["operationId"].as_str().unwrap()];
                let name = format!("{} {status} to {}", operation.name(), to.id());
                for (parameter, source) in link["parameters"].as_object().into_iter().flatten() {
                    let (position, parameter) = parameter.split_once('.').unwrap();
                    assert!(to.parameters(position).iter().any(|one| one["name"] == parameter), "{name}: {parameter}");
                    assert_source(operation, answer, source.as_str().unwrap(), &name);
                }
                for (_, source) in link["requestBody"].as_object().into_iter().flatten() {
                    let source = source.as_str().unwrap().trim_matches(['{', '}']);
                    assert_source(operation, answer, source, &name);
                }
                links += 1;
            }
        }
    }
    assert!(links > 50, "only {links}");
}

fn assert_source(operation: &Operation, answer: &Value, source: &str, name: &str) {
    let found = if let Some(parameter) = source.strip_prefix("$request.path.") {
        operation.parameters("path").iter().any(|one| one["name"] == parameter)
    } else if let Some(pointer) = source.strip_prefix("$request.body#") {
        operation.body_example().pointer(pointer).is_some()
    } else {
        let pointer = source.strip_prefix("$response.body#").unwrap();
        let example = &answer["content"]["application/json"]["example"];
        example.pointer(pointer).is_some_and(|value| !value.is_null())
    };
    assert!(found, "{name}: {source}");
}

/// What makes something leads to what can be done with it.
#[test]
fn whatever_is_made_leads_on() {
    for operation in Description::new().operations() {
        let made = &operation.value["responses"]["201"];
        assert!(made.is_null() || made["links"].is_object(), "{}: its 201 has no links", operation.name());
    }
}

/// A cursor is not any text: which ones there are, its pattern says.
#[test]
fn every_cursor_has_a_form() {
    let mut found = 0;
    for operation in Description::new().operations() {
        let parameters = operation.parameters("query").into_iter().filter(|parameter| parameter["name"] == "cursor");
        for parameter in parameters {
            assert!(parameter["schema"]["pattern"].is_string(), "{}", operation.name());
            found += 1;
        }
    }
    assert!(found >= 6, "only {found}");
}
