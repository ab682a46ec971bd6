//! Fields that are missing, unknown, doubled, of another type or out of bounds. Whether a value is bad, the schema says.

use super::Bad;
use crate::ask::Ask;
use crate::description::{Description, Operation};
use crate::theatre::NOTHING;
use jsonschema::Validator;
use serde_json::{Value, json};

pub fn kinds(description: &Description, operation: &Operation, good: &Ask) -> Vec<Bad> {
    let Some((body, validator)) = body(description, operation, good) else { return Vec::new() };
    let mut bad = Vec::new();
    for pointer in pointers(&body) {
        for (what, at, changed) in changes(&body, &pointer) {
            if !validator.is_valid(&changed) {
                bad.push(Bad::new(format!("{at} is {what}"), good.clone().json(&changed)).at(at).status(422));
            }
        }
        bad.extend(raw(&body, &pointer, good));
    }
    bad
}

/// The same changes, where the schema has nothing against them.
pub fn allowed(description: &Description, operation: &Operation, good: &Ask) -> Vec<Ask> {
    let Some((body, validator)) = body(description, operation, good) else { return Vec::new() };
    let changes = pointers(&body).into_iter().flat_map(|pointer| changes(&body, &pointer));
    let allowed = changes.filter(|(.., changed)| validator.is_valid(changed));
    allowed.map(|(.., changed)| good.clone().json(&changed)).collect()
}

/// The body with each id in it, and with the id that it may have, replaced by an id of nothing.
pub fn naming_nothing(good: &Ask) -> Vec<Ask> {
    let body: Value = serde_json::from_slice(good.body.as_ref().unwrap()).unwrap();
    let with_sale = good.path.ends_with("/reservations").then(|| "/sale_id".to_owned());
    let named = |pointer: &String| body.pointer(pointer).unwrap().as_str().is_some_and(is_id);
    let named: Vec<String> = pointers(&body).into_iter().filter(named).chain(with_sale).collect();
    let asks = named.iter().map(|pointer| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut changed = body.clone();
        match changed.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = json!(NOTHING),
            object => object[name] = json!(NOTHING),
        }
        good.clone().json(&changed)
    });
    asks.collect()
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.matches('-').count() == 4
}

fn body(description: &Description, operation: &Operation, good: &Ask) -> Option<(Value, Validator)> {
    let validator = description.validator(operation.body_schema()?);
    let body = serde_json::from_slice(good.body.as_ref()?).unwrap();
    assert!(validator.is_valid(&body), "{}", operation.name());
    Some((body, validator))
}

/// What has become of which field, and the body with it.
fn changes(body: &Value, pointer: &str) -> Vec<(&'static str, String, Value)> {
    let changed = values().into_iter().map(|(what, value)| {
        let mut changed = body.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        (what, pointer.to_owned(), changed)
    });
    changed.chain(shapes(body, pointer)).collect()
}

/// The addresses of everything in it but itself.
fn pointers(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let inner = inner.into_iter();
    inner
        .flat_map(|(name, value)| {
            std::iter::once(format!("/{name}"))
                .chain(pointers(value).into_iter().map(move |rest| format!("/{name}{rest}")))
        })
        .collect()
}

fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("null", Value::Null),
        ("true", json!(true)),
        ("zero", json!(0)),
        ("one", json!(1)),
        ("minus one", json!(-1)),
        ("a fraction", json!(1.5)),
        ("large", json!(u32::MAX)),
        ("larger", json!(i64::MAX)),
        ("too large for an i64", json!(u64::MAX)),
        ("huge", json!(1e30)),
        ("an empty string", json!("")),
        ("a letter", json!("x")),
        ("digits", json!("12")),
        ("a long string", json!("x".repeat(5_000))),
        ("a long string of wide characters", json!("\u{1f3ab}".repeat(1_000))),
        ("a NUL", json!("\0")),
        ("control characters", json!("a\u{7}\u{1b}[31m\r\nb")),
        ("spaces", json!("   ")),
        ("an empty array", json!([])),
        ("an array of nulls", json!([null])),
        ("a long array", json!(vec!["x"; 1_000])),
        ("an empty object", json!({})),
        ("an object", json!({"a": 1})),
    ]
}

/// The body with a field less, and the body with a field more, by the address of the field.
fn shapes(body: &Value, pointer: &str) -> Vec<(&'static str, String, Value)> {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut shapes = Vec::new();
    let mut less = body.clone();
    if let Some(fields) = less.pointer_mut(parent).unwrap().as_object_mut() {
        fields.remove(name);
        shapes.push(("missing", pointer.to_owned(), less));
        let mut more = body.clone();
        more.pointer_mut(parent).unwrap()["nonsense"] = json!(1);
        shapes.push(("unknown", format!("{parent}/nonsense"), more));
    }
    // In the order of the fields: it must not do for an object.
    if let Some(fields) = body.pointer(pointer).unwrap().as_object() {
        let mut positional = body.clone();
        *positional.pointer_mut(pointer).unwrap() = fields.values().cloned().collect();
        shapes.push(("an array of its fields", pointer.to_owned(), positional));
    }
    shapes
}

/// What can't be said with a `Value`.
fn raw(body: &Value, pointer: &str, good: &Ask) -> Vec<Bad> {
    let mut marked = body.clone();
    *marked.pointer_mut(pointer).unwrap() = json!("MARK");
    let marked = marked.to_string();
    let with = |what: &str, text: &str| {
        Bad::new(format!("{pointer} is {what}"), good.clone().bytes(marked.replace("\"MARK\"", text)))
    };
    let mut bad = vec![
        with("not finite", "1e400").at(pointer).status(422),
        with("not a number", "NaN").status(400),
        with("a number with a leading zero", "01").status(400),
        with("an integer of a thousand digits", &"9".repeat(1_000)).at(pointer).status(422),
        with("deep", &format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))).at(pointer).status(422),
    ];
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    if body.pointer(parent).unwrap().is_object() {
        let value = body.pointer(pointer).unwrap();
        bad.push(with("there twice", &format!("{value},\"{name}\":{value}")).at(pointer).status(422));
    }
    bad
}
