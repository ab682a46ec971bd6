//! What instances tell each other of the work that one of them does for all, and an index for the one that marks lapsed
//! holds.
//!
//! That index has no state, so nothing in it changes once a hold is made: a payment costs it no write. Whoever looks
//! for lapsed holds passes by what was sold, but only by what has ended its hold since the watermark. The id is in it
//! so that a look can go on after any hold, however many end at the same microsecond (all that are made close to the
//! end of a sale do).

use crate::table::{drop_index, drop_tables, index, keyed, primary_key};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string_len, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "chore";

/// Nothing that has ended before the oldest hold has to be looked at again: to do that at the first start, within the
/// time of a read, may not be possible.
const BEGIN_AT_THE_OLDEST_HOLD: &str = "INSERT INTO chore (name, watermark, version) \
     SELECT 'expire_holds', r.oldest, 1 FROM \
     (SELECT COALESCE(MIN(CASE WHEN state = 'held' THEN held_until END), MAX(held_until)) AS oldest FROM reservation) r \
     WHERE r.oldest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM chore c WHERE c.name = 'expire_holds')";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = keyed(manager, TABLE)
            .col(string_len("name", 32))
            // Who has the lease, and until when; NULL while nobody has.
            .col(uuid_null("holder"))
            .col(big_integer_null("until"))
            // NULL before the first round, and for chores without one.
            .col(big_integer_null("watermark"))
            .col(big_integer("version"))
            .primary_key(&mut primary_key(["name"]))
            .take();
        manager.create_table(table).await?;
        index(manager, "reservation", ["held_until", "id"]).await?;
        drop_index(manager, "reservation", ["held_until"]).await?;
        manager.get_connection().execute_unprepared(BEGIN_AT_THE_OLDEST_HOLD).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        index(manager, "reservation", ["held_until"]).await?;
        drop_index(manager, "reservation", ["held_until", "id"]).await?;
        drop_tables(manager, [TABLE]).await
    }
}
