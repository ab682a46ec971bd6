//! Who moves money from outside into wallets.

use async_trait::async_trait;
use frontrow_domain::{PaymentId, Points};
use thiserror::Error;

/// A charge to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRequest {
    /// What the gateway shall know it by: asking again with the same id never charges twice.
    pub payment: PaymentId,
    /// How much to charge.
    pub amount: Points,
    /// What the client got from the gateway's own page; never stored, never logged.
    pub payment_token: String,
}

/// What a gateway says of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// The money moved.
    Accepted {
        /// What the gateway calls it: at most [`Payment::LONGEST_REF`](frontrow_domain::Payment::LONGEST_REF)
        /// characters, none of them a control character, and no other charge's name.
        provider_ref: String,
    },
    /// It did not, and won't.
    Declined,
    /// Not decided yet: ask again.
    Pending,
    /// Never heard of it.
    Unheard,
}

/// What a gateway says of money that it shall give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnAnswer {
    /// It has been given back, now or before; or none was taken, and none will be.
    Returned,
    /// Not yet: ask again.
    Pending,
}

/// The gateway did not answer: what it was asked to do may have been done, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the payment gateway did not answer")]
pub struct NoAnswer;

/// A payment gateway. Never called while a row is locked.
///
/// Whoever implements it bounds the time of each call, and says [`NoAnswer`] when that is over: a person waits for the
/// first answer to their charge (ten seconds are a lot), and the background asks for one charge after another. Callers set
/// no limit of their own, because a call that is cut off may have been heard.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// The name that payments are kept under.
    fn name(&self) -> &'static str;

    /// Charges, once for each payment id however often it is asked.
    async fn charge(&self, request: ChargeRequest) -> Result<GatewayAnswer, NoAnswer>;

    /// What became of a charge.
    async fn status(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer>;

    /// Gives back what it took for a charge, all of it, once however often it is asked: the wallet has no room for it. From
    /// then on the charge is [`GatewayAnswer::Declined`].
    async fn give_back(&self, payment: PaymentId) -> Result<ReturnAnswer, NoAnswer>;

    /// Refuses a charge that it never heard of from now on, should it still arrive; says what became of it otherwise.
    async fn abandon(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer>;
}
