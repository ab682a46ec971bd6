//! The operations of a document, and their answers.

use serde_json::Value;

/// Every operation.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    paths.flat_map(|(_, methods)| methods.as_object_mut().into_iter().flatten().map(|(_, operation)| operation))
}

/// The answers of an operation, with their status codes.
pub(super) fn answers(operation: &mut Value) -> impl Iterator<Item = (&str, &mut Value)> {
    let answers = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
    answers.map(|(status, answer)| (status.as_str(), answer))
}
