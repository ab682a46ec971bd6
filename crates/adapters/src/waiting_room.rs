//! What the waiting room needs besides its stores: who signs, who watches, who may join, and what a draw waits for.

mod beacon;
mod eligibility;
mod join_limit;
mod signer;
mod watch;

pub use beacon::NoBeacon;
pub use eligibility::AccountEligibility;
pub use signer::HmacQueueSigner;
pub use watch::SharedWatch;
