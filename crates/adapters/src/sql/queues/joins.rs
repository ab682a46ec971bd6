//! Joins: whoever has no queue entry yet gets the next number. The counter's row orders the transactions of all
//! instances, so numbers are in the order of their commits.

use super::context::{QueueContext, note_seconds};
use crate::sql::connection::Failure;
use crate::sql::rows::{buyer, queue_counter, queue_entry, written};
use crate::sql::statements::Changed;
use crate::sql::worker::{Work, WorkerConnection};
use frontrow_application::port::{Join, Joined, StoreError};
use frontrow_domain::waiting_room::{Group, QueueEntry, QueueNumber};
use frontrow_domain::{BuyerKey, SaleId, UserId};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Gives queue entries. Every entry that was given is in the database, so a token that somebody shows proves nothing new.
pub(super) struct Joins(pub Arc<QueueContext>);

/// The queue within a sale.
type Counted = (SaleId, Group);

impl Work for Joins {
    type Request = Join;
    type Answer = Joined;
    type Error = StoreError;

    fn name(_: &Join) -> &'static str {
        "join"
    }

    fn note_seconds(name: &'static str, seconds: f64) {
        note_seconds(name, seconds);
    }

    fn error(_: &Join, error: StoreError) -> StoreError {
        error
    }

    async fn transact(&self, connection: &WorkerConnection, asked: &[Join]) -> Result<Vec<Option<Joined>>, Failure> {
        let transaction = connection.begin().await?;
        let joined = join(&self.0, &*transaction, asked).await;
        let joined = joined.map(|joined| joined.into_iter().map(Some).collect());
        connection.end(transaction, joined).await
    }
}

async fn join(works: &QueueContext, connection: &impl ConnectionTrait, asked: &[Join]) -> Result<Vec<Joined>, Failure> {
    let known = read(works, connection, asked).await?;
    let new = without_entry(asked, &known);
    let mut entries = known.clone();
    if !new.is_empty() {
        let mut next = issue(works, connection, &new).await?;
        for join in &new {
            let number = next.get_mut(&(join.key.sale, join.group)).map(|next| std::mem::replace(next, *next + 1));
            let number =
                number.and_then(QueueNumber::new).ok_or_else(|| Failure::Bug("a counter is missing".into()))?;
            entries.insert(join.key, QueueEntry { group: join.group, number });
        }
        write(works, connection, &known, &new, &entries).await?;
    }
    let mut first: BTreeSet<BuyerKey> = new.iter().map(|join| join.key).collect();
    let joined = asked.iter().map(|join| {
        let entry =
            entries.get(&join.key).copied().ok_or_else(|| Failure::Bug("somebody has no queue entry".into()))?;
        // Two joins of one person in a batch get one entry.
        Ok(Joined { entry, is_new: first.remove(&join.key) })
    });
    joined.collect()
}

async fn read(
    works: &QueueContext,
    connection: &impl ConnectionTrait,
    asked: &[Join],
) -> Result<BTreeMap<BuyerKey, QueueEntry>, Failure> {
    let keys: BTreeSet<BuyerKey> = asked.iter().map(|join| join.key).collect();
    let rows = works.statements().read::<queue_entry::Entity>(connection, keys.iter().map(buyer::key)).await?;
    let entries = rows.into_iter().map(|row| {
        let key = BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) };
        Ok((key, row.try_into()?))
    });
    entries.collect()
}

/// Who gets a number, in the order in which they came.
fn without_entry<'a>(asked: &'a [Join], known: &BTreeMap<BuyerKey, QueueEntry>) -> Vec<&'a Join> {
    let mut seen = BTreeSet::new();
    let worthless = |join: &&Join| known.get(&join.key).is_none_or(|entry| Some(*entry) == join.worthless);
    asked.iter().filter(worthless).filter(|join| seen.insert(join.key)).collect()
}

/// Takes as many numbers from each counter as are needed; returns the first of them, by group.
async fn issue(
    works: &QueueContext,
    connection: &impl ConnectionTrait,
    new: &[&Join],
) -> Result<BTreeMap<Counted, u64>, Failure> {
    let statements = works.statements();
    let mut wanted: BTreeMap<Counted, u64> = BTreeMap::new();
    for join in new {
        *wanted.entry((join.key.sale, join.group)).or_default() += 1;
    }
    let issued = wanted.iter().map(|((sale, group), count)| queue_counter::issued(*sale, *group, *count));
    statements.issue(connection, issued.collect()).await?;
    let keys = wanted.keys().map(|(sale, group)| queue_counter::key(*sale, *group));
    let rows = statements.read::<queue_counter::Entity>(connection, keys).await?;
    let first = rows.into_iter().filter_map(|row| {
        let group = u8::try_from(row.group_index).ok().and_then(Group::new)?;
        let counted = (SaleId::new(row.sale_id), group);
        let issued = u64::try_from(row.issued).ok()?;
        Some((counted, (issued + 1).checked_sub(*wanted.get(&counted)?)?))
    });
    Ok(first.collect())
}

/// Fails if somebody has inserted or replaced one of the entries meanwhile: it may have been the same person, who then has
/// one.
async fn write(
    works: &QueueContext,
    connection: &impl ConnectionTrait,
    known: &BTreeMap<BuyerKey, QueueEntry>,
    new: &[&Join],
    entries: &BTreeMap<BuyerKey, QueueEntry>,
) -> Result<(), Failure> {
    let statements = works.statements();
    let keys: BTreeSet<BuyerKey> = new.iter().map(|join| join.key).collect();
    let (mut inserted, mut replaced) = (Vec::new(), Vec::new());
    for key in keys {
        let Some(entry) = entries.get(&key) else { continue };
        let row = queue_entry::ActiveModel::from((&key, entry));
        match known.get(&key) {
            Some(old) => replaced.push(Changed { row, read: written(old.number.get()).into() }),
            None => inserted.push(row),
        }
    }
    statements.update(connection, replaced).await?;
    statements.insert(connection, inserted).await
}
