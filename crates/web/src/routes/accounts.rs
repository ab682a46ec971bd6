//! Signing up, logging in, staying logged in, logging out.

use super::Endpoint;
use crate::WebState;
use crate::dto::{NewSession, NewUser, RefreshRequest, SessionDto, UserDto, password_flaw};
use crate::extract::{Body, Caller, OptionalKey};
use crate::problem::{Kind, Problem};
use crate::security_log::about;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::{LogInRequest, Password, SignUpRequest};
use frontrow_domain::Email;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(sign_up, __path_sign_up).refuses(&[&[Kind::EmailTaken]]),
        Endpoint::new(log_in, __path_log_in).refuses(&[&[Kind::Credentials]]),
        Endpoint::new(refresh, __path_refresh).refuses(&[&[Kind::SessionEnded]]),
        Endpoint::new(log_out, __path_log_out),
    ]
}

fn email(text: &str) -> Result<Email, Problem> {
    text.parse::<Email>().map_err(|error| Problem::field("/email", "email", error.to_string()))
}

/// Sign up.
///
/// Makes an account with an empty wallet. The e-mail address is kept in one form, so that one mailbox has one account.
/// Signing up doesn't log in: that is the next call.
/// With the header `Idempotency-Key` a sign-up whose answer was lost can be repeated: the same request with the same key is
/// answered with the same account.
#[utoipa::path(post, path = "/v1/users", tag = "accounts", request_body = NewUser,
    responses((status = 201, description = "The account.", body = UserDto)))]
async fn sign_up(
    state: Data<WebState>,
    http: HttpRequest,
    OptionalKey(key): OptionalKey,
    Body(body): Body<NewUser>,
) -> Result<HttpResponse, Problem> {
    let NewUser { email: address, password, name } = body;
    let email = email(&address)?;
    about(&http, &email);
    let password =
        Password::new(password).map_err(|flaw| Problem::field("/password", password_flaw(flaw), flaw.to_string()))?;
    let request = SignUpRequest { email, password, name };
    let sign_up = &state.use_cases.sign_up;
    let user = match key {
        Some(key) => sign_up.run_with_key(request, &key).await?,
        None => sign_up.run(request).await?,
    };
    Ok(HttpResponse::Created().json(UserDto::from(user)))
}

/// Log in.
///
/// Answers with an access token for the header `Authorization`, and with a refresh token that gets the next ones. An
/// account can have several sessions at once, one for each device.
#[utoipa::path(post, path = "/v1/sessions", tag = "accounts", request_body = NewSession,
    responses((status = 201, description = "Tokens.", body = SessionDto)))]
async fn log_in(
    state: Data<WebState>,
    http: HttpRequest,
    Body(body): Body<NewSession>,
) -> Result<HttpResponse, Problem> {
    let request = LogInRequest { email: email(&body.email)?, password: body.password };
    about(&http, &request.email);
    let session = state.use_cases.log_in.run(request).await?;
    Ok(HttpResponse::Created().json(SessionDto::from(session)))
}

/// Exchange a refresh token for new tokens.
///
/// Do it before the access token expires; nobody has to type a password for it. The refresh token before is taken once
/// more for 10 seconds, in case the answer got lost; later it ends the session.
#[utoipa::path(post, path = "/v1/sessions/refresh", operation_id = "refresh_session", tag = "accounts", request_body = RefreshRequest,
    responses((status = 200, description = "New tokens.", body = SessionDto)))]
async fn refresh(state: Data<WebState>, Body(body): Body<RefreshRequest>) -> Result<HttpResponse, Problem> {
    let session = state.use_cases.refresh.run(&body.refresh_token).await?;
    Ok(HttpResponse::Ok().json(SessionDto::from(session)))
}

/// Log out.
///
/// Ends the session: its refresh token is worth nothing any more. The access token itself is good until it expires, at
/// most 15 minutes.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "accounts",
    responses((status = 204, description = "The session has ended.")))]
async fn log_out(state: Data<WebState>, caller: Caller) -> Result<HttpResponse, Problem> {
    state.use_cases.log_out.run(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
