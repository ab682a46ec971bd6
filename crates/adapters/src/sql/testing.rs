//! A database of its own for each test of what can't be seen from outside.

use super::{Database, DatabaseSettings};
use frontrow_application::port::IdSource;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use uuid::Uuid;

/// Ids and secrets that count.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl IdSource for Counter {
    fn id(&self) -> Uuid {
        Uuid::from_u128(self.0.fetch_add(1, Ordering::Relaxed).into())
    }

    fn secret(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// A new file with the schema in it. It lives as long as its folder.
pub(crate) async fn database() -> (Arc<Database>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let settings = DatabaseSettings { create: true, ..DatabaseSettings::new(url) };
    let database = Database::open(&settings, Arc::new(Counter::default())).await.unwrap();
    database.migrate().await.unwrap();
    (Arc::new(database), folder)
}
