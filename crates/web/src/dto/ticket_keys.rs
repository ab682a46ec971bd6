//! What doors check tickets with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontrow_application::port::TicketPublicKey;
use serde::Serialize;
use utoipa::ToSchema;

/// The public keys of the codes on tickets, as a JSON Web Key Set (RFC 7517).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketKeysDto {
    /// The key that signs comes first. The others signed before, or are about to.
    pub keys: Vec<TicketKeyDto>,
}

/// A public key as a JSON Web Key (RFC 8037).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "9f8a3b1c", "x": "IoDh4-6S7C2ld4Gz9ZAjrW5jLRmD0H8AUtFROqg7hfI"}))]
pub struct TicketKeyDto {
    /// Type of the key: an octet key pair.
    pub kty: &'static str,
    /// The curve.
    pub crv: &'static str,
    /// What it is for: signatures.
    #[serde(rename = "use")]
    pub purpose: &'static str,
    /// Its id. The first 4 bytes of the SHA-256 of it stand in every code that it signs.
    pub kid: String,
    /// The public key: 32 bytes in URL-safe Base64.
    pub x: String,
}

impl From<Vec<TicketPublicKey>> for TicketKeysDto {
    fn from(keys: Vec<TicketPublicKey>) -> Self {
        Self { keys: keys.into_iter().map(TicketKeyDto::from).collect() }
    }
}

impl From<TicketPublicKey> for TicketKeyDto {
    fn from(key: TicketPublicKey) -> Self {
        Self { kty: "OKP", crv: "Ed25519", purpose: "sig", kid: key.id, x: URL_SAFE_NO_PAD.encode(key.bytes) }
    }
}
