//! The API's own description: `OpenAPI` 3.1.

mod examples;
mod forms;
mod headers;
mod links;
mod operations;

use crate::extract::{PASS, QUEUE_TOKEN};
use crate::problem::{ProblemDocument, problem_examples, problem_schemas};
use crate::routes::{BEARER, Description, PASS_SCHEME, QUEUE_TOKEN_SCHEME, endpoints};
use examples::add_examples;
use forms::put_forms;
use headers::add_headers;
use links::add_links;
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, RefOr, Schema};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Frontrow", description = "Concert reservations: hold seats, pay with points, get tickets. \
        Errors are problem documents (RFC 9457); times are RFC 3339 in UTC; money is in minor units. \
        Every answer has the header `Frontrow-Sandbox: true` where charges are the sandbox's and no money moves."),
    components(schemas(ProblemDocument)),
    tags(
        (name = "accounts", description = "Signing up, logging in, staying logged in, logging out."),
        (name = "what is on", description = "Concerts, performances and prices; public."),
        (name = "seats", description = "Where the seats are, and which can be had; public."),
        (name = "waiting room", description = "The queue in front of a sale: joining, looking, and the way in."),
        (name = "reservations", description = "Holding, paying, giving up and giving back; each sees their own."),
        (name = "wallet", description = "Points; each sees their own."),
        (name = "operators", description = "Putting on sale, for operators; every PUT can be repeated."),
        (name = "health", description = "For whoever watches over the server."),
    ),
    servers((url = "/", description = "The server that this document comes from.")),
    modifiers(&Schemes),
)]
struct Api;

/// The document, made from the routes.
pub fn openapi() -> Value {
    let mut document = Api::openapi();
    let components = document.components.get_or_insert_default();
    components.examples.extend(problem_examples());
    for endpoint in endpoints() {
        let Some(described) = endpoint.described() else { continue };
        document.paths.add_path_operation(endpoint.path(), described.methods, described.operation);
        components.schemas.extend(described.schemas);
    }
    refuse_other_members(components);
    let mut document = serde_json::to_value(document).unwrap_or_default();
    for (name, schema) in problem_schemas() {
        document["components"]["schemas"][name] = schema;
    }
    put_forms(&mut document);
    add_examples(&mut document);
    add_headers(&mut document);
    add_links(&mut document);
    document
}

/// The document as JSON.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&openapi())
}

/// The same, made once.
pub(crate) fn description() -> Description {
    static JSON: LazyLock<Option<String>> = LazyLock::new(|| openapi_json().ok());
    Description(JSON.as_deref())
}

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The access token of `POST /v1/sessions`: who is calling."));
        let header = |name, what| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, what)));
        let pass = header(PASS, "The pass of `POST /v1/sales/{id}/admission`: its holder has been admitted.");
        let token = header(QUEUE_TOKEN, "The token of `POST /v1/sales/{id}/queue-tokens`: one entry in a queue.");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
        components.add_security_scheme(PASS_SCHEME, pass);
        components.add_security_scheme(QUEUE_TOKEN_SCHEME, token);
    }
}

/// Derived code does not say of a section's kinds that they have no other members.
fn refuse_other_members(components: &mut Components) {
    let Some(RefOr::T(Schema::OneOf(kinds))) = components.schemas.get_mut("SectionBody") else { return };
    for kind in &mut kinds.items {
        if let RefOr::T(Schema::Object(kind)) = kind {
            kind.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{ALL, Kind};
    use crate::routes::Endpoint;

    #[test]
    fn every_problem_can_come_from_somewhere() {
        let documented: Vec<Kind> = endpoints().flat_map(Endpoint::kinds).collect();
        // What is answered where there is no such operation.
        let elsewhere = [Kind::MethodNotAllowed];
        for kind in ALL {
            assert_ne!(documented.contains(kind), elsewhere.contains(kind), "{kind:?}");
        }
    }
}
