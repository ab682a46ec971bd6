//! Keep somebody out of a sale, or let them in again.

use crate::booking::verdict::CommandRule;
use crate::booking::{Changes, Event, Locked, Outcome, Row, Scope, Stop, Verdict};
use crate::time::Instant;
use crate::waiting_room::{AdmissionEnd, Buyer, BuyerKey};

/// Keep somebody out of a sale, or let them in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Who is kept out, of which sale.
    pub buyer: BuyerKey,
    /// `true` keeps them out, `false` lets them in again.
    pub barred: bool,
}

impl CommandRule for Bar {
    fn name(&self) -> &'static str {
        "bar"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(self.buyer);
    }

    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let current = locked.buyer(self.buyer)?;
        let outcome = Outcome::Left(self.buyer);
        if current.is_some_and(|buyer| buyer.barred) == self.barred {
            return Ok(Verdict::AlreadyDone(outcome));
        }
        let period = current.and_then(|buyer| buyer.admission);
        let kept = period.filter(|_| !self.barred);
        let mut buyer = Buyer { barred: self.barred, admission: kept, ..Buyer::next(self.buyer, current) };
        let mut changes = Changes { rows: Vec::new(), outcome, events: Vec::new(), at: now };
        if period != kept {
            buyer.ended = Some(AdmissionEnd::Barred);
            changes.events.push(Event::AdmissionEnded(self.buyer));
        }
        changes.rows.push(Row::Buyer(buyer));
        changes.rows.extend((period != kept).then_some(Row::AdmissionEnded(self.buyer)));
        Ok(Verdict::Do(changes))
    }
}
