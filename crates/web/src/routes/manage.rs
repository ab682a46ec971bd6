//! Putting on sale, for operators.

use super::Endpoint;
use crate::WebState;
use crate::dto::{ConcertBody, ConfirmQuery, PerformanceBody, PutDto, PutStatusDto, SaleBody, SeatMapBody, VenueBody};
use crate::extract::{Body, Id, IfMatch, Long, Operator, Query, SeatMapAddress};
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::web::Data;
use frontrow_application::Saved;
use frontrow_domain::{Performance, PerformanceId, PerformanceStatus, SaleId};
use uuid::Uuid;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(put_venue, __path_put_venue).creates().refuses(&[Kind::SAVING]),
        Endpoint::new(put_seat_map, __path_put_seat_map).refuses(&[Kind::SAVING, &[Kind::SeatMapFrozen]]),
        Endpoint::new(put_concert, __path_put_concert).creates().refuses(&[Kind::SAVING]),
        Endpoint::new(put_performance, __path_put_performance).refuses(&[Kind::SAVING, &[Kind::PerformancePublic]]),
        Endpoint::new(publish_performance, __path_publish_performance).refuses(&[Kind::PERFORMANCE]),
        Endpoint::new(postpone_performance, __path_postpone_performance).refuses(&[Kind::PERFORMANCE]),
        Endpoint::new(cancel_performance, __path_cancel_performance).refuses(&[Kind::PERFORMANCE]),
        Endpoint::new(put_sale, __path_put_sale)
            .refuses(&[Kind::SAVING, &[Kind::SalePublic, Kind::PerformanceNotPublic, Kind::OpenBesides]]),
        Endpoint::new(publish_sale, __path_publish_sale).refuses(&[&[
            Kind::PerformanceNotPublic,
            Kind::OpenBesides,
            Kind::ChangedMeanwhile,
        ]]),
    ]
}

fn put(saved: Saved, id: Uuid) -> HttpResponse {
    let mut response = if saved == Saved::Created { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.json(PutDto { id, status: None })
}

fn performance_status(performance: &Performance) -> HttpResponse {
    HttpResponse::Ok().json(PutDto { id: performance.id.uuid(), status: Some(performance.status.into()) })
}

/// Add or replace a venue.
///
/// Under an id of the client's own, so that repeating it is harmless. To replace a venue, send the `ETag` of its
/// settings as `If-Match`.
#[utoipa::path(put, path = "/v1/venues/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The client's own id."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what is replaced; needed if it is there already.")), request_body = VenueBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
async fn put_venue(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    Body(body): Body<VenueBody>,
) -> Result<HttpResponse, Problem> {
    Ok(put(state.use_cases.manage_venues.put(operator.0, &body.into_venue(id), read).await?, id))
}

/// Add or replace a version of a venue's seat map.
///
/// Sections with rows of seats, or with spots to stand, from the front to the back. A version that a published
/// performance uses is frozen: write a new one.
#[utoipa::path(put, path = "/v1/venues/{id}/seat-maps/{version}", tag = "operators",
    params(("id" = Uuid, Path, description = "The venue."), ("version" = u32, Path, description = "From 1.", minimum = 1, maximum = 2_147_483_647),
        ("If-Match" = Option<String>, Header, description = "The ETag of what is replaced; needed if it is there already.")),
    request_body = SeatMapBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
async fn put_seat_map(
    state: Data<WebState>,
    operator: Operator,
    address: SeatMapAddress,
    IfMatch(read): IfMatch,
    Long(body): Long<SeatMapBody>,
) -> Result<HttpResponse, Problem> {
    let map = body.into_map(address.id, address.version);
    Ok(put(state.use_cases.manage_venues.put_seat_map(operator.0, &map, read).await?, address.id))
}

/// Add or replace a concert.
///
/// Under an id of the client's own, so that repeating it is harmless. Buyers see it once it has a published
/// performance.
#[utoipa::path(put, path = "/v1/concerts/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The client's own id."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what is replaced; needed if it is there already.")), request_body = ConcertBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
async fn put_concert(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    Body(body): Body<ConcertBody>,
) -> Result<HttpResponse, Problem> {
    Ok(put(state.use_cases.manage_concerts.put(operator.0, &body.into_concert(id), read).await?, id))
}

/// Add or replace a performance.
///
/// A new one is a draft, which nobody but operators sees. Of one that is public, its concert, venue and seat map stay
/// as they are; everything else may change.
#[utoipa::path(put, path = "/v1/performances/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The client's own id."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what is replaced; needed if it is there already.")), request_body = PerformanceBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
async fn put_performance(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    Body(body): Body<PerformanceBody>,
) -> Result<HttpResponse, Problem> {
    Ok(put(state.use_cases.manage_performances.put(operator.0, &body.into_performance(id), read).await?, id))
}

/// Publish a performance.
///
/// Creates its seats, freezes its seat map, and shows it to buyers. After a postponement this puts it on sale again.
#[utoipa::path(post, path = "/v1/performances/{id}/publication", tag = "operators",
    params(("id" = Uuid, Path, description = "The performance.")),
    responses((status = 200, description = "Published.", body = PutDto)))]
async fn publish_performance(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    let performance = state.use_cases.manage_performances.publish(operator.0, PerformanceId::new(id)).await?;
    Ok(performance_status(&performance))
}

/// Postpone a performance.
///
/// What is sold stays sold, what is held can be paid, and nothing new is held until it is published again.
#[utoipa::path(post, path = "/v1/performances/{id}/postponement", tag = "operators",
    params(("id" = Uuid, Path, description = "The performance.")),
    responses((status = 200, description = "Postponed.", body = PutDto)))]
async fn postpone_performance(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    become_status(&state, operator, id, PerformanceStatus::Postponed).await
}

/// Cancel a performance.
///
/// It does not take place: everybody who has paid gets their money back, whatever the deadline, and tickets are void.
/// That begins within seconds and goes on by itself. It can't be undone.
#[utoipa::path(post, path = "/v1/performances/{id}/cancellation", tag = "operators",
    params(("id" = Uuid, Path, description = "The performance.")),
    responses((status = 200, description = "Cancelled.", body = PutDto)))]
async fn cancel_performance(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    become_status(&state, operator, id, PerformanceStatus::Cancelled).await
}

async fn become_status(
    state: &WebState,
    operator: Operator,
    id: Uuid,
    status: PerformanceStatus,
) -> Result<HttpResponse, Problem> {
    let performance =
        state.use_cases.manage_performances.become_status(operator.0, PerformanceId::new(id), status).await?;
    Ok(performance_status(&performance))
}

/// Add or replace a sale.
///
/// Which performances are sold, from when until when, how many seats to a person, and with which queue in front of it.
/// The queue of a public sale follows its dates. `confirm` lets a performance be sold with and without a waiting room
/// at once.
#[utoipa::path(put, path = "/v1/sales/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The client's own id."), ConfirmQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of what is replaced; needed if it is there already.")), request_body = SaleBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
async fn put_sale(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    Query(query): Query<ConfirmQuery>,
    Body(body): Body<SaleBody>,
) -> Result<HttpResponse, Problem> {
    let (sale, confirmed) = (body.into_sale(id), query.confirmed()?);
    Ok(put(state.use_cases.manage_sales.put(operator.0, &sale, read, confirmed).await?, id))
}

/// Publish a sale.
///
/// Shows it to buyers; its performances have to be published first. If it has a waiting room, its lobby opens when it
/// says so.
#[utoipa::path(post, path = "/v1/sales/{id}/publication", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale."), ConfirmQuery),
    responses((status = 200, description = "Published.", body = PutDto)))]
async fn publish_sale(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    Query(query): Query<ConfirmQuery>,
) -> Result<HttpResponse, Problem> {
    let sale = state.use_cases.manage_sales.publish(operator.0, SaleId::new(id), query.confirmed()?).await?;
    Ok(HttpResponse::Ok().json(PutDto { id: sale.id.uuid(), status: Some(PutStatusDto::Published) }))
}
