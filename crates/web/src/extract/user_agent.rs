//! What a client calls itself.

use super::header::once;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

/// The header `User-Agent`, if it is there once and in visible ASCII.
#[derive(Clone, Debug)]
pub struct UserAgent(pub Option<String>);

impl FromRequest for UserAgent {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = once(request.headers(), USER_AGENT.as_str()).map(str::trim);
        ready(Ok(Self(name.filter(|name| !name.is_empty()).map(str::to_owned))))
    }
}
