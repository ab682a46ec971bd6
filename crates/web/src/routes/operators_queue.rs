//! Running a queue, for operators.

use super::Endpoint;
use crate::WebState;
use crate::dto::{List, OperatorActionDto, PageQuery, QueueBody, QueueReportDto};
use crate::extract::{Body, BuyerAddress, Id, Operator, Query};
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::web::Data;
use frontrow_domain::{BuyerKey, SaleId, UserId};
use uuid::Uuid;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(report, __path_report),
        Endpoint::new(change, __path_change).refuses(&[&[Kind::QueuePhase, Kind::SaleClosed, Kind::ChangedMeanwhile]]),
        Endpoint::new(actions, __path_actions),
        Endpoint::new(bar, __path_bar),
        Endpoint::new(unbar, __path_unbar),
    ]
}

async fn reported(state: &WebState, operator: Operator, sale: Uuid) -> Result<HttpResponse, Problem> {
    let report = state.use_cases.operate_queue.report(operator.0, SaleId::new(sale)).await?;
    Ok(HttpResponse::Ok().json(QueueReportDto::from(report)))
}

/// Show a queue with its figures.
///
/// How many people wait, are present, are admitted, and how admissions ended; how fast it moves, and how far off the
/// waits were that people are told.
#[utoipa::path(get, path = "/v1/sales/{id}/waiting-room", operation_id = "report_queue", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale.")),
    responses((status = 200, description = "The queue.", body = QueueReportDto)))]
async fn report(state: Data<WebState>, operator: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    reported(&state, operator, id).await
}

/// Run a queue.
///
/// Opens, pauses, drains or closes it, or changes its pace, its groups' weights and what people are told. What is left
/// out stays. Every change is recorded with who made it.
#[utoipa::path(patch, path = "/v1/sales/{id}/waiting-room", operation_id = "change_queue", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale.")), request_body = QueueBody,
    responses((status = 200, description = "The queue as it is now.", body = QueueReportDto)))]
async fn change(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    Body(body): Body<QueueBody>,
) -> Result<HttpResponse, Problem> {
    state.use_cases.operate_queue.change(operator.0, SaleId::new(id), &body.into()).await?;
    reported(&state, operator, id).await
}

/// List what operators have done to a queue.
///
/// The newest first, with who did it: for people, and for whoever looks into a complaint.
#[utoipa::path(get, path = "/v1/sales/{id}/waiting-room/actions", operation_id = "list_queue_actions", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale."), PageQuery),
    responses((status = 200, description = "The newest first.", body = List<OperatorActionDto>)))]
async fn actions(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page(std::convert::identity::<Uuid>)?;
    let page = state.use_cases.operate_queue.actions(operator.0, SaleId::new(id), page).await?;
    Ok(HttpResponse::Ok().json(List::of(page, OperatorActionDto::from, std::convert::identity::<Uuid>)))
}

/// Keep somebody out of a sale.
///
/// They are not admitted, and what admission they have ends. What they hold they can pay.
#[utoipa::path(put, path = "/v1/sales/{id}/barred/{user}", operation_id = "bar_user", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale."), ("user" = Uuid, Path, description = "Who.")),
    responses((status = 204, description = "They are kept out.")))]
async fn bar(state: Data<WebState>, operator: Operator, address: BuyerAddress) -> Result<HttpResponse, Problem> {
    set_barred(&state, operator, address, true).await
}

/// Let somebody in again.
///
/// For somebody who was kept out. Nothing happens if they were not.
#[utoipa::path(delete, path = "/v1/sales/{id}/barred/{user}", operation_id = "unbar_user", tag = "operators",
    params(("id" = Uuid, Path, description = "The sale."), ("user" = Uuid, Path, description = "Who.")),
    responses((status = 204, description = "They are not kept out.")))]
async fn unbar(state: Data<WebState>, operator: Operator, address: BuyerAddress) -> Result<HttpResponse, Problem> {
    set_barred(&state, operator, address, false).await
}

async fn set_barred(
    state: &WebState,
    operator: Operator,
    address: BuyerAddress,
    barred: bool,
) -> Result<HttpResponse, Problem> {
    let buyer = BuyerKey { sale: SaleId::new(address.id), user: UserId::new(address.user) };
    state.use_cases.bar_buyer.run(operator.0, buyer, barred).await?;
    Ok(HttpResponse::NoContent().finish())
}
