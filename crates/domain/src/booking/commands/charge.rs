//! Begin to charge a wallet.

use crate::booking::verdict::CommandRule;
use crate::booking::{Changes, Locked, Outcome, Rejection, Row, Scope, Stop, Verdict};
use crate::id::{PaymentId, UserId};
use crate::money::{Payment, PaymentKind, PaymentState, Points, Wallet};
use crate::record::Version;
use crate::time::Instant;

/// Begin to charge a wallet: a pending payment, before the gateway hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Id that the new payment gets, by which the gateway will know it.
    pub payment: PaymentId,
    /// Owner of the wallet that is charged.
    pub user: UserId,
    /// [`Payment::MIN_CHARGE`] to [`Payment::MAX_CHARGE`].
    pub amount: Points,
    /// The gateway's name.
    pub provider: String,
}

impl CommandRule for Charge {
    fn name(&self) -> &'static str {
        "charge"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.new_payments.insert(self.payment);
        scope.wallets.insert(self.user);
    }

    /// Keeps room in the wallet for what the gateway will take.
    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let wallet = Wallet::next(self.user, locked.wallet(self.user)?);
        if !Payment::may_charge(self.amount) {
            return Err(Rejection::ChargeOutOfRange.into());
        }
        let pending = wallet.pending_with(self.amount).ok_or(Rejection::BalanceTooHigh)?;
        let payment = Payment {
            id: self.payment,
            kind: PaymentKind::Charge,
            reservation: None,
            ordinal: 0,
            user: self.user,
            amount: self.amount,
            state: PaymentState::Pending,
            provider: self.provider.clone(),
            provider_ref: None,
            at: now,
            version: Version::FIRST,
        };
        let outcome = Outcome::Charged(payment.clone());
        let rows = vec![Row::Payment(payment), Row::Wallet(Wallet { pending, ..wallet })];
        Ok(Verdict::Do(Changes { rows, outcome, events: Vec::new(), at: now }))
    }
}
