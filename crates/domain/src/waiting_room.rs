//! The waiting room: a fair queue in front of a sale.
//!
//! Whoever joins gets a number, and with it a rank. The queue calls ranks in their order; whoever is called and checks
//! in is admitted, the lowest rank first, as fast as the operator wants and never more at a time than there is room
//! for. An admission is the right to book for a while. `docs/waiting-room.md` tells the whole story.
//!
//! - `queue`, `phase`, `queue_change`, `gaps`: the queue of a sale, and what operators and outages do to it
//! - `course`: what it does by itself, as its sale opens and closes and is sold out
//! - `tick`, `skips`, `frontier`, `arrivals`: who is called and admitted when
//! - `stock`: what they can still buy
//! - `entry`, `token`, `check_in`, `buyer`: what is known of one person in it
//! - `draw`, `round`: the order of those who came before the sale opened
//! - `forecast`, `estimates`, `forecast_check`: how long it will take, and how right that was

mod arrivals;
mod buyer;
mod check_in;
mod course;
mod draw;
mod entry;
mod estimates;
mod forecast;
mod forecast_check;
mod frontier;
mod gaps;
mod phase;
pub mod published;
mod queue;
mod queue_change;
mod round;
mod skips;
mod stock;
mod tick;
mod token;

pub use crate::catalogue::{AdmissionTerms, Group, GroupTerms, WaitingRoom};
pub use buyer::{AdmissionEnd, AdmissionPeriod, Buyer, BuyerKey};
pub use check_in::{Admission, Admitted, CheckIn, CheckInOutcome};
pub use draw::{Digest, DrawState, Ranks, commitment, list_digest, list_line, seed};
pub use entry::{EntryStatus, QueueEntry, QueueNumber, Rank};
pub use estimates::Estimates;
pub use forecast::{AskAgain, Forecast, Wait};
pub use gaps::{Gap, Gaps};
pub use phase::{Ending, NothingLeft, Phase, SaleDates};
pub use queue::{GroupQueue, Queue, Sample};
pub use queue_change::{NotNow, QueueChange, QueueUpdate};
pub use round::DrawRefusal;
pub use skips::Skips;
pub use stock::{PerformanceStock, Stock};
pub use tick::{Tick, TickInput, TickOutcome};
pub use token::{Pass, QueueToken};
