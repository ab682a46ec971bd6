//! Errors as clients see them: RFC 9457 problem documents.

mod errors;
mod extensions;
mod kinds;
mod openapi;
mod pages;

use crate::rate_limit::{RateLimit, add_rate_limits, whole_seconds};
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

pub use kinds::{ALL, Kind};
pub(crate) use openapi::{add_problems, problem_examples, problem_schemas};
pub(crate) use pages::{list, page};

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"pointer": "/amount", "code": "range", "params": {"min": 1, "max": 10_000_000}, "detail": "1 to 10000000"}))]
pub struct FieldError {
    /// JSON pointer into the body; for other parts of a request `/path/…`, `/query/…` or `/headers/…`.
    pub pointer: String,
    /// A stable word for the kind of flaw.
    pub code: String,
    /// What is allowed, for programs.
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
    /// What is allowed, for people.
    pub detail: String,
}

impl FieldError {
    /// A flaw without parameters.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), params: Map::new(), detail: detail.into() }
    }

    /// A number that is out of its range.
    pub fn range(pointer: impl Into<String>, min: u64, max: u64) -> Self {
        let mut flaw = Self::new(pointer, "range", format!("{min} to {max}"));
        flaw.params.extend([("min".to_owned(), min.into()), ("max".to_owned(), max.into())]);
        flaw
    }
}

/// A problem document.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"type": "/problems/seats-taken", "title": "Seats are taken", "status": 409,
    "detail": "A-1-12 can't be had", "seats": ["A-1-12"], "yours": [], "alternatives": [["A-1-13"]]}))]
pub struct ProblemDocument {
    /// Stable. It is the address, on this server, of a page that says what to do; the part behind the last slash is its name.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for all problems of this type.
    pub title: String,
    /// The status code again.
    pub status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Which request it happened to: the id in the header Frontrow-Request-Id, as a URN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "urn:uuid:6f1c2f5a-83b7-8d0e-9d3c-5a1f4e7b2c90")]
    pub instance: Option<String>,
    /// What is wrong with which field, if the input was bad.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// What else this type of problem tells, such as `seats`, `limit` or `held_until`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extensions: Map<String, Value>,
}

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Type of the problem.
    pub kind: Kind,
    /// What happened this time.
    pub detail: Option<String>,
    /// What is wrong with which field.
    pub errors: Vec<FieldError>,
    /// What else there is to tell.
    pub extensions: Map<String, Value>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// The limit that was reached; in a box, because most problems have none and each is returned by value.
    pub rate_limit: Option<Box<RateLimit>>,
}

impl Problem {
    /// A problem about which there is nothing more to say.
    pub fn new(kind: Kind) -> Self {
        Self { kind, detail: None, errors: Vec::new(), extensions: Map::new(), retry_after: None, rate_limit: None }
    }

    /// Bad input.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Kind::InvalidInput) }
    }

    /// Bad input in one place.
    pub fn field(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// With what happened this time.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// With something else to tell.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.to_owned(), value.into());
        self
    }

    /// The document.
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: self.kind.uri(),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            instance: None,
            errors: self.errors.clone(),
            extensions: self.extensions.clone(),
        }
    }

    /// The document in the answer to the request of that id, as JSON.
    pub(crate) fn body(&self, request: Uuid) -> Vec<u8> {
        let document = ProblemDocument { instance: Some(request.urn().to_string()), ..self.document() };
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.slug())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        if self.kind.status() == StatusCode::SERVICE_UNAVAILABLE {
            metrics::counter!("frontrow_unserved_total", "problem" => self.kind.slug()).increment(1);
        }
        let mut response = HttpResponse::build(self.kind.status());
        response.insert_header(ContentType(problem_json()));
        if let Some(after) = self.retry_after {
            response.insert_header((RETRY_AFTER, whole_seconds(after).to_string()));
        }
        if self.kind.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        let mut response = response.body(serde_json::to_vec(&self.document()).unwrap_or_default());
        if let Some(limit) = &self.rate_limit {
            add_rate_limits(response.headers_mut(), &[**limit]);
        }
        response
    }
}

/// The media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

fn problem_json() -> actix_web::mime::Mime {
    PROBLEM_JSON.parse().unwrap_or(actix_web::mime::APPLICATION_JSON)
}
