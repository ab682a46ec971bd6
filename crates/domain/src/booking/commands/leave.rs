//! Give an admission back.

use crate::booking::verdict::CommandRule;
use crate::booking::{Changes, Event, Locked, NotInScope, Outcome, Row, Scope, Stop, Verdict};
use crate::time::Instant;
use crate::waiting_room::{AdmissionEnd, Buyer, BuyerKey};

/// Give an admission back before its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Whose admission, to which sale.
    pub buyer: BuyerKey,
}

impl CommandRule for Leave {
    fn name(&self) -> &'static str {
        "leave"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(self.buyer);
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let outcome = Outcome::Left(self.buyer);
        let rows = end_admission(self.buyer, AdmissionEnd::Left, locked)?;
        if rows.is_empty() {
            return Ok(Verdict::AlreadyDone(outcome));
        }
        Ok(Verdict::Do(Changes { rows, outcome, events: vec![Event::AdmissionEnded(self.buyer)], at: now }))
    }
}

/// The rows that end somebody's right to book; none if they have none. Whether the buyer could still use it (another
/// hold, seats left within the limit) is for the caller to check.
pub(super) fn end_admission(key: BuyerKey, how: AdmissionEnd, locked: &Locked) -> Result<Vec<Row>, NotInScope> {
    let current = locked.buyer(key)?;
    if current.is_none_or(|buyer| buyer.admission.is_none()) {
        return Ok(Vec::new());
    }
    let mut buyer = Buyer { admission: None, ended: Some(how), ..Buyer::next(key, current) };
    // A check-in that was on its way when they were admitted may have left them checked in, without their having picked
    // anything up: nobody is to be admitted by it again.
    buyer.use_up(None);
    Ok(vec![Row::Buyer(buyer), Row::AdmissionEnded(key)])
}
