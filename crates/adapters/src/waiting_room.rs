//! What the waiting room needs besides its stores: who signs, who watches, who may join.

mod eligibility;
mod signer;
mod watch;

pub use eligibility::AccountEligibility;
pub use signer::HmacQueueSigner;
pub use watch::SharedWatch;
