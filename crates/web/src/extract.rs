//! Reading requests: everything that can be checked without a database is checked here, and says which field it means.

mod auth;
mod body;
mod key;
mod object;
mod path;
mod query;

pub use auth::{Caller, Operator};
pub use body::{Body, Long};
pub use key::{HEADER, Key, KeyHeader};
pub(crate) use object::{object, objects};
pub use path::{Id, SeatMapAddress};
pub use query::{Cursor, Query, page_request};
