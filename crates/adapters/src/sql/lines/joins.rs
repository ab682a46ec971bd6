//! Joins: who has no place yet gets the next number. The counter's row orders the transactions of all instances, so
//! numbers are in the order of their commits.

use super::desk::{Work, Works, end};
use super::shape::{Counter, StoredPlace};
use crate::sql::entity::{counter, place};
use crate::sql::store::shape::{Stored, buyer_key};
use crate::sql::store::statement::Failure;
use crate::sql::store::write::{Rows, whole};
use crate::sql::transaction::Connection;
use frontrow_application::port::{Join, Joined};
use frontrow_domain::waiting_room::{Group, Place, QueueNumber};
use frontrow_domain::{BuyerKey, SaleId, UserId};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};

/// Gives places. A place that was given is in the database: what somebody proves is known already.
#[derive(Clone)]
pub(super) struct Joins;

/// The line within a sale.
type Counted = (SaleId, Group);

impl Work for Joins {
    type Asked = Join;
    type Answer = Joined;
    const NAME: &'static str = "join";
    const MOST: usize = 256;
    const CLERKS: usize = 2;

    async fn serve(&self, works: &Works, connection: &Connection, asked: &[Join]) -> Result<Vec<Joined>, Failure> {
        let statements = works.statements();
        statements.before("begin")?;
        let transaction = connection.begin().await?;
        let joined = join(works, &*transaction, asked).await;
        end(&statements, transaction, joined).await
    }
}

async fn join(works: &Works, connection: &impl ConnectionTrait, asked: &[Join]) -> Result<Vec<Joined>, Failure> {
    let known = read(works, connection, asked).await?;
    let new = without_place(asked, &known);
    let mut places = known.clone();
    if !new.is_empty() {
        let mut next = issue(works, connection, &new).await?;
        for join in &new {
            let number = next.get_mut(&(join.key.sale, join.group)).map(|next| std::mem::replace(next, *next + 1));
            let number =
                number.and_then(QueueNumber::new).ok_or_else(|| Failure::Bug("a counter is missing".into()))?;
            places.insert(join.key, Place { group: join.group, number });
        }
        write(works, connection, &known, &new, &places).await?;
    }
    let mut first: BTreeSet<BuyerKey> = new.iter().map(|join| join.key).collect();
    let joined = asked.iter().map(|join| {
        let place = places.get(&join.key).copied().ok_or_else(|| Failure::Bug("somebody has no place".into()))?;
        // Who asked twice at once has it once.
        Ok(Joined { place, is_new: first.remove(&join.key) })
    });
    joined.collect()
}

async fn read(
    works: &Works,
    connection: &impl ConnectionTrait,
    asked: &[Join],
) -> Result<BTreeMap<BuyerKey, Place>, Failure> {
    let keys: BTreeSet<BuyerKey> = asked.iter().map(|join| join.key).collect();
    let keys = keys.iter().map(buyer_key).collect();
    let rows = works.statements().read::<place::Entity>(connection, &works.texts.places, keys).await?;
    let places = rows.into_iter().map(|row| {
        let key = BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) };
        Ok((key, row.try_into()?))
    });
    places.collect()
}

/// Who gets a number, in the order in which they came.
fn without_place<'a>(asked: &'a [Join], known: &BTreeMap<BuyerKey, Place>) -> Vec<&'a Join> {
    let mut seen = BTreeSet::new();
    let worthless = |join: &&Join| known.get(&join.key).is_none_or(|place| Some(*place) == join.worthless);
    asked.iter().filter(worthless).filter(|join| seen.insert(join.key)).collect()
}

/// Moves the counters on, and says with which number each goes on.
async fn issue(
    works: &Works,
    connection: &impl ConnectionTrait,
    new: &[&Join],
) -> Result<BTreeMap<Counted, u64>, Failure> {
    let (statements, texts) = (works.statements(), &works.texts);
    let mut wanted: BTreeMap<Counted, u64> = BTreeMap::new();
    for join in new {
        *wanted.entry((join.key.sale, join.group)).or_default() += 1;
    }
    let counters: Vec<Counter> =
        wanted.iter().map(|((sale, group), count)| Counter { sale: *sale, group: *group, count: *count }).collect();
    statements.execute(connection, &texts.issue, whole(&counters)?).await?;
    let keys = counters.iter().map(Stored::key).collect();
    let rows = statements.read::<counter::Entity>(connection, &texts.counters, keys).await?;
    let first = rows.into_iter().filter_map(|row| {
        let group = u8::try_from(row.grp).ok().and_then(Group::new)?;
        let counted = (SaleId::new(row.sale_id), group);
        let issued = u64::try_from(row.issued).ok()?;
        Some((counted, (issued + 1).checked_sub(*wanted.get(&counted)?)?))
    });
    Ok(first.collect())
}

/// A new place that somebody else inserted meanwhile, or replaced, is a conflict: then both may be the same person, who
/// has one.
async fn write(
    works: &Works,
    connection: &impl ConnectionTrait,
    known: &BTreeMap<BuyerKey, Place>,
    new: &[&Join],
    places: &BTreeMap<BuyerKey, Place>,
) -> Result<(), Failure> {
    let (statements, texts) = (works.statements(), &works.texts);
    let keys: BTreeSet<BuyerKey> = new.iter().map(|join| join.key).collect();
    let rows = Rows { guarded: true, placed: false };
    let (mut inserted, mut replaced) = (Vec::new(), Vec::new());
    for key in keys {
        let Some(place) = places.get(&key).copied() else { continue };
        let row = StoredPlace { key, place };
        match known.get(&key) {
            Some(old) => replaced.push(rows.update(&row, crate::sql::store::shape::number(old.number.get()))),
            None => inserted.push(row),
        }
    }
    statements.write(connection, &texts.replace_places, replaced).await?;
    statements.write(connection, &texts.new_places, whole(&inserted)?).await
}
