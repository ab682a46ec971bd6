//! A value that a schema allows, where the document has no example.

use serde_json::{Map, Value, json};

/// How deep schemas are followed; one that refers to itself ends there.
const DEPTH: u8 = 8;

/// The schema's own example, or something that it allows. `find` finds what stands at a pointer into the document.
pub fn sample<'a>(schema: &'a Value, find: &dyn Fn(&str) -> Option<&'a Value>) -> Value {
    at_depth(schema, find, DEPTH)
}

fn at_depth<'a>(schema: &'a Value, find: &dyn Fn(&str) -> Option<&'a Value>, depth: u8) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    let shown = ["const", "example", "default"].into_iter().find_map(|name| schema.get(name));
    let listed = ["examples", "enum"].into_iter().find_map(|name| schema.get(name)?.get(0));
    if let Some(value) = shown.or(listed) {
        return value.clone();
    }
    if let Some(elsewhere) = schema["$ref"].as_str().and_then(|address| find(address.trim_start_matches('#'))) {
        return at_depth(elsewhere, find, depth);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| at_depth(part, find, depth));
        return Value::Object(parts.filter_map(object).flatten().collect());
    }
    let choices = ["oneOf", "anyOf"].into_iter().find_map(|name| schema[name].as_array());
    if let Some(choice) = choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null")) {
        return at_depth(choice, find, depth);
    }
    let kind = schema["type"].as_str().or_else(|| {
        let kinds = schema["type"].as_array()?.iter().filter_map(Value::as_str);
        kinds.into_iter().find(|kind| *kind != "null")
    });
    match kind {
        Some("array") => json!([at_depth(&schema["items"], find, depth)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(true),
        Some("string") => text(schema["format"].as_str().unwrap_or_default()).into(),
        Some("null") => Value::Null,
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let member = |(name, schema): (&String, &'a Value)| (name.clone(), at_depth(schema, find, depth));
            Value::Object(properties.map(member).collect())
        }
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

fn text(format: &str) -> &'static str {
    match format {
        "date-time" => "2027-01-01T00:00:00Z",
        "date" => "2027-01-01",
        "uuid" => "019b7605-2c00-7000-8000-000000000000",
        "uri" | "url" => "https://frontrow.example/",
        "uri-reference" => "/v1/concerts",
        "email" => "kim@example.com",
        _ => "mock",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_without_an_example_still_gives_something_that_it_allows() {
        let document = json!({"Id": {"type": "string", "format": "uuid"}, "Self": {"$ref": "#/Self"}});
        let find = |pointer: &str| document.pointer(pointer);
        let schema = json!({
            "type": "object",
            "properties": {
                "id": {"$ref": "#/Id"},
                "kind": {"enum": ["a", "b"]},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "many": {"type": "array", "items": {"type": "integer", "minimum": 3}},
                "either": {"oneOf": [{"type": "null"}, {"type": "boolean"}]},
                "both": {"allOf": [{"properties": {"x": {"const": 1}}}, {"properties": {"y": {"default": 2}}}]},
                "endless": {"$ref": "#/Self"},
            },
        });
        let expected = json!({
            "id": "019b7605-2c00-7000-8000-000000000000",
            "kind": "a",
            "at": "2027-01-01T00:00:00Z",
            "many": [3],
            "either": true,
            "both": {"x": 1, "y": 2},
            "endless": null,
        });
        assert_eq!(sample(&schema, &find), expected);
    }
}
