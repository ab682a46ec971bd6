//! The API's own description, as the routes are given it.

/// The API's own description, which is made from the routes and handed to them; `None` if it could not be made.
pub(crate) struct Description(pub Option<&'static str>);
