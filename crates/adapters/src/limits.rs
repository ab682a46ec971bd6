//! How often somebody may ask, as this instance has seen them ask.
//!
//! `rate` is the algorithm (GCRA, from `governor`), `table` the memory, which never grows, and `steady_clock` the time,
//! which never goes back. `log_ins` makes wrong passwords wait, `cooldown` seats; `instance` is all of it as the ports want
//! it, with the `settings` that say how much is allowed.

mod cooldown;
mod instance;
mod log_ins;
mod rate;
mod settings;
mod steady_clock;
mod table;

pub use instance::InstanceLimits;
pub use settings::{LimitSettings, Quotas};
