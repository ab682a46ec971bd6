//! The queue of a sale: joining, looking, and the way in.

use super::Endpoint;
use crate::WebState;
use crate::dto::{JoinBody, List, LogEntryDto, LogQuery, PassDto, QueueEntryDto, RenewBody, SnapshotDto};
use crate::extract::{
    Body, Caller, ClientNetwork, Id, OptionalBody, PreferredWait, PreferredWaitHeader, Query, ShownToken,
    ShownTokenHeader, entity_tag, knows,
};
use crate::problem::{Kind, Problem};
use crate::rate_limit::{RateLimit, add_rate_limits};
use crate::rendered::Answer;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::waiting_room::{
    CheckInAnswer, JoinRequest, JoinedQueue, QueueEntryView, QueueView, Rendered,
};
use frontrow_application::{Conflict, Error, Missing};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::Phase;
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(join, __path_join).refuses(&[Kind::JOINING]),
        Endpoint::new(queue, __path_queue).polled(),
        Endpoint::new(current, __path_current).polled().refuses(&[&[Kind::QueueTokenForged, Kind::NotFound]]),
        Endpoint::new(check_in, __path_check_in).refuses(&[Kind::CHECK_IN, Kind::ADMISSION, &[Kind::TooManyWaiting]]),
        Endpoint::new(renew, __path_renew).refuses(&[Kind::ADMISSION, &[Kind::TooManyWaiting, Kind::QueueClosed]]),
        Endpoint::new(leave, __path_leave).refuses(&[&[Kind::TooManyWaiting]]),
        Endpoint::new(log, __path_log),
    ]
}

fn view(state: &WebState, sale: Uuid) -> Result<Arc<QueueView>, Problem> {
    let view = state.use_cases.queues.view(SaleId::new(sale));
    view.ok_or_else(|| Error::NotFound(Missing::Queue).into())
}

/// Join a sale's queue.
///
/// Answers with the queue entry and its `token`: keep it, and send it in `Frontrow-Queue-Token` from now on. Whoever
/// has an entry gets it again, until it has been used or has lapsed; so joining twice costs nothing. `code` opens a
/// group that has one.
#[utoipa::path(post, path = "/v1/sales/{id}/queue-tokens", operation_id = "join_queue", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale.")), request_body = JoinBody,
    responses((status = 201, description = "A new queue entry, at the end.", body = QueueEntryDto),
        (status = 200, description = "The queue entry that one has.", body = QueueEntryDto)))]
async fn join(
    state: Data<WebState>,
    caller: Caller,
    ClientNetwork(network): ClientNetwork,
    Id(id): Id,
    OptionalBody(body): OptionalBody<JoinBody>,
) -> Result<HttpResponse, Problem> {
    state.use_cases.require_verified_email.run(&caller.0).await?;
    let JoinBody { code, token } = body;
    let request = JoinRequest { user: caller.user(), sale: SaleId::new(id), network, code, token };
    let JoinedQueue { entry, token, is_new, code, quotas } = state.use_cases.join_queue.run(&request).await?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    let entry = QueueEntryDto { code: code.map(Into::into), ..QueueEntryDto::of(&entry, Some(token)) };
    let mut response = response.json(entry);
    let limits: Vec<RateLimit> = quotas.iter().map(Into::into).collect();
    add_rate_limits(response.headers_mut(), &limits);
    Ok(response)
}

/// Look at a sale's queue.
///
/// The same for everybody, so any cache may keep it for a second. It says what the queue does, how fast it moves and
/// when to ask again. docs/api.md says how to work out one's own position and wait from it.
#[utoipa::path(get, path = "/v1/sales/{id}/queue", operation_id = "show_queue", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale."),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, description = "The queue as it was within the last second.", body = SnapshotDto,
            headers(("ETag" = String, description = "Of the answer; the same while nothing has changed."))),
        (status = 304, description = "As it was.")))]
async fn queue(state: Data<WebState>, Id(id): Id, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let view = view(&state, id)?;
    if view.is_stale(state.clock.now()) {
        return Ok(snapshot(&request, &render(&view, true)));
    }
    Ok(snapshot(&request, view.rendered.get_or_init(|| render(&view, false))))
}

/// What is answered to who asks for that queue.
pub(super) fn queue_answer(state: &WebState, sale: SaleId) -> Result<Answer, Problem> {
    let view = view(state, sale.uuid())?;
    if view.is_stale(state.clock.now()) {
        return Answer::new(render(&view, true).body);
    }
    Answer::new(view.rendered.get_or_init(|| render(&view, false)).body.clone())
}

fn render(view: &QueueView, stale: bool) -> Rendered {
    let body = serde_json::to_vec(&SnapshotDto::of(view, stale)).unwrap_or_default();
    let tag = entity_tag(&body);
    Rendered { body, tag }
}

fn snapshot(request: &HttpRequest, rendered: &Rendered) -> HttpResponse {
    let known = knows(request, &rendered.tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, &*rendered.tag)).insert_header((CACHE_CONTROL, "public, max-age=1"));
    if known { response.finish() } else { response.content_type("application/json").body(rendered.body.clone()) }
}

/// Look at one's own queue entry.
///
/// How many people are ahead, how long it will take, and in how many seconds to ask again. When its status is `called`,
/// check in.
#[utoipa::path(get, path = "/v1/queue-tokens/current", operation_id = "show_queue_entry", tag = "waiting room",
    params(ShownTokenHeader),
    responses((status = 200, description = "The queue entry.", body = QueueEntryDto,
        example = json!({"group": 0, "number": 4711, "people_ahead": 1200, "status": "waiting",
            "wait": {"least_seconds": 96, "most_seconds": 180}, "ask_again_seconds": 20, "opens": "2027-01-01T00:00:00Z",
            "phase": "open", "ending": null, "message": null}))))]
async fn current(state: Data<WebState>, ShownToken(token): ShownToken) -> Result<HttpResponse, Problem> {
    let view = state.use_cases.show_entry.run(&token)?;
    Ok(HttpResponse::Ok().json(QueueEntryDto::of(&view, None)))
}

/// Check in.
///
/// For somebody who has been called. 201 has the pass; 202 says that there is no room yet: ask again, or wait for the
/// answer with `Prefer: wait=10`. Whoever has checked in counts as present for 15 seconds.
#[utoipa::path(post, path = "/v1/sales/{id}/admission", operation_id = "check_in", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale."), ShownTokenHeader, PreferredWaitHeader),
    responses((status = 201, description = "Admitted; here is the pass.", body = PassDto),
        (status = 202, description = "Checked in, not admitted yet: ask again, at once if the request has waited.", body = QueueEntryDto,
            example = json!({"group": 0, "number": 4711, "people_ahead": 0, "status": "called", "wait": null,
            "ask_again_seconds": 4, "opens": "2027-01-01T00:00:00Z", "phase": "open", "ending": null,
            "message": null}))))]
async fn check_in(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    ShownToken(token): ShownToken,
    PreferredWait(wait): PreferredWait,
) -> Result<HttpResponse, Problem> {
    view(&state, id)?;
    let check_in = &state.use_cases.check_in;
    match check_in.run(caller.user(), SaleId::new(id), &token, wait).await? {
        CheckInAnswer::Admitted(pass) => Ok(HttpResponse::Created().json(PassDto::from(pass))),
        CheckInAnswer::Present(view) => Ok(HttpResponse::Accepted().json(waiting(&view)?.present())),
        CheckInAnswer::NotYet(view) => Err(waiting(&view)?.not_your_turn()),
    }
}

/// The queue entry, unless there is nothing to wait for any more.
fn waiting(view: &QueueEntryView) -> Result<QueueEntryDto, Problem> {
    if view.view.queue.phase == Phase::Closed {
        return Err(Conflict::QueueClosed.into());
    }
    Ok(QueueEntryDto::of(view, None))
}

/// Renew an admission.
///
/// Answers with the next pass; do it before the last one expires. When the page closes, send `closing`: then the
/// admission ends in 45 seconds, unless it is renewed before.
#[utoipa::path(put, path = "/v1/sales/{id}/admission", operation_id = "renew_admission", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale.")), request_body = RenewBody,
    responses((status = 200, description = "It goes on; here is the next pass.", body = PassDto)))]
async fn renew(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    Body(body): Body<RenewBody>,
) -> Result<HttpResponse, Problem> {
    // The store would make a row for whoever asks.
    view(&state, id)?;
    let pass = state.use_cases.renew_admission.run(caller.user(), SaleId::new(id), body.closing).await?;
    Ok(HttpResponse::Ok().json(PassDto::from(pass)))
}

/// Leave.
///
/// Gives the admission back, so that somebody else comes in. What is held can still be paid. Leaving again is no error.
#[utoipa::path(delete, path = "/v1/sales/{id}/admission", operation_id = "leave_admission", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale.")),
    responses((status = 204, description = "There is no admission any more.")))]
async fn leave(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    view(&state, id)?;
    state.use_cases.leave_admission.run(caller.user(), SaleId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List who was admitted when.
///
/// Without saying who they are: anybody can check that nobody was let in out of turn. The oldest first.
#[utoipa::path(get, path = "/v1/sales/{id}/admission-log", operation_id = "list_admissions", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale."), LogQuery),
    responses((status = 200, description = "The oldest first.", body = List<LogEntryDto>)))]
async fn log(state: Data<WebState>, Id(id): Id, Query(query): Query<LogQuery>) -> Result<HttpResponse, Problem> {
    let page = query.page().page(std::convert::identity::<(i64, u8, u64)>)?;
    let page = state.use_cases.operate_queue.log(SaleId::new(id), page).await?;
    Ok(HttpResponse::Ok().json(List::of(page, LogEntryDto::from, std::convert::identity::<(i64, u8, u64)>)))
}
