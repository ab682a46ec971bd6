//! Hold the best seats that are left.

use super::hold::{NewHold, sorted};
use crate::booking::verdict::CommandRule;
use crate::booking::{Block, Candidates, Locked, Scope, SeatKey, Stop, Verdict};
use crate::catalogue::{LineItem, SaleTerms};
use crate::id::{PerformanceId, ReservationId, UserId};
use crate::time::Instant;
use crate::waiting_room::BuyerKey;

/// Hold the best seats that are left. They are planned before anything is locked; if nothing of the plan is left, the rule
/// stops with [`Stop::Replan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldBest {
    /// Id that the new reservation gets.
    pub reservation: ReservationId,
    /// All seats are of this performance.
    pub performance: PerformanceId,
    /// Who will own the reservation.
    pub user: UserId,
    /// The sale's terms as the use case read them; [`SaleTerms::sale`] names the sale.
    pub terms: SaleTerms,
    /// How many seats; 1 to [`Hold::MAX_SEATS`](crate::Hold::MAX_SEATS).
    pub count: u32,
    /// The plan: blocks of `count` seats, the best first.
    pub blocks: Vec<Block>,
    /// What each seat costs; the seat number in it means nothing.
    pub line_item: LineItem,
    /// Whether to wait for seats that somebody else has locked, or to pass them over.
    pub wait: bool,
}

impl HoldBest {
    /// A plan has at most this many seats in all its blocks.
    pub const MAX_CANDIDATES: usize = 120;

    /// So many seats are locked for each block that is asked for: one block, and another should somebody have taken a seat
    /// of the first. So at least the first two blocks of a plan are looked at; the others only if seats of these are gone.
    pub const BLOCKS_LOOKED_AT: usize = 2;
}

impl CommandRule for HoldBest {
    fn name(&self) -> &'static str {
        "hold_best"
    }

    fn scope(&self, scope: &mut Scope) {
        scope.buyers.insert(BuyerKey { sale: self.terms.sale, user: self.user });
        scope.new_reservations.insert(self.reservation);
        let planned = self.blocks.iter().flatten().copied();
        if self.wait {
            scope.add_seats(self.performance, planned);
        } else {
            let seats = planned.map(|number| SeatKey { performance: self.performance, number }).collect();
            let most = Self::BLOCKS_LOOKED_AT * self.count as usize;
            scope.candidates.push(Candidates { lists: vec![seats], most });
        }
    }

    /// Takes the best block all of whose seats were locked and can be had.
    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop> {
        let new = NewHold {
            reservation: self.reservation,
            performance: self.performance,
            buyer: BuyerKey { sale: self.terms.sale, user: self.user },
            terms: &self.terms,
        };
        new.check(locked, self.count, now)?;
        for block in &self.blocks {
            let mut seats = Vec::with_capacity(block.len());
            for number in block {
                seats.extend(locked.candidate(SeatKey { performance: self.performance, number: *number })?.copied());
            }
            if seats.len() == self.count as usize && seats.iter().all(|seat| seat.state.can_be_taken(now)) {
                let line_items: Vec<_> = block.iter().map(|seat| self.line_item.of_seat(*seat)).collect();
                return new.make(sorted(&line_items), &seats, locked, now);
            }
        }
        Err(Stop::Replan)
    }
}
