//! Reading requests: everything that can be checked without a database is checked here, and says which field it means.

mod auth;
mod body;
mod key;
mod path;
mod query;

pub use auth::{Caller, Operator};
pub use body::{Body, Long};
pub use key::Key;
pub use path::{Id, SeatMapAddress};
pub use query::{Cursor, Query, page_request};
