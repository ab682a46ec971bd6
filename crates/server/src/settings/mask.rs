//! What of a setting may be shown.

use frontrow_adapters::address::Shown;

/// A URL without its password and its parameters, either of which can be a secret.
pub fn mask_url(url: &str) -> String {
    Shown(url).to_string()
}
