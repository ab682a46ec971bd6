//! One suite that every store of Frontrow's ports must pass, and checks of ports that store nothing, for its own adapters
//! and for other teams'.
//!
//! - [`run_all`]: bookings, the catalogue, accounts, waiting rooms and what keeps a store in order. The next sections are
//!   about these.
//! - [`check_gateway`]: a payment gateway, against its test environment.
//!
//! Clocks, ids, signers, password hashers, announcers and limits of joins have no part here: `frontrow-adapters` tests its
//! own, and whoever brings another tests it likewise.
//!
//! You say how to create a fresh world, and the suite runs each case in a world of its own:
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
//! #       let why = "an empty store of ours, with the programme on sale";
//! #       drop(suite.clone());
//! #       Err(Failure::new(why))
//!         // an empty store of ours, with the programme on sale, that uses suite.clock and suite.announcer
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
//! The suite gives a world two ports, [`SuitePorts`], and the world says how its data survive:
//!
//! - **The clock.** The suite sets it. A store asks it between reading and writing. While a case races, the suite makes
//!   all callers wait for each other there, so that in a store without locks all of them have read before anybody writes.
//!   A store that locks only loses some milliseconds. Ports that don't ask for the time between reading and writing, such
//!   as a number dispenser, are raced by many tasks that start together.
//! - **The announcer.** Every case ends by comparing what was announced with what was answered: each change once, no
//!   rejection, no repetition. A store that announces nothing says so: [`Fixture::announces`].
//! - **Opening it again.** [`Durability::Kept`] says how another process opens the same data. Cases write, drop all ports,
//!   open the store again, and check that everything that was answered is there. A store whose data end with the process
//!   says [`Durability::None`]. Then these cases are skipped and reported as skipped, and [`Report::require`] fails unless
//!   you allow [`Part::Durability`] to be missing.
//!
//! The cases run on the suite's own threads, whatever runtime you call [`run_all`] on. Every case ends with an audit
//! that must find nothing. A failure names the store, the seed of the random choices ([`World::seed`]), the step that
//! the case had reached, the line where it was found, what was found and what was expected.
#![deny(missing_docs)]

#[macro_use]
mod failure;
mod announced;
mod announcements;
mod batch_law;
mod cases;
mod clock;
mod context;
mod dice;
mod gateway;
mod law;
mod of_seats;
mod part;
mod ports;
mod programme;
mod progress;
mod room;
mod runner;
mod script;
mod snapshot;
mod world;

pub use batch_law::{Merging, batches_give_the_same};
pub use failure::Failure;
pub use gateway::{GatewayTokens, check_gateway};
pub use law::same_outcomes;
pub use part::Part;
pub use ports::{
    AccountPorts, BookingStorePorts, CataloguePorts, KeepingPorts, LoseNumbers, QueueInstance, QueuePorts,
};
pub use programme::Programme;
pub use runner::{Report, case_names, run_all, run_some};
pub use world::{Durability, Fixture, Reopen, SuitePorts, World};
