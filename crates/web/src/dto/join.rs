//! What somebody joins a queue with, and what becomes of it.

use super::forms::GroupCode;
use frontrow_application::waiting_room::CodeUse;
use frontrow_domain::waiting_room::WaitingRoom;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// What somebody joins a queue with. Nothing of it is needed where the sale has a group without a code.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "LARKS-2027", "token": "AQEZoPDnwcex6eazpcL02OEAAAAB"}))]
pub struct JoinBody {
    /// What opens one of the sale's groups: 1 to 64 visible ASCII characters.
    #[validate(custom(function = check_code))]
    #[schema(value_type = Option<GroupCode>)]
    pub code: Option<String>,
    /// The queue token of an earlier join, if there was one: should the server have lost the queue entry, it brings it
    /// back.
    #[validate(length(min = 1, max = 512, message = "characters"))]
    #[schema(min_length = 1, max_length = 512)]
    pub token: Option<String>,
}

fn check_code(code: &str) -> Result<(), ValidationError> {
    let fine = (1..=WaitingRoom::MAX_CODE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    let detail = || format!("1 to {} visible ASCII characters", WaitingRoom::MAX_CODE);
    if fine { Ok(()) } else { Err(ValidationError::new("code").with_message(detail().into())) }
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeUseDto {
    /// The entry is in the group that it opens.
    Used,
    /// There was an entry in another group already, which stays.
    NotUsed,
}

impl From<CodeUse> for CodeUseDto {
    fn from(code: CodeUse) -> Self {
        match code {
            CodeUse::Used => Self::Used,
            CodeUse::NotUsed => Self::NotUsed,
        }
    }
}
