//! Settle a charge once the gateway has spoken.

use crate::booking::verdict::CommandRule;
use crate::booking::{Changes, Event, Locked, Outcome, Rejection, Row, Scope, Stop, Verdict};
use crate::id::{PaymentId, TransferId, UserId};
use crate::money::{AccountId, Payment, PaymentKind, PaymentState, Points, Settlement, Transfer, Wallet};
use crate::time::Instant;

/// Settle a charge: once, however often the gateway says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// The pending payment, or the one whose money goes back.
    pub payment: PaymentId,
    /// Owner of the wallet that was charged.
    pub user: UserId,
    /// What the gateway said.
    pub settlement: Settlement,
    /// Id that the new transfer gets.
    pub transfer: TransferId,
}

impl CommandRule for Settle {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.payments.insert(self.payment);
        scope.wallets.insert(self.user);
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let wallet = locked.wallet(self.user)?;
        let theirs = |payment: &&Payment| payment.user == self.user && payment.kind == PaymentKind::Charge;
        let payment = locked.payment(self.payment)?.filter(theirs).ok_or(Rejection::PaymentUnknown)?;
        let mut settled = Payment { version: payment.version.next(), ..payment.clone() };
        let mut rows = Vec::new();
        match (payment.state, &self.settlement) {
            (PaymentState::Pending, Settlement::Accepted { provider_ref }) => {
                settled.provider_ref = Some(provider_ref.clone()).filter(|name| Payment::may_refer(name));
                rows = self.credit(&mut settled, wallet, now);
            }
            (PaymentState::Pending, Settlement::Declined) => {
                settled.state = PaymentState::Failed;
                rows.push(Row::Wallet(released(payment, wallet)));
            }
            (PaymentState::Returning, Settlement::Returned) => settled.state = PaymentState::Returned,
            _ => return Ok(Verdict::AlreadyDone(Outcome::Charged(payment.clone()))),
        }
        rows.push(Row::Payment(settled.clone()));
        let events = vec![Event::ChargeSettled(settled.id)];
        Ok(Verdict::Do(Changes { rows, outcome: Outcome::Charged(settled), events, at: now }))
    }
}

impl Settle {
    /// Credits what the gateway took. Room was kept for it, unless the charge was begun before wallets kept any: then
    /// the money has to go back, and until it has, the payment says so.
    fn credit(&self, payment: &mut Payment, current: Option<&Wallet>, now: Instant) -> Vec<Row> {
        let wallet = released(payment, current);
        let Some(balance) = wallet.balance.checked_add(payment.amount) else {
            payment.state = PaymentState::Returning;
            return vec![Row::Wallet(wallet)];
        };
        payment.state = PaymentState::Succeeded;
        let mut rows = vec![Row::Wallet(Wallet { balance, ..wallet })];
        // Charges of nothing could once be begun; there is nothing to move.
        if !payment.amount.is_zero() {
            rows.push(Row::Transfer(Transfer {
                id: self.transfer,
                debit: AccountId::Gateway,
                credit: AccountId::Wallet(self.user),
                amount: payment.amount,
                payment: payment.id,
                at: now,
            }));
        }
        rows
    }
}

/// The wallet without the room that was kept for the charge.
fn released(payment: &Payment, current: Option<&Wallet>) -> Wallet {
    let wallet = Wallet::next(payment.user, current);
    Wallet { pending: wallet.pending.checked_sub(payment.amount).unwrap_or(Points::ZERO), ..wallet }
}
