//! Statements on rows. Those on one row are `SeaORM`'s, those on many are [sorted key lists](lists); both take their
//! columns, keys and values from the entity.

mod columns;
mod listed;
mod lists;
mod locking;
mod single;
#[cfg(test)]
mod tests;
mod texts;

#[cfg(test)]
pub(in crate::sql) use single::reservations_of;
pub(in crate::sql) use single::update;
pub(in crate::sql) use texts::{Protection, Texts};

use super::connection::Failure;
use super::hook::Hook;
use super::rows::{Guarded, Key, placeholder, queue_counter, reservation, seat, ticket};
use columns::{columns_of, key_columns, places_of_key, sort, values, values_of};
use frontrow_domain::{BuyerKey, Instant};
use lists::{Existing, Lists};
use locking::Locking;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, EntityTrait, ExecResult, IdenStatic, PrimaryKeyToColumn,
    QueryTrait, Statement, Value,
};
use texts::{Name, What};

/// A row to be written over the one that was read.
#[derive(Clone)]
pub(in crate::sql) struct Changed<A> {
    pub row: A,
    /// What the [guard](Guarded) of the table said.
    pub read: Value,
}

/// Runs statements on rows.
pub(in crate::sql) struct Statements<'a> {
    pub texts: &'a Texts,
    pub hook: &'a dyn Hook,
}

/// Reading.
impl Statements<'_> {
    /// The rows that the keys name.
    pub(in crate::sql) async fn read<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        keys: impl IntoIterator<Item = Key<E>>,
    ) -> Result<Vec<E::Model>, Failure> {
        self.all::<E>(connection, self.texts.find::<E>(Locking::None, &values::<E>(keys))?).await
    }

    /// The same, locked. Waits for whoever has one of them.
    pub(in crate::sql) async fn lock<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        keys: impl IntoIterator<Item = Key<E>>,
    ) -> Result<Vec<E::Model>, Failure> {
        let locking = if self.texts.protection.locks { Locking::Wait } else { Locking::None };
        self.all::<E>(connection, self.texts.find::<E>(locking, &values::<E>(keys))?).await
    }

    /// Locks and reads those that nobody else has locked.
    pub(in crate::sql) async fn lock_free<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        keys: impl IntoIterator<Item = Key<E>>,
    ) -> Result<Vec<E::Model>, Failure> {
        self.all::<E>(connection, self.texts.find::<E>(Locking::Skip, &values::<E>(keys))?).await
    }

    /// The buyers' live reservations, which may count against the limit.
    pub(in crate::sql) async fn reservations_of(
        &self,
        connection: &impl ConnectionTrait,
        buyers: impl IntoIterator<Item = &BuyerKey>,
    ) -> Result<Vec<reservation::Model>, Failure> {
        let key = |key: &BuyerKey| vec![key.sale.uuid().into(), key.user.uuid().into(), reservation::LIVE.into()];
        let keys: Vec<_> = buyers.into_iter().map(key).collect();
        self.all::<reservation::Entity>(connection, self.texts.reservations_of(&keys)?).await
    }

    /// The valid tickets of seats.
    pub(in crate::sql) async fn valid_tickets(
        &self,
        connection: &impl ConnectionTrait,
        seats: impl IntoIterator<Item = Key<seat::Entity>>,
    ) -> Result<Vec<ticket::Model>, Failure> {
        let key =
            |(performance, number): Key<seat::Entity>| vec![performance.into(), number.into(), ticket::LIVE.into()];
        let keys: Vec<_> = seats.into_iter().map(key).collect();
        self.all::<ticket::Entity>(connection, self.texts.valid_tickets(&keys)?).await
    }

    /// Locks the first seats that can be had and that nobody has locked, at most `most`, in the order of the keys. Held
    /// seats can be had if their hold ends at `takeable_before` or earlier.
    pub(in crate::sql) async fn lock_candidates(
        &self,
        connection: &impl ConnectionTrait,
        keys: impl IntoIterator<Item = Key<seat::Entity>>,
        takeable_before: Instant,
        most: usize,
    ) -> Result<Vec<seat::Model>, Failure> {
        let keys = values::<seat::Entity>(keys);
        self.all::<seat::Entity>(connection, self.texts.candidates(&keys, takeable_before, most)?).await
    }

    async fn all<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        statements: Vec<Statement>,
    ) -> Result<Vec<E::Model>, Failure> {
        let mut rows = Vec::new();
        for statement in statements {
            self.before(&statement.sql)?;
            rows.append(&mut E::find().from_raw_sql(statement).all(connection).await?);
        }
        Ok(rows)
    }
}

/// Writing: all rows, or somebody else was faster ([`Failure::Overtaken`]).
impl Statements<'_> {
    /// Inserts rows. None of them may be there already.
    pub(in crate::sql) async fn insert<A>(&self, connection: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), Failure>
    where
        A: ActiveModelTrait + Send,
    {
        let there = if self.texts.protection.guards { Existing::Fails } else { Existing::Stays };
        let statements = self.texts.insert(What::Insert, &rows, || there)?;
        self.write::<A::Entity>(connection, statements, rows.len()).await
    }

    /// Updates rows that nobody has changed since they were read.
    pub(in crate::sql) async fn update<A>(
        &self,
        connection: &impl ConnectionTrait,
        rows: Vec<Changed<A>>,
    ) -> Result<(), Failure>
    where
        A: ActiveModelTrait + Send,
        A::Entity: Guarded,
    {
        let guard = self.texts.protection.guards.then_some(A::Entity::GUARD);
        let statements = self.texts.update(&rows, guard)?;
        self.write::<A::Entity>(connection, statements, rows.len()).await
    }

    /// Updates rows that the lock of another row guards.
    pub(in crate::sql) async fn update_unguarded<A>(
        &self,
        connection: &impl ConnectionTrait,
        rows: Vec<A>,
    ) -> Result<(), Failure>
    where
        A: ActiveModelTrait + Send,
    {
        let rows: Vec<Changed<A>> = rows.into_iter().map(|row| Changed { row, read: Value::BigInt(None) }).collect();
        let statements = self.texts.update(&rows, None)?;
        self.write::<A::Entity>(connection, statements, rows.len()).await
    }

    /// Deletes rows.
    pub(in crate::sql) async fn delete<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        keys: impl IntoIterator<Item = Key<E>>,
    ) -> Result<(), Failure> {
        let keys = values::<E>(keys);
        self.write::<E>(connection, self.texts.delete::<E>(&keys)?, keys.len()).await
    }

    async fn write<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        statements: Vec<Statement>,
        expected: usize,
    ) -> Result<(), Failure> {
        let done = self.execute(connection, statements).await?;
        let affected: u64 = done.iter().map(ExecResult::rows_affected).sum();
        if affected == expected as u64 || !self.texts.protection.guards {
            return Ok(());
        }
        Err(Failure::Overtaken(format!("{affected} of {expected} rows of {} were written", E::default().table_name())))
    }
}

/// Writing what may be there, or gone, already.
impl Statements<'_> {
    /// Deletes those rows that are there.
    pub(in crate::sql) async fn delete_if_there<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        keys: impl IntoIterator<Item = Key<E>>,
    ) -> Result<(), Failure> {
        self.execute(connection, self.texts.delete::<E>(&values::<E>(keys))?).await.map(drop)
    }

    /// Inserts rows; where one is there already, what changes is replaced.
    pub(in crate::sql) async fn put<A>(&self, connection: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), Failure>
    where
        A: ActiveModelTrait + Send,
    {
        self.execute(connection, self.texts.put(&rows)?).await.map(drop)
    }

    /// Hands numbers out: adds to what was issued or leased, or begins with it.
    pub(in crate::sql) async fn issue(
        &self,
        connection: &impl ConnectionTrait,
        rows: Vec<queue_counter::ActiveModel>,
    ) -> Result<(), Failure> {
        self.execute(connection, self.texts.issue(&rows)?).await.map(drop)
    }

    /// Inserts placeholder rows where there are none, or waits for whoever has inserted or locked them. Says whether none
    /// of them was there.
    pub(in crate::sql) async fn insert_placeholders<E: Guarded>(
        &self,
        connection: &impl ConnectionTrait,
        keys: impl IntoIterator<Item = Key<E>>,
    ) -> Result<bool, Failure>
    where
        E::ActiveModel: Send,
    {
        let rows = values::<E>(keys).into_iter().map(placeholder::<E>);
        let rows: Vec<E::ActiveModel> = rows.collect::<Result<_, _>>()?;
        let inserted = self.execute(connection, self.texts.insert_placeholders::<E>(&rows)?).await?;
        Ok(self.texts.dialect.inserted_all(&inserted, rows.len()))
    }

    async fn execute(
        &self,
        connection: &impl ConnectionTrait,
        statements: Vec<Statement>,
    ) -> Result<Vec<ExecResult>, Failure> {
        let mut done = Vec::new();
        for statement in statements {
            self.before(&statement.sql)?;
            done.push(connection.execute_raw(statement).await?);
        }
        Ok(done)
    }
}

/// Where faults may strike in tests.
impl Statements<'_> {
    /// Instead of a statement.
    pub(in crate::sql) fn before(&self, text: &str) -> Result<(), Failure> {
        self.hook.strike(text)
    }
}

/// What is said to the database. Lists of rows that are locked or written are sorted by key.
impl Texts {
    fn find<E: EntityTrait>(&self, locking: Locking, keys: &[Vec<Value>]) -> Result<Vec<Statement>, Failure> {
        let what = Name::of::<E>(What::Find(locking));
        let keys = if locking == Locking::None { keys.to_vec() } else { sorted::<E>(keys) };
        self.one_or_many(
            what,
            &keys,
            |key| Ok(single::find::<E>(self.dialect, locking, key).build(self.dialect.backend())),
            |lists| lists.find::<E>(locking),
        )
    }

    /// Reads the valid tickets of seats.
    fn valid_tickets(&self, keys: &[Vec<Value>]) -> Result<Vec<Statement>, Failure> {
        self.list(Name::of::<ticket::Entity>(What::ValidTickets), keys, Lists::valid_tickets)
    }

    /// Reads the live reservations of buyers.
    pub(in crate::sql) fn reservations_of(&self, keys: &[Vec<Value>]) -> Result<Vec<Statement>, Failure> {
        let what = Name::of::<reservation::Entity>(What::ReservationsOfBuyers);
        self.one_or_many(
            what,
            keys,
            |key| Ok(single::reservations_of(key).build(self.dialect.backend())),
            Lists::reservations_of_buyers,
        )
    }

    fn candidates(
        &self,
        keys: &[Vec<Value>],
        takeable_before: Instant,
        most: usize,
    ) -> Result<Vec<Statement>, Failure> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let locking = if self.protection.locks { Locking::Skip } else { Locking::None };
        let text =
            self.text(Name::of::<seat::Entity>(What::Candidates).many(), || Ok(self.lists().candidates(locking)))?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        // In one list, because so many are enough of all of it.
        let list = lists::json(self.dialect, keys, usize::MAX)?.concat();
        let values = [list.into(), takeable_before.micros().into(), most.into()];
        Ok(vec![Statement::from_sql_and_values(self.dialect.backend(), text, values)])
    }

    fn insert<A: ActiveModelTrait>(
        &self,
        what: What,
        rows: &[A],
        existing: impl FnOnce() -> Existing<<A::Entity as EntityTrait>::Column>,
    ) -> Result<Vec<Statement>, Failure> {
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let columns = columns_of::<A>(first, ActiveValue::is_not_set);
        let mut values = rows.iter().map(|row| values_of(row, &columns)).collect::<Result<Vec<_>, _>>()?;
        sort(&mut values, &places_of_key::<A::Entity>(&columns));
        let existing = existing();
        self.one_or_many(
            Name::of::<A::Entity>(what).with(&columns),
            &values,
            |_| Ok(single::insert(self.dialect, first.clone(), &existing).build(self.dialect.backend())),
            |lists| lists.insert::<A::Entity>(&columns, &existing),
        )
    }

    fn put<A: ActiveModelTrait>(&self, rows: &[A]) -> Result<Vec<Statement>, Failure> {
        let replaced = |first: &A| {
            let columns = columns_of::<A>(first, |value| !value.is_set()).into_iter();
            columns.map(|column| (column, self.dialect.inserted(column.as_str()))).collect()
        };
        self.insert(What::Put, rows, || {
            rows.first().map_or(Existing::Stays, |first| Existing::Becomes(replaced(first)))
        })
    }

    fn issue(&self, rows: &[queue_counter::ActiveModel]) -> Result<Vec<Statement>, Failure> {
        let issued = queue_counter::Column::Issued;
        self.insert(What::Issue, rows, || {
            // Never a number that was leased to another dispenser, whatever an instance is set to.
            let next = format!("{}(queue_counter.issued, queue_counter.ceiling) + ", self.dialect.greatest());
            Existing::Becomes(vec![(issued, next + &self.dialect.inserted(issued.as_str()))])
        })
    }

    fn insert_placeholders<E: Guarded>(&self, rows: &[E::ActiveModel]) -> Result<Vec<Statement>, Failure> {
        self.insert(What::Placeholder, rows, || {
            let waits = self.dialect.marks_existing(E::default().table_name(), E::GUARD.as_str());
            waits.map_or(Existing::Stays, |mark| Existing::Becomes(vec![(E::GUARD, mark)]))
        })
    }

    fn update<A: ActiveModelTrait>(
        &self,
        rows: &[Changed<A>],
        guard: Option<<A::Entity as EntityTrait>::Column>,
    ) -> Result<Vec<Statement>, Failure> {
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let key = key_columns::<A::Entity>();
        let mut columns = columns_of::<A>(&first.row, |value| !value.is_set());
        columns.retain(|column| <A::Entity as EntityTrait>::PrimaryKey::from_column(*column).is_none());
        let values = rows.iter().map(|changed| {
            let mut values = values_of(&changed.row, &columns)?;
            values.extend(values_of(&changed.row, &key)?);
            values.extend(guard.map(|_| changed.read.clone()));
            Ok(values)
        });
        let mut values = values.collect::<Result<Vec<_>, Failure>>()?;
        sort(&mut values, &(columns.len()..columns.len() + key.len()).collect::<Vec<_>>());
        let what = if guard.is_some() { What::Update } else { What::UpdateUnguarded };
        self.one_or_many(
            Name::of::<A::Entity>(what).with(&columns),
            &values,
            |_| {
                let guard = guard.map(|guard| (guard, first.read.clone()));
                Ok(single::update(first.row.clone(), guard)?.build(self.dialect.backend()))
            },
            |lists| lists.update::<A::Entity>(&columns, guard),
        )
    }

    fn delete<E: EntityTrait>(&self, keys: &[Vec<Value>]) -> Result<Vec<Statement>, Failure> {
        self.one_or_many(
            Name::of::<E>(What::Delete),
            &sorted::<E>(keys),
            |key| Ok(single::delete::<E>(key).build(self.dialect.backend())),
            Lists::delete::<E>,
        )
    }
}

/// The keys in the one order of locks.
fn sorted<E: EntityTrait>(keys: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let mut sorted = keys.to_vec();
    sort(&mut sorted, &(0..key_columns::<E>().len()).collect::<Vec<_>>());
    sorted
}
