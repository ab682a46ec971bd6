//! What must be true of the books, and where it is not.

use crate::id::UserId;
use std::fmt;

/// Something that must never be, and the row where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which rule is broken.
    pub rule: Rule,
    /// Which row breaks it, and how.
    pub row: String,
}

impl Finding {
    /// The books name somebody who has no account.
    pub fn missing_user(user: UserId) -> Self {
        Self { rule: Rule::NoOrphans, row: format!("user {user} does not exist") }
    }
}

/// What [`audit`](crate::audit()) and [`audit_queues`](crate::audit_queues) check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Every seat is sold at most once.
    SoldOnce,
    /// Sold seats, valid tickets and the seats of confirmed reservations are the same.
    SeatsTicketsReservations,
    /// Every wallet equals its transfers.
    WalletEqualsTransfers,
    /// No balance is negative.
    NoNegativeBalance,
    /// Every reservation that is confirmed, or was until it was given back, is paid exactly once.
    PaidOnce,
    /// Every refund is what was paid for the seats that were given back for it, and none of them lacks one.
    RefundsEqualSeats,
    /// Every seat whose hold has lapsed can be taken.
    LapsedCanBeTaken,
    /// Nothing points to what is not there.
    NoOrphans,
    /// Every wallet keeps as much room as its pending charges need.
    RoomForCharges,
    /// What the gateway took is credited, or has been given back.
    ChargesCredited,
    /// What was paid for a cancelled performance has been given back, or is about to be.
    CancelledPaidBack,
    /// Every number of a queue is given once.
    NumbersUnique,
    /// Nobody has two queue entries in a queue.
    OneQueueEntryEach,
    /// No more are admitted at a time than the capacity then in force.
    WithinCapacity,
    /// No queue is ticked twice at a time.
    TicksOneByOne,
    /// Nobody is admitted while a lower rank of their group is checked in.
    NobodyOvertaken,
    /// Every hold in a sale with a waiting room is made by somebody who was admitted.
    HoldsAdmitted,
    /// Admissions and admitted buyers are the same people.
    AdmissionsChecked,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::SoldOnce,
        Self::SeatsTicketsReservations,
        Self::WalletEqualsTransfers,
        Self::NoNegativeBalance,
        Self::PaidOnce,
        Self::RefundsEqualSeats,
        Self::LapsedCanBeTaken,
        Self::NoOrphans,
        Self::RoomForCharges,
        Self::ChargesCredited,
        Self::CancelledPaidBack,
        Self::NumbersUnique,
        Self::OneQueueEntryEach,
        Self::WithinCapacity,
        Self::TicksOneByOne,
        Self::NobodyOvertaken,
        Self::HoldsAdmitted,
        Self::AdmissionsChecked,
    ];

    /// The rule as a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SoldOnce => "every seat is sold at most once",
            Self::SeatsTicketsReservations => {
                "sold seats, valid tickets and seats of confirmed reservations are the same"
            }
            Self::WalletEqualsTransfers => "every wallet equals its transfers",
            Self::NoNegativeBalance => "no balance is negative",
            Self::PaidOnce => "every confirmed reservation is paid exactly once",
            Self::RefundsEqualSeats => "every refund equals what was paid for its seats",
            Self::LapsedCanBeTaken => "every seat whose hold has lapsed can be taken",
            Self::NoOrphans => "nothing points to what is not there",
            Self::RoomForCharges => "every wallet keeps as much room as its pending charges need",
            Self::ChargesCredited => "what the gateway took is credited, or has been given back",
            Self::CancelledPaidBack => "what was paid for a cancelled performance is given back",
            Self::NumbersUnique => "every number of a queue is given once",
            Self::OneQueueEntryEach => "nobody has two queue entries in a queue",
            Self::WithinCapacity => "no more are admitted at a time than the capacity allows",
            Self::TicksOneByOne => "no queue is ticked twice at a time",
            Self::NobodyOvertaken => "nobody is admitted while a lower rank is checked in",
            Self::HoldsAdmitted => "every hold in a sale with a waiting room is made by somebody who was admitted",
            Self::AdmissionsChecked => "admissions and admitted buyers are the same people",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.as_str(), self.row)
    }
}
