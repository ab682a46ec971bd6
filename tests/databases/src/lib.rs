//! The database servers that Frontrow's tests run on.
//!
//! For each [`Kind`], the first of these that can be had:
//! 1. a server whose address is in the environment (`FRONTROW_TEST_POSTGRES_URL`, …), where databases may be made;
//! 2. a container, if a Docker engine answers and has the image, or can pull it (`FRONTROW_TEST_POSTGRES_IMAGE`, …;
//!    `FRONTROW_TEST_DOCKER=off` leaves this way out);
//! 3. an installed `mariadbd`, `mysqld` or `postgres`, started privately on a temporary directory.
//!
//! Else the tests that need one are skipped, which is said on standard error, or fail if `FRONTROW_TEST_REQUIRE` names
//! the kind. The launcher `with-test-databases` starts servers once for all test programs that run under it; without it
//! each program starts its own, once. A server ends with whoever started it, however that ended.

mod database;
mod docker;
mod host;
mod kind;
mod local;
mod private;
mod server;
mod settings;
mod shared;

pub use database::TestDatabase;
pub use host::{HostServer, host_server};
pub use kind::Kind;
pub use private::{PrivateServer, private_server};
pub use server::Server;
pub use settings::{REQUIRE, UNAVAILABLE};
pub use shared::{database, server};
