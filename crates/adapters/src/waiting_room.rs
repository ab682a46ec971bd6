//! What the waiting room needs besides its stores: who signs, who watches, who may join and how often.

mod eligibility;
mod join_limits;
mod pace;
mod signer;
mod watch;

pub use eligibility::AccountEligibility;
pub use join_limits::InstanceJoinLimits;
pub use signer::HmacQueueSigner;
pub use watch::SharedWatch;
