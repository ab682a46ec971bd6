//! Writing changes: one statement per kind of row and of write, all rows of it at once, each under its version guard.

use crate::sql::connection::Failure;
use crate::sql::rows::{
    PLACEHOLDER, admission, buyer, idempotency_record, payment, reservation, seat, ticket, transfer, wallet,
};
use crate::sql::statements::{Changed, Statements};
use frontrow_domain::{Version, Write, WriteSet};
use sea_orm::ConnectionTrait;

/// Writes everything, in the one order of writes; any row that has moved on since it was read is a conflict.
pub(in crate::sql) async fn write(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    writes: &WriteSet,
) -> Result<(), Failure> {
    let (s, c) = (statements, connection);
    let placed = statements.texts.makes_placeholders();
    s.update::<buyer::ActiveModel>(c, changed_or_placed(&writes.buyers, placed)?).await?;
    s.update::<reservation::ActiveModel>(c, changed(&writes.reservations)?).await?;
    s.update::<payment::ActiveModel>(c, changed(&writes.payments)?).await?;
    s.update::<wallet::ActiveModel>(c, changed_or_placed(&writes.wallets, placed)?).await?;
    s.update::<seat::ActiveModel>(c, changed(&writes.seats)?).await?;
    let voided = rows(&writes.tickets_voided)?.into_iter();
    // One that is voided has to be valid until then.
    let voided = voided.map(|row: ticket::ActiveModel| Changed { row, read: ticket::LIVE.into() });
    s.update(c, voided.collect()).await?;

    s.insert::<ticket::ActiveModel>(c, rows(&writes.tickets_issued)?).await?;
    s.insert::<buyer::ActiveModel>(c, new_and_not_placed(&writes.buyers, placed)?).await?;
    s.insert::<reservation::ActiveModel>(c, new(&writes.reservations)?).await?;
    s.insert::<payment::ActiveModel>(c, new(&writes.payments)?).await?;
    s.insert::<wallet::ActiveModel>(c, new_and_not_placed(&writes.wallets, placed)?).await?;
    s.insert::<transfer::ActiveModel>(c, rows(&writes.transfers)?).await?;
    s.delete::<admission::Entity>(c, writes.admissions_ended.iter().map(buyer::key)).await?;
    s.insert::<idempotency_record::ActiveModel>(c, rows(&writes.idempotency_records)?).await
}

/// The rows of values.
pub(in crate::sql) fn rows<'a, D: 'a, A>(values: impl IntoIterator<Item = &'a D>) -> Result<Vec<A>, Failure>
where
    A: TryFrom<&'a D>,
    Failure: From<A::Error>,
{
    values.into_iter().map(|value| Ok(A::try_from(value)?)).collect()
}

fn changed<'a, D, A>(writes: &'a [Write<D>]) -> Result<Vec<Changed<A>>, Failure>
where
    A: TryFrom<&'a D>,
    Failure: From<A::Error>,
{
    let changed = writes.iter().filter_map(|write| Some((&write.row, write.read?)));
    changed.map(|(row, read)| Ok(Changed { row: row.try_into()?, read: read.get().into() })).collect()
}

/// The same where rows that are new may stand there already, as placeholders.
pub(in crate::sql) fn changed_or_placed<'a, D, A>(
    writes: &'a [Write<D>],
    placed: bool,
) -> Result<Vec<Changed<A>>, Failure>
where
    A: TryFrom<&'a D>,
    Failure: From<A::Error>,
{
    if !placed {
        return changed(writes);
    }
    let read = |write: &Write<D>| write.read.map_or(PLACEHOLDER, Version::get).into();
    writes.iter().map(|write| Ok(Changed { row: (&write.row).try_into()?, read: read(write) })).collect()
}

fn new<'a, D: 'a, A>(writes: &'a [Write<D>]) -> Result<Vec<A>, Failure>
where
    A: TryFrom<&'a D>,
    Failure: From<A::Error>,
{
    rows(writes.iter().filter(|write| write.read.is_none()).map(|write| &write.row))
}

pub(in crate::sql) fn new_and_not_placed<'a, D: 'a, A>(writes: &'a [Write<D>], placed: bool) -> Result<Vec<A>, Failure>
where
    A: TryFrom<&'a D>,
    Failure: From<A::Error>,
{
    if placed { Ok(Vec::new()) } else { new(writes) }
}
