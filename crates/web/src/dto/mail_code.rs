//! Codes that were sent by mail.

use super::forms::MailCodeDigits;
use frontrow_domain::MailCode;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// The code from a mail.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "12345678"}))]
pub struct MailCodeBody {
    /// The eight digits of the newest mail.
    #[validate(custom(function = code))]
    #[schema(value_type = MailCodeDigits)]
    pub code: String,
}

fn code(text: &str) -> Result<(), ValidationError> {
    let fine = text.len() == MailCode::DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    let detail = || format!("{} digits", MailCode::DIGITS);
    if fine { Ok(()) } else { Err(ValidationError::new("code").with_message(detail().into())) }
}
