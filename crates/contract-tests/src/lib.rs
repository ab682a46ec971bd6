//! One suite that every implementation of Frontrow's ports must pass, for its own adapters and for other teams'.
//!
//! Say how a fresh world is made, and have all cases run in worlds of their own:
//!
//! ```
//! use async_trait::async_trait;
//! use frontrow_contract_tests::{Failure, Fixture, Programme, SuitePorts, World, run_all};
//! use std::sync::Arc;
//!
//! struct OurWorld;
//!
//! #[async_trait]
//! impl World for OurWorld {
//!     async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure> {
//! #       let why = "an empty store of ours, with the programme on";
//! #       drop(suite.clone());
//! #       Err(Failure::new(why))
//!         // an empty store of ours, with the programme on, that goes by suite.clock and tells suite.announcer
//!     }
//!
//!     fn name(&self) -> String {
//!         "our store".into()
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap().block_on(async {
//! let report = run_all(Arc::new(OurWorld)).await;
//! # assert!(report.passed.is_empty());
//! # assert!(report.require(&[]).is_err());
//! # let report = frontrow_contract_tests::Report::default();
//! report.require(&[]).unwrap(); // nothing failed, and no part of the world was missing
//! # });
//! ```
//!
//! A world works with two ports that the suite brings along, [`SuitePorts`], and says what becomes of its data:
//!
//! - **The clock.** The suite sets it. A store asks it between reading and writing; while cases race, the suite makes all who
//!   ask wait for each other, so that without locks all have read before anybody writes. A store that locks does not notice,
//!   but for some milliseconds. What asks for no time between reading and writing, such as a dispenser of numbers, is raced
//!   by many tasks that start together.
//! - **The announcer.** Every case ends by holding what was announced against what was answered: each change once, no
//!   rejection, no repetition. A store that has nobody to tell says so: [`Fixture::announces`].
//! - **Opening it again.** [`Durability::Kept`] says how the same data are opened by another process. Cases write, drop all
//!   ports, open the store again and look whether everything that was answered is there. A store whose data end with the
//!   process says [`Durability::None`]; then these cases are skipped and named as such, and [`Report::require`] wants to be
//!   told that [`Part::Durability`] may be missing.
//!
//! The cases run on threads of the suite's own, whatever runtime [`run_all`] is called on. Every case ends with an audit that
//! must find nothing. A failure names the store, the seed of the random choices ([`World::seed`]), the step that the case had
//! come to, the line where it was found, what was found and what was expected.
#![deny(missing_docs)]

#[macro_use]
mod failure;
mod announcements;
mod cases;
mod clock;
mod dice;
mod law;
mod programme;
mod room;
mod runner;
mod snapshot;
mod stage;
mod world;

pub use failure::Failure;
pub use law::same_outcomes;
pub use programme::Programme;
pub use runner::{Report, case_names, run_all, run_some};
pub use world::{
    AccountPorts, BookingPorts, CataloguePorts, Durability, Fixture, KeepingPorts, LineInstance, LinePorts,
    LoseNumbers, Part, Reopen, SuitePorts, World,
};
