//! The name of a failure, by which its cause is found in the log.

use std::fmt;
use uuid::Uuid;

/// Names one failure: its cause stands in the log under this id, and never in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(pub Uuid);

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
