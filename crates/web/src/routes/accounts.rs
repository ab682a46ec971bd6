//! Signing up, logging in, staying logged in, logging out.

use super::at;
use crate::WebState;
use crate::dto::{NewSession, NewUser, RefreshRequest, SessionDto, UserDto};
use crate::extract::{Body, Caller};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{Data, ServiceConfig, to};
use frontrow_application::{LogInRequest, SignUpRequest};
use frontrow_domain::{Email, Role};

pub(super) fn configure(config: &mut ServiceConfig) {
    at(config, "/v1/users", [(Method::POST, to(sign_up))]);
    at(config, "/v1/sessions", [(Method::POST, to(log_in))]);
    at(config, "/v1/sessions/refresh", [(Method::POST, to(refresh))]);
    at(config, "/v1/sessions/current", [(Method::DELETE, to(log_out))]);
}

fn email(text: &str) -> Result<Email, Problem> {
    text.parse::<Email>().map_err(|error| Problem::field("/email", "email", error.to_string()))
}

/// Sign up.
#[utoipa::path(post, path = "/v1/users", tag = "accounts", request_body = NewUser,
    responses((status = 201, description = "The account.", body = UserDto)))]
pub(crate) async fn sign_up(state: Data<WebState>, Body(body): Body<NewUser>) -> Result<HttpResponse, Problem> {
    let NewUser { email: address, password, name } = body;
    let request = SignUpRequest { email: email(&address)?, password, name, role: Role::Customer };
    let user = state.use_cases.sign_up.run(request).await?;
    Ok(HttpResponse::Created().json(UserDto::from(user)))
}

/// Log in.
#[utoipa::path(post, path = "/v1/sessions", tag = "accounts", request_body = NewSession,
    responses((status = 201, description = "Tokens.", body = SessionDto)))]
pub(crate) async fn log_in(state: Data<WebState>, Body(body): Body<NewSession>) -> Result<HttpResponse, Problem> {
    let request = LogInRequest { email: email(&body.email)?, password: body.password };
    let session = state.use_cases.log_in.run(request).await?;
    Ok(HttpResponse::Created().json(SessionDto::from(session)))
}

/// Exchange a refresh token for new tokens. The one before is taken once more for 10 seconds; later it ends the session.
#[utoipa::path(post, path = "/v1/sessions/refresh", operation_id = "refresh_session", tag = "accounts", request_body = RefreshRequest,
    responses((status = 200, description = "New tokens.", body = SessionDto)))]
pub(crate) async fn refresh(state: Data<WebState>, Body(body): Body<RefreshRequest>) -> Result<HttpResponse, Problem> {
    let session = state.use_cases.refresh.run(&body.refresh_token).await?;
    Ok(HttpResponse::Ok().json(SessionDto::from(session)))
}

/// Log out. The access token itself is good until it expires.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "accounts", security(("bearer" = [])),
    responses((status = 204, description = "The session has ended.")))]
pub(crate) async fn log_out(state: Data<WebState>, caller: Caller) -> Result<HttpResponse, Problem> {
    state.use_cases.log_out.run(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
