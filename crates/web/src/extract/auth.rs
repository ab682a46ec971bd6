//! Who asks, by their access token.

use crate::WebState;
use crate::problem::{Kind, Problem};
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use frontrow_application::port::AccessClaims;
use frontrow_domain::{Role, UserId};
use std::future::{Ready, ready};

/// Somebody who is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub AccessClaims);

/// An operator who is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Operator(pub AccessClaims);

impl Caller {
    /// Who.
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
        ready(match claims(request) {
            Some(claims) if claims.role == Role::Operator => Ok(Self(claims)),
            Some(_) => Err(Problem::new(Kind::NotAnOperator)),
            None => Err(Problem::new(Kind::AccessToken)),
        })
    }
}

/// What the access token says, if there is a valid one.
pub(crate) fn claims(request: &HttpRequest) -> Option<AccessClaims> {
    let state = request.app_data::<Data<WebState>>()?;
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let (Some(header), None) = (headers.next(), headers.next()) else { return None };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    state.tokens.verify(token.trim(), state.clock.now())
}
