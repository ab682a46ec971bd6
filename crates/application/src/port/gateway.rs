//! Who moves money from outside into wallets.

use async_trait::async_trait;
use frontrow_domain::{PaymentId, Points};
use std::fmt;
use thiserror::Error;

/// A charge to be made. Its currency is the installation's, which a gateway is told when it is set up.
#[derive(Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    /// What the gateway shall know it by: asking again with the same id never charges twice.
    pub payment: PaymentId,
    /// How much to charge.
    pub amount: Points,
    /// What the client got from the gateway's own page; never stored, never logged.
    pub payment_token: String,
}

/// Without the token, so that no log has it.
impl fmt::Debug for ChargeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payment, amount, payment_token: _ } = self;
        f.debug_struct("ChargeRequest").field("payment", payment).field("amount", amount).finish_non_exhaustive()
    }
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

/// A payment gateway. Never called while a row is locked. `frontrow-contract-tests` checks one.
///
/// Whoever implements it bounds the time of each call, and says [`NoAnswer`] when that is over. Callers set no limit of
/// their own, because a call that is cut off may have been heard. A person who waits for their charge is promised an answer
/// within [`COMMAND`](crate::deadline::COMMAND), 10 seconds, and [`charge`](PaymentGateway::charge) may be called twice for
/// them: so a call that takes up to 4 seconds is fine, and one that asks [`deadline::ends`](crate::deadline::ends) keeps the
/// promise whatever came before it. What the person was not told is settled in the background, which asks for one charge
/// after another.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// The name that payments are kept under: 1 to [`Payment::LONGEST_PROVIDER`](frontrow_domain::Payment::LONGEST_PROVIDER)
    /// characters, and not [`Payment::POINTS`](frontrow_domain::Payment::POINTS). Whoever charges another account, or
    /// another environment of the same provider, needs another name: a charge is only asked of the gateway by whose name it
    /// is kept, and [`SettleCharges`](crate::SettleCharges) reports those of others.
    fn name(&self) -> &'static str;

    /// Charges, once for each payment id however often it is asked.
    async fn charge(&self, request: ChargeRequest) -> Result<GatewayAnswer, NoAnswer>;

    /// What became of a charge: [`GatewayAnswer::Unheard`] if no request for it has arrived. Asked every few seconds for as
    /// long as the answer is pending.
    async fn status(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer>;

    /// Gives back what it took for a charge, all of it, once however often it is asked: the wallet has no room for it. From
    /// then on the charge is [`GatewayAnswer::Declined`].
    async fn give_back(&self, payment: PaymentId) -> Result<ReturnAnswer, NoAnswer>;

    /// Refuses a charge that it never heard of from now on, should it still arrive; says what became of it otherwise.
    async fn abandon(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_does_not_show_its_token() {
        let (payment, amount) = (PaymentId::new(uuid::Uuid::from_u128(7)), Points::ZERO);
        let shown = format!("{:?}", ChargeRequest { payment, amount, payment_token: "tok_secret".into() });
        assert!(shown.contains("payment") && !shown.contains("secret"), "{shown}");
    }
}
