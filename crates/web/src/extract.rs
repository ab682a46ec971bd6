//! Reading requests: everything that can be checked without a database is checked here, and says which field it means.

mod auth;
mod body;
mod changes;
mod etag;
mod header;
mod json;
mod key;
mod network;
mod object;
mod path;
mod pointer;
mod query;
mod user_agent;

pub(crate) use auth::claims;
pub use auth::{Caller, Operator};
pub(crate) use body::all_of;
pub use body::{Body, Long, OptionalBody};
pub use changes::Changes;
pub use etag::IfMatch;
pub(crate) use etag::{bare_tag, entity_tag, knows, quoted_tag, revision_tag};
pub use header::{
    LAST_EVENT_ID, PASS, PREFER, PreferredWait, PreferredWaitHeader, QUEUE_TOKEN, ShownToken, ShownTokenHeader, once,
};
pub use key::{HEADER, Key, KeyHeader, OptionalKey, OptionalKeyHeader};
pub use network::ClientNetwork;
pub(crate) use network::client_network;
pub(crate) use object::{object, objects, some_object};
pub use path::{BuyerAddress, Id, SeatMapAddress};
pub(crate) use path::{Matched, ProblemType, path};
pub(crate) use pointer::escape;
pub use query::{Cursor, Query, flag, page_request};
pub use user_agent::UserAgent;
