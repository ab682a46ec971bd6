//! What every request leaves behind: a log line and a figure, neither of them about a person.

use crate::WebState;
use crate::problem::{Kind, PROBLEM_JSON, Problem};
use crate::routes::{Address, address_of};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError};
use frontrow_domain::Instant;
use futures::FutureExt;
use metrics::{Key, Label, Level, Metadata};
use parking_lot::RwLock;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// Method, route and status: no address, agent or query, which may say who somebody is.
pub(crate) struct QuietSpan;

impl RootSpanBuilder for QuietSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let route = route(request.request());
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().map(tracing::field::display);
        tracing::info_span!("request", method = method(request.method()), route = &*route, id, status = Empty)
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
fn route(request: &HttpRequest) -> Cow<'static, str> {
    match address_of(request.path()) {
        Some(address) => address.path().into(),
        None => request.match_pattern().map_or("none".into(), Cow::Owned),
    }
}

/// A client may make up methods; figures of them would never end either.
fn method(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 6] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}

/// The names of one address's figures, by method and status: to make them takes longer than to count.
#[derive(Default)]
pub(crate) struct Figures(RwLock<Vec<Figure>>);

#[derive(Clone)]
struct Figure {
    method: &'static str,
    status: u16,
    total: Arc<Key>,
    seconds: Arc<Key>,
}

impl Figure {
    fn new(route: Cow<'static, str>, method: &'static str, status: u16) -> Self {
        let labels = vec![Label::new("method", method), Label::new("route", route)];
        let with_status = [&labels[..], &[Label::new("status", status.to_string())]].concat();
        Self {
            method,
            status,
            total: Key::from_parts("frontrow_requests_total", with_status).into(),
            seconds: Key::from_parts("frontrow_request_seconds", labels).into(),
        }
    }

    fn count(&self, seconds: Option<f64>) {
        const ABOUT: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
        metrics::with_recorder(|recorder| {
            recorder.register_counter(&self.total, &ABOUT).increment(1);
            if let Some(seconds) = seconds {
                recorder.register_histogram(&self.seconds, &ABOUT).record(seconds);
            }
        });
    }
}

impl Figures {
    /// There are as many as an address has methods and statuses, which no client can make up.
    fn get(&self, address: &'static Address, method: &'static str, status: u16) -> Figure {
        let known = |figures: &[Figure]| figures.iter().find(|f| f.method == method && f.status == status).cloned();
        if let Some(figure) = known(&self.0.read()) {
            return figure;
        }
        let figure = Figure::new(address.path().into(), method, status);
        self.0.write().push(figure.clone());
        figure
    }
}

/// Counts and times the request, and adds what every answer has.
pub(crate) async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = now(&request);
    let method = method(request.method());
    let response = as_problem(next.call(request).await?.map_into_boxed_body());
    let ended = response.request().app_data().map(time);
    let seconds = begun.zip(ended).map(|(begun, ended)| ended.since(begun).as_secs_f64());
    let status = response.status().as_u16();
    match address_of(response.request().path()) {
        Some(address) => address.figures().get(address, method, status).count(seconds),
        None => Figure::new(route(response.request()), method, status).count(seconds),
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
