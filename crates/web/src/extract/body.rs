//! JSON bodies.

use super::json::Json;
use super::object::Object;
use crate::WebState;
use crate::problem::{FieldError, Kind, Problem};
use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
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

pub(super) fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let json = request.mime_type().ok().flatten().is_some_and(|mime| mime.essence_str() == "application/json");
    if json { Ok(()) } else { Err(Problem::new(Kind::MediaType)) }
}

/// The whole body, which may be so many times as long as bodies usually are.
pub(crate) async fn all_of(request: &HttpRequest, payload: Payload, factor: usize) -> Result<Bytes, Problem> {
    let state = request.app_data::<Data<WebState>>().ok_or_else(|| Problem::new(Kind::Fault))?;
    let collect = collect(payload, state.max_body_bytes.saturating_mul(factor));
    let bytes = tokio::time::timeout(state.body_timeout, collect).await;
    bytes.map_err(|_| Problem::new(Kind::BodyTimeout))?
}

fn valid<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    let value: T = parse(bytes)?;
    check(&value)?;
    Ok(value)
}

/// Whether everything in it is within its bounds.
pub(super) fn check(value: &impl Validate) -> Result<(), Problem> {
    value.validate().map_err(|errors| Problem::invalid(fields(&errors)))
}

async fn collect(mut payload: Payload, max_bytes: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Kind::Malformed).because(error.to_string()))?;
        if bytes.len() + chunk.len() > max_bytes {
            return Err(Problem::new(Kind::BodyTooLarge).with("most", max_bytes));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    match serde_json::from_slice::<Object<T>>(bytes) {
        Ok(Object(value)) => Ok(value),
        Err(error) => reread(bytes, &error),
    }
}

/// Reads what was refused once more, to say what is wrong with it.
fn reread<T: DeserializeOwned>(bytes: &[u8], refused: &serde_json::Error) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed(refused))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| malformed(&error))?;
    let read = Json::read(text).and_then(Object::deserialize);
    read.map(|Object(value)| value).map_err(|flaw| Problem::invalid(vec![flaw.at("")]))
}

pub(super) fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::Malformed).because(format!("not JSON: line {}, column {}", error.line(), error.column()))
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
                let detail = describe(&params, flaw.message.as_deref());
                FieldError { pointer: at.clone(), code: flaw.code.to_string(), params, detail }
            })),
        }
    }
}

/// What is allowed. Of something with bounds, the message says what is counted; else it says all.
fn describe(params: &Map<String, Value>, message: Option<&str>) -> String {
    let unit = message.map(|unit| format!(" {unit}")).unwrap_or_default();
    match (params.get("min"), params.get("max")) {
        (Some(min), Some(max)) => format!("{min} to {max}{unit}"),
        (Some(min), None) => format!("{min}{unit} or more"),
        (None, Some(max)) => format!("{max}{unit} at most"),
        (None, None) => message.unwrap_or("not allowed").to_owned(),
    }
}
