//! The line of a sale: joining, looking, and the way in.

use super::{at, refusal, resource};
use crate::WebState;
use crate::dto::{JoinBody, List, LogEntryDto, PageQuery, PassDto, PlaceDto, RenewBody, SnapshotDto};
use crate::extract::{
    Body, Caller, ClientNetwork, Id, PreferredWait, PreferredWaitHeader, Query, ShownToken, ShownTokenHeader,
    entity_tag, knows,
};
use crate::measure::mannered;
use crate::problem::Problem;
use crate::taken::{refuse_the_rest, taken_at};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig, scope, to};
use actix_web::{HttpRequest, HttpResponse, guard};
use frontrow_application::waiting_room::{Board, ClaimAnswer, JoinRequest, PlaceView, Rendered};
use frontrow_application::{Conflict, Error, Missing};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::Phase;
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig) {
    at(config, "/v1/sales/{id}/queue-tokens", [(Method::POST, to(join))]);
    let admission = [(Method::POST, to(claim)), (Method::PUT, to(renew)), (Method::DELETE, to(leave))];
    at(config, "/v1/sales/{id}/admission", admission);
    at(config, "/v1/sales/{id}/admission-log", [(Method::GET, to(log))]);
}

/// What everybody asks for all the time.
pub(super) fn configure_polls(config: &mut ServiceConfig) {
    // By hand: to match a pattern with a part that varies costs four times what all the rest of the answer does.
    let is_queue = guard::fn_guard(|context| sale_of_queue(context.head().uri.path()).is_some());
    let taken = taken_at("/v1/sales/{id}/queue");
    let strict = from_fn(move |request, next| refuse_the_rest(taken, request, next));
    config.service(scope(SALES).guard(is_queue).default_service(to(queue)).wrap(strict).wrap(from_fn(mannered)));
    let taken = taken_at(CURRENT);
    let strict = from_fn(move |request, next| refuse_the_rest(taken, request, next));
    config.service(resource(CURRENT, [(Method::GET, to(current))]).wrap(strict).wrap(from_fn(mannered)));
}

const SALES: &str = "/v1/sales";
const CURRENT: &str = "/v1/queue-tokens/current";

/// The `{id}` of `/v1/sales/{id}/queue`.
fn sale_of_queue(path: &str) -> Option<&str> {
    let id = path.strip_prefix(SALES)?.strip_prefix('/')?.strip_suffix("/queue")?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

fn board(state: &WebState, sale: Uuid) -> Result<Arc<Board>, Problem> {
    let board = state.use_cases.lines.board(SaleId::new(sale));
    board.ok_or_else(|| Error::NotFound(Missing::Line).into())
}

/// Join a sale's line. Whoever has a place gets it again, until it has been used or has lapsed.
#[utoipa::path(post, path = "/v1/sales/{id}/queue-tokens", operation_id = "join_line", tag = "waiting room", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale.")), request_body = JoinBody,
    responses((status = 201, description = "A new place, at the end.", body = PlaceDto),
        (status = 200, description = "The place that one has.", body = PlaceDto)))]
pub(crate) async fn join(
    state: Data<WebState>,
    caller: Caller,
    ClientNetwork(network): ClientNetwork,
    Id(id): Id,
    Body(body): Body<JoinBody>,
) -> Result<HttpResponse, Problem> {
    let JoinBody { code, token } = body;
    let request = JoinRequest { user: caller.user(), sale: SaleId::new(id), network, code, token };
    let (view, token, is_new) = state.use_cases.join_line.run(&request).await?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(PlaceDto::of(&view, Some(token))))
}

/// Look at a sale's line: the same for everybody, to be asked for as often as it changes. How to compute one's own place
/// and wait from it stands in docs/api.md.
#[utoipa::path(get, path = "/v1/sales/{id}/queue", operation_id = "show_line", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale."),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, description = "The line as it was within the last second.", body = SnapshotDto,
            headers(("ETag" = String, description = "Of the answer; the same while nothing has changed."))),
        (status = 304, description = "As it was.")))]
pub(crate) async fn queue(state: Data<WebState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(refusal("GET, HEAD"));
    }
    let board = board(&state, Id::read(sale_of_queue(request.path()).unwrap_or_default())?)?;
    if board.is_stale(state.clock.now()) {
        return Ok(snapshot(&request, &render(&board, true)));
    }
    Ok(snapshot(&request, board.rendered.get_or_init(|| render(&board, false))))
}

fn render(board: &Board, stale: bool) -> Rendered {
    let body = serde_json::to_vec(&SnapshotDto::of(board, stale)).unwrap_or_default();
    let tag = entity_tag(&body);
    Rendered { body, tag }
}

fn snapshot(request: &HttpRequest, rendered: &Rendered) -> HttpResponse {
    let known = knows(request, &rendered.tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, &*rendered.tag)).insert_header((CACHE_CONTROL, "public, max-age=1"));
    if known { response.finish() } else { response.content_type("application/json").body(rendered.body.clone()) }
}

/// Look at one's own place.
#[utoipa::path(get, path = "/v1/queue-tokens/current", operation_id = "show_place", tag = "waiting room",
    params(ShownTokenHeader),
    responses((status = 200, description = "The place.", body = PlaceDto,
        example = json!({"group": 0, "number": 4711, "people_ahead": 1200, "standing": "waiting",
            "wait": {"least_seconds": 96, "most_seconds": 180}, "ask_again_seconds": 20, "opens": "2027-01-01T00:00:00Z",
            "phase": "open"}))))]
pub(crate) async fn current(state: Data<WebState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let view = state.use_cases.show_place.run(ShownToken::of(request.headers())?)?;
    Ok(HttpResponse::Ok().json(PlaceDto::of(&view, None)))
}

/// Claim an admission. Whoever is called stands at the door from the first claim on, for 15 seconds after each.
#[utoipa::path(post, path = "/v1/sales/{id}/admission", operation_id = "claim_admission", tag = "waiting room", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale."), ShownTokenHeader, PreferredWaitHeader),
    responses((status = 201, description = "Admitted; here is the pass.", body = PassDto),
        (status = 202, description = "At the door: claim again, at once if the request has waited.", body = PlaceDto,
            example = json!({"group": 0, "number": 4711, "people_ahead": 0, "standing": "called", "wait": null,
            "ask_again_seconds": 4, "opens": "2027-01-01T00:00:00Z", "phase": "open"}))))]
pub(crate) async fn claim(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    ShownToken(token): ShownToken,
    PreferredWait(wait): PreferredWait,
) -> Result<HttpResponse, Problem> {
    board(&state, id)?;
    let claim = &state.use_cases.claim_admission;
    match claim.run(caller.user(), SaleId::new(id), &token, wait).await? {
        ClaimAnswer::Admitted(pass) => Ok(HttpResponse::Created().json(PassDto::from(pass))),
        ClaimAnswer::AtDoor(view) => Ok(HttpResponse::Accepted().json(waiting(&view)?.at_door())),
        ClaimAnswer::NotYet(view) => Err(waiting(&view)?.not_your_turn()),
    }
}

/// The place, unless there is nothing to wait for any more.
fn waiting(view: &PlaceView) -> Result<PlaceDto, Problem> {
    if view.board.line.phase == Phase::Closed {
        return Err(Conflict::LineClosed.into());
    }
    Ok(PlaceDto::of(view, None))
}

/// Renew an admission, or say that the page closes.
#[utoipa::path(put, path = "/v1/sales/{id}/admission", operation_id = "renew_admission", tag = "waiting room", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale.")), request_body = RenewBody,
    responses((status = 200, description = "It goes on; here is the next pass.", body = PassDto)))]
pub(crate) async fn renew(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    Body(body): Body<RenewBody>,
) -> Result<HttpResponse, Problem> {
    // The store would make a row for whoever asks.
    board(&state, id)?;
    let pass = state.use_cases.renew_admission.run(caller.user(), SaleId::new(id), body.closing).await?;
    Ok(HttpResponse::Ok().json(PassDto::from(pass)))
}

/// Leave: give the admission back, so that somebody else comes in.
#[utoipa::path(delete, path = "/v1/sales/{id}/admission", operation_id = "leave_admission", tag = "waiting room", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale.")),
    responses((status = 204, description = "There is no admission any more.")))]
pub(crate) async fn leave(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    board(&state, id)?;
    state.use_cases.leave_admission.run(caller.user(), SaleId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List who was admitted when, without saying who they are.
#[utoipa::path(get, path = "/v1/sales/{id}/admission-log", operation_id = "list_admissions", tag = "waiting room",
    params(("id" = Uuid, Path, description = "The sale."), PageQuery),
    responses((status = 200, description = "The oldest first.", body = List<LogEntryDto>)))]
pub(crate) async fn log(
    state: Data<WebState>,
    Id(id): Id,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page(std::convert::identity::<(i64, u8, u64)>)?;
    let page = state.use_cases.operate_line.log(SaleId::new(id), page).await?;
    Ok(HttpResponse::Ok().json(List::of(page, LogEntryDto::from, std::convert::identity::<(i64, u8, u64)>)))
}
