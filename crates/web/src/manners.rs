//! What every answer has, whatever becomes of its handler.

use crate::problem::{Kind, Problem};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;

/// What every answer says while no money moves, so that nobody takes a trial for the real thing.
pub(crate) const SANDBOX: &str = "Frontrow-Sandbox";

/// Adds what every answer has.
pub(crate) fn with_headers<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
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
