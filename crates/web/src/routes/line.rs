//! Running a line, for operators.

use super::at;
use crate::WebState;
use crate::dto::{LineBody, LineReportDto, List, OperatorActionDto, PageQuery};
use crate::extract::{Body, BuyerAddress, Id, Operator, Query};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{Data, ServiceConfig, to};
use frontrow_domain::{BuyerKey, SaleId, UserId};
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig) {
    at(config, "/v1/sales/{id}/line", [(Method::GET, to(report)), (Method::PATCH, to(change))]);
    at(config, "/v1/sales/{id}/line/actions", [(Method::GET, to(actions))]);
    at(config, "/v1/sales/{id}/barred/{user}", [(Method::PUT, to(bar)), (Method::DELETE, to(unbar))]);
}

async fn reported(state: &WebState, sale: Uuid) -> Result<HttpResponse, Problem> {
    let report = state.use_cases.operate_line.report(SaleId::new(sale)).await?;
    Ok(HttpResponse::Ok().json(LineReportDto::from(report)))
}

/// Show a line with its figures.
#[utoipa::path(get, path = "/v1/sales/{id}/line", operation_id = "report_line", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale.")),
    responses((status = 200, description = "The line.", body = LineReportDto)))]
pub(crate) async fn report(state: Data<WebState>, _: Operator, Id(id): Id) -> Result<HttpResponse, Problem> {
    reported(&state, id).await
}

/// Open, pause, drain, close or change a line; what is left out stays.
#[utoipa::path(patch, path = "/v1/sales/{id}/line", operation_id = "change_line", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale.")), request_body = LineBody,
    responses((status = 200, description = "The line as it is now.", body = LineReportDto)))]
pub(crate) async fn change(
    state: Data<WebState>,
    operator: Operator,
    Id(id): Id,
    Body(body): Body<LineBody>,
) -> Result<HttpResponse, Problem> {
    state.use_cases.operate_line.change(operator.0.user, SaleId::new(id), &body.into()).await?;
    reported(&state, id).await
}

/// List what operators have done to a line.
#[utoipa::path(get, path = "/v1/sales/{id}/line/actions", operation_id = "list_line_actions", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale."), PageQuery),
    responses((status = 200, description = "The newest first.", body = List<OperatorActionDto>)))]
pub(crate) async fn actions(
    state: Data<WebState>,
    _: Operator,
    Id(id): Id,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.page(std::convert::identity::<Uuid>)?;
    let page = state.use_cases.operate_line.actions(SaleId::new(id), page).await?;
    Ok(HttpResponse::Ok().json(List::of(page, OperatorActionDto::from, std::convert::identity::<Uuid>)))
}

/// Keep somebody out of a sale: they are not admitted, and what admission they have ends. What they hold they can pay.
#[utoipa::path(put, path = "/v1/sales/{id}/barred/{user}", operation_id = "bar_user", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale."), ("user" = Uuid, Path, description = "Who.")),
    responses((status = 204, description = "They are kept out.")))]
pub(crate) async fn bar(
    state: Data<WebState>,
    operator: Operator,
    address: BuyerAddress,
) -> Result<HttpResponse, Problem> {
    set_barred(&state, operator, address, true).await
}

/// Let somebody in again who was kept out.
#[utoipa::path(delete, path = "/v1/sales/{id}/barred/{user}", operation_id = "unbar_user", tag = "operators", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The sale."), ("user" = Uuid, Path, description = "Who.")),
    responses((status = 204, description = "They are not kept out.")))]
pub(crate) async fn unbar(
    state: Data<WebState>,
    operator: Operator,
    address: BuyerAddress,
) -> Result<HttpResponse, Problem> {
    set_barred(&state, operator, address, false).await
}

async fn set_barred(
    state: &WebState,
    operator: Operator,
    address: BuyerAddress,
    barred: bool,
) -> Result<HttpResponse, Problem> {
    let buyer = BuyerKey { sale: SaleId::new(address.id), user: UserId::new(address.user) };
    state.use_cases.operate_line.bar(operator.0.user, buyer, barred).await?;
    Ok(HttpResponse::NoContent().finish())
}
