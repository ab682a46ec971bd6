//! Points.

use super::Endpoint;
use crate::WebState;
use crate::dto::{ChargeBody, ChargeDto, EntryDto, List, Money, PageQuery, WalletDto};
use crate::extract::{Body, Caller, Id, Key, Query};
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use frontrow_application::ChargeWalletRequest;
use frontrow_application::port::Limit;
use frontrow_domain::{PaymentId, Points, TransferId};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(wallet, __path_wallet),
        Endpoint::new(entries, __path_entries),
        Endpoint::new(charge, __path_charge).limited(Limit::Charge).refuses(&[&[Kind::BalanceTooHigh]]),
        Endpoint::new(show_charge, __path_show_charge),
    ]
}

/// Show one's balance.
///
/// The points that reservations are paid with. One point is one minor unit of the installation's currency.
#[utoipa::path(get, path = "/v1/wallet", operation_id = "show_wallet", tag = "wallet",
    responses((status = 200, description = "The balance.", body = WalletDto)))]
async fn wallet(state: Data<WebState>, caller: Caller) -> Result<HttpResponse, Problem> {
    let balance = state.use_cases.booking.wallet.balance(caller.user()).await?;
    Ok(HttpResponse::Ok().json(WalletDto { balance: Money::of(balance, &state.currency) }))
}

/// List what happened to one's balance.
///
/// Charges, payments and refunds, the newest first. Amounts that left the wallet are negative.
#[utoipa::path(get, path = "/v1/wallet/entries", operation_id = "list_wallet_entries", tag = "wallet", params(PageQuery),
    responses((status = 200, description = "The newest first.", body = List<EntryDto>)))]
async fn entries(
    state: Data<WebState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = state.use_cases.booking.wallet.entries(caller.user(), query.page(TransferId::new)?).await?;
    let item = |entry| EntryDto::of(&entry, caller.user(), &state.currency);
    Ok(HttpResponse::Ok().json(List::of(page, item, TransferId::uuid)))
}

/// Charge one's wallet.
///
/// Buys points through the payment gateway. `payment_token` comes from the gateway's own page; the sandbox takes
/// `tok_accept`. 201 says that the gateway has answered; with 202 look at the charge again until its status changes.
#[utoipa::path(post, path = "/v1/wallet/charges", operation_id = "charge_wallet", tag = "wallet",
    request_body = ChargeBody,
    responses((status = 201, description = "The gateway has answered: `succeeded`, `failed` or `returned`.", body = ChargeDto,
            headers(("Location" = String, description = "The charge."))),
        (status = 202, description = "It has not (`pending`), or not given back what the wallet has no room for (`returning`): look again at the Location.", body = ChargeDto,
            headers(("Location" = String, description = "The charge.")))))]
async fn charge(
    state: Data<WebState>,
    caller: Caller,
    key: Key,
    Body(body): Body<ChargeBody>,
) -> Result<HttpResponse, Problem> {
    let request = key.of(caller, &body)?;
    let amount = Points::new(body.amount).map_err(|error| Problem::field("/amount", "range", error.to_string()))?;
    let charge = ChargeWalletRequest { amount, payment_token: body.payment_token, request };
    let payment = state.use_cases.booking.charge.run(charge).await?;
    let mut response = if payment.state.is_open() { HttpResponse::Accepted() } else { HttpResponse::Created() };
    response.insert_header((LOCATION, format!("/v1/wallet/charges/{}", payment.id)));
    Ok(response.json(ChargeDto::of(&payment, &state.currency)))
}

/// Show a charge.
///
/// One of one's own: what has become of it. Ask again while it is `pending` or `returning`.
#[utoipa::path(get, path = "/v1/wallet/charges/{id}", tag = "wallet",
    params(("id" = uuid::Uuid, Path, description = "The charge.")),
    responses((status = 200, description = "The charge.", body = ChargeDto)))]
async fn show_charge(state: Data<WebState>, caller: Caller, Id(id): Id) -> Result<HttpResponse, Problem> {
    let payment = state.use_cases.booking.show_charge.run(caller.user(), PaymentId::new(id)).await?;
    Ok(HttpResponse::Ok().json(ChargeDto::of(&payment, &state.currency)))
}
