//! The rows of the table, in groups: one file each.

mod best;
mod bookings;
mod events;
mod failures;
mod halls;
mod latency;
mod memory;
mod overload;
mod polling;
mod quiet;
mod reads;
mod sale;
mod waiting;

use crate::report::Report;
use crate::testbed::Testbed;
use anyhow::Result;

/// Rows that are measured together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Bookings,
    Best,
    Latency,
    Sale,
    Failures,
    Quiet,
    Overload,
    Waiting,
    Events,
    Halls,
    Memory,
    Reads,
    Polling,
}

impl Group {
    /// In the order in which they are measured: the last three need five million seats, which the others do without.
    pub const ALL: [Self; 13] = [
        Self::Bookings,
        Self::Best,
        Self::Latency,
        Self::Sale,
        Self::Failures,
        Self::Quiet,
        Self::Overload,
        Self::Waiting,
        Self::Events,
        Self::Halls,
        Self::Memory,
        Self::Reads,
        Self::Polling,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::Best => "best",
            Self::Latency => "latency",
            Self::Sale => "sale",
            Self::Failures => "failures",
            Self::Quiet => "quiet",
            Self::Overload => "overload",
            Self::Waiting => "waiting",
            Self::Events => "events",
            Self::Halls => "halls",
            Self::Memory => "memory",
            Self::Reads => "reads",
            Self::Polling => "polling",
        }
    }

    pub async fn measure(self, testbed: &mut Testbed, report: &mut Report) -> Result<()> {
        match self {
            Self::Bookings => Box::pin(bookings::measure(testbed, report)).await,
            Self::Best => Box::pin(best::measure(testbed, report)).await,
            Self::Latency => Box::pin(latency::measure(testbed, report)).await,
            Self::Sale => Box::pin(sale::measure(testbed, report)).await,
            Self::Failures => Box::pin(failures::measure(testbed, report)).await,
            Self::Quiet => Box::pin(quiet::measure(testbed, report)).await,
            Self::Overload => Box::pin(overload::measure(testbed, report)).await,
            Self::Waiting => Box::pin(waiting::measure(testbed, report)).await,
            Self::Events => Box::pin(events::measure(testbed, report)).await,
            Self::Halls => Box::pin(halls::measure(testbed, report)).await,
            Self::Memory => Box::pin(memory::measure(testbed, report)).await,
            Self::Reads => Box::pin(reads::measure(testbed, report)).await,
            Self::Polling => Box::pin(polling::measure(testbed, report)).await,
        }
    }
}
