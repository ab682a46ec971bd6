//! JSON bodies.

use super::object::Object;
use crate::WebState;
use crate::problem::{FieldError, Kind, Problem};
use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};
use std::borrow::Cow;
use std::fmt::Write;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

/// A JSON body whose fields have been checked.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

/// A [`Body`] that may be long: a seat map.
#[derive(Clone, Debug)]
pub struct Long<T>(pub T);

/// A [`Body`] that may be left out: then everything in it is.
#[derive(Clone, Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(read(&request, payload, 1).await?)) })
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Long<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(read(&request, payload, WebState::SEAT_MAP_FACTOR).await?)) })
    }
}

impl<T: DeserializeOwned + Validate + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = all_of(&request, payload, 1).await?;
            // As where no body is taken at all, whatever it is labelled.
            if bytes.is_empty() || serde_json::from_slice::<Map<String, Value>>(&bytes).is_ok_and(|map| map.is_empty())
            {
                return Ok(Self(T::default()));
            }
            check_type(&request)?;
            Ok(Self(valid(&bytes)?))
        })
    }
}

async fn read<T: DeserializeOwned + Validate>(
    request: &HttpRequest,
    payload: Payload,
    factor: usize,
) -> Result<T, Problem> {
    check_type(request)?;
    valid(&all_of(request, payload, factor).await?)
}

fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let json = request.mime_type().ok().flatten().is_some_and(|mime| mime.essence_str() == "application/json");
    if json { Ok(()) } else { Err(Problem::new(Kind::MediaType)) }
}

/// The whole body, which may be so many times as long as bodies usually are.
pub(crate) async fn all_of(request: &HttpRequest, payload: Payload, factor: usize) -> Result<Bytes, Problem> {
    let state = request.app_data::<Data<WebState>>().ok_or_else(|| Problem::new(Kind::Fault))?;
    let collect = collect(payload, state.max_body.saturating_mul(factor));
    let bytes = tokio::time::timeout(state.body_timeout, collect).await;
    bytes.map_err(|_| Problem::new(Kind::BodyTimeout))?
}

fn valid<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    let value: T = parse(bytes)?;
    value.validate().map_err(|errors| Problem::invalid(fields(&errors)))?;
    Ok(value)
}

async fn collect(mut payload: Payload, most: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Kind::Malformed).because(error.to_string()))?;
        if bytes.len() + chunk.len() > most {
            return Err(Problem::new(Kind::BodyTooLarge).with("most", most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        // Numbers that fit nowhere are not what it calls data.
        if error.is_data() || is_json(bytes) { flaw(pointer, &error) } else { malformed(&error) }
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::Malformed).because(format!("not JSON: line {}, column {}", error.line(), error.column()))
}

fn flaw(mut pointer: String, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let named = text.split('`').nth(1).unwrap_or_default();
    let code = match text.split(' ').next() {
        Some(code @ ("missing" | "unknown" | "duplicate")) if text[code.len()..].starts_with(" field") => code,
        _ => "type",
    };
    if code != "type" && !pointer.ends_with(&format!("/{}", escape(named))) {
        let _ = write!(pointer, "/{}", escape(named));
    }
    // What was found is the client's own, may be long, and may be a secret.
    let detail = match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => text.to_owned(),
    };
    Problem::field(pointer, code, detail)
}

fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => write!(pointer, "/{}", escape(key)),
            Segment::Enum { .. } | Segment::Unknown => Ok(()),
        };
        pointer
    })
}

pub(crate) fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

fn fields(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect_fields("", errors, &mut found);
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found
}

fn collect_fields(at: &str, errors: &ValidationErrors, found: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        let at = format!("{at}/{name}");
        match kind {
            ValidationErrorsKind::Struct(inner) => collect_fields(&at, inner, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect_fields(&format!("{at}/{index}"), inner, found);
                }
            }
            ValidationErrorsKind::Field(flaws) => found.extend(flaws.iter().map(|flaw| {
                let allowed = flaw.params.iter().filter(|(name, _)| *name != "value");
                let params: Map<_, _> = allowed.map(|(name, value)| (name.to_string(), value.clone())).collect();
                let detail = flaw.message.clone().unwrap_or_else(|| describe(&params).into()).into_owned();
                FieldError { pointer: at.clone(), code: flaw.code.to_string(), params, detail }
            })),
        }
    }
}

fn describe(params: &Map<String, serde_json::Value>) -> String {
    match (params.get("min"), params.get("max")) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("{min} or more"),
        (None, Some(max)) => format!("{max} at most"),
        (None, None) => "not allowed".to_owned(),
    }
}
