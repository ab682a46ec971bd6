//! Charging a wallet: a pending payment first, settled once when the gateway has spoken.

use super::{Changes, Verdict};
use crate::command::{Charge, Event, Outcome, Rejection, Settle};
use crate::locked::{Locked, NotInScope, Record, Row, Version};
use crate::{AccountId, Instant, Payment, PaymentKind, PaymentState, Points, Settlement, Transfer, Wallet};

pub(super) fn charge(charge: &Charge, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let balance = locked.wallet(charge.user)?.map_or(Points::ZERO, |wallet| wallet.balance);
    if balance.checked_add(charge.amount).is_none() {
        return Ok(Verdict::No(Rejection::BalanceTooHigh));
    }
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
    Ok(Verdict::Do(Changes { rows: vec![Row::Payment(payment)], outcome, events: Vec::new(), at: now }))
}

pub(super) fn settle(settle: &Settle, locked: &Locked, now: Instant) -> Result<Verdict, NotInScope> {
    let wallet = locked.wallet(settle.user)?;
    let ours = |payment: &&Payment| payment.user == settle.user && payment.kind == PaymentKind::Charge;
    let Some(payment) = locked.payment(settle.payment)?.filter(ours) else {
        return Ok(Verdict::No(Rejection::PaymentUnknown));
    };
    if payment.state != PaymentState::Pending {
        return Ok(Verdict::Replay(Outcome::Charged(payment.clone())));
    }
    let mut settled = Payment { version: payment.version().next(), ..payment.clone() };
    let mut rows = Vec::new();
    match &settle.settlement {
        Settlement::Declined => settled.state = PaymentState::Failed,
        Settlement::Accepted { provider_ref } => {
            let balance = wallet.map_or(Points::ZERO, |wallet| wallet.balance);
            let Some(balance) = balance.checked_add(payment.amount) else {
                return Ok(Verdict::No(Rejection::BalanceTooHigh));
            };
            settled.state = PaymentState::Succeeded;
            settled.provider_ref = Some(provider_ref.clone());
            rows.push(Row::Wallet(Wallet::next(settle.user, wallet, balance)));
            rows.push(Row::Transfer(Transfer {
                id: settle.transfer,
                debit: AccountId::Gateway,
                credit: AccountId::Wallet(settle.user),
                amount: payment.amount,
                payment: payment.id,
                at: now,
            }));
        }
    }
    rows.push(Row::Payment(settled.clone()));
    let events = vec![Event::ChargeSettled(settled.id)];
    Ok(Verdict::Do(Changes { rows, outcome: Outcome::Charged(settled), events, at: now }))
}
