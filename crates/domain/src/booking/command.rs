//! What can be asked for, as data; the list of operations is in `commands`.

use super::{CommandKey, Operation, Scope};
use crate::id::UserId;

/// A change that must happen whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What makes a repetition harmless. `None` for releases, sweeps and settlements: their rows say whether they are
    /// still needed.
    pub key: Option<CommandKey>,
    /// SHA-256 of the request: the same key with another request is refused. All zeros without a key.
    pub request_hash: [u8; 32],
    /// What it does.
    pub operation: Operation,
}

impl Command {
    /// A command that can be repeated without harm.
    pub fn keyed(key: CommandKey, request_hash: [u8; 32], operation: Operation) -> Self {
        Self { key: Some(key), request_hash, operation }
    }

    /// A command whose rows say whether it is still needed.
    pub fn unkeyed(operation: Operation) -> Self {
        Self { key: None, request_hash: [0; 32], operation }
    }

    /// The buyer who asks for it, whose waiting commands are limited; `None` if an operator or the server does.
    pub fn asker(&self) -> Option<UserId> {
        match &self.operation {
            Operation::Refund(_) | Operation::Bar(_) | Operation::Expire(_) | Operation::Settle(_) => None,
            Operation::Renew(renew) => Some(renew.buyer.user),
            Operation::Leave(leave) => Some(leave.buyer.user),
            Operation::Release(release) => Some(release.buyer.user),
            Operation::Hold(_)
            | Operation::HoldBest(_)
            | Operation::Pay(_)
            | Operation::Cancel(_)
            | Operation::Charge(_) => self.key.as_ref().map(CommandKey::user),
        }
    }

    /// The keys of the rows that [`decide`](crate::decide) looks at or changes.
    pub fn scope(&self) -> Scope {
        let mut scope = Scope { idempotency_records: self.key.iter().cloned().collect(), ..Scope::default() };
        self.operation.rule().scope(&mut scope);
        scope
    }
}
