//! Wallets and charges.

use super::common::shown;
use super::forms::PaymentToken;
use super::{Money, Timestamp};
use frontrow_application::port::Entry;
use frontrow_domain::{AccountId, Payment, PaymentKind, PaymentState, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

/// A wallet.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"balance": {"amount": 50_000, "currency": "KRW"}}))]
pub struct WalletDto {
    /// The points in the wallet; 1 point is 1 minor unit.
    pub balance: Money,
}

shown! {
    /// What points moved for.
    EntryKindDto from PaymentKind {
        /// Points for seats.
        Reservation,
        /// Points back for seats that were given back.
        Refund,
        /// Money for points.
        Charge,
    }
}

/// One entry of a wallet's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "kind": "charge", "amount": {"amount": 50_000,
    "currency": "KRW"}, "at": "2027-01-01T00:00:00Z", "reservation_id": null}))]
pub struct EntryDto {
    /// The transfer's own id.
    pub id: Uuid,
    /// What the points moved for.
    pub kind: EntryKindDto,
    /// How many points moved; negative if they left the wallet.
    pub amount: Money,
    /// When they moved, in UTC.
    pub at: Timestamp,
    /// Id of the reservation that they moved for; `null` for a charge.
    pub reservation_id: Option<Uuid>,
}

impl EntryDto {
    /// The entry as its owner sees it.
    pub fn of(entry: &Entry, owner: UserId, currency: &str) -> Self {
        let out = entry.transfer.debit == AccountId::Wallet(owner);
        let mut amount = Money::of(entry.transfer.amount, currency);
        amount.amount = if out { -amount.amount } else { amount.amount };
        Self {
            id: entry.transfer.id.uuid(),
            kind: entry.kind.into(),
            amount,
            at: Timestamp::from(entry.transfer.at),
            reservation_id: entry.reservation.map(frontrow_domain::ReservationId::uuid),
        }
    }
}

/// How to charge a wallet.
#[derive(Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 50_000, "payment_token": "tok_accept"}))]
pub struct ChargeBody {
    /// How many points.
    #[validate(range(min = Payment::MIN_CHARGE, max = Payment::MAX_CHARGE))]
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub amount: i64,
    /// Payment token, from the payment gateway's own page.
    #[validate(custom(function = payment_token))]
    #[schema(value_type = PaymentToken)]
    pub payment_token: String,
}

fn payment_token(text: &str) -> Result<(), ValidationError> {
    let fine = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let detail = "1 to 255 visible ASCII characters";
    if fine { Ok(()) } else { Err(ValidationError::new("token").with_message(detail.into())) }
}

shown! {
    /// What has become of a charge.
    ChargeStatusDto from PaymentState {
        /// The gateway has not answered.
        Pending,
        /// The points are in the wallet.
        Succeeded,
        /// No money moved.
        Failed,
        /// The wallet has no room for the points: the gateway gives the money back.
        Returning,
        /// The gateway has given the money back.
        Returned,
    }
}

/// A charge.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "status": "succeeded",
    "amount": {"amount": 50_000, "currency": "KRW"}, "at": "2027-01-01T00:00:00Z"}))]
pub struct ChargeDto {
    /// Id of the charge; it never changes.
    pub id: Uuid,
    /// What has become of it: `pending` while the gateway has not answered, then `succeeded` or `failed`. If the gateway
    /// took the money and the wallet had no room for it: `returning`, then `returned` once it was given back.
    pub status: ChargeStatusDto,
    /// How many points.
    pub amount: Money,
    /// When it was begun, in UTC.
    pub at: Timestamp,
}

impl ChargeDto {
    /// The charge in that currency.
    pub fn of(payment: &Payment, currency: &str) -> Self {
        Self {
            id: payment.id.uuid(),
            status: payment.state.into(),
            amount: Money::of(payment.amount, currency),
            at: Timestamp::from(payment.at),
        }
    }
}
