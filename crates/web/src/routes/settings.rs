//! What operators have put, as they would put it again, drafts and what is public; and changes of it.

use super::Endpoint;
use crate::WebState;
use crate::dto::{ConcertBody, ConfirmQuery, PerformanceBody, PutDto, SaleBody, SeatMapBody, VenueBody};
use crate::extract::{Changes, Id, IfMatch, Operator, Query, SeatMapAddress, revision_tag};
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use frontrow_application::port::Revision;
use frontrow_domain::{ConcertId, PerformanceId, SaleId, VenueId};
use serde::Serialize;
use uuid::Uuid;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(venue, __path_venue),
        Endpoint::new(seat_map, __path_seat_map),
        Endpoint::new(concert, __path_concert),
        Endpoint::new(performance, __path_performance),
        Endpoint::new(sale, __path_sale),
        Endpoint::new(change_venue, __path_change_venue).refuses(&[Kind::SAVING]),
        Endpoint::new(change_concert, __path_change_concert).refuses(&[Kind::SAVING]),
        Endpoint::new(change_performance, __path_change_performance)
            .refuses(&[Kind::SAVING, &[Kind::PerformancePublic]]),
        Endpoint::new(change_sale, __path_change_sale)
            .refuses(&[Kind::SAVING, &[Kind::SalePublic, Kind::PerformanceNotPublic, Kind::OpenBesides]]),
    ]
}

fn answer(body: impl Serialize, revision: Revision) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, revision_tag(revision))).json(body)
}

/// Show a venue as it was put.
///
/// What can be put again, with an `ETag` of the revision for `If-Match`.
#[utoipa::path(get, path = "/v1/venues/{id}/settings", operation_id = "show_venue_settings", tag = "operators",
    params(("id" = Uuid, Path, description = "The venue.")),
    responses((status = 200, description = "What can be put again.", body = VenueBody,
        headers(("ETag" = String, description = "Of the revision, for `If-Match`.")))))]
async fn venue(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    let stored = state.use_cases.manage_venues.read(operator.0, VenueId::new(id)).await?;
    Ok(answer(VenueBody::from(stored.value), stored.revision))
}

/// Show a version of a venue's seat map as it was put.
///
/// What can be put again, with an `ETag` of the revision for `If-Match`.
#[utoipa::path(get, path = "/v1/venues/{id}/seat-maps/{version}", operation_id = "show_seat_map_settings", tag = "operators",
    params(("id" = Uuid, Path, description = "The venue."), ("version" = u32, Path, description = "From 1.", minimum = 1, maximum = 2_147_483_647)),
    responses((status = 200, description = "What can be put again.", body = SeatMapBody,
        headers(("ETag" = String, description = "Of the revision, for `If-Match`.")))))]
async fn seat_map(state: Data<WebState>, operator: Operator, address: SeatMapAddress) -> Result<HttpResponse, Problem> {
    let SeatMapAddress { id, version } = address;
    let stored = state.use_cases.manage_venues.read_seat_map(operator.0, VenueId::new(id), version).await?;
    Ok(answer(SeatMapBody::from(stored.map), stored.revision))
}

/// Show a concert as it was put.
///
/// What can be put again, with an `ETag` of the revision for `If-Match`.
#[utoipa::path(get, path = "/v1/concerts/{id}/settings", operation_id = "show_concert_settings", tag = "operators",
    params(("id" = Uuid, Path, description = "The concert.")),
    responses((status = 200, description = "What can be put again.", body = ConcertBody,
        headers(("ETag" = String, description = "Of the revision, for `If-Match`.")))))]
async fn concert(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    let stored = state.use_cases.manage_concerts.read(operator.0, ConcertId::new(id)).await?;
    Ok(answer(ConcertBody::from(stored.value), stored.revision))
}

/// Show a performance as it was put.
///
/// Drafts, too: what can be put again, with an `ETag` of the revision for `If-Match`.
#[utoipa::path(get, path = "/v1/performances/{id}/settings", operation_id = "show_performance_settings", tag = "operators",
    params(("id" = Uuid, Path, description = "The performance.")),
    responses((status = 200, description = "What can be put again.", body = PerformanceBody,
        headers(("ETag" = String, description = "Of the revision, for `If-Match`.")))))]
async fn performance(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    let stored = state.use_cases.manage_performances.read(operator.0, PerformanceId::new(id)).await?;
    Ok(answer(PerformanceBody::from(stored.value), stored.revision))
}

/// Show a sale as it was put.
///
/// With its waiting room and the codes of its groups: what can be put again, with an `ETag` of the revision for
/// `If-Match`.
#[utoipa::path(get, path = "/v1/sales/{id}/settings", operation_id = "show_sale_settings", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale.")),
    responses((status = 200, description = "What can be put again.", body = SaleBody,
        headers(("ETag" = String, description = "Of the revision, for `If-Match`.")))))]
async fn sale(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    let stored = state.use_cases.manage_sales.read(operator.0, SaleId::new(id)).await?;
    Ok(answer(SaleBody::from(stored.value), stored.revision))
}

fn changed(id: Uuid) -> HttpResponse {
    HttpResponse::Ok().json(PutDto { id, status: None })
}

/// Change a venue.
///
/// Changes what the body names, and nothing else. Each member is replaced whole; `null` is as if it were left out when
/// it was put.
#[utoipa::path(patch, path = "/v1/venues/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The venue."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what is changed; needed.")),
    request_body = Changes<VenueBody>,
    responses((status = 200, description = "Changed.", body = PutDto)))]
async fn change_venue(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    changes: Changes<VenueBody>,
) -> Result<HttpResponse, Problem> {
    let manage = &state.use_cases.manage_venues;
    let stored = manage.read(operator.0, VenueId::new(id)).await?;
    let body = changes.over(&VenueBody::from(stored.value))?;
    manage.put(operator.0, &body.into_venue(id), read).await?;
    Ok(changed(id))
}

/// Change a concert.
///
/// Changes what the body names, and nothing else. Each member is replaced whole; `null` is as if it were left out when
/// it was put.
#[utoipa::path(patch, path = "/v1/concerts/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The concert."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what is changed; needed.")),
    request_body = Changes<ConcertBody>,
    responses((status = 200, description = "Changed.", body = PutDto)))]
async fn change_concert(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    changes: Changes<ConcertBody>,
) -> Result<HttpResponse, Problem> {
    let manage = &state.use_cases.manage_concerts;
    let stored = manage.read(operator.0, ConcertId::new(id)).await?;
    let body = changes.over(&ConcertBody::from(stored.value))?;
    manage.put(operator.0, &body.into_concert(id), read).await?;
    Ok(changed(id))
}

/// Change a performance.
///
/// Changes what the body names, and nothing else. Each member is replaced whole; `null` is as if it were left out when
/// it was put.
#[utoipa::path(patch, path = "/v1/performances/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The performance."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what is changed; needed.")),
    request_body = Changes<PerformanceBody>,
    responses((status = 200, description = "Changed.", body = PutDto)))]
async fn change_performance(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    changes: Changes<PerformanceBody>,
) -> Result<HttpResponse, Problem> {
    let manage = &state.use_cases.manage_performances;
    let stored = manage.read(operator.0, PerformanceId::new(id)).await?;
    let body = changes.over(&PerformanceBody::from(stored.value))?;
    manage.put(operator.0, &body.into_performance(id), read).await?;
    Ok(changed(id))
}

/// Change a sale.
///
/// Changes what the body names, and nothing else. Each member is replaced whole; `null` is as if it were left out when
/// it was put.
#[utoipa::path(patch, path = "/v1/sales/{id}", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale."), ConfirmQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of what is changed; needed.")),
    request_body = Changes<SaleBody>,
    responses((status = 200, description = "Changed.", body = PutDto)))]
async fn change_sale(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    IfMatch(read): IfMatch,
    Query(query): Query<ConfirmQuery>,
    changes: Changes<SaleBody>,
) -> Result<HttpResponse, Problem> {
    let manage = &state.use_cases.manage_sales;
    let confirmed = query.confirmed()?;
    let stored = manage.read(operator.0, SaleId::new(id)).await?;
    let body = changes.over(&SaleBody::from(stored.value))?;
    manage.put(operator.0, &body.into_sale(id), read, confirmed).await?;
    Ok(changed(id))
}
