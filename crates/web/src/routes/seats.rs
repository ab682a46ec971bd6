//! Seats of a performance.

use super::Endpoint;
use crate::WebState;
use crate::dto::{AvailabilityDto, List, SeatDto, SeatMapDto, SeatQuery};
use crate::extract::{Id, PASS, Query, SeatMapAddress};
use crate::problem::Problem;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::waiting_room::BookingCall;
use frontrow_domain::{PerformanceId, SeatNumber};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(seat_map, __path_seat_map).call(BookingCall::ShowSeatMap),
        Endpoint::new(availability, __path_availability).call(BookingCall::ShowAvailability),
        Endpoint::new(seats, __path_seats).call(BookingCall::ListSeats),
    ]
}

/// Show where the seats are. The answer never changes.
#[utoipa::path(get, path = "/v1/performances/{id}/seat-map/{version}", operation_id = "show_seat_map", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("version" = u32, Path, description = "Its `seat_map_version`.", minimum = 1)),
    responses((status = 200, description = "The layout.", body = SeatMapDto)))]
async fn seat_map(
    state: Data<WebState>,
    address: SeatMapAddress,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (map, layout) = state.use_cases.seat_map.run(PerformanceId::new(address.id), address.version).await?;
    // What was shown for a pass is not for whoever shares a cache.
    let whose = if request.headers().contains_key(PASS) { "private" } else { "public" };
    let for_ever = (CACHE_CONTROL, format!("{whose}, max-age=31536000, immutable"));
    Ok(HttpResponse::Ok().insert_header(for_ever).json(SeatMapDto::of(map, &layout)))
}

/// Show which seats can be had, as a bitmap.
#[utoipa::path(get, path = "/v1/performances/{id}/availability", operation_id = "show_availability", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, description = "Bit n-1 is 1 if seat n can be had.", body = AvailabilityDto,
            headers(("ETag" = String, description = "Of the answer; the same while nothing has changed."))),
        (status = 304, description = "As it was.")))]
async fn availability(state: Data<WebState>, Id(id): Id, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let seats = state.use_cases.booking.availability.run(PerformanceId::new(id)).await?;
    Ok(state.rendered.availability(seats)?.to(&request))
}

/// List seats.
#[utoipa::path(get, path = "/v1/performances/{id}/seats", operation_id = "list_seats", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."), SeatQuery),
    responses((status = 200, description = "By ascending number.", body = List<SeatDto>)))]
async fn seats(state: Data<WebState>, Id(id): Id, Query(query): Query<SeatQuery>) -> Result<HttpResponse, Problem> {
    let (filter, page) = (query.filter()?, query.page().page(std::convert::identity::<SeatNumber>)?);
    let page = state.use_cases.booking.seats.run(PerformanceId::new(id), &filter, page).await?;
    let seat = |view| SeatDto::of(view, &state.currency);
    Ok(HttpResponse::Ok().json(List::of(page, seat, std::convert::identity::<SeatNumber>)))
}
