//! Headers of the waiting room.

use super::query::plain;
use crate::dto::Wait;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use std::time::Duration;
use utoipa::IntoParams;

/// The header with a queue token.
pub const QUEUE_TOKEN: &str = "Frontrow-Queue-Token";
/// The header with an admission.
pub const PASS: &str = "Frontrow-Pass";
/// The header that says how long to wait for an answer.
pub const PREFER: &str = "Prefer";

/// The header with which somebody comes back who had a stream of events before.
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

/// A header that may be there once. What is doubled, or is no ASCII, was not given out here: it is as good as empty.
pub fn once<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name);
    match (all.next(), all.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().unwrap_or_default()),
        (Some(_), Some(_)) => Some(""),
    }
}

/// The queue token that is shown.
#[derive(Clone, Debug)]
pub struct ShownToken(pub String);

/// The queue token, for the `OpenAPI` document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "what describes a header is never made")]
pub struct ShownTokenHeader {
    /// From joining the queue.
    #[param(rename = "Frontrow-Queue-Token", example = "AQEZoPDnwcex6eazpcL02OEAAAAB")]
    token: String,
}

impl ShownToken {
    /// The one in these headers.
    pub fn of(headers: &HeaderMap) -> Result<&str, Problem> {
        let missing = || Problem::field(format!("/headers/{QUEUE_TOKEN}"), "missing", "the header is needed");
        once(headers, QUEUE_TOKEN).ok_or_else(missing)
    }
}

impl FromRequest for ShownToken {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.headers()).map(|token| Self(token.to_owned())))
    }
}

/// How long the client would wait for the answer that it hopes for: `Prefer: wait=10` (RFC 7240).
#[derive(Clone, Copy, Debug)]
pub struct PreferredWait(pub Duration);

/// The wait, for the `OpenAPI` document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "what describes a header is never made")]
pub struct PreferredWaitHeader {
    /// `wait=` and how many seconds to wait for the admission before the answer, 0 to 30; other preferences are ignored.
    #[param(rename = "Prefer", value_type = Option<Wait>, example = "wait=10")]
    prefer: Option<String>,
}

impl PreferredWait {
    /// The longest wait: 30 seconds.
    pub const MAX_SECONDS: u32 = 30;
}

impl FromRequest for PreferredWait {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let wait = preferred(request.headers()).filter(|seconds| *seconds <= Self::MAX_SECONDS);
        let wait = wait.map(|seconds| Self(Duration::from_secs(seconds.into())));
        let detail = || format!("wait=0 to wait={}, once", Self::MAX_SECONDS);
        ready(wait.ok_or_else(|| Problem::field(format!("/headers/{PREFER}"), "range", detail())))
    }
}

/// The seconds; 0 if nothing is said of them, `None` if nonsense is, or several things are.
fn preferred(headers: &HeaderMap) -> Option<u32> {
    let mut seconds = None;
    for header in headers.get_all(PREFER) {
        for preference in header.to_str().ok()?.split(',') {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            if name.trim().eq_ignore_ascii_case("wait") && seconds.replace(plain(value.trim())?).is_some() {
                return None;
            }
        }
    }
    Some(seconds.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn wait(values: &[&str]) -> Option<u32> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HeaderName::from_static("prefer"), HeaderValue::from_str(value).unwrap());
        }
        preferred(&headers)
    }

    #[test]
    fn a_wait_is_found_among_other_preferences() {
        assert_eq!(wait(&[]), Some(0));
        assert_eq!(wait(&["respond-async"]), Some(0));
        assert_eq!(wait(&["wait=10"]), Some(10));
        assert_eq!(wait(&["respond-async, Wait = 7", "handling=lenient"]), Some(7));
        for nonsense in [&["wait"][..], &["wait="], &["wait=-1"], &["wait=1.5"], &["wait=010"], &["wait=1, wait=2"]] {
            assert_eq!(wait(nonsense), None, "{nonsense:?}");
        }
        assert_eq!(wait(&["wait=1", "wait=1"]), None);
    }
}
