//! The forms of texts, put where they are named.

use super::operations::operations;
use crate::dto::forms;
use serde_json::{Map, Value, json};

/// Where schemas are named.
const SCHEMAS: &str = "#/components/schemas/";

/// Puts every form where it is named, with what the field says besides; and lets no parameter be `null`, because nothing
/// that stands in an address or a header is.
pub(super) fn put_forms(document: &mut Value) {
    let forms = forms();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.retain(|name, _| !forms.contains_key(name));
    }
    put(document, &forms);
    for parameter in operations(document).flat_map(parameters) {
        not_null(&mut parameter["schema"]);
    }
}

fn parameters(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
}

fn put(value: &mut Value, forms: &Map<String, Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, forms)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| put(member, forms));
            if let Some(form) = named(members, forms) {
                members.remove("$ref");
                members.extend(form.clone());
            }
            or_null(members);
        }
        _ => {}
    }
}

fn named<'a>(members: &Map<String, Value>, forms: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
    let name = members.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)?;
    forms.get(name)?.as_object()
}

/// Of `null` or a text, one type: what generators read best.
fn or_null(members: &mut Map<String, Value>) {
    let Some(Value::Array(kinds)) = members.get("oneOf") else { return };
    let [null, Value::Object(form)] = kinds.as_slice() else { return };
    let Some(Value::String(kind)) = form.get("type").filter(|_| *null == json!({"type": "null"})) else { return };
    if kind == "object" || form.contains_key("enum") {
        return;
    }
    let mut form = form.clone();
    form.insert("type".to_owned(), json!([kind, "null"]));
    // What the field says of itself goes before what its form says.
    form.extend(members.iter().filter(|(name, _)| *name != "oneOf").map(|(name, value)| (name.clone(), value.clone())));
    *members = form;
}

fn not_null(schema: &mut Value) {
    if let Some(kinds) = schema["type"].as_array() {
        schema["type"] = kinds.iter().find(|kind| **kind != "null").cloned().unwrap_or_default();
    }
    if let Some([null, some]) = schema["oneOf"].as_array().map(Vec::as_slice)
        && *null == json!({"type": "null"})
    {
        *schema = some.clone();
    }
}
