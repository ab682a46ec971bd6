//! The API's own description: `OpenAPI` 3.1.

mod examples;

use crate::problem::{ProblemDocument, problem_examples};
use crate::routes::{Description, endpoints};
use examples::add_examples;
use std::sync::LazyLock;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
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
    modifiers(&Bearer),
)]
struct Api;

/// The document, made from the routes.
pub fn openapi() -> Document {
    let mut document = Api::openapi();
    let components = document.components.get_or_insert_default();
    components.examples.extend(problem_examples());
    for endpoint in endpoints() {
        let Some(described) = endpoint.described() else { continue };
        document.paths.add_path_operation(endpoint.path(), described.methods, described.operation);
        components.schemas.extend(described.schemas);
    }
    refuse_other_members(components);
    add_examples(&mut document);
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

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
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
