//! Seats of a performance.

use super::at;
use crate::WebState;
use crate::dto::{AvailabilityDto, List, SeatDto, SeatMapDto, SeatQuery};
use crate::extract::{Id, Query, SeatMapAddress};
use crate::problem::{Kind, Problem};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::web::{Data, ServiceConfig, to};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontrow_domain::{PerformanceId, SeatNumber};
use sha2::{Digest, Sha256};

pub(super) fn configure(config: &mut ServiceConfig) {
    at(config, "/v1/performances/{id}/seat-map/{version}", [(Method::GET, to(seat_map))]);
    at(config, "/v1/performances/{id}/availability", [(Method::GET, to(availability))]);
    at(config, "/v1/performances/{id}/seats", [(Method::GET, to(seats))]);
}

/// Show where the seats are. The answer never changes.
#[utoipa::path(get, path = "/v1/performances/{id}/seat-map/{version}", operation_id = "show_seat_map", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("version" = u32, Path, description = "Its `seat_map_version`.", minimum = 1)),
    responses((status = 200, description = "The layout.", body = SeatMapDto)))]
pub(crate) async fn seat_map(state: Data<WebState>, address: SeatMapAddress) -> Result<HttpResponse, Problem> {
    let (map, layout) = state.use_cases.seat_map.run(PerformanceId::new(address.id), address.version).await?;
    let for_ever = (CACHE_CONTROL, "public, max-age=31536000, immutable");
    Ok(HttpResponse::Ok().insert_header(for_ever).json(SeatMapDto::of(map, &layout)))
}

/// Show which seats can be had, as a bitmap.
#[utoipa::path(get, path = "/v1/performances/{id}/availability", operation_id = "show_availability", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, description = "Bit n-1 is 1 if seat n can be had.", body = AvailabilityDto,
            headers(("ETag" = String, description = "Of the answer; the same while nothing has changed."))),
        (status = 304, description = "As it was.")))]
pub(crate) async fn availability(
    state: Data<WebState>,
    Id(id): Id,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let availability = state.use_cases.availability.run(PerformanceId::new(id)).await?;
    let body = serde_json::to_vec(&AvailabilityDto::from(availability)).map_err(|_| Problem::new(Kind::Fault))?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..12]));
    let known = knows(&request, &tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
    Ok(if known { response.finish() } else { response.content_type("application/json").body(body) })
}

fn knows(request: &HttpRequest, tag: &str) -> bool {
    let headers = request.headers().get_all(IF_NONE_MATCH).filter_map(|header| header.to_str().ok());
    headers.flat_map(|header| header.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

/// List seats.
#[utoipa::path(get, path = "/v1/performances/{id}/seats", operation_id = "list_seats", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."), SeatQuery),
    responses((status = 200, description = "By ascending number.", body = List<SeatDto>)))]
pub(crate) async fn seats(
    state: Data<WebState>,
    Id(id): Id,
    Query(query): Query<SeatQuery>,
) -> Result<HttpResponse, Problem> {
    let (filter, page) = (query.filter()?, query.page().page(std::convert::identity::<SeatNumber>)?);
    let page = state.use_cases.seats.run(PerformanceId::new(id), &filter, page).await?;
    let seat = |view| SeatDto::of(view, &state.currency);
    Ok(HttpResponse::Ok().json(List::of(page, seat, std::convert::identity::<SeatNumber>)))
}
