//! An example for every body, so that a front end can start before the back end is there.

use serde_json::{Map, Value};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi as Document, RefOr};

/// Gives every body of a request or an answer the example of its schema.
pub(super) fn add_examples(document: &mut Document) {
    let schemas = document.components.as_ref().map(|components| &components.schemas);
    let schemas = serde_json::to_value(schemas).unwrap_or_default();
    for operation in operations(document) {
        let request = operation.request_body.iter_mut().filter_map(here).flat_map(|body| body.content.values_mut());
        request.filter_map(here).for_each(|content| fill(content, &schemas));
        let answers = operation.responses.responses.values_mut().filter_map(here);
        let answers = answers.flat_map(|answer| answer.content.values_mut());
        answers.filter_map(here).for_each(|content| fill(content, &schemas));
    }
}

fn operations(document: &mut Document) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(|item| {
        [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
    })
}

fn here<T>(maybe: &mut RefOr<T>) -> Option<&mut T> {
    match maybe {
        RefOr::T(it) => Some(it),
        RefOr::Ref(_) => None,
    }
}

fn fill(content: &mut Content, schemas: &Value) {
    if content.example.is_none() && content.examples.is_empty() {
        content.example = serde_json::to_value(&content.schema).ok().and_then(|schema| example(&schema, schemas));
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
    let properties = schema.get("properties")?.as_object()?;
    let part = |(name, schema): (&String, &Value)| Some((name.clone(), example(schema, schemas)?));
    Some(Value::Object(properties.iter().filter_map(part).collect::<Map<_, _>>()))
}
