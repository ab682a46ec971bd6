//! Whether what is written can be kept. Once a write has failed for want of room, or because the database can't be
//! written, a row is written every second until that works again: then all is well, whether or not anybody else writes.

use super::Class;
use super::entity::done;
use super::error::transient;
use super::write::{self, Failure};
use super::writers::Writers;
use frontrow_application::port::{IdSource, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

/// Nothing may have failed for so long before a row is tried; as long until the next one.
const AGAIN: Duration = Duration::from_secs(1);
/// Letters of the row that is tried: some pages of every database, so that it takes room to write it.
const LETTERS: usize = 32 * 1024;
/// Whose row it is: nobody's. It is an idempotency record of long ago, so it is forgotten like others if it is left.
const NOBODY: Uuid = Uuid::nil();

/// What is known of writes.
#[derive(Default)]
pub(crate) struct Storage {
    state: Mutex<State>,
    troubled: Notify,
}

#[derive(Default)]
struct State {
    /// Why the last write failed; `None`: all is well.
    trouble: Option<Class>,
    /// Writes that have failed so far.
    failures: u64,
}

impl Storage {
    pub(super) fn new() -> Self {
        metrics::gauge!("frontrow_storage_writable").set(1);
        Self::default()
    }

    /// A write has failed. Only some classes of errors say something about the storage.
    pub(crate) fn note(&self, class: Class) {
        let cause = match class {
            Class::Full => "storage_full",
            Class::Unwritable => "unwritable",
            Class::Retry | Class::Duplicate | Class::Lost | Class::Other => return,
        };
        metrics::counter!("frontrow_write_failures_total", "cause" => cause).increment(1);
        let mut state = self.state();
        state.failures += 1;
        if state.trouble.replace(class).is_none() {
            tracing::error!(cause, "the database can't be written: not ready until it can");
            metrics::gauge!("frontrow_storage_writable").set(0);
            self.troubled.notify_one();
        }
    }

    /// What to tell whoever asks while writes fail.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.state().trouble.map_or(Ok(()), |class| Err(transient(class)))
    }

    /// Tries rows for as long as there is trouble. Never ends by itself.
    pub(super) async fn watch(&self, writers: &Writers, ids: &dyn IdSource) {
        loop {
            self.troubled.notified().await;
            while self.check().is_err() {
                let failures = self.state().failures;
                tokio::time::sleep(AGAIN).await;
                if self.state().failures == failures && writers.let_try() {
                    match write_a_row(writers, ids).await {
                        Ok(()) => self.recover(failures),
                        Err(failure) => {
                            tracing::debug!(%failure, "the database still can't be written");
                            self.note(failure.class());
                        }
                    }
                }
            }
        }
    }

    /// Unless something has failed again since.
    fn recover(&self, failures: u64) {
        let mut state = self.state();
        if state.failures == failures {
            state.trouble = None;
            tracing::info!("the database can be written again");
            metrics::gauge!("frontrow_storage_writable").set(1);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a row and commits it, then takes it away. A write that is rolled back would not show that there is room.
async fn write_a_row(writers: &Writers, ids: &dyn IdSource) -> Result<(), Failure> {
    let _until_done = writers.turn_soon().await?;
    let row = done::ActiveModel {
        user_id: Set(NOBODY),
        key: Set(ids.id().simple().to_string()),
        body_hash: Set(vec![0; 32]),
        outcome: Set(noise(ids)),
        at: Set(0),
    };
    let delete = done::Entity::delete_many().filter(done::Column::UserId.eq(NOBODY));
    write::run_once(writers, &|transaction| {
        let insert = done::Entity::insert(row.clone());
        Box::pin(async move { Ok(insert.exec_without_returning(transaction).await.map(drop)?) })
    })
    .await?;
    write::run_once(writers, &|transaction| {
        let delete = delete.clone();
        Box::pin(async move { Ok(delete.exec(transaction).await.map(drop)?) })
    })
    .await
}

/// Letters that no database can compress.
fn noise(ids: &dyn IdSource) -> String {
    let mut letters = String::with_capacity(LETTERS);
    while letters.len() < LETTERS {
        for byte in ids.secret() {
            // Writing to a string does not fail.
            let _ = write!(letters, "{byte:02x}");
        }
    }
    letters
}
