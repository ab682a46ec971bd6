//! Giving back what was paid for, or some seats of it.

use super::Money;
use super::forms::{Label, Reason};
use crate::problem::{FieldError, Problem};
use frontrow_application::port::OnSale;
use frontrow_domain::{Hold, RefundReason, SeatLabel, SeatRefund};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What of a reservation is cancelled.
#[derive(Clone, Debug, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"seats": ["A-1-3"]}))]
pub struct CancellationBody {
    /// Labels of the seats to give back, while the others are kept: 1 to 50 of those that the reservation still has, each
    /// once. All of them if this is left out.
    #[validate(length(min = 1, max = u64::from(Hold::MAX_SEATS), message = "seats"))]
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 50, value_type = Vec<Label>, required = false)]
    pub seats: Option<Vec<String>>,
}

/// What of a reservation is refunded, and why.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "A pillar is in the way.", "seats": ["A-1-3"]}))]
pub struct RefundBody {
    /// The reason, for the books and not for the owner: 1 to 200 characters, one of them visible, no control characters;
    /// space around them is dropped.
    #[serde(default)]
    #[schema(value_type = Option<Reason>)]
    pub reason: Option<String>,
    /// Labels of the seats to give back, while the others are kept: 1 to 50 of those that the reservation still has, each
    /// once. All of them if this is left out.
    #[validate(length(min = 1, max = u64::from(Hold::MAX_SEATS), message = "seats"))]
    #[serde(default, deserialize_with = "list")]
    #[schema(min_items = 1, max_items = 50, value_type = Vec<Label>, required = false)]
    pub seats: Option<Vec<String>>,
}

/// What was given back of a reservation at one time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"seats": ["A-1-3"], "amount": {"amount": 121_000, "currency": "KRW"},
    "reason": "A pillar is in the way."}))]
pub struct RefundDto {
    /// The labels of the seats.
    pub seats: Vec<String>,
    /// What was paid for them.
    pub amount: Money,
    /// Why, if an operator gave them back and said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, max_length = 200)]
    pub reason: Option<String>,
}

impl CancellationBody {
    /// The seats, if any are named.
    pub fn seats(&self) -> Result<Option<Vec<SeatLabel>>, Problem> {
        labels(self.seats.as_deref())
    }
}

impl RefundBody {
    /// The reason, if there is one.
    pub fn reason(&self) -> Result<Option<RefundReason>, Problem> {
        let reason = self.reason.as_deref().map(RefundReason::new).transpose();
        reason.map_err(|flaw| Problem::field("/reason", "text", flaw.to_string()))
    }

    /// The seats, if any are named.
    pub fn seats(&self) -> Result<Option<Vec<SeatLabel>>, Problem> {
        labels(self.seats.as_deref())
    }
}

impl RefundDto {
    /// That refund, in that currency.
    pub fn of(refund: &SeatRefund<'_>, on_sale: &OnSale, currency: &str) -> Self {
        let labels = on_sale.labels(refund.seats.iter().copied());
        Self {
            seats: labels.iter().map(ToString::to_string).collect(),
            amount: Money::of(refund.amount, currency),
            reason: refund.reason.map(|reason| reason.as_str().to_owned()),
        }
    }
}

/// Derived code would take `null` for what is left out, and give everything back.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// The labels, or every text that is none.
fn labels(texts: Option<&[String]>) -> Result<Option<Vec<SeatLabel>>, Problem> {
    let Some(texts) = texts else { return Ok(None) };
    let (mut labels, mut errors) = (Vec::new(), Vec::new());
    for (index, text) in texts.iter().enumerate() {
        match text.parse::<SeatLabel>() {
            Ok(label) => labels.push(label),
            Err(error) => errors.push(FieldError::new(format!("/seats/{index}"), "label", error.to_string())),
        }
    }
    if errors.is_empty() { Ok(Some(labels)) } else { Err(Problem::invalid(errors)) }
}
