//! What every request leaves behind: a log line and a figure, neither of them about a person.

use crate::WebState;
use crate::problem::{Kind, Problem};
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::web::Data;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;

/// Method, route and status: no address, agent or query, which may say who somebody is.
pub(crate) struct QuietSpan;

impl RootSpanBuilder for QuietSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let route = request.match_pattern().unwrap_or_default();
        let id = uuid_of(request);
        tracing::info_span!("request", method = %request.method(), route, id, status = tracing::field::Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
    }
}

fn uuid_of(request: &ServiceRequest) -> String {
    use actix_web::HttpMessage;
    let extensions = request.extensions();
    extensions.get::<tracing_actix_web::RequestId>().map(ToString::to_string).unwrap_or_default()
}

/// Counts and times the request, turns a panic into a problem document, and adds the headers that every answer has.
pub(crate) async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = request.app_data::<Data<WebState>>().cloned();
    let begun = state.as_ref().map(|state| state.clock.now());
    let method = request.method().clone();
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let mut response = answered
        .unwrap_or_else(|_| {
            tracing::error!(%method, "a handler panicked");
            Err(Problem::new(Kind::Fault).into())
        })?
        .map_into_boxed_body();
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let (Some(state), Some(begun)) = (state, begun) {
        let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
        let labels = [
            ("method", method.to_string()),
            ("route", route),
            ("status", response.status().as_u16().to_string()),
        ];
        metrics::counter!("frontrow_requests_total", &labels).increment(1);
        let took = state.clock.now().since(begun).as_secs_f64();
        metrics::histogram!("frontrow_request_seconds", &labels[..2]).record(took);
    }
    Ok(response)
}
