//! What is on.

use super::Endpoint;
use crate::WebState;
use crate::dto::{ConcertDto, ConcertsQuery, List, PerformanceDto, PerformanceQuery, PricesDto};
use crate::extract::{Id, Query};
use crate::problem::Problem;
use crate::rendered::PageKey;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::waiting_room::BookingCall;
use frontrow_application::{ConcertPosition, ConcertView};
use frontrow_domain::{ConcertId, PerformanceId};
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(concerts, __path_concerts).only_looks(),
        Endpoint::new(concert, __path_concert).only_looks(),
        Endpoint::new(performances, __path_performances).only_looks(),
        Endpoint::new(performance, __path_performance).only_looks().call(BookingCall::ShowPerformance),
        Endpoint::new(prices, __path_prices).only_looks().call(BookingCall::ShowPrices),
    ]
}

/// List concerts.
///
/// All concerts that have a published performance: the soonest first, unless another order is asked for. What is asked for
/// besides narrows the list down; a concert is on it if all of it fits. Anybody can ask, and no pass is needed. Between two pages, a concert whose next date or title
/// changes may move; all others stay where they are.
#[utoipa::path(get, path = "/v1/concerts", operation_id = "list_concerts", tag = "what is on", params(ConcertsQuery),
    responses((status = 200, description = "In the order that is asked for.", body = List<ConcertDto>)))]
async fn concerts(state: Data<WebState>, Query(query): Query<ConcertsQuery>) -> Result<HttpResponse, Problem> {
    let page = state.use_cases.concerts.list(&query.query()?, query.page()?).await?;
    let concert = |view: Arc<ConcertView>| ConcertDto::of(&view, &state.currency);
    Ok(HttpResponse::Ok().json(List::of(page, concert, std::convert::identity::<ConcertPosition>)))
}

/// Show a concert.
///
/// The same as in the list, for whoever has kept only the `id`.
#[utoipa::path(get, path = "/v1/concerts/{id}", operation_id = "show_concert", tag = "what is on", params(("id" = uuid::Uuid, Path, description = "The concert.")),
    responses((status = 200, description = "The concert.", body = ConcertDto)))]
async fn concert(state: Data<WebState>, Id(id): Id) -> Result<HttpResponse, Problem> {
    let concert = state.use_cases.concerts.one(ConcertId::new(id)).await?;
    Ok(HttpResponse::Ok().json(ConcertDto::of(&concert, &state.currency)))
}

/// List a concert's performances.
///
/// Each with its venue, its dates, its status and its sales. With `bookable=true` only those that can still be booked
/// are listed; a page may then have fewer items than its limit.
#[utoipa::path(get, path = "/v1/concerts/{id}/performances", operation_id = "list_performances", tag = "what is on",
    params(("id" = uuid::Uuid, Path, description = "The concert."), PerformanceQuery,
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, description = "By ascending id.", body = List<PerformanceDto>,
            headers(("ETag" = String, description = "Of the answer; the same while nothing has changed."))),
        (status = 304, description = "As it was.")))]
async fn performances(
    state: Data<WebState>,
    Id(id): Id,
    Query(query): Query<PerformanceQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (bookable, asked) = (query.bookable()?, query.page().page(PerformanceId::new)?);
    let key = PageKey { concert: ConcertId::new(id), bookable, limit: asked.limit, after: asked.after };
    let look = state.rendered.look(state.clock.now());
    if let Some(recent) = state.rendered.recent_page(&key, look) {
        return Ok(recent.to(&request));
    }
    let page = state.use_cases.performances.list(key.concert, bookable, asked).await?;
    Ok(state.rendered.performances(key, look, page)?.to(&request))
}

/// Show a performance.
///
/// Its venue, its dates, how many seats are left, and the sales that are open or will open. If a sale has a
/// `waiting_room`, join its queue before you look at seats. `seat_map_version` says which seat map the seat numbers are
/// of.
#[utoipa::path(get, path = "/v1/performances/{id}", operation_id = "show_performance", tag = "what is on",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, description = "The performance.", body = PerformanceDto,
            headers(("ETag" = String, description = "Of the answer; the same while nothing has changed."))),
        (status = 304, description = "As it was.")))]
async fn performance(state: Data<WebState>, Id(id): Id, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let view = state.use_cases.performances.one(PerformanceId::new(id)).await?;
    Ok(state.rendered.performance(view)?.to(&request))
}

/// Show what seats cost.
///
/// What each price type pays in each tier, fee and tax included, in minor units. The first price type applies to buyers
/// who name none. A hold keeps the prices of its moment.
#[utoipa::path(get, path = "/v1/performances/{id}/prices", operation_id = "show_prices", tag = "what is on",
    params(("id" = uuid::Uuid, Path, description = "The performance."),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the answer that one has.")),
    responses((status = 200, description = "By tier and price type.", body = PricesDto,
            headers(("ETag" = String, description = "Of the answer; the same while nothing has changed."))),
        (status = 304, description = "As it was.")))]
async fn prices(state: Data<WebState>, Id(id): Id, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let on_sale = state.use_cases.performances.on_sale(PerformanceId::new(id)).await?;
    Ok(state.rendered.prices(on_sale, &state.currency)?.to(&request))
}
