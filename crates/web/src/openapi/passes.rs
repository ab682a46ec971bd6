//! Which operations take a pass.

use super::operations;
use crate::extract::PASS;
use crate::pass::{Proof, proof};
use utoipa::Modify;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi as Document, Required};

/// Gives every operation that may ask for a pass its header.
pub(super) struct Passes;

impl Modify for Passes {
    fn modify(&self, document: &mut Document) {
        for (method, path, operation) in operations(document) {
            let when = match proof(&method, path) {
                Proof::None => continue,
                Proof::Pass => "Needed if the sale has a waiting room",
                Proof::PassOrReservation | Proof::PassIfStrict => "Needed if the sale's waiting room is strict",
            };
            let pass = ParameterBuilder::new()
                .name(PASS)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(format!("{when}: from `POST /v1/sales/{{id}}/admission`.")))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .build();
            operation.parameters.get_or_insert_default().push(pass.into());
        }
    }
}
