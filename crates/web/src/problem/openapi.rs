//! Problems in the `OpenAPI` document.

use super::{ALL, Kind, PROBLEM_JSON, Problem};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

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

fn response(kinds: &[Kind]) -> utoipa::openapi::Response {
    let examples = kinds.iter().map(|kind| {
        let example = Ref::new(format!("#/components/examples/{}", kind.slug()));
        (kind.slug(), RefOr::<Example>::Ref(example))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("ProblemDocument")))
        .examples_from_iter(examples)
        .build();
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
