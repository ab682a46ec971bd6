//! Answers as somebody would like them, whatever there is in the world: the header `Prefer`.
//!
//! `code=409` is an answer with that status, `type=seats-taken` with that problem, `example=name` with that example, all of
//! them as the `OpenAPI` document shows them; `wait=2` is an answer that takes longer.

mod document;
mod preferences;
mod sample;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use document::{Answer, Document, Example, Operation};
use frontrow_web::REQUEST_ID;
use frontrow_web::problem::{PROBLEM_JSON, Problem};
use preferences::{Flaw, Preferences, flaw};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::time::sleep;

/// What a page may read of it.
pub const PREFERENCE_APPLIED: &str = "Preference-Applied";

/// Every scenario that there is.
pub struct Scenarios(Document);

impl Scenarios {
    /// Those of the document.
    pub fn new() -> Self {
        let json = frontrow_web::openapi_json().unwrap_or_default();
        Self(Document::new(&serde_json::from_str::<Value>(&json).unwrap_or_default()))
    }
}

/// Answers as the request prefers, or hands it on.
pub async fn play(
    scenarios: Arc<Scenarios>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let Some(operation) = scenarios.0.operation(request.method(), request.path()) else {
        return next.call(request).await;
    };
    let preferences = match Preferences::of(request.headers()) {
        Ok(preferences) => preferences,
        Err(flaw) => return Ok(refuse(request, flaw)),
    };
    if !preferences.choose() {
        // What waits by itself is left to it.
        if operation.has_preferences || preferences.wait.is_none() {
            return next.call(request).await;
        }
        sleep(preferences.delay()).await;
        return Ok(applied(next.call(request).await?, &preferences));
    }
    let chosen = choose(operation, &preferences).map(|(status, example)| respond(operation, status, example));
    sleep(preferences.delay()).await;
    Ok(match chosen {
        Ok(response) => applied(request.into_response(response), &preferences),
        Err(flaw) => refuse(request, flaw),
    })
}

fn refuse(request: ServiceRequest, flaw: Flaw) -> ServiceResponse {
    request.error_response(Problem::invalid(vec![flaw]))
}

fn applied(mut response: ServiceResponse, preferences: &Preferences) -> ServiceResponse {
    if let Ok(value) = HeaderValue::from_str(&preferences.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("preference-applied"), value);
    }
    response
}

/// The status, and the example, if the answer has a body.
fn choose<'a>(operation: &'a Operation, wish: &Preferences) -> Result<(u16, Option<&'a Example>), Flaw> {
    let answers = &operation.answers;
    if let Some(code) = wish.code {
        let answer = answers.get(&code).ok_or_else(|| unknown("code", answers.keys()))?;
        return Ok((code, example(answer, wish)?));
    }
    // Without a status, that which has the example: a good answer first.
    let mut tried = answers.iter().map(|(status, answer)| example(answer, wish).map(|found| (*status, found)));
    tried.find(Result::is_ok).unwrap_or_else(|| {
        let all = answers.values().flat_map(|answer| &answer.examples);
        Err(match &wish.kind {
            Some(_) => unknown("type", all.filter_map(Example::problem)),
            None => unknown("example", all.filter_map(|example| example.name.as_ref())),
        })
    })
}

fn example<'a>(answer: &'a Answer, wish: &Preferences) -> Result<Option<&'a Example>, Flaw> {
    let all = || answer.examples.iter();
    if let Some(kind) = &wish.kind {
        let found = all().find(|example| example.problem() == Some(kind));
        return found.map(Some).ok_or_else(|| unknown("type", all().filter_map(Example::problem)));
    }
    if let Some(name) = &wish.example {
        let found = all().find(|example| example.name.as_ref() == Some(name));
        return found.map(Some).ok_or_else(|| unknown("example", all().filter_map(|example| example.name.as_ref())));
    }
    Ok(answer.examples.first())
}

/// What there is instead.
fn unknown(what: &str, there: impl Iterator<Item = impl ToString>) -> Flaw {
    let there: Vec<String> = there.map(|one| one.to_string()).collect();
    let detail = match &there[..] {
        [] => format!("no {what}: this answer has none"),
        there => format!("{what}= one of {}", there.join(", ")),
    };
    let mut flaw = flaw("unknown", &detail);
    flaw.params.insert("allowed".to_owned(), there.into());
    flaw
}

fn respond(operation: &Operation, status: u16, example: Option<&Example>) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    for (name, value) in operation.answers.get(&status).into_iter().flat_map(|answer| &answer.headers) {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    let Some(Example { media_type, value, .. }) = example else { return response };
    if let Ok(media_type) = HeaderValue::from_str(media_type) {
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    // What isn't JSON is shown as the text that it is.
    let body = match value {
        Value::String(text) if !media_type.ends_with("json") => text.clone(),
        Value::Object(problem) if media_type == PROBLEM_JSON => about(&response, problem.clone()).to_string(),
        value => value.to_string(),
    };
    response.set_body(BoxBody::new(body))
}

/// A problem document says which request it is about.
fn about(response: &HttpResponse, mut problem: Map<String, Value>) -> Value {
    if let Some(id) = response.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
        problem.insert("instance".to_owned(), format!("urn:uuid:{id}").into());
    }
    problem.into()
}
