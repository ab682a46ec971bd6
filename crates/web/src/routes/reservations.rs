//! Holding, paying, giving up and giving back.

use super::{Endpoint, expand};
use crate::WebState;
use crate::dto::{
    CancellationBody, ExpandQuery, HoldBody, HoldChoice, List, PaymentBody, PaymentDto, RefundBody, ReservationDto,
    ReservationsQuery, TicketKeysDto, TicketsDto,
};
use crate::extract::{Body, Caller, Id, Key, Operator, OptionalBody, Query};
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::Data;
use frontrow_application::port::{Limit, OnSale};
use frontrow_application::waiting_room::BookingCall;
use frontrow_application::{
    ActingOperator, GiveBackRequest, HoldBestRequest, HoldRequest, ReservationRequest, ReservationView,
};
use frontrow_domain::{PerformanceId, Reservation, ReservationId, SaleId};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(hold, __path_hold).call(BookingCall::HoldSeats).limited(Limit::Hold).refuses(&[
            Kind::SEATS,
            Kind::SALE,
            Kind::BOOKING,
            Kind::ADMISSION,
            &[Kind::BalanceTooHigh, Kind::EmailUnverified],
        ]),
        Endpoint::new(list, __path_list),
        Endpoint::new(show, __path_show),
        Endpoint::new(release, __path_release)
            .call(BookingCall::ReleaseHold)
            .limited(Limit::Release)
            .refuses(&[Kind::NOT_HELD, &[Kind::TooManyWaiting]]),
        Endpoint::new(pay, __path_pay).call(BookingCall::PayReservation).refuses(&[
            Kind::BOOKING,
            Kind::NOT_HELD,
            &[Kind::HoldLapsed, Kind::BalanceTooLow],
        ]),
        Endpoint::new(cancel, __path_cancel)
            .refuses(&[Kind::NOT_GIVEN_BACK, &[Kind::PerformanceBegun, Kind::TooLateToCancel]]),
        Endpoint::new(refund, __path_refund).refuses(&[Kind::NOT_GIVEN_BACK]),
        Endpoint::new(tickets, __path_tickets),
        Endpoint::new(ticket_keys, __path_ticket_keys).fails_only_with(&[]),
    ]
}

fn shown(state: &WebState, reservation: &Reservation, on_sale: &OnSale) -> ReservationDto {
    ReservationDto::of(reservation, on_sale, &state.currency, state.clock.now())
}

fn shown_to_operator(state: &WebState, reservation: &Reservation, on_sale: &OnSale) -> ReservationDto {
    shown(state, reservation, on_sale).for_operator(reservation, on_sale, &state.currency)
}

/// Hold seats.
///
/// Keeps seats for the caller while they pay: those that are named, or the best that are left; all of them, or none.
/// `held_until` says for how long. If somebody was faster, the problem `seats-taken` names the seats and the nearest
/// others. Send a key of your own making; with the same key the same request gets the same answer.
#[utoipa::path(post, path = "/v1/performances/{id}/reservations", operation_id = "hold_seats", tag = "reservations",
    params(("id" = uuid::Uuid, Path, description = "The performance.")),
    request_body = HoldBody,
    responses((status = 201, description = "The seats are held.", body = ReservationDto,
        headers(("Location" = String, description = "The reservation.")))))]
async fn hold(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    key: Key,
    Body(body): Body<HoldBody>,
) -> Result<HttpResponse, Problem> {
    let (performance, sale) = (PerformanceId::new(id), body.sale_id.map(SaleId::new));
    let (choice, request) = (body.choice()?, key.of(caller, &body)?);
    state.use_cases.require_verified_email.run(&caller.0).await?;
    let (reservation, on_sale) = match choice {
        HoldChoice::Seats(seats) => {
            state.use_cases.booking.hold.run(HoldRequest { performance, sale, seats, request }).await?
        }
        HoldChoice::Best(wish, price_type) => {
            let request = HoldBestRequest { performance, sale, wish, price_type, request };
            state.use_cases.booking.hold_best.run(request).await?
        }
    };
    let location = format!("/v1/reservations/{}", reservation.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(shown(&state, &reservation, &on_sale)))
}

/// List one's own reservations.
///
/// Of every status, the newest first. What somebody else holds is not shown.
#[utoipa::path(get, path = "/v1/reservations", operation_id = "list_reservations", tag = "reservations", params(ReservationsQuery),
    responses((status = 200, description = "The newest first.", body = List<ReservationDto>)))]
async fn list(
    state: Data<WebState>,
    caller: Caller,
    Query(query): Query<ReservationsQuery>,
) -> Result<HttpResponse, Problem> {
    let (besides, page) = (query.expand()?, query.page().page(ReservationId::new)?);
    let page = state.use_cases.booking.reservations.list(caller.user(), page).await?;
    let expanded = expand::expanded(&state, besides, page.items.iter().map(|view| &view.on_sale)).await?;
    let item = |view: ReservationView| {
        let besides = expanded.get(&view.reservation.performance).cloned().unwrap_or_default();
        shown(&state, &view.reservation, &view.on_sale).with(besides)
    };
    Ok(HttpResponse::Ok().json(List::of(page, item, ReservationId::uuid)))
}

/// Show a reservation.
///
/// One's own; to an operator, anybody's, with whose it is and what was refunded. `held_until` is the deadline to count
/// down to, by the clock of the answer's header `Date`.
#[utoipa::path(get, path = "/v1/reservations/{id}", operation_id = "show_reservation", tag = "reservations",
    params(("id" = uuid::Uuid, Path, description = "The reservation."), ExpandQuery),
    responses((status = 200, description = "The reservation.", body = ReservationDto)))]
async fn show(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<ExpandQuery>,
) -> Result<HttpResponse, Problem> {
    let (reservations, id, besides) = (&state.use_cases.booking.reservations, ReservationId::new(id), query.expand()?);
    let (view, reservation) = if let Ok(operator) = ActingOperator::from_claims(&caller.0) {
        let view = reservations.anybodys(operator, id).await?;
        let reservation = shown_to_operator(&state, &view.reservation, &view.on_sale);
        (view, reservation)
    } else {
        let view = reservations.one(caller.user(), id).await?;
        let reservation = shown(&state, &view.reservation, &view.on_sale);
        (view, reservation)
    };
    let expanded = expand::one(&state, besides, &view.on_sale).await?;
    Ok(HttpResponse::Ok().json(reservation.with(expanded)))
}

/// Give up a hold.
///
/// Others can have the seats at once. Giving it up again is no error, so it needs no key.
#[utoipa::path(delete, path = "/v1/reservations/{id}", operation_id = "release_hold", tag = "reservations",
    params(("id" = uuid::Uuid, Path, description = "The reservation.")),
    responses((status = 204, description = "Others can have the seats.")))]
async fn release(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    state.use_cases.booking.release.run(caller.user(), ReservationId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Pay a hold with points.
///
/// Takes the total out of the caller's wallet, and answers with the tickets. After `held_until` a payment is still
/// taken until `pay_until`, if nobody else has the seats and the limit per person allows it. If it is refused, nothing
/// was taken.
#[utoipa::path(post, path = "/v1/reservations/{id}/payment", operation_id = "pay_reservation", tag = "reservations",
    params(("id" = uuid::Uuid, Path, description = "The reservation.")),
    request_body = PaymentBody,
    responses((status = 201, description = "Paid; here are the tickets.", body = PaymentDto)))]
async fn pay(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    key: Key,
    Body(body): Body<PaymentBody>,
) -> Result<HttpResponse, Problem> {
    let (reservation, request) = (ReservationId::new(id), key.of(caller, &body)?);
    let request = ReservationRequest { reservation, request };
    let paid = state.use_cases.booking.pay.run(request).await?;
    let tickets = state.use_cases.booking.reservations.print(&paid.tickets, &paid.on_sale);
    Ok(HttpResponse::Created().json(PaymentDto {
        id: paid.payment.uuid(),
        reservation: shown(&state, &paid.reservation, &paid.on_sale),
        tickets: tickets.into_iter().map(Into::into).collect(),
    }))
}

/// Give back what was paid for.
///
/// Until `cancel_until`: all of it, or the seats that are named. The points go back to the wallet, and the seats on
/// sale again. If the performance was cancelled, this works at any time.
#[utoipa::path(post, path = "/v1/reservations/{id}/cancellation", operation_id = "cancel_reservation", tag = "reservations",
    params(("id" = uuid::Uuid, Path, description = "The reservation.")),
    request_body = CancellationBody,
    responses((status = 200, description = "Cancelled; or `confirmed`, with the seats that are left.", body = ReservationDto)))]
async fn cancel(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    key: Key,
    OptionalBody(body): OptionalBody<CancellationBody>,
) -> Result<HttpResponse, Problem> {
    let seats = body.seats()?;
    // What older releases took had no body.
    let request = if seats.is_none() { key.of(caller, &())? } else { key.of(caller, &body)? };
    let request = GiveBackRequest { reservation: ReservationId::new(id), seats, request };
    let (reservation, on_sale) = state.use_cases.booking.cancel.run(request).await?;
    Ok(HttpResponse::Ok().json(shown(&state, &reservation, &on_sale)))
}

/// Refund a reservation.
///
/// An operator gives back what anybody paid for, at any time: all of it, or the seats that are named. Only operators
/// see the reason.
#[utoipa::path(post, path = "/v1/reservations/{id}/refund", operation_id = "refund_reservation", tag = "operators",
    params(("id" = uuid::Uuid, Path, description = "The reservation.")),
    request_body = RefundBody,
    responses((status = 200, description = "Refunded; or `confirmed`, with the seats that are left.", body = ReservationDto)))]
async fn refund(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    key: Key,
    OptionalBody(body): OptionalBody<RefundBody>,
) -> Result<HttpResponse, Problem> {
    let (user, reason, seats) = (operator.0.user(), body.reason()?, body.seats()?);
    // What older releases took had a reason alone.
    let request = match &body.seats {
        None => key.for_user(user, &reason)?,
        Some(seats) => key.for_user(user, &(&reason, seats))?,
    };
    let request = GiveBackRequest { reservation: ReservationId::new(id), seats, request };
    let (reservation, on_sale) = state.use_cases.booking.refund.run(operator.0, request, reason).await?;
    Ok(HttpResponse::Ok().json(shown_to_operator(&state, &reservation, &on_sale)))
}

/// List the tickets of a reservation.
///
/// The valid ones: `code` is what is scanned at the entrance, `seat` is for people. There are none unless the
/// reservation is confirmed.
#[utoipa::path(get, path = "/v1/reservations/{id}/tickets", operation_id = "list_tickets", tag = "reservations",
    params(("id" = uuid::Uuid, Path, description = "The reservation."), ExpandQuery),
    responses((status = 200, description = "By ascending seat.", body = TicketsDto)))]
async fn tickets(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<ExpandQuery>,
) -> Result<HttpResponse, Problem> {
    let besides = query.expand()?;
    let (tickets, on_sale) =
        state.use_cases.booking.reservations.tickets(caller.user(), ReservationId::new(id)).await?;
    let expanded = expand::one(&state, besides, &on_sale).await?;
    Ok(HttpResponse::Ok().json(TicketsDto::of(tickets, expanded)))
}

/// List the keys of ticket codes.
///
/// With them a door can check the codes on tickets by itself. A code is `FR2-` and 96 bytes in URL-safe Base64: the first 4
/// bytes of the SHA-256 of the key's `kid`, the performance's id (16), the seat's number (4), the ticket's version (8), and
/// the Ed25519 signature (64) of `FR2-` and the 32 bytes before it. A valid code may be of a ticket that was given back
/// since.
#[utoipa::path(get, path = "/v1/ticket-keys", operation_id = "list_ticket_keys", tag = "reservations",
    responses((status = 200, description = "The one that signs comes first.", body = TicketKeysDto)))]
async fn ticket_keys(state: Data<WebState>) -> HttpResponse {
    let keys = TicketKeysDto::from(state.use_cases.booking.reservations.ticket_keys());
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=60")).json(keys)
}
