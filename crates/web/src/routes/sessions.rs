//! Logging in, staying logged in, seeing where one is logged in, logging out.

use super::Endpoint;
use crate::WebState;
use crate::dto::{NewSession, OwnSessionDto, OwnSessionsDto, RefreshRequest, SessionDto};
use crate::extract::{Body, Caller, ClientNetwork, Id, UserAgent};
use crate::limits::with_delay;
use crate::problem::{Kind, Problem};
use crate::security_log::about;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::LogInRequest;
use frontrow_application::port::{Ending, Limit};
use frontrow_domain::{Email, SessionId};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(log_in, __path_log_in).limited(Limit::LogIn).refuses(&[&[Kind::Credentials]]),
        Endpoint::new(list, __path_list),
        Endpoint::new(log_out_everywhere, __path_log_out_everywhere),
        Endpoint::new(refresh, __path_refresh).limited(Limit::Refresh).refuses(&[&[Kind::SessionEnded]]),
        Endpoint::new(log_out, __path_log_out),
        Endpoint::new(end, __path_end),
    ]
}

/// Log in.
///
/// Answers with an access token for the header `Authorization`, and with a refresh token that gets the next ones. An
/// account can have 20 sessions at once, one for each device: with one more, the oldest ends. Whoever types wrong passwords
/// has to wait, from the sixth on, and longer after each.
#[utoipa::path(post, path = "/v1/sessions", tag = "accounts", request_body = NewSession,
    responses((status = 201, description = "Tokens.", body = SessionDto)))]
async fn log_in(
    state: Data<WebState>,
    http: HttpRequest,
    ClientNetwork(network): ClientNetwork,
    UserAgent(user_agent): UserAgent,
    Body(body): Body<NewSession>,
) -> Result<HttpResponse, Problem> {
    let email = body.email.parse::<Email>();
    let email = email.map_err(|error| Problem::field("/email", "email", error.to_string()))?;
    about(&http, &email);
    let request = LogInRequest { email: email.clone(), password: body.password, user_agent };
    let session = with_delay(&state, &email, network, state.use_cases.log_in.run(request)).await?;
    Ok(HttpResponse::Created().json(SessionDto::from(session)))
}

/// List one's sessions.
///
/// Everywhere that one is logged in, the newest log-in first; at most 20.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "list_sessions", tag = "accounts",
    responses((status = 200, description = "The sessions.", body = OwnSessionsDto)))]
async fn list(state: Data<WebState>, caller: Caller) -> Result<HttpResponse, Problem> {
    let sessions = state.use_cases.list_sessions.run(caller.user()).await?;
    let items = sessions.into_iter().map(|session| OwnSessionDto::of(session, caller.0.session)).collect();
    Ok(HttpResponse::Ok().json(OwnSessionsDto { items }))
}

/// Exchange a refresh token for new tokens.
///
/// Do it before the access token expires; nobody has to type a password for it. If the answer got lost, ask again within 10
/// seconds: the same refresh token gets the same new one. Later it ends the session, because somebody has a copy of it.
#[utoipa::path(post, path = "/v1/sessions/refresh", operation_id = "refresh_session", tag = "accounts", request_body = RefreshRequest,
    responses((status = 200, description = "New tokens.", body = SessionDto)))]
async fn refresh(state: Data<WebState>, Body(body): Body<RefreshRequest>) -> Result<HttpResponse, Problem> {
    let session = state.use_cases.refresh.run(&body.refresh_token).await?;
    Ok(HttpResponse::Ok().json(SessionDto::from(session)))
}

/// Log out.
///
/// Ends the session: its tokens are worth nothing any more, within a second everywhere.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "accounts",
    responses((status = 204, description = "The session has ended.")))]
async fn log_out(state: Data<WebState>, caller: Caller) -> Result<HttpResponse, Problem> {
    state.use_cases.end_sessions.run(caller.user(), Ending::One(caller.0.session)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Log out everywhere.
///
/// Ends all sessions of one's account, this one too: their tokens are worth nothing any more, within a second everywhere.
#[utoipa::path(delete, path = "/v1/sessions", tag = "accounts",
    responses((status = 204, description = "All sessions have ended.")))]
async fn log_out_everywhere(state: Data<WebState>, caller: Caller) -> Result<HttpResponse, Problem> {
    state.use_cases.end_sessions.run(caller.user(), Ending::All).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End a session.
///
/// One of one's own, such as on a device that was lost: its tokens are worth nothing any more, within a second everywhere.
#[utoipa::path(delete, path = "/v1/sessions/{id}", operation_id = "end_session", tag = "accounts",
    params(("id" = uuid::Uuid, Path, description = "The session.")),
    responses((status = 204, description = "The session has ended.")))]
async fn end(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    state.use_cases.end_sessions.one(caller.user(), SessionId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
