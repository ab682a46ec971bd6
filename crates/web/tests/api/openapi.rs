//! The description is whole, true, and changes only on purpose.

use crate::ask::{Ask, KEY, PASS, QUEUE_TOKEN};
use crate::description::{Description, Operation};
use crate::good::Good;
use crate::theatre::Theatre;
use actix_web::http::Method;
use frontrow_web::problem::ALL;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_description_changes_only_on_purpose() {
    insta::assert_json_snapshot!("openapi", Description::new().value());
}

#[test]
fn every_documented_example_is_valid_against_its_schema() {
    let description = Description::new();
    let mut examples = 0;
    for (name, schema, example) in description.examples() {
        assert_valid(&description, schema, example, &name);
        examples += 1;
    }
    assert!(examples > 200, "only {examples} examples");
}

#[test]
fn an_example_that_breaks_its_schema_would_be_found() {
    let description = Description::new();
    let (_, schema) = description.schemas().find(|(name, _)| *name == "ReservationDto").unwrap();
    let validator = description.validator(schema);
    for (pointer, value) in
        [("/id", "x"), ("/total", "free"), ("/line_items", "none"), ("/line_items/0/price/amount", "free")]
    {
        let mut example = schema["example"].clone();
        assert!(validator.is_valid(&example));
        *example.pointer_mut(pointer).unwrap() = value.into();
        assert!(!validator.is_valid(&example), "{pointer}");
    }
}

#[test]
fn every_operation_is_described_in_full() {
    let description = Description::new();
    let mut names = BTreeSet::new();
    for operation in description.operations() {
        let (name, value) = (operation.name(), &operation.value);
        let text =
            |member: &str| value[member].as_str().filter(|text| text.ends_with('.')).unwrap_or_default().to_owned();
        assert!(!text("summary").is_empty(), "{name} has no summary");
        assert!(text("description").len() > 40, "{name} has no description that helps a stranger");
        assert!(names.insert(operation.id().to_owned()), "{name} has no id of its own");
        assert_eq!(value["tags"].as_array().unwrap().len(), 1, "{name}");
        for parameter in value["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{name} {}", parameter["name"]);
        }
        if operation.body_schema().is_some() {
            assert!(operation.body_example().is_object(), "{name} has no example");
        }
        has_answers(&operation);
    }
    assert!(names.len() >= 47, "{} operations", names.len());
}

fn has_answers(operation: &Operation) {
    let answers = operation.value["responses"].as_object().unwrap();
    let name = operation.name();
    assert!(answers.keys().any(|status| status.starts_with('2')), "{name}");
    let problems: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with(['4', '5'])).collect();
    assert!(answers.contains_key("422"), "{name}: what is not taken is refused everywhere");
    for (status, answer) in problems {
        assert_eq!(kinds_of(answer), Some(expected_kinds(answer)), "{name} {status}");
    }
    for (status, answer) in answers {
        assert!(answer["headers"]["Frontrow-Request-Id"].is_object(), "{name} {status}");
        let asked_again = answer["headers"]["Retry-After"].is_object();
        assert_eq!(asked_again, ["429", "503"].contains(&status.as_str()), "{name} {status}");
    }
    let listed = |status: &str| answers.contains_key(status);
    assert_eq!(listed("401"), operation.needs_token() || operation.path.starts_with("/v1/sessions"), "{name}");
    let id = operation.id();
    let of_a_queue = [PASS, QUEUE_TOKEN].iter().any(|header| operation.has_header(header))
        || ["join_queue", "renew_admission"].contains(&id);
    assert_eq!(listed("403"), operation.is_for_operators() || of_a_queue, "{name}");
    assert_eq!(listed("413"), operation.body_schema().is_some(), "{name}");
    let key = answers.get("400").is_some_and(|answer| answer["description"].as_str().unwrap().contains("key-missing"));
    assert_eq!(key, operation.has_header(KEY), "{name}");
}

/// The schemas that an answer with a problem names.
fn kinds_of(answer: &Value) -> Option<BTreeSet<&str>> {
    let schema = &answer["content"]["application/problem+json"]["schema"];
    let any = schema["anyOf"].as_array().map_or_else(|| vec![schema], |any| any.iter().collect());
    any.iter().map(|one| one["$ref"].as_str()?.strip_prefix("#/components/schemas/")).collect()
}

/// Those that it should: one for each type that it has an example of and that tells something besides, and the general one.
fn expected_kinds(answer: &Value) -> BTreeSet<&'static str> {
    let examples = answer["content"]["application/problem+json"]["examples"].as_object().unwrap();
    let schemas = Description::new().value()["components"]["schemas"].as_object().unwrap();
    let typed = schemas.iter().filter(|(_, schema)| {
        let uri = schema["allOf"][1]["properties"]["type"]["enum"][0].as_str();
        uri.and_then(|uri| uri.rsplit('/').next()).is_some_and(|slug| examples.contains_key(slug))
    });
    typed.map(|(name, _)| name.as_str()).chain(["ProblemDocument"]).collect()
}

/// A good request to every operation is answered as described, with a body as described.
#[actix_web::test]
async fn every_operation_does_what_it_says() {
    let description = Description::new();
    for operation in description.operations() {
        let (theatre, good) = Good::new(&operation).await;
        let answer = theatre.send(&good.ask).await;
        let described = &operation.value["responses"][answer.status.to_string()];
        assert!((200..300).contains(&answer.status) && described.is_object(), "{}: {answer}", operation.name());
        let schema = &described["content"]["application/json"]["schema"];
        if described["content"]["text/event-stream"].is_object() {
            assert!(answer.body.starts_with(b"retry: "), "{}: {answer}", operation.name());
        } else if schema.is_null() {
            assert!(answer.body.is_empty(), "{}: {answer}", operation.name());
        } else {
            assert_valid(&description, schema, &answer.json(), &operation.name());
        }
        theatre.verify().await;
    }
}

fn assert_valid(description: &Description, schema: &Value, value: &Value, name: &str) {
    let errors: Vec<_> = description.validator(schema).iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?} in {value}");
}

#[actix_web::test]
async fn every_described_address_knows_its_methods_and_no_others() {
    let theatre = Theatre::empty().await;
    let description = Description::new();
    for path in description.value()["paths"].as_object().unwrap().keys() {
        let described: BTreeSet<String> =
            description.value()["paths"][path].as_object().unwrap().keys().cloned().collect();
        let nothing = crate::theatre::NOTHING;
        let address = path.replace("{id}", nothing).replace("{user}", nothing).replace("{version}", "1");
        let answer = theatre.send(&Ask::new(Method::TRACE, address)).await;
        answer.problem(405, "method-not-allowed");
        let allowed = answer.header("Allow").unwrap().split(", ").filter(|method| *method != "HEAD");
        let allowed: BTreeSet<String> = allowed.map(str::to_lowercase).collect();
        assert_eq!(allowed, described, "{path}");
    }
}

#[test]
fn every_problem_has_a_type_and_a_title_of_its_own() {
    let uris: BTreeSet<_> = ALL.iter().map(|kind| kind.uri()).collect();
    let titles: BTreeSet<_> = ALL.iter().map(|kind| kind.title()).collect();
    assert_eq!((uris.len(), titles.len()), (ALL.len(), ALL.len()));
    for kind in ALL {
        assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
        assert!(kind.slug().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{kind:?}");
    }
}

#[actix_web::test]
async fn the_description_is_served_and_so_are_its_pages() {
    let theatre = Theatre::empty().await;
    assert_eq!(theatre.get("/openapi.json").await.with(200), *Description::new().value());
    let docs = theatre.get("/docs").await;
    assert_eq!((docs.status, docs.header("Location")), (307, Some("/docs/")));
    let page = theatre.get("/docs/").await;
    assert_eq!(page.status, 200, "{page}");
    assert!(String::from_utf8_lossy(&page.body).contains("swagger-ui"));
    assert!(String::from_utf8_lossy(&theatre.get("/docs/swagger-initializer.js").await.body).contains("/openapi.json"));
}
