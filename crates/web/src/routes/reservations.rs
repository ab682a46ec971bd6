//! Holding, paying, giving up and giving back.

use super::at;
use crate::WebState;
use crate::dto::{
    HoldBody, HoldChoice, List, PageQuery, PaymentBody, PaymentDto, RefundBody, ReservationDto, TicketsDto,
};
use crate::extract::{Body, Caller, Id, Key, KeyHeader, Operator, OptionalBody, Query};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, ServiceConfig, to};
use frontrow_application::port::OnSale;
use frontrow_application::{Conflict, Error, HoldBestRequest, HoldRequest, ReservationRequest};
use frontrow_domain::{CommandKey, PerformanceId, Reservation, ReservationId, Role, SaleId};

pub(super) fn configure(config: &mut ServiceConfig) {
    at(config, "/v1/performances/{id}/reservations", [(Method::POST, to(hold))]);
    at(config, "/v1/reservations", [(Method::GET, to(list))]);
    at(config, "/v1/reservations/{id}", [(Method::GET, to(show)), (Method::DELETE, to(release))]);
    at(config, "/v1/reservations/{id}/payment", [(Method::POST, to(pay))]);
    at(config, "/v1/reservations/{id}/cancellation", [(Method::POST, to(cancel))]);
    at(config, "/v1/reservations/{id}/refund", [(Method::POST, to(refund))]);
    at(config, "/v1/reservations/{id}/tickets", [(Method::GET, to(tickets))]);
}

fn shown(state: &WebState, reservation: &Reservation, on_sale: &OnSale) -> ReservationDto {
    ReservationDto::of(reservation, on_sale, &state.currency, state.clock.now())
}

/// Hold seats: those that are named, or the best that are left; all of them, or none.
#[utoipa::path(post, path = "/v1/performances/{id}/reservations", operation_id = "hold_seats", tag = "reservations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The performance."), KeyHeader),
    request_body = HoldBody,
    responses((status = 201, description = "The seats are held.", body = ReservationDto,
        headers(("Location" = String, description = "The reservation.")))))]
pub(crate) async fn hold(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    key: Key,
    Body(body): Body<HoldBody>,
) -> Result<HttpResponse, Problem> {
    let (user, performance, sale) = (caller.user(), PerformanceId::new(id), body.sale_id.map(SaleId::new));
    let (choice, request) = (body.choice()?, key.of(caller, &body)?);
    check_stopped(&state, performance, sale, &request.key).await?;
    let (reservation, on_sale) = match choice {
        HoldChoice::Seats(seats) => {
            state.use_cases.hold.run(HoldRequest { user, performance, sale, seats, request }).await?
        }
        HoldChoice::Best(wish, price_type) => {
            let request = HoldBestRequest { user, performance, sale, wish, price_type, request };
            state.use_cases.hold_best.run(request).await?
        }
    };
    let location = format!("/v1/reservations/{}", reservation.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(shown(&state, &reservation, &on_sale)))
}

/// An operator may have stopped new holds; what was held before is answered as it was.
async fn check_stopped(
    state: &WebState,
    performance: PerformanceId,
    sale: Option<SaleId>,
    key: &CommandKey,
) -> Result<(), Problem> {
    let now = state.clock.now();
    let boards = state.use_cases.lines.all();
    let stopped = boards.values().any(|board| {
        let meant = sale.map_or_else(|| board.sale.is_open(now), |sale| sale == board.sale.id);
        meant && board.line.holds_stopped && board.sale.performances.contains(&performance)
    });
    if stopped && state.use_cases.gate.done.done(key).await.map_err(Error::from)?.is_none() {
        return Err(Error::from(Conflict::HoldsStopped).into());
    }
    Ok(())
}

/// List one's own reservations.
#[utoipa::path(get, path = "/v1/reservations", operation_id = "list_reservations", tag = "reservations", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, description = "The newest first.", body = List<ReservationDto>)))]
pub(crate) async fn list(
    state: Data<WebState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page(ReservationId::new)?;
    let page = state.use_cases.reservations.list(caller.user(), page).await?;
    let item = |view: frontrow_application::ReservationView| shown(&state, &view.reservation, &view.on_sale);
    Ok(HttpResponse::Ok().json(List::of(page, item, ReservationId::uuid)))
}

/// Show one of one's own reservations; to an operator, anybody's.
#[utoipa::path(get, path = "/v1/reservations/{id}", operation_id = "show_reservation", tag = "reservations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The reservation.")),
    responses((status = 200, description = "The reservation.", body = ReservationDto)))]
pub(crate) async fn show(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    let (reservations, id) = (&state.use_cases.reservations, ReservationId::new(id));
    if caller.0.role == Role::Operator {
        let view = reservations.anybodys(id).await?;
        let shown = shown(&state, &view.reservation, &view.on_sale);
        return Ok(HttpResponse::Ok().json(shown.for_operator(&view.reservation)));
    }
    let view = reservations.one(caller.user(), id).await?;
    Ok(HttpResponse::Ok().json(shown(&state, &view.reservation, &view.on_sale)))
}

/// Give up a hold. Giving it up again is no error.
#[utoipa::path(delete, path = "/v1/reservations/{id}", operation_id = "release_hold", tag = "reservations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The reservation.")),
    responses((status = 204, description = "Others can have the seats.")))]
pub(crate) async fn release(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    state.use_cases.release.run(caller.user(), ReservationId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Pay a hold with points. After `held_until` it is still taken if the seats are free and the limit allows it.
#[utoipa::path(post, path = "/v1/reservations/{id}/payment", operation_id = "pay_reservation", tag = "reservations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The reservation."), KeyHeader),
    request_body = PaymentBody,
    responses((status = 201, description = "Paid; here are the tickets.", body = PaymentDto)))]
pub(crate) async fn pay(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    key: Key,
    Body(body): Body<PaymentBody>,
) -> Result<HttpResponse, Problem> {
    let (reservation, request) = (ReservationId::new(id), key.of(caller, &body)?);
    let request = ReservationRequest { user: caller.user(), reservation, request };
    let paid = state.use_cases.pay.run(request).await?;
    let tickets = state.use_cases.reservations.print(&paid.tickets, &paid.on_sale);
    Ok(HttpResponse::Created().json(PaymentDto {
        id: paid.payment.uuid(),
        reservation: shown(&state, &paid.reservation, &paid.on_sale),
        tickets: tickets.into_iter().map(Into::into).collect(),
    }))
}

/// Give back what was paid for, until the sale's deadline: the points go back, and the seats on sale again.
#[utoipa::path(post, path = "/v1/reservations/{id}/cancellation", operation_id = "cancel_reservation", tag = "reservations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The reservation."), KeyHeader),
    responses((status = 200, description = "Cancelled.", body = ReservationDto)))]
pub(crate) async fn cancel(
    state: Data<WebState>,
    caller: Caller,
    Id(id): Id,
    key: Key,
) -> Result<HttpResponse, Problem> {
    let (reservation, request) = (ReservationId::new(id), key.of(caller, &())?);
    let request = ReservationRequest { user: caller.user(), reservation, request };
    let (reservation, on_sale) = state.use_cases.cancel.run(request).await?;
    Ok(HttpResponse::Ok().json(shown(&state, &reservation, &on_sale)))
}

/// Give back what anybody paid for, at any time: all of it.
#[utoipa::path(post, path = "/v1/reservations/{id}/refund", operation_id = "refund_reservation", tag = "operators", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The reservation."), KeyHeader),
    request_body = RefundBody,
    responses((status = 200, description = "Refunded.", body = ReservationDto)))]
pub(crate) async fn refund(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    key: Key,
    OptionalBody(body): OptionalBody<RefundBody>,
) -> Result<HttpResponse, Problem> {
    let reason = body.reason()?;
    let request = key.for_user(operator.0.user, &reason)?;
    let (reservation, on_sale) = state.use_cases.refund.run(ReservationId::new(id), reason, request).await?;
    Ok(HttpResponse::Ok().json(shown(&state, &reservation, &on_sale).for_operator(&reservation)))
}

/// Show the valid tickets of one of one's own reservations.
#[utoipa::path(get, path = "/v1/reservations/{id}/tickets", operation_id = "list_tickets", tag = "reservations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The reservation.")),
    responses((status = 200, description = "By ascending seat.", body = TicketsDto)))]
pub(crate) async fn tickets(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    let tickets = state.use_cases.reservations.tickets(caller.user(), ReservationId::new(id)).await?;
    Ok(HttpResponse::Ok().json(TicketsDto { items: tickets.into_iter().map(Into::into).collect() }))
}
