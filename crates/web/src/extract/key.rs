//! The header that makes the repetition of a request harmless.

use super::Caller;
use crate::problem::{FieldError, Kind, Problem};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use frontrow_application::RequestKey;
use frontrow_domain::{CommandKey, UserId};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use utoipa::IntoParams;

/// The name of the header.
pub const HEADER: &str = "Idempotency-Key";

/// The header's value, and what it stands for: the method and the address.
#[derive(Clone, Debug)]
pub struct Key {
    name: String,
    /// Method and path.
    address: String,
}

/// The header where it is needed, for the `OpenAPI` document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "what describes a header is never made")]
pub struct KeyHeader {
    /// 1 to 64 visible ASCII characters of the client's own making, kept for 24 hours.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 64, pattern = "^[!-~]{1,64}$", example = "tap-1")]
    key: String,
}

/// The header where it need not be there, for the `OpenAPI` document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "what describes a header is never made")]
pub struct OptionalKeyHeader {
    /// 1 to 64 visible ASCII characters of the client's own making, good for as long as what the request made. With it, a
    /// request whose answer was lost can be repeated.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 64, pattern = "^[!-~]{1,64}$", example = "tap-1")]
    key: Option<String>,
}

impl Key {
    /// The caller's key for this request with this body.
    pub fn of<T: Serialize>(self, caller: Caller, body: &T) -> Result<RequestKey, Problem> {
        self.for_user(caller.user(), body)
    }

    /// That user's key for this request with this body.
    pub fn for_user<T: Serialize>(self, user: UserId, body: &T) -> Result<RequestKey, Problem> {
        let body = serde_json::to_vec(body).map_err(|_| Problem::new(Kind::Malformed))?;
        let sha256 = |bytes: &[u8]| Sha256::digest(bytes).into();
        RequestKey::new(user, self.name, &self.address, &body, sha256).map_err(|flaw| missing(&flaw.to_string()))
    }
}

impl FromRequest for Key {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let address = format!("{} {}", request.method(), request.path());
        let name = name(request).and_then(|name| name.ok_or_else(|| missing("the header is needed")));
        ready(name.map(|name| Self { name, address }))
    }
}

/// A key that need not be there, of a request that nobody is logged in for.
#[derive(Clone, Debug)]
pub struct OptionalKey(pub Option<String>);

impl FromRequest for OptionalKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(name(request).map(Self))
    }
}

/// The header's value, if the header is there.
fn name(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut headers = request.headers().get_all(HEADER);
    match (headers.next(), headers.next()) {
        (Some(header), None) => match header.to_str() {
            Ok(name) if CommandKey::new(UserId::new(uuid::Uuid::nil()), name).is_ok() => Ok(Some(name.to_owned())),
            _ => Err(missing(&format!("1 to {} visible ASCII characters", CommandKey::MAX))),
        },
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(missing("the header once")),
    }
}

fn missing(detail: &str) -> Problem {
    let error = FieldError::new(format!("/headers/{HEADER}"), "header", detail);
    Problem { errors: vec![error], ..Problem::new(Kind::KeyMissing) }
}
