//! What every command's file provides: the rows it locks, and the rule that says what it does with them.

use super::{Changes, Locked, Outcome, Scope, Stop};
use crate::time::Instant;

/// What a rule says of a command that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out, by these changes.
    Do(Changes),
    /// There is nothing to do: it was done before, or things are as it wants them already.
    AlreadyDone(Outcome),
}

/// One kind of command.
pub(super) trait CommandRule {
    /// The word for it, in logs and metrics.
    fn name(&self) -> &'static str;

    /// Adds the keys of the rows that [`CommandRule::decide`] looks at or changes.
    fn scope(&self, scope: &mut Scope);

    /// Says what the command does, given the rows of its scope.
    fn decide(&self, locked: &Locked, now: Instant) -> Result<Verdict, Stop>;
}
