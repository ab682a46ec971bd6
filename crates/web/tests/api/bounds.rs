//! The bounds in the description are literals; that they are the ones that the domain has is seen here, from outside: what
//! lies just beyond one is refused, and what lies just within is not refused for it.

use crate::ask::{Answer, Ask};
use crate::description::{Description, Operation};
use crate::good::Good;
use serde_json::{Value, json};

/// A bound of one member of a body, and a value at each side of it.
struct Bound {
    name: &'static str,
    within: Value,
    beyond: Value,
}

#[actix_web::test]
async fn the_bounds_in_the_description_are_the_ones_that_are_kept() {
    let description = Description::new();
    let (mut checked, mut flaws) = (0, Vec::new());
    for operation in description.operations().iter().filter(|operation| operation.body_schema().is_some()) {
        let (theatre, good) = Good::new(operation).await;
        for (pointer, bound) in bounds(&description, operation, &good.ask) {
            let ask = |value: &Value| changed(&good.ask, &pointer, value);
            let beyond = theatre.send(&ask(&bound.beyond)).await;
            if beyond.status != 422 || !beyond.pointers().iter().any(|at| names(at, &pointer)) {
                flaws.push(format!("{}: beyond {} of {pointer}: {beyond}", operation.name(), bound.name));
            }
            let within = theatre.send(&ask(&bound.within)).await;
            let why = |answer: &Answer| errors_at(answer, &pointer);
            if within.status == 422 && why(&within).iter().any(|error| why(&beyond).contains(error)) {
                flaws.push(format!("{}: within {} of {pointer}: {within}", operation.name(), bound.name));
            }
            checked += 1;
        }
    }
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
    assert!(checked > 60, "only {checked}");
}

/// Of a list of numbers, the list may be named.
fn names(at: &str, pointer: &str) -> bool {
    let list = pointer.rsplit_once('/').filter(|(_, last)| last.parse::<u32>().is_ok());
    at.starts_with(pointer) || list.is_some_and(|(list, _)| at == list)
}

/// What is said of that member itself; but that something else in it is missing is no matter of bounds.
fn errors_at(answer: &Answer, pointer: &str) -> Vec<Value> {
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.into_iter().filter(|error| error["pointer"] == pointer && error["code"] != "missing").collect()
}

fn changed(good: &Ask, pointer: &str, value: &Value) -> Ask {
    let mut body: Value = serde_json::from_slice(good.body.as_ref().unwrap()).unwrap();
    *body.pointer_mut(pointer).unwrap() = value.clone();
    good.clone().json(&body)
}

fn bounds(description: &Description, operation: &Operation, good: &Ask) -> Vec<(String, Bound)> {
    let body: Value = serde_json::from_slice(good.body.as_ref().unwrap()).unwrap();
    let mut found = Vec::new();
    collect(description, operation.body_schema().unwrap(), &body, "", &mut found);
    // How many weights there are depends on the sale's groups.
    found.retain(|(pointer, _)| pointer != "/weights");
    // These are texts of a form that no row of letters has: they are refused on both sides of the bound.
    found.retain(|(pointer, _)| !["/email", "/time_zone", "/image"].iter().any(|name| pointer.ends_with(name)));
    found
}

fn collect(description: &Description, schema: &Value, value: &Value, at: &str, found: &mut Vec<(String, Bound)>) {
    let schema = description.resolve(schema);
    for kinds in ["oneOf", "anyOf", "allOf"] {
        for kind in schema[kinds].as_array().into_iter().flatten().filter(|kind| fits(description, kind, value)) {
            collect(description, kind, value, at, found);
        }
    }
    // Of a text with a form, no row of letters need have it.
    let is_within = |bound: &Bound| schema["pattern"].is_null() || fits(description, schema, &bound.within);
    found.extend(bounds_of(schema, value).into_iter().filter(is_within).map(|bound| (at.to_owned(), bound)));
    for (name, member) in value.as_object().into_iter().flatten() {
        collect(description, &schema["properties"][name], member, &format!("{at}/{name}"), found);
    }
    if let Some(first) = value.as_array().and_then(|items| items.first()) {
        collect(description, &schema["items"], first, &format!("{at}/0"), found);
    }
}

fn fits(description: &Description, schema: &Value, value: &Value) -> bool {
    description.validator(schema).is_valid(value)
}

fn bounds_of(schema: &Value, value: &Value) -> Vec<Bound> {
    let text = |length: u64| json!("x".repeat(usize::try_from(length).unwrap()));
    let number = |number: i64| json!(number);
    let items = |count: u64| (0..count).map(|index| item(value, index)).collect::<Value>();
    let mut bounds = Vec::new();
    let mut add = |name, within: Value, beyond: Value| bounds.push(Bound { name, within, beyond });
    if let Some(most) = schema["maxLength"].as_u64() {
        add("maxLength", text(most), text(most + 1));
    }
    if let Some(least) = schema["minLength"].as_u64().filter(|least| *least > 0) {
        add("minLength", text(least), text(least - 1));
    }
    if let Some(most) = schema["maximum"].as_i64() {
        add("maximum", number(most), number(most + 1));
    }
    // Of every unsigned number the description says that it is 0 or more.
    if let Some(least) = schema["minimum"].as_i64().filter(|least| *least != 0) {
        add("minimum", number(least), number(least - 1));
    }
    if let Some(most) = schema["maxItems"].as_u64() {
        add("maxItems", items(most), items(most + 1));
    }
    if let Some(least) = schema["minItems"].as_u64().filter(|least| *least > 0) {
        add("minItems", items(least), items(least - 1));
    }
    bounds
}

/// An item such as the list's first; ids are made different.
fn item(list: &Value, index: u64) -> Value {
    let first = list.get(0).cloned().unwrap_or_default();
    match first.as_str().filter(|text| text.len() == 36) {
        Some(id) => json!(format!("{}{index:012x}", &id[..24])),
        None => first,
    }
}
