//! Health, and the API's own description.

use super::Endpoint;
use super::description::Description;
use crate::WebState;
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, ServiceConfig};
use frontrow_application::Error;
use frontrow_domain::CLOCK_SKEW;
use serde::Serialize;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;
use utoipa_swagger_ui::{Config, SwaggerUi};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(healthz, __path_healthz).fails_only_with(&[]),
        Endpoint::new(readyz, __path_readyz).fails_only_with(&[Kind::Busy, Kind::Unavailable, Kind::StorageFull]),
        Endpoint::hidden(Method::GET, "/openapi.json", description),
        Endpoint::hidden(Method::GET, "/docs", docs),
    ]
}

/// Adds the pages that show the description.
pub(crate) fn add_pages(config: &mut ServiceConfig) {
    config.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}

/// How the server is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(crate) struct Health {
    /// How it is.
    status: HealthStatus,
}

/// What a server says that is well.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HealthStatus {
    /// It is well; otherwise it says nothing, or why.
    Ok,
}

/// Say whether the process is alive.
///
/// It asks nothing of the database. A server that doesn't answer this has to be started again.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It is.", body = Health)))]
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: HealthStatus::Ok })
}

/// Say whether requests should be sent here.
///
/// The database answers, its clock and the server's agree, and the server is not about to stop. A load balancer asks
/// this.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "It can.", body = Health)))]
async fn readyz(state: Data<WebState>) -> Result<HttpResponse, Problem> {
    if state.is_draining.load(Ordering::SeqCst) {
        return Err(Problem::new(Kind::Unavailable).because("the server is about to stop"));
    }
    let theirs = state.probe.now().await.map_err(|error| Problem::from(Error::from(error)))?;
    let ours = state.clock.now();
    let skew = ours.since(theirs).max(theirs.since(ours));
    if skew > CLOCK_SKEW {
        let detail = format!("the database's clock differs by {} ms", skew.as_millis());
        return Err(Problem::new(Kind::Busy).because(detail));
    }
    Ok(HttpResponse::Ok().json(Health { status: HealthStatus::Ok }))
}

async fn description(description: Data<Description>) -> Result<HttpResponse, Problem> {
    let json = description.0.ok_or_else(|| Problem::new(Kind::Fault))?;
    let cached = (CACHE_CONTROL, "public, max-age=60");
    Ok(HttpResponse::Ok().insert_header(cached).content_type("application/json").body(json))
}

async fn docs() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/docs/")).finish()
}
