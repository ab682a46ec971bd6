//! One suite that every implementation of Frontrow's ports must pass, for its own adapters and for other teams'.
//!
//! Say how a fresh world is made, and have all cases run in worlds of their own:
//!
//! ```
//! use async_trait::async_trait;
//! use frontrow_contract_tests::{Failure, Fixture, Programme, World, run_all};
//! use std::sync::Arc;
//!
//! struct OurWorld;
//!
//! #[async_trait]
//! impl World for OurWorld {
//!     async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure> {
//! #       let why = "an empty store of ours, with the programme on";
//! #       Err(Failure::new(why))
//!         // an empty store of ours, with the programme on
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
//! The cases race as hard as the runtime lets them: run them on a multi-thread runtime. Every case ends with an audit that
//! must find nothing.
#![deny(missing_docs)]

#[macro_use]
mod failure;
mod cases;
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
    AccountPorts, BookingPorts, CataloguePorts, Fixture, KeepingPorts, LineInstance, LinePorts, LoseNumbers, Part,
    World,
};
