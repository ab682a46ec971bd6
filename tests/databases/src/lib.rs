//! The database servers that Frontrow's tests run on, and the Redis-compatible one.
//!
//! For each [`Kind`], and for Redis, the first of these that can be had:
//! 1. a server whose address is in the environment (`FRONTROW_TEST_POSTGRES_URL`, …), where databases may be made;
//! 2. a container, if a Docker engine answers and has the image, or can pull it (`FRONTROW_TEST_POSTGRES_IMAGE`, …;
//!    `FRONTROW_TEST_DOCKER=off` leaves this way out);
//! 3. an installed `mariadbd`, `mysqld`, `postgres`, `valkey-server` or `redis-server`, started privately on a temporary
//!    directory.
//!
//! Else the tests that need one are skipped, which is said on standard error, or fail if `FRONTROW_TEST_REQUIRE` names
//! the server. `run-tests`, which runs the test programs side by side, and `with-test-databases`, which runs any
//! command, start the servers once for all that runs under them; without them each program starts its own, once. A
//! server ends with whoever started it, however that ended.
//!
//! On a database server every test has a database of its own, on Redis it has key names of its own.

mod database;
mod docker;
mod home;
mod host;
mod installation;
mod kind;
mod launch;
mod local;
mod private;
mod ram_disk;
mod redis;
mod server;
mod settings;
mod shared;
mod small;
mod template;

pub use database::{TestDatabase, execute};
pub use host::{HostServer, host_server};
pub use kind::{Kind, Protocol};
pub use launch::Servers;
pub use private::{PrivateServer, private_server};
pub use ram_disk::{RamDisk, ram_disk};
pub use redis::{PrivateRedis, RedisServer, find_redis, private_redis, redis_server};
pub use server::Server;
pub use settings::{REQUIRE, UNAVAILABLE, url_variable};
pub use shared::{database, server};
pub use small::{SmallDisk, on_small_disk};
pub use template::Template;
