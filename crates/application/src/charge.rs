//! Charging a wallet.

use crate::port::{
    BookingError, BookingStore, ChargeRequest, Clock, GatewayAnswer, IdSource, NoAnswer, PaymentGateway, WalletReader,
};
use crate::{Error, Missing, RequestKey};
use frontrow_domain::{
    Charge, Command, Outcome, Payment, PaymentId, PaymentState, Points, Rejection, Settle, Settlement, TransferId,
    UserId, What,
};
use std::sync::Arc;
use std::time::Duration;

/// Who charges their wallet, with how much, by what.
pub struct ChargeWalletRequest {
    /// Who.
    pub user: UserId,
    /// How much: [`Payment::LEAST_CHARGE`] to [`Payment::MOST_CHARGE`].
    pub amount: Points,
    /// From the gateway's own page; never stored, never logged.
    pub payment_token: String,
    /// See there.
    pub request: RequestKey,
}

/// Charges a wallet through the gateway: a pending payment first, then the gateway, outside any transaction, then the
/// settlement.
pub struct ChargeWallet {
    /// Begins the payment.
    pub store: Arc<dyn BookingStore>,
    /// Reads it again.
    pub wallets: Arc<dyn WalletReader>,
    /// Settles it.
    pub settle: Arc<SettleCharges>,
    /// For the payment's id.
    pub ids: Arc<dyn IdSource>,
}

impl ChargeWallet {
    /// The payment: settled, or pending while the gateway has not said.
    pub async fn run(&self, request: ChargeWalletRequest) -> Result<Payment, Error> {
        let ChargeWalletRequest { user, amount, payment_token, request } = request;
        let begun = self.begin(user, amount, request).await?;
        // A repetition finds the payment further on than its outcome was.
        let current = self.wallets.charge(begun.id).await?.unwrap_or(begun);
        if current.state != PaymentState::Pending {
            return Ok(current);
        }
        let gateway = &self.settle.gateway;
        let charge = ChargeRequest { payment: current.id, amount: current.amount, payment_token };
        let answer = match gateway.charge(charge.clone()).await {
            // The gateway knows the payment by its id, so asking once more can't charge twice.
            Err(NoAnswer) => gateway.charge(charge).await,
            answer => answer,
        };
        self.settle.settle(current, answer).await
    }

    async fn begin(&self, user: UserId, amount: Points, request: RequestKey) -> Result<Payment, Error> {
        let payment = PaymentId::new(self.ids.id());
        let charge = Charge { payment, user, amount, provider: self.settle.gateway.name().to_owned() };
        match self.store.execute(Command::keyed(request.key, request.body_hash, What::Charge(charge))).await? {
            Outcome::Charged(payment) => Ok(payment),
            _ => Err(Rejection::KeyReused.into()),
        }
    }
}

/// Asks again for charges that the gateway has not settled.
pub struct SettleCharges {
    /// Settles.
    pub store: Arc<dyn BookingStore>,
    /// Finds what is unsettled.
    pub wallets: Arc<dyn WalletReader>,
    /// Who knows.
    pub gateway: Arc<dyn PaymentGateway>,
    /// For transfers.
    pub ids: Arc<dyn IdSource>,
    /// To leave alone what has just begun.
    pub clock: Arc<dyn Clock>,
}

impl SettleCharges {
    /// A charge younger than this is left to the request that began it.
    pub const PATIENCE: Duration = Duration::from_secs(5);
    /// A charge that the gateway has not heard of for this long is given up.
    pub const ABANDON_AFTER: Duration = Duration::from_secs(60);
    /// Charges of one run.
    pub const BATCH: u32 = 50;

    /// Asks for the oldest unsettled charges; says how many were settled.
    pub async fn run(&self) -> Result<u32, Error> {
        let mut settled = 0;
        for payment in self.wallets.unsettled(self.clock.now() - Self::PATIENCE, Self::BATCH).await? {
            let answer = self.ask(&payment).await;
            let payment = self.settle(payment, answer).await?;
            settled += u32::from(payment.state != PaymentState::Pending);
        }
        Ok(settled)
    }

    async fn ask(&self, payment: &Payment) -> Result<GatewayAnswer, NoAnswer> {
        let old = payment.at + Self::ABANDON_AFTER <= self.clock.now();
        match self.gateway.status(payment.id).await? {
            GatewayAnswer::Unheard if old => self.gateway.abandon(payment.id).await,
            answer => Ok(answer),
        }
    }

    async fn settle(&self, payment: Payment, answer: Result<GatewayAnswer, NoAnswer>) -> Result<Payment, Error> {
        let settlement = match answer {
            Ok(GatewayAnswer::Accepted { provider_ref }) => Settlement::Accepted { provider_ref },
            Ok(GatewayAnswer::Declined) => Settlement::Declined,
            Ok(GatewayAnswer::Pending | GatewayAnswer::Unheard) | Err(NoAnswer) => return Ok(payment),
        };
        let transfer = TransferId::new(self.ids.id());
        let settle = Settle { payment: payment.id, user: payment.user, settlement, transfer };
        match self.store.execute(Command::unkeyed(What::Settle(settle))).await {
            Ok(Outcome::Charged(settled)) => Ok(settled),
            // The gateway has spoken, and will say the same when it is asked again.
            Ok(_) | Err(BookingError::Busy { .. } | BookingError::Unknown(_)) => Ok(payment),
            Err(error) => Err(error.into()),
        }
    }
}

/// Shows what became of a charge.
pub struct ShowCharge {
    /// Reads it.
    pub wallets: Arc<dyn WalletReader>,
}

impl ShowCharge {
    /// Somebody else's charge is not found.
    pub async fn run(&self, user: UserId, id: PaymentId) -> Result<Payment, Error> {
        let payment = self.wallets.charge(id).await?;
        payment.filter(|payment| payment.user == user).ok_or(Error::NotFound(Missing::Charge))
    }
}
