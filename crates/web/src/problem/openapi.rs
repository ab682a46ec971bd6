//! Problems in the `OpenAPI` document.

use super::extensions::{Extension, extensions};
use super::{ALL, Kind, PROBLEM_JSON, Problem};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, Schema};

static EXTENSIONS: LazyLock<Vec<Extension>> = LazyLock::new(extensions);

/// Adds an answer for each status that these problems have.
pub(crate) fn add_problems(kinds: &[Kind], operation: &mut Operation) {
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in ALL.iter().copied().filter(|kind| kinds.contains(kind)) {
        by_status.entry(kind.status().as_u16()).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        operation.responses.responses.insert(status.to_string(), response(&kinds).into());
    }
}

/// An example of every problem, by its name.
pub(crate) fn problem_examples() -> impl Iterator<Item = (String, RefOr<Example>)> {
    ALL.iter().map(|kind| (kind.slug().to_owned(), RefOr::T(example(*kind))))
}

/// The schemas of problems that tell something besides, and those that they refer to.
pub(crate) fn problem_schemas() -> Vec<(String, Value)> {
    let mut schemas = Vec::new();
    for Extension { kind, schema, referred } in EXTENSIONS.iter() {
        let referred = referred.iter().map(|(name, schema)| (name.clone(), value(schema)));
        schemas.extend(referred);
        schemas.push((schema_name(*kind), composed(*kind, value(schema))));
    }
    schemas
}

fn value(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// A problem document whose type is this one.
fn composed(kind: Kind, mut besides: Value) -> Value {
    // An enum of one says the same as a `const`, and more generators can merge it with the type of the general schema.
    besides["properties"]["type"] = json!({"type": "string", "enum": [kind.uri()]});
    if let Some(required) = besides["required"].as_array_mut() {
        required.insert(0, "type".into());
    } else {
        besides["required"] = json!(["type"]);
    }
    let description = format!("{}. {}", kind.title(), kind.advice());
    let base = json!({"$ref": "#/components/schemas/ProblemDocument"});
    json!({"description": description, "allOf": [base, besides], "example": example_document(kind)})
}

fn schema_name(kind: Kind) -> String {
    format!("{kind:?}Problem")
}

/// A client that meets a type which it doesn't know still reads a problem document.
fn schema(kinds: &[Kind]) -> RefOr<Schema> {
    let document = Ref::from_schema_name("ProblemDocument");
    let tell = |kind: &&Kind| EXTENSIONS.iter().any(|extension| extension.kind == **kind);
    let typed: Vec<&Kind> = kinds.iter().filter(tell).collect();
    if typed.is_empty() {
        return document.into();
    }
    let any = typed.iter().fold(AnyOfBuilder::new(), |any, kind| any.item(Ref::from_schema_name(schema_name(**kind))));
    any.item(document).into()
}

fn response(kinds: &[Kind]) -> utoipa::openapi::Response {
    let examples = kinds.iter().map(|kind| {
        let example = Ref::new(format!("#/components/examples/{}", kind.slug()));
        (kind.slug(), RefOr::<Example>::Ref(example))
    });
    let content = ContentBuilder::new().schema(Some(schema(kinds))).examples_from_iter(examples).build();
    let slugs: Vec<&str> = kinds.iter().map(|kind| kind.slug()).collect();
    ResponseBuilder::new().description(slugs.join(" · ")).content(PROBLEM_JSON, content).build()
}

fn example(kind: Kind) -> Example {
    ExampleBuilder::new().summary(kind.title()).value(Some(example_document(kind))).build()
}

/// A document of that type, with all that it may say.
pub(super) fn example_document(kind: Kind) -> Value {
    let mut document = serde_json::to_value(Problem::new(kind).document()).unwrap_or_default();
    if let (Value::Object(document), Value::Object(more)) = (&mut document, kind.example()) {
        document.extend(more);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_example_tells_besides_has_a_schema() {
        for kind in ALL {
            let example = kind.example();
            let told = example.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
            let mut told: Vec<&str> = told.filter(|name| *name != "detail").collect();
            let extension = EXTENSIONS.iter().find(|extension| extension.kind == *kind);
            let schema = extension.map(|extension| value(&extension.schema)).unwrap_or_default();
            let described = schema["properties"].as_object().into_iter().flatten();
            let mut described: Vec<&str> = described.map(|(name, _)| name.as_str()).collect();
            told.sort_unstable();
            described.sort_unstable();
            assert_eq!(told, described, "{kind:?}: add it to extensions.rs");
        }
    }
}
