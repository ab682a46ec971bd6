//! Who moves money from outside into wallets.

use async_trait::async_trait;
use frontrow_domain::{PaymentId, Points};
use thiserror::Error;

/// A charge to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRequest {
    /// What the gateway shall know it by: asking again with the same id never charges twice.
    pub payment: PaymentId,
    /// How much.
    pub amount: Points,
    /// What the client got from the gateway's own page; never stored, never logged.
    pub payment_token: String,
}

/// What a gateway says of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// The money moved.
    Accepted {
        /// What the gateway calls it.
        provider_ref: String,
    },
    /// It did not, and won't.
    Declined,
    /// Not decided yet: ask again.
    Pending,
    /// Never heard of it.
    Unheard,
}

/// The gateway did not answer: the charge may have been made, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the payment gateway did not answer")]
pub struct NoAnswer;

/// A payment gateway. Never called while a row is locked.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// The name that payments are kept under.
    fn name(&self) -> &'static str;

    /// Charges, once for each payment id however often it is asked.
    async fn charge(&self, request: ChargeRequest) -> Result<GatewayAnswer, NoAnswer>;

    /// What became of a charge.
    async fn status(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer>;

    /// Refuses a charge that it never heard of from now on, should it still arrive; says what became of it otherwise.
    async fn abandon(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer>;
}
