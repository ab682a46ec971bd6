//! Charging a wallet.

use crate::port::{
    BookingError, BookingStore, ChargeRequest, Clock, GatewayAnswer, IdSource, NoAnswer, PaymentGateway, ReturnAnswer,
    WalletReader,
};
use crate::{Error, Missing, RequestKey};
use frontrow_domain::{
    Charge, Command, Instant, Operation, Outcome, Payment, PaymentId, PaymentState, Points, Rejection, Settle,
    Settlement, TransferId, UserId,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// With how much somebody charges their wallet, by what.
pub struct ChargeWalletRequest {
    /// How much: [`Payment::MIN_CHARGE`] to [`Payment::MAX_CHARGE`].
    pub amount: Points,
    /// Payment token, from the gateway's own page; never stored, never logged.
    pub payment_token: String,
    /// The user who asks, and their key: a repetition under the same key gets the same payment.
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
    /// Makes the payment's id.
    pub ids: Arc<dyn IdSource>,
}

impl ChargeWallet {
    /// The payment: settled, or pending while the gateway has not said. Whatever has no room in the wallet is refused
    /// before the gateway hears of it.
    pub async fn run(&self, request: ChargeWalletRequest) -> Result<Payment, Error> {
        let ChargeWalletRequest { amount, payment_token, request } = request;
        if !Payment::may_charge(amount) {
            return Err(Rejection::ChargeOutOfRange.into());
        }
        let begun = self.begin(amount, &request).await?;
        // A repetition finds the payment further on than its outcome was.
        let current = self.wallets.charge(begun.id).await?.unwrap_or(begun);
        if current.state != PaymentState::Pending || !self.settle.is_ours(&current) {
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

    async fn begin(&self, amount: Points, request: &RequestKey) -> Result<Payment, Error> {
        let payment = PaymentId::new(self.ids.id());
        let user = request.user();
        let charge = Charge { payment, user, amount, provider: self.settle.gateway.name().to_owned() };
        match self.store.execute(request.command(Operation::Charge(charge))).await? {
            Outcome::Charged(payment) => Ok(payment),
            _ => Err(Rejection::KeyReused.into()),
        }
    }
}

/// What a run of [`SettleCharges`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettleReport {
    /// Charges that came to their end.
    pub settled: u32,
    /// Open charges that another gateway began, each in the first report that finds it. Only that gateway knows what became
    /// of them, so they stay open until somebody runs [`SettleCharges`] with it.
    pub of_others: Vec<Payment>,
}

/// Asks again for charges that the gateway has not settled, and for money that it has not given back.
pub struct SettleCharges {
    /// Settles.
    pub store: Arc<dyn BookingStore>,
    /// Finds what is unsettled.
    pub wallets: Arc<dyn WalletReader>,
    /// Knows what became of charges.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Makes transfers' ids.
    pub ids: Arc<dyn IdSource>,
    /// Tells charges that have just begun, which are left alone.
    pub clock: Arc<dyn Clock>,
    /// What earlier runs have left.
    pub progress: SettleProgress,
}

/// How far [`SettleCharges`] has come.
#[derive(Default)]
pub struct SettleProgress(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    /// The last run stopped here, with more to ask for.
    from: Option<Instant>,
    /// Charges that could not be settled, or are another gateway's, which has been told.
    told: BTreeSet<PaymentId>,
}

impl SettleCharges {
    /// A charge younger than this, 5 seconds, is left to the request that began it.
    pub const PATIENCE: Duration = Duration::from_secs(5);
    /// A charge that the gateway has not heard of for this long, 1 minute, is given up.
    pub const ABANDON_AFTER: Duration = Duration::from_mins(1);
    /// Charges of one run, the oldest first: 500. If there are more, the next run goes on where this one stops, so that
    /// charges that stay open for long don't hide the others.
    pub const BATCH: u32 = 500;

    /// Asks for unsettled charges. One that can't be settled does not keep the others from it. Its error is told at the end,
    /// once: the store logs it every time.
    pub async fn run(&self) -> Result<SettleReport, Error> {
        let (mut report, mut failed) = (SettleReport::default(), None);
        for payment in self.next_batch().await? {
            if !self.is_ours(&payment) {
                report.of_others.push(payment);
                continue;
            }
            let id = payment.id;
            match self.go_on(payment).await {
                Ok(payment) => report.settled += u32::from(!payment.state.is_open()),
                Err(error) => failed = self.is_news(id).then_some(error).or(failed),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        report.of_others.retain(|payment| self.is_news(payment.id));
        Ok(report)
    }

    /// Whether this gateway began the charge. Another one has never heard of it: asked for it, it would say so, the charge
    /// would be given up, and the money that the first one took would be lost.
    fn is_ours(&self, payment: &Payment) -> bool {
        payment.provider == self.gateway.name()
    }

    async fn next_batch(&self) -> Result<Vec<Payment>, Error> {
        let from = self.progress(|progress| progress.from.take()).unwrap_or(Instant::from_micros(i64::MIN));
        let found = self.wallets.unsettled(from, self.clock.now() - Self::PATIENCE, Self::BATCH).await?;
        if let (true, Some(last)) = (found.len() >= Self::BATCH as usize, found.last()) {
            self.progress(|progress| progress.from = Some(last.at));
        }
        Ok(found)
    }

    fn is_news(&self, id: PaymentId) -> bool {
        self.progress(|progress| progress.told.insert(id))
    }

    fn progress<T>(&self, look: impl FnOnce(&mut Progress) -> T) -> T {
        look(&mut self.progress.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn go_on(&self, payment: Payment) -> Result<Payment, Error> {
        if payment.state == PaymentState::Returning {
            return self.give_back(payment).await;
        }
        let answer = self.ask(&payment).await;
        self.settle(payment, answer).await
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
        let settled = self.note(payment, settlement).await?;
        if settled.state == PaymentState::Returning { self.give_back(settled).await } else { Ok(settled) }
    }

    /// Has the gateway give back what the wallet has no room for. That it must is stored by now, so it is asked until it
    /// has, whoever dies in between; and the points can't be credited any more.
    async fn give_back(&self, payment: Payment) -> Result<Payment, Error> {
        match self.gateway.give_back(payment.id).await {
            Ok(ReturnAnswer::Returned) => self.note(payment, Settlement::Returned).await,
            Ok(ReturnAnswer::Pending) | Err(NoAnswer) => Ok(payment),
        }
    }

    async fn note(&self, payment: Payment, settlement: Settlement) -> Result<Payment, Error> {
        let transfer = TransferId::new(self.ids.id());
        let settle = Settle { payment: payment.id, user: payment.user, settlement, transfer };
        match self.store.execute(Command::unkeyed(Operation::Settle(settle))).await {
            Ok(Outcome::Charged(settled)) => Ok(settled),
            // The gateway has spoken, and will say the same when it is asked again.
            Ok(_) | Err(BookingError::Unknown(_)) => Ok(payment),
            Err(error) if error.is_transient() => Ok(payment),
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

#[cfg(test)]
mod tests;
