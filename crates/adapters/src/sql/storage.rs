//! Watches whether what is written can be kept. Once a write has failed for want of room, or because the database can't be
//! written, a row is written every second until that works again: then all is well, whether or not anybody else writes.

use super::connection::Failure;
use super::connection::storage::Storage;
use super::rows::idempotency_record;
use super::write;
use super::writers::Writers;
use frontrow_application::port::IdSource;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::fmt::Write;
use std::time::Duration;
use uuid::Uuid;

/// Nothing may have failed for so long before a row is tried; as long until the next one.
const AGAIN: Duration = Duration::from_secs(1);
/// Letters of the row that is tried: some pages of every database, so that it takes room to write it.
const LETTERS: usize = 32 * 1024;
/// Whose row it is: nobody's. It is an idempotency record of long ago, so it is forgotten like others if it is left.
const NOBODY: Uuid = Uuid::nil();

/// Tries rows for as long as there is trouble. Never ends by itself.
pub(super) async fn watch(storage: &Storage, writers: &Writers, ids: &dyn IdSource) {
    loop {
        storage.trouble().await;
        while storage.check().is_err() {
            let failures = storage.failures();
            tokio::time::sleep(AGAIN).await;
            if storage.failures() == failures && writers.let_try() {
                match write_a_row(writers, ids).await {
                    Ok(()) => storage.recover(failures),
                    Err(failure) => {
                        tracing::debug!(%failure, "the database still can't be written");
                        storage.note(failure.class());
                    }
                }
            }
        }
    }
}

/// Writes a row and commits it, then takes it away. A write that is rolled back would not show that there is room.
async fn write_a_row(writers: &Writers, ids: &dyn IdSource) -> Result<(), Failure> {
    let _until_done = writers.permit_soon().await?;
    let row = idempotency_record::ActiveModel {
        user_id: Set(NOBODY),
        key: Set(ids.id().simple().to_string()),
        request_hash: Set(vec![0; 32]),
        outcome: Set(noise(ids)),
        at: Set(0),
    };
    let delete = idempotency_record::Entity::delete_many().filter(idempotency_record::Column::UserId.eq(NOBODY));
    write::run_once(writers, &|transaction| {
        let insert = idempotency_record::Entity::insert(row.clone());
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
