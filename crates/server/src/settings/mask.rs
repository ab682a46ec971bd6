//! Hides the secret parts of a setting.

use frontrow_adapters::address::Shown;

/// A URL without its password and its parameters: both can be secrets.
pub fn mask_url(url: &str) -> String {
    Shown(url).to_string()
}
