//! Whether an answer is what the description promises: status, media type, type of problem, body.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use actix_web::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

static DESCRIPTION: LazyLock<Description> = LazyLock::new(Description::new);

/// Panics if the answer is not as described. Where nothing is described there may still be an error.
#[track_caller]
pub fn check(ask: &Ask, answer: &Answer) {
    let Some(operation) = operation(ask) else {
        if answer.status >= 400 {
            answer.any_problem();
        }
        return;
    };
    let what = || format!("{} {}: {answer}", ask.method, ask.path.chars().take(200).collect::<String>());
    let described = &operation["responses"][answer.status.to_string()];
    assert!(described.is_object(), "the status: {}", what());
    for name in
        ["ETag", "Location", "Retry-After", "WWW-Authenticate", "Cache-Control", "RateLimit", "RateLimit-Policy"]
    {
        let (told, said) = (answer.header(name).is_some(), described["headers"][name].is_object());
        assert!(said || !told, "the header {name}, which is not described: {}", what());
        let now_and_then = ["Retry-After", "RateLimit", "RateLimit-Policy"].contains(&name);
        assert!(told || !said || now_and_then, "no header {name}: {}", what());
    }
    let Some(content) = described.get("content") else {
        return assert!(answer.body.is_empty(), "a body: {}", what());
    };
    let content = &content[answer.header("content-type").unwrap_or_default()];
    assert!(content.is_object(), "the media type: {}", what());
    if answer.status >= 400 {
        let problem = answer.any_problem();
        let slug = problem["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap();
        assert!(content["examples"].get(slug).is_some(), "the problem: {}", what());
    }
    let validator = validator(if answer.status < 400 { &content["schema"] } else { problem_schema(&answer.json()) });
    let is_text = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/"));
    let body = if is_text { String::from_utf8_lossy(&answer.body).into() } else { answer.json() };
    let flaws: Vec<_> = validator.iter_errors(&body).map(|flaw| flaw.to_string()).collect();
    assert!(flaws.is_empty(), "{flaws:?}: {}", what());
}

fn operation(ask: &Ask) -> Option<&'static Value> {
    let address = ask.path.split('?').next()?;
    let method = if ask.method == Method::HEAD { "get".to_owned() } else { ask.method.as_str().to_lowercase() };
    let paths = DESCRIPTION.value()["paths"].as_object()?;
    let (_, methods) = paths.iter().find(|(path, _)| is_at(path, address))?;
    methods.get(&method)
}

fn is_at(path: &str, address: &str) -> bool {
    let (path, address) = (path.split('/'), address.split('/'));
    let same = |(known, asked): (&str, &str)| known == asked || (known.starts_with('{') && !asked.is_empty());
    path.clone().count() == address.clone().count() && path.zip(address).all(same)
}

fn validator(schema: &'static Value) -> Arc<Validator> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    Arc::clone(known.entry(schema.to_string()).or_insert_with(|| Arc::new(closed(schema))))
}

/// The schema of that type of problem, or the one of all.
fn problem_schema(problem: &Value) -> &'static Value {
    let schemas = DESCRIPTION.value()["components"]["schemas"].as_object().unwrap();
    let is_typed = |schema: &&Value| schema["allOf"][1]["properties"]["type"]["enum"][0] == problem["type"];
    schemas.values().find(is_typed).unwrap_or(&schemas["ProblemDocument"])
}

/// An answer may have no field that is not described.
fn closed(schema: &Value) -> Validator {
    let mut components = DESCRIPTION.value()["components"].clone();
    for (name, schema) in components["schemas"].as_object_mut().unwrap() {
        // A type of problem adds its own to these.
        if schema.get("properties").is_some() && name != "ProblemDocument" {
            schema["additionalProperties"] = json!(false);
        }
    }
    let whole = json!({"components": components, "allOf": [schema], "unevaluatedProperties": false});
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.should_ignore_unknown_formats(true).build(&whole).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
    use std::panic::catch_unwind;

    const ID: &str = "6f1c2f5a-83b7-8d0e-9d3c-5a1f4e7b2c90";

    fn answer(status: u16, kind: &'static str, body: &Value) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(HeaderName::from_static("frontrow-request-id"), HeaderValue::from_static(ID));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Answer { status, headers, body: body.to_string().into_bytes() }
    }

    #[test]
    fn a_promise_that_is_broken_is_seen() {
        let (json, problem) = ("application/json", "application/problem+json");
        let good = json!({"items": [], "next_cursor": null});
        let taken = json!({"type": "/problems/seats-taken", "title": "Seats are taken", "status": 503,
            "instance": format!("urn:uuid:{ID}")});
        let busy = json!({"type": "/problems/busy", "title": "Too much to do", "status": 503,
            "instance": format!("urn:uuid:{ID}")});
        let more = json!({"type": "/problems/busy", "title": "Too much to do", "status": 503, "x": 1,
            "instance": format!("urn:uuid:{ID}")});
        let keeps = |answer: Answer| catch_unwind(|| check(&Ask::get("/v1/concerts?limit=1"), &answer)).is_ok();
        assert!(keeps(answer(200, json, &good)) && keeps(answer(503, problem, &busy)));
        assert!(!keeps(answer(201, json, &good)), "the status");
        assert!(!keeps(answer(200, "text/plain", &good)), "the media type");
        assert!(!keeps(answer(200, json, &json!({"items": []}))), "a field too few");
        assert!(!keeps(answer(200, json, &json!({"items": [], "next_cursor": null, "x": 1}))), "a field too many");
        assert!(!keeps(answer(503, problem, &taken)), "the problem");
        assert!(!keeps(answer(503, problem, &more)), "what a problem tells besides");
        let mut silent = answer(200, json, &good);
        silent.headers.remove("cache-control");
        assert!(!keeps(silent), "a header too few");
        let mut told = answer(200, json, &good);
        told.headers.insert(LOCATION, HeaderValue::from_static("/"));
        assert!(!keeps(told), "a header too many");
    }
}
