//! Charging a wallet: a pending payment first, settled once when the gateway has spoken.

use super::{Changes, Verdict};
use crate::command::{Charge, Event, Outcome, Rejection, Settle};
use crate::locked::{Locked, NotInScope, Record, Row, Version};
use crate::{AccountId, Instant, Payment, PaymentKind, PaymentState, Points, Settlement, Transfer, Wallet};

/// Keeps room in the wallet for what the gateway will take.
pub(super) fn charge(charge: &Charge, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let wallet = Wallet::next(charge.user, locked.wallet(charge.user)?);
    if !Payment::may_charge(charge.amount) {
        return Ok(Verdict::No(Rejection::ChargeOutOfRange));
    }
    let Some(pending) = wallet.pending_with(charge.amount) else {
        return Ok(Verdict::No(Rejection::BalanceTooHigh));
    };
    let payment = Payment {
        id: charge.payment,
        kind: PaymentKind::Charge,
        reservation: None,
        user: charge.user,
        amount: charge.amount,
        state: PaymentState::Pending,
        provider: charge.provider.clone(),
        provider_ref: None,
        at: now,
        version: Version::FIRST,
    };
    let outcome = Outcome::Charged(payment.clone());
    let rows = vec![Row::Payment(payment), Row::Wallet(Wallet { pending, ..wallet })];
    Ok(Verdict::Do(Changes { rows, outcome, events: Vec::new(), at: now }))
}

pub(super) fn settle(settle: &Settle, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let wallet = locked.wallet(settle.user)?;
    let ours = |payment: &&Payment| payment.user == settle.user && payment.kind == PaymentKind::Charge;
    let Some(payment) = locked.payment(settle.payment)?.filter(ours) else {
        return Ok(Verdict::No(Rejection::PaymentUnknown));
    };
    let mut settled = Payment { version: payment.version().next(), ..payment.clone() };
    let mut rows = Vec::new();
    match (payment.state, &settle.settlement) {
        (PaymentState::Pending, Settlement::Accepted { provider_ref }) => {
            settled.provider_ref = Some(provider_ref.clone()).filter(|name| Payment::may_refer(name));
            rows = credit(settle, &mut settled, wallet, now);
        }
        (PaymentState::Pending, Settlement::Declined) => {
            settled.state = PaymentState::Failed;
            rows.push(Row::Wallet(released(payment, wallet)));
        }
        (PaymentState::Returning, Settlement::Returned) => settled.state = PaymentState::Returned,
        _ => return Ok(Verdict::Replay(Outcome::Charged(payment.clone()))),
    }
    rows.push(Row::Payment(settled.clone()));
    let events = vec![Event::ChargeSettled(settled.id)];
    Ok(Verdict::Do(Changes { rows, outcome: Outcome::Charged(settled), events, at: now }))
}

/// Credits what the gateway took. Room was kept for it, unless the charge was begun before wallets kept any: then the
/// money has to go back, and until it has, the payment says so.
fn credit(settle: &Settle, payment: &mut Payment, current: Option<&Wallet>, now: Instant) -> Vec<Row> {
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
            id: settle.transfer,
            debit: AccountId::Gateway,
            credit: AccountId::Wallet(settle.user),
            amount: payment.amount,
            payment: payment.id,
            at: now,
        }));
    }
    rows
}

/// The wallet without the room that was kept for the charge.
fn released(payment: &Payment, current: Option<&Wallet>) -> Wallet {
    let wallet = Wallet::next(payment.user, current);
    Wallet { pending: wallet.pending.checked_sub(payment.amount).unwrap_or(Points::ZERO), ..wallet }
}
