//! Values as texts.

use config::{Value, ValueKind};

/// The value as it would be written in the environment; `None` for a list, a table or a fraction.
pub fn text_of(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => Some(text.clone()),
        ValueKind::I64(number) => Some(number.to_string()),
        ValueKind::Boolean(word) => Some(word.to_string()),
        _ => None,
    }
}
