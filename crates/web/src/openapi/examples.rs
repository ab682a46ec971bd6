//! An example for every body, so that a front end can start before the back end is there.

use super::operations::{answers, operations};
use serde_json::{Map, Value};

/// Gives every body of a request or an answer the example of its schema.
pub(super) fn add_examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for operation in operations(document) {
        if let Some(request) = operation.get_mut("requestBody") {
            fill(request, &schemas);
        }
        answers(operation).for_each(|(_, answer)| fill(answer, &schemas));
    }
}

fn fill(body: &mut Value, schemas: &Value) {
    let contents = body.get_mut("content").and_then(Value::as_object_mut);
    for content in contents.into_iter().flat_map(|contents| contents.values_mut()) {
        if content.get("example").is_none()
            && content.get("examples").is_none()
            && let Some(example) = example(&content["schema"], schemas)
        {
            content["example"] = example;
        }
    }
}

/// The schema's own example, or one made of those of its parts.
fn example(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(own) = schema.get("example") {
        return Some(own.clone());
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return example(schemas.get(name)?, schemas);
    }
    if let Some(items) = schema.get("items") {
        return Some(Value::Array(vec![example(items, schemas)?]));
    }
    if let Some(kinds) = schema.get("oneOf").and_then(Value::as_array) {
        return example(kinds.first()?, schemas);
    }
    let properties = schema.get("properties")?.as_object()?;
    let part = |(name, schema): (&String, &Value)| Some((name.clone(), example(schema, schemas)?));
    Some(Value::Object(properties.iter().filter_map(part).collect::<Map<_, _>>()))
}
