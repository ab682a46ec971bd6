//! What every answer has, whatever becomes of its handler.

use crate::problem::{Kind, PROBLEM_JSON, Problem};
use crate::request_id::{REQUEST_ID, RequestIds, header_value};
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use uuid::Uuid;

/// What every answer says while no money moves, so that nobody takes a trial for the real thing.
pub(crate) const SANDBOX: &str = "Frontrow-Sandbox";

/// Adds what every answer has.
pub(crate) fn add_headers(headers: &mut HeaderMap, id: Option<HeaderValue>, sandbox: bool) {
    const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if sandbox {
        headers.insert(HeaderName::from_static("frontrow-sandbox"), HeaderValue::from_static("true"));
    }
    if let Some(id) = id {
        headers.insert(HeaderName::from_static("frontrow-request-id"), id);
    }
}

/// For a server around the API: gives an answer that the API has not made the id that all of the API's have. Problem documents
/// say it, too.
pub fn identify(response: ServiceResponse) -> ServiceResponse {
    if response.headers().contains_key(REQUEST_ID) {
        return response;
    }
    let id = RequestIds::new().next();
    let mut response = as_problem(response, id);
    if let (Ok(name), Some(value)) = (HeaderName::try_from(REQUEST_ID), header_value(id)) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Problem documents say which request they are about; errors of the framework, and of what is not ours, become problem
/// documents, too.
pub(crate) fn as_problem(response: ServiceResponse, id: Uuid) -> ServiceResponse {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let ours = response.response().error().and_then(|error| error.as_error::<Problem>());
    let problem = ours.map_or_else(|| Problem::new(Kind::of_status(status)).body(id), |problem| problem.body(id));
    let mut response = response.map_body(|_, _| BoxBody::new(problem));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}
