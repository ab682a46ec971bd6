//! What workers work with.

use crate::sql::Database;
use crate::sql::hook::Hook;
use frontrow_application::port::IdSource;
use std::sync::Arc;

/// What workers need, whatever they do.
#[derive(Clone)]
pub(in crate::sql) struct WorkerContext {
    pub database: Arc<Database>,
    /// Names sessions and faults.
    pub ids: Arc<dyn IdSource>,
    pub hook: Arc<dyn Hook>,
}
