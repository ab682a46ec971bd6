//! The API's own description: `OpenAPI` 3.1.

mod examples;
mod passes;
mod problems;

use crate::problem::ProblemDocument;
use crate::routes::{accounts, browse, house, line, manage, queue, reservations, seats, wallet};
use actix_web::http::Method;
use examples::Examples;
use passes::Passes;
use problems::Problems;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Required, Schema};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Frontrow", description = "Concert reservations: hold seats, pay with points, get tickets. \
        Errors are problem documents (RFC 9457); times are RFC 3339 in UTC; money is in minor units. \
        Every answer has the header `Frontrow-Sandbox: true` where charges are the sandbox's and no money moves."),
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
        queue::join, queue::queue, queue::current, queue::claim, queue::renew, queue::leave, queue::log,
        line::report, line::change, line::actions, line::bar, line::unbar,
        house::healthz, house::readyz,
    ),
    components(schemas(ProblemDocument)),
    tags(
        (name = "accounts", description = "Signing up, logging in, staying logged in, logging out."),
        (name = "what is on", description = "Concerts, performances and prices; public."),
        (name = "seats", description = "Where the seats are, and which can be had; public."),
        (name = "waiting room", description = "The line in front of a sale: joining, looking, and the way in."),
        (name = "reservations", description = "Holding, paying, giving up and giving back; each sees their own."),
        (name = "wallet", description = "Points; each sees their own."),
        (name = "operators", description = "Putting on sale, for operators; every PUT can be repeated."),
        (name = "health", description = "For whoever watches over the server."),
    ),
    modifiers(&Bearer, &Shapes, &Passes, &Problems, &Examples),
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

/// What derived code does not say of shapes.
struct Shapes;

impl Modify for Shapes {
    fn modify(&self, document: &mut Document) {
        for (.., operation) in operations(document) {
            if let ("refund_reservation", Some(RefOr::T(body))) =
                (operation.operation_id.as_deref().unwrap_or_default(), &mut operation.request_body)
            {
                body.required = Some(Required::False);
            }
        }
        let schemas = document.components.iter_mut().filter_map(|components| components.schemas.get_mut("SectionBody"));
        for schema in schemas {
            let RefOr::T(Schema::OneOf(kinds)) = schema else { continue };
            for kind in &mut kinds.items {
                if let RefOr::T(Schema::Object(kind)) = kind {
                    kind.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
                }
            }
        }
    }
}

/// Every operation, with its method and path.
pub(crate) fn operations(document: &mut Document) -> impl Iterator<Item = (Method, &str, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::PUT, &mut item.put),
            (Method::POST, &mut item.post),
            (Method::PATCH, &mut item.patch),
            (Method::DELETE, &mut item.delete),
        ];
        let known = operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)));
        known.map(move |(method, operation)| (method, path.as_str(), operation))
    })
}
