//! A command on its way to a worker.

use crate::queue::Queued;
use frontrow_domain::{Command, Scope, UserId};
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
        let seats = seats.iter().chain(candidates.iter().flat_map(|candidates| &candidates.seats));
        let performance = seats.map(|seat| seat.performance.uuid()).next();
        let user = || wallets.first().copied().map(UserId::uuid);
        performance.or_else(user).or_else(|| buyers.first().map(|buyer| buyer.sale.uuid()))
    }

    fn asker(&self) -> Option<Uuid> {
        self.command.asker().map(UserId::uuid)
    }

    /// In seats.
    fn weight(&self) -> usize {
        let candidates = self.scope.candidates.iter().map(|candidates| candidates.most).sum::<usize>();
        (self.scope.seats.len() + candidates).max(1)
    }
}
