//! The API's own description: `OpenAPI` 3.1.

use crate::problem::{ALL, PROBLEM_JSON, ProblemDocument};
use crate::routes::{accounts, browse, house, manage, reservations, seats, wallet};
use actix_web::http::StatusCode;
use std::collections::BTreeMap;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Frontrow", description = "Concert reservations: hold seats, pay with points, get tickets. \
        Errors are problem documents (RFC 9457); times are RFC 3339 in UTC; money is in minor units."),
    paths(
        accounts::sign_up, accounts::log_in, accounts::refresh, accounts::log_out,
        browse::concerts, browse::concert, browse::performances, browse::performance, browse::prices,
        seats::seat_map, seats::availability, seats::seats,
        reservations::hold, reservations::list, reservations::show, reservations::release, reservations::pay,
        reservations::cancel, reservations::tickets,
        wallet::wallet, wallet::entries, wallet::charge, wallet::show_charge,
        manage::put_venue, manage::put_seat_map, manage::put_concert, manage::put_performance,
        manage::publish_performance, manage::postpone_performance, manage::cancel_performance, manage::put_sale,
        manage::publish_sale, reservations::refund,
        house::healthz, house::readyz,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Bearer, &Problems),
)]
struct Api;

/// The document.
pub fn openapi() -> Document {
    Api::openapi()
}

/// The document as JSON.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&openapi())
}

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}

/// Adds the problems that each operation may answer with.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                add(path, operation);
            }
        }
    }
}

fn add(path: &str, operation: &mut Operation) {
    for (status, titles) in titles(path, operation) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build();
        let description = titles.join(" · ");
        let response = ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build();
        operation.responses.responses.entry(status).or_insert_with(|| response.into());
    }
}

/// The problems that an operation may answer with, by status.
fn titles(path: &str, operation: &Operation) -> BTreeMap<String, Vec<&'static str>> {
    let body = operation.request_body.is_some();
    let parameters = operation.parameters.as_ref().is_some_and(|list| !list.is_empty());
    let operator = operation.tags.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == "operators"));
    let health = path == "/healthz" || path == "/readyz";
    let writes = body || operation.tags.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == "reservations"));
    let may = |status: StatusCode| match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => body || parameters,
        StatusCode::UNAUTHORIZED => operation.security.is_some() || path.starts_with("/v1/sessions"),
        StatusCode::FORBIDDEN => operator,
        StatusCode::NOT_FOUND => path.contains('{'),
        StatusCode::CONFLICT => operator || (writes && path != "/v1/sessions"),
        StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => body,
        StatusCode::METHOD_NOT_ALLOWED => false,
        _ => !health || status == StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut titles: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for kind in ALL.iter().filter(|kind| may(kind.status())) {
        titles.entry(kind.status().as_u16().to_string()).or_default().push(kind.slug());
    }
    titles
}
