//! What gets its owner through the door.

use crate::locked::Version;
use crate::{ReservationId, SeatKey};
use serde::{Deserialize, Serialize};

/// Names one ticket. A seat that is sold again gets a ticket with a higher version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey {
    /// The seat.
    pub seat: SeatKey,
    /// The version that the seat's row got when it was sold, so it is never used twice.
    pub version: Version,
}

/// A ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Which seat, which version.
    pub key: TicketKey,
    /// What it was issued for.
    pub reservation: ReservationId,
    /// Whether it opens the door; a voided ticket never becomes valid again.
    pub valid: bool,
}
