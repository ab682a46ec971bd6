//! A command on its way to a worker.

use crate::queue::Queued;
use frontrow_domain::{Candidates, Command, PerformanceId, Scope, UserId};
use uuid::Uuid;

/// A command, and the rows that it locks.
pub(super) struct Booking {
    pub command: Command,
    pub scope: Scope,
}

impl From<Command> for Booking {
    fn from(command: Command) -> Self {
        let scope = command.scope();
        Self { command, scope }
    }
}

impl Queued for Booking {
    /// Its performance; or else whose wallet it is, or the sale.
    fn route(&self) -> Option<Uuid> {
        let Scope { seats, candidates, wallets, buyers, .. } = &self.scope;
        let named = seats.iter().map(|seat| seat.performance);
        let performance =
            named.chain(candidates.iter().filter_map(Candidates::performance)).map(PerformanceId::uuid).next();
        let user = || wallets.first().copied().map(UserId::uuid);
        performance.or_else(user).or_else(|| buyers.first().map(|buyer| buyer.sale.uuid()))
    }

    fn asker(&self) -> Option<Uuid> {
        self.command.asker().map(UserId::uuid)
    }

    fn gives_way(&self) -> bool {
        self.command.operation.is_new_hold()
    }

    /// In seats.
    fn weight(&self) -> usize {
        let candidates = self.scope.candidates.iter().map(|candidates| candidates.most).sum::<usize>();
        (self.scope.seats.len() + candidates).max(1)
    }
}
