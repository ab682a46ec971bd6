//! What keeps ticks apart, beside what protects bookings.

use crate::sql::dialect::Dialect;
use crate::sql::statements::{Protection, Texts};

/// Both, but for the negative controls of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueProtection {
    /// The queue's row is locked before anything is read.
    pub lock: bool,
    /// The queue's version is compared with what was read.
    pub guard: bool,
}

pub(super) struct QueueTexts {
    /// With all protections.
    pub base: Texts,
    pub protection: QueueProtection,
}

impl QueueTexts {
    pub(super) fn new(dialect: &'static dyn Dialect, protection: QueueProtection) -> Self {
        Self { base: Texts::new(dialect, Protection::FULL), protection }
    }
}
