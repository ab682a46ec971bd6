//! Health, and the API's own description.

use super::at;
use crate::problem::{Kind, Problem};
use crate::{WebState, openapi_json};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, ServiceConfig, to};
use frontrow_application::Error;
use serde::Serialize;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The database's clock and ours may differ by this much.
const MOST_SKEW: Duration = Duration::from_secs(1);

pub(super) fn configure(config: &mut ServiceConfig) {
    at(config, "/healthz", [(Method::GET, to(healthz))]);
    at(config, "/readyz", [(Method::GET, to(readyz))]);
    at(config, "/openapi.json", [(Method::GET, to(description))]);
    at(config, "/docs", [(Method::GET, to(docs))]);
    config.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}

/// How the server is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It is.", body = Health)))]
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Whether requests should be sent here: the database answers, its clock and the server's agree, and the server is not
/// about to stop.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "It can.", body = Health)))]
pub(crate) async fn readyz(state: Data<WebState>) -> Result<HttpResponse, Problem> {
    if state.is_draining.load(Ordering::SeqCst) {
        return Err(Problem::new(Kind::Unavailable).because("the server is about to stop"));
    }
    let theirs = state.probe.now().await.map_err(|error| Problem::from(Error::from(error)))?;
    let ours = state.clock.now();
    let skew = ours.since(theirs).max(theirs.since(ours));
    if skew > MOST_SKEW {
        let detail = format!("the database's clock differs by {} ms", skew.as_millis());
        return Err(Problem::new(Kind::Busy).because(detail));
    }
    Ok(HttpResponse::Ok().json(Health { status: "ok" }))
}

async fn description() -> Result<HttpResponse, Problem> {
    static JSON: LazyLock<Option<String>> = LazyLock::new(|| openapi_json().ok());
    let json = JSON.as_deref().ok_or_else(|| Problem::new(Kind::Fault))?;
    let cached = (CACHE_CONTROL, "public, max-age=60");
    Ok(HttpResponse::Ok().insert_header(cached).content_type("application/json").body(json))
}

async fn docs() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/docs/")).finish()
}
