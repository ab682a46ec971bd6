//! Seats of a performance.

use super::Endpoint;
use crate::WebState;
use crate::dto::{AvailabilityAnswerDto, List, SeatDto, SeatMapDto, SeatQuery, SinceQuery};
use crate::extract::{Id, PASS, Query, SeatMapAddress};
use crate::problem::Problem;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::waiting_room::BookingCall;
use frontrow_domain::{PerformanceId, SeatNumber};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(seat_map, __path_seat_map).only_looks().call(BookingCall::ShowSeatMap),
        Endpoint::new(availability, __path_availability).only_looks().call(BookingCall::ShowAvailability),
        Endpoint::new(seats, __path_seats).only_looks().call(BookingCall::ListSeats),
    ]
}

/// Show where the seats are.
///
/// The sections, rows and seats of the performance, as its seats are numbered, with coordinates for a drawing. The address
/// has the version, so the answer never changes: keep it for ever.
#[utoipa::path(get, path = "/v1/performances/{id}/seat-map/{version}", operation_id = "show_seat_map", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("version" = u32, Path, description = "Its `seat_map_version`.", minimum = 1, maximum = 2_147_483_647)),
    responses((status = 200, description = "The layout.", body = SeatMapDto)))]
async fn seat_map(
    state: Data<WebState>,
    address: SeatMapAddress,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let layout = state.use_cases.seat_map.run(PerformanceId::new(address.id), address.version).await?;
    // What was shown for a pass is not for whoever shares a cache.
    let whose = if request.headers().contains_key(PASS) { "private" } else { "public" };
    let for_ever = (CACHE_CONTROL, format!("{whose}, max-age=31536000, immutable"));
    Ok(HttpResponse::Ok().insert_header(for_ever).json(SeatMapDto::of(&layout)))
}

/// Show which seats can be had.
///
/// All seats at once, as a bitmap: bit n-1, least significant first, is 1 if seat n can be held. Ask again with the
/// `ETag` as `If-None-Match`; while nothing has changed, the answer is 304. With the `ETag` as `since`, the answer may say
/// only what has changed.
#[utoipa::path(get, path = "/v1/performances/{id}/availability", operation_id = "show_availability", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."), SinceQuery,
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, body = AvailabilityAnswerDto,
            description = "Bit n-1 is 1 if seat n can be had. With `since`: what has changed, if this server knows that answer and \
                that is shorter; it has `from`, and no `bitmap`.",
            headers(("ETag" = String, description = "Of the whole answer; the same while nothing has changed.")),
            examples(("whole" = (value = json!({"seat_map_version": 1, "seat_count": 10, "available": 9, "bitmap": "/gE=",
                    "tiers": {"R": {"seats": 10, "available": 9}}}))),
                ("changes" = (value = json!({"from": "qL8vT2yJ0aXw3sZk", "to": "Zr5Nf1uC9bQe7mHd", "taken": [3, 4],
                    "freed": [9], "seat_map_version": 1, "seat_count": 10, "available": 8,
                    "tiers": {"R": {"seats": 10, "available": 8}}}))))),
        (status = 304, description = "As it was.")))]
async fn availability(
    state: Data<WebState>,
    Id(id): Id,
    Query(query): Query<SinceQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let since = query.tag()?;
    let seats = state.use_cases.booking.availability.run(PerformanceId::new(id)).await?;
    Ok(match since {
        None => state.rendered.availability(seats)?.to(&request),
        Some(tag) => state.rendered.availability_since(seats, &tag)?.since(&request, &tag),
    })
}

/// List seats.
///
/// Seats with label, tier, kind, status and price, in the order of their numbers. For a seat map on a screen, the
/// availability is the cheaper question.
#[utoipa::path(get, path = "/v1/performances/{id}/seats", operation_id = "list_seats", tag = "seats",
    params(("id" = uuid::Uuid, Path, description = "The performance."), SeatQuery),
    responses((status = 200, description = "By ascending number.", body = List<SeatDto>)))]
async fn seats(state: Data<WebState>, Id(id): Id, Query(query): Query<SeatQuery>) -> Result<HttpResponse, Problem> {
    let (filter, page) = (query.filter()?, query.page().page(std::convert::identity::<SeatNumber>)?);
    let page = state.use_cases.booking.seats.run(PerformanceId::new(id), &filter, page).await?;
    let seat = |view| SeatDto::of(view, &state.currency);
    Ok(HttpResponse::Ok().json(List::of(page, seat, std::convert::identity::<SeatNumber>)))
}
