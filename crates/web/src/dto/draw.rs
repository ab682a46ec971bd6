//! The draw of a lobby, as far as it is known.

use frontrow_domain::waiting_room::{DrawState, commitment};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A draw, as far as it is known. All bytes are in hexadecimal digits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"commitment": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "round": null,
    "lists": null, "value": null, "secret": null, "seed": null}))]
pub struct DrawDto {
    /// SHA-256 of the secret; published with the sale.
    pub commitment: String,
    /// The public randomness that was named in advance; `null` makes a weaker draw.
    #[schema(required = true)]
    pub round: Option<String>,
    /// By group, the digest of the list of people in the lobby, published before the round's value is out; `null`
    /// before the opening.
    #[schema(required = true)]
    pub lists: Option<Vec<String>>,
    /// The value that the round came to, empty without a round; `null` until it is known.
    #[schema(required = true)]
    pub value: Option<String>,
    /// The secret; `null` until the seed is known.
    #[schema(required = true)]
    pub secret: Option<String>,
    /// The seed that decides the order; `null` until it is known.
    #[schema(required = true)]
    pub seed: Option<String>,
}

impl From<&DrawState> for DrawDto {
    fn from(draw: &DrawState) -> Self {
        Self {
            commitment: hex::encode(commitment(|bytes| Sha256::digest(bytes).into(), &draw.secret)),
            round: draw.round.clone(),
            lists: draw.lists.as_ref().map(|lists| lists.iter().map(hex::encode).collect()),
            value: draw.value.clone(),
            // Whoever knows it before the value is out could have chosen the list.
            secret: draw.seed.map(|_| hex::encode(draw.secret)),
            seed: draw.seed.map(hex::encode),
        }
    }
}
