//! Give back what was paid for, or some seats of it, whenever an operator says so.

use super::Cancel;
use crate::booking::verdict::CommandRule;
use crate::booking::{Locked, RefundReason, ReservationState, Scope, Stop, Verdict};
use crate::time::Instant;

/// Give back what was paid for, without a deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// What is given back, as its owner would within the deadline.
    pub cancel: Cancel,
    /// Why, in the operator's words; `None` if they gave no reason.
    pub reason: Option<RefundReason>,
}

impl CommandRule for Refund {
    fn name(&self) -> &'static str {
        "refund"
    }

    fn scope(&self, scope: &mut Scope) {
        self.cancel.scope(scope);
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let paid = self.cancel.paid(locked)?;
        self.cancel.give_back(paid, (ReservationState::Refunded, self.reason.clone()), locked, now)
    }
}
