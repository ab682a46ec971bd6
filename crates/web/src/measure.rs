//! What every request leaves behind: a log line and a figure, neither of them about a person.

use crate::WebState;
use crate::problem::{Kind, PROBLEM_JSON, Problem};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError};
use frontrow_domain::Instant;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// Method, route and status: no address, agent or query, which may say who somebody is.
pub(crate) struct QuietSpan;

impl RootSpanBuilder for QuietSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let route = route(request.request());
        let id = request.extensions().get::<RequestId>().map(ToString::to_string);
        tracing::info_span!("request", method = method(request), route, id, status = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        if status.is_server_error() {
            tracing::warn!(parent: &span, "not answered as it should be");
        } else {
            tracing::debug!(parent: &span, "answered");
        }
    }
}

/// The pattern, not the address: a figure for every id would never end.
fn route(request: &HttpRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "none".to_owned())
}

/// A client may make up methods; figures of them would never end either.
fn method(request: &ServiceRequest) -> String {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    if known.contains(request.method()) { request.method().to_string() } else { "other".to_owned() }
}

/// Counts and times the request, and adds what every answer has.
pub(crate) async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = now(&request);
    let method = method(&request);
    let response = as_problem(next.call(request).await?.map_into_boxed_body());
    let route = route(response.request());
    let labels = [("method", method), ("route", route), ("status", response.status().as_u16().to_string())];
    metrics::counter!("frontrow_requests_total", &labels).increment(1);
    if let (Some(begun), Some(ended)) = (begun, response.request().app_data().map(time)) {
        metrics::histogram!("frontrow_request_seconds", &labels[..2]).record(ended.since(begun).as_secs_f64());
    }
    Ok(with_headers(response))
}

fn now(request: &ServiceRequest) -> Option<Instant> {
    request.app_data().map(time)
}

fn time(state: &Data<WebState>) -> Instant {
    state.clock.now()
}

/// Errors of the framework, and of what is not ours, as problem documents too.
fn as_problem(response: ServiceResponse) -> ServiceResponse {
    let status = response.status();
    let ours = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = Problem::new(Kind::of_status(status)).error_response();
    response.into_response(problem)
}

fn with_headers<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Adds what every answer has, and nothing else.
pub(crate) async fn mannered<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    Ok(with_headers(next.call(request).await?))
}

/// Makes a problem document of a panic. Stands behind the router, which may not share a request with anybody.
pub(crate) async fn catch_panic(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let http = request.request().clone();
    if let Ok(answered) = AssertUnwindSafe(next.call(request)).catch_unwind().await {
        return Ok(answered?.map_into_boxed_body());
    }
    tracing::error!("a handler panicked");
    Ok(ServiceResponse::new(http, Problem::new(Kind::Fault).error_response()))
}
