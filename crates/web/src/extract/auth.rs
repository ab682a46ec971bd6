//! Who asks, by their access token.

use crate::WebState;
use crate::problem::{Kind, Problem};
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use frontrow_application::ActingOperator;
use frontrow_application::port::AccessClaims;
use frontrow_domain::UserId;
use std::future::{Ready, ready};

/// Somebody who is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub AccessClaims);

/// An operator who is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Operator(pub ActingOperator);

impl Caller {
    /// The user that the access token was issued to.
    pub fn user(self) -> UserId {
        self.0.user
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(claims(request).map(Self).ok_or_else(|| Problem::new(Kind::AccessToken)))
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let claims = claims(request).ok_or_else(|| Problem::new(Kind::AccessToken));
        ready(claims.and_then(|claims| {
            ActingOperator::from_claims(&claims).map(Self).map_err(|_| Problem::new(Kind::NotAnOperator))
        }))
    }
}

/// What the access token says, if there is a valid one. The interceptor and the handler both ask; it is verified once.
pub(crate) fn claims(request: &HttpRequest) -> Option<AccessClaims> {
    if let Some(Verified(claims)) = request.extensions().get::<Verified>() {
        return *claims;
    }
    let claims = verify(request);
    request.extensions_mut().insert(Verified(claims));
    claims
}

/// What was found before, while the same request was looked at.
#[derive(Clone, Copy)]
struct Verified(Option<AccessClaims>);

fn verify(request: &HttpRequest) -> Option<AccessClaims> {
    let state = request.app_data::<Data<WebState>>()?;
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let (Some(header), None) = (headers.next(), headers.next()) else { return None };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let claims = state.tokens.verify(token.trim(), state.clock.now())?;
    (!state.use_cases.ended_sessions.includes(claims.session)).then_some(claims)
}
