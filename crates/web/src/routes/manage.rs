//! Putting on sale, for operators.

use super::at;
use super::browse::{concert, performance};
use crate::WebState;
use crate::dto::{ConcertBody, ConfirmQuery, PerformanceBody, PutDto, SaleBody, SeatMapBody, VenueBody};
use crate::extract::{Body, Id, Long, Operator, Query, SeatMapAddress};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{Data, ServiceConfig, to};
use frontrow_application::Saved;
use frontrow_domain::{Performance, PerformanceId, PerformanceStatus, SaleId};
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig) {
    at(config, "/v1/venues/{id}", [(Method::PUT, to(put_venue))]);
    at(config, "/v1/venues/{id}/seat-maps/{version}", [(Method::PUT, to(put_seat_map))]);
    at(config, "/v1/concerts/{id}", [(Method::GET, to(concert)), (Method::PUT, to(put_concert))]);
    at(config, "/v1/performances/{id}", [(Method::GET, to(performance)), (Method::PUT, to(put_performance))]);
    at(config, "/v1/performances/{id}/publication", [(Method::POST, to(publish_performance))]);
    at(config, "/v1/performances/{id}/postponement", [(Method::POST, to(postpone_performance))]);
    at(config, "/v1/performances/{id}/cancellation", [(Method::POST, to(cancel_performance))]);
    at(config, "/v1/sales/{id}", [(Method::PUT, to(put_sale))]);
    at(config, "/v1/sales/{id}/publication", [(Method::POST, to(publish_sale))]);
}

fn put(saved: Saved, id: Uuid) -> HttpResponse {
    let mut response = if saved == Saved::Created { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.json(PutDto { id, status: None })
}

fn performance_status(performance: &Performance) -> HttpResponse {
    let status = match performance.status {
        PerformanceStatus::Draft => "draft",
        PerformanceStatus::Published => "published",
        PerformanceStatus::Postponed => "postponed",
        PerformanceStatus::Cancelled => "cancelled",
    };
    HttpResponse::Ok().json(PutDto { id: performance.id.uuid(), status: Some(status.to_owned()) })
}

/// Add or replace a venue.
#[utoipa::path(put, path = "/v1/venues/{id}", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The client's own id.")), request_body = VenueBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
pub(crate) async fn put_venue(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
    Body(body): Body<VenueBody>,
) -> Result<HttpResponse, Problem> {
    Ok(put(state.use_cases.manage_venues.put(&body.into_venue(id)).await?, id))
}

/// Add or replace a version of a venue's seat map. One that a published performance uses is frozen.
#[utoipa::path(put, path = "/v1/venues/{id}/seat-maps/{version}", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The venue."), ("version" = u32, Path, description = "From 1.", minimum = 1)),
    request_body = SeatMapBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
pub(crate) async fn put_seat_map(
    state: Data<WebState>,
    _: Operator,
    address: SeatMapAddress,
    Long(body): Long<SeatMapBody>,
) -> Result<HttpResponse, Problem> {
    let map = body.into_map(address.id, address.version);
    Ok(put(state.use_cases.manage_venues.put_seat_map(&map).await?, address.id))
}

/// Add or replace a concert.
#[utoipa::path(put, path = "/v1/concerts/{id}", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The client's own id.")), request_body = ConcertBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
pub(crate) async fn put_concert(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
    Body(body): Body<ConcertBody>,
) -> Result<HttpResponse, Problem> {
    Ok(put(state.use_cases.manage_concerts.put(&body.into_concert(id)).await?, id))
}

/// Add a draft of a performance, or replace what may still change.
#[utoipa::path(put, path = "/v1/performances/{id}", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The client's own id.")), request_body = PerformanceBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
pub(crate) async fn put_performance(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
    Body(body): Body<PerformanceBody>,
) -> Result<HttpResponse, Problem> {
    Ok(put(state.use_cases.manage_performances.put(&body.into_performance(id)).await?, id))
}

/// Publish a performance, or publish it again after it was postponed.
#[utoipa::path(post, path = "/v1/performances/{id}/publication", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The performance.")),
    responses((status = 200, description = "Published.", body = PutDto)))]
pub(crate) async fn publish_performance(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    let performance = state.use_cases.manage_performances.publish(PerformanceId::new(id)).await?;
    Ok(performance_status(&performance))
}

/// Say that a performance takes place at another time: what is sold stays sold, nothing new is held.
#[utoipa::path(post, path = "/v1/performances/{id}/postponement", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The performance.")),
    responses((status = 200, description = "Postponed.", body = PutDto)))]
pub(crate) async fn postpone_performance(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    become_status(&state, id, PerformanceStatus::Postponed).await
}

/// Say that a performance does not take place. Refunds are made one by one.
#[utoipa::path(post, path = "/v1/performances/{id}/cancellation", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The performance.")),
    responses((status = 200, description = "Cancelled.", body = PutDto)))]
pub(crate) async fn cancel_performance(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    become_status(&state, id, PerformanceStatus::Cancelled).await
}

async fn become_status(state: &WebState, id: Uuid, status: PerformanceStatus) -> Result<HttpResponse, Problem> {
    let performance = state.use_cases.manage_performances.become_status(PerformanceId::new(id), status).await?;
    Ok(performance_status(&performance))
}

/// Add or replace a sale.
#[utoipa::path(put, path = "/v1/sales/{id}", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The client's own id.")), request_body = SaleBody,
    responses((status = 201, description = "Added.", body = PutDto), (status = 200, description = "Replaced.", body = PutDto)))]
pub(crate) async fn put_sale(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
    Body(body): Body<SaleBody>,
) -> Result<HttpResponse, Problem> {
    Ok(put(state.use_cases.manage_sales.put(&body.into_sale(id)).await?, id))
}

/// Show a sale to buyers. If it has a waiting room, its lobby opens when it says so.
#[utoipa::path(post, path = "/v1/sales/{id}/publication", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale."), ConfirmQuery),
    responses((status = 200, description = "Published.", body = PutDto)))]
pub(crate) async fn publish_sale(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
    Query(query): Query<ConfirmQuery>,
) -> Result<HttpResponse, Problem> {
    let sale = state.use_cases.manage_sales.publish(SaleId::new(id), query.confirmed()?).await?;
    Ok(HttpResponse::Ok().json(PutDto { id: sale.id.uuid(), status: Some("published".to_owned()) }))
}
