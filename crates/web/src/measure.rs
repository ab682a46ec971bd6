//! What every request leaves behind: a log line and a figure, neither of them about a person.

use crate::WebState;
use crate::figures::Figure;
use crate::manners::with_headers;
use crate::problem::{Kind, PROBLEM_JSON, Problem};
use crate::routes::address_of;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError};
use frontrow_domain::Instant;
use std::borrow::Cow;
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
        Some(address) => address.figures().get(address.path(), method, status).count(seconds),
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
