//! The two tokens that a client carries.

use super::QueueNumber;
use crate::catalogue::Group;
use crate::id::{SaleId, UserId};
use crate::time::Instant;

/// What a queue token says: somebody's entry in the queue of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueToken {
    /// Sale whose queue the token is for.
    pub sale: SaleId,
    /// Counts the losses of the dispenser of numbers.
    pub epoch: u32,
    /// The queue within the sale.
    pub group: Group,
    /// The queue entry.
    pub number: QueueNumber,
    /// The only user that the token is worth anything for.
    pub user: UserId,
    /// When it was signed.
    pub issued: Instant,
}

/// What a pass says: somebody is admitted to a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Sale that the pass lets its owner book in.
    pub sale: SaleId,
    /// The only user that the pass is worth anything for.
    pub user: UserId,
    /// Which of their admissions it is, counted from 1.
    pub generation: u32,
    /// The first instant at which it is worth nothing.
    pub expires: Instant,
}
