//! Locking and reading a scope: one statement per kind of row, in the one order of locks, and what depends on a locked
//! row in a statement of its own after it (in the same one `PostgreSQL` would read as of before the wait).

use super::known::Known;
use crate::sql::connection::Failure;
use crate::sql::rows::{Guarded, Key, buyer, idempotency_record, is_placeholder, payment, reservation, seat, wallet};
use crate::sql::statements::Statements;
use frontrow_application::port::Clock;
use frontrow_domain::{Instant, Locked, PaymentId, ReservationId, Scope, TAKEOVER_GRACE, UserId};
use sea_orm::ConnectionTrait;

/// A scope under its locks.
pub(super) struct Found {
    pub locked: Locked,
    /// Whether placeholder rows were inserted.
    pub placed: bool,
    /// When nothing was left to wait for: the instant by which to decide.
    pub now: Instant,
}

pub(super) async fn lock(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    scope: &Scope,
    known: &Known,
    clock: &dyn Clock,
) -> Result<Found, Failure> {
    let mut locked = Locked::new(scope);

    let keys = || scope.buyers.iter().map(buyer::key);
    let are_known = known.buyers.have(&scope.buyers);
    let buyers = lock_or_insert_placeholder::<buyer::Entity, _>(statements, connection, keys, are_known).await?;
    for row in buyers.rows {
        locked.found_buyer(row.try_into()?);
    }
    for row in statements.reservations_of(connection, &scope.buyers).await? {
        locked.found_reservation(row.try_into()?);
    }
    let keys = scope.reservations.iter().copied().map(ReservationId::uuid);
    for row in statements.lock::<reservation::Entity>(connection, keys).await? {
        locked.found_reservation(row.try_into()?);
    }
    let keys = scope.payments.iter().copied().map(PaymentId::uuid);
    for row in statements.lock::<payment::Entity>(connection, keys).await? {
        locked.found_payment(row.try_into()?);
    }
    let keys = || scope.wallets.iter().copied().map(UserId::uuid);
    let are_known = known.wallets.have(&scope.wallets);
    let wallets = lock_or_insert_placeholder::<wallet::Entity, _>(statements, connection, keys, are_known).await?;
    for row in wallets.rows {
        locked.found_wallet(row.try_into()?);
    }
    for row in statements.lock::<seat::Entity>(connection, scope.seats.iter().map(seat::key)).await? {
        locked.found_seat(row.try_into()?);
    }
    let keys = scope.idempotency_records.iter().map(idempotency_record::key);
    for row in statements.read::<idempotency_record::Entity>(connection, keys).await? {
        locked.found_idempotency_record(row.try_into()?);
    }
    // Candidates that others have locked are passed by, so whoever waited has waited by now.
    let now = clock.now();
    for candidates in &scope.candidates {
        let (seats, takeable_before) = (candidates.in_order(), now - TAKEOVER_GRACE);
        for row in statements
            .lock_candidates(connection, seats.iter().map(seat::key), takeable_before, candidates.most)
            .await?
        {
            locked.found_seat(row.try_into()?);
        }
    }
    Ok(Found { locked, placed: buyers.placed || wallets.placed, now })
}

/// The rows of some keys, and whether placeholder rows were inserted for others.
struct RowsOrPlaceholders<M> {
    rows: Vec<M>,
    placed: bool,
}

/// Locks rows. An absent row can't be locked: there a placeholder row is inserted, so that whoever comes second waits,
/// whether the row exists or not. Of several rows that are not all known, those that are absent are inserted first: whoever
/// has locked the others already would wait for one out of order.
async fn lock_or_insert_placeholder<E: Guarded, K: IntoIterator<Item = Key<E>>>(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    keys: impl Fn() -> K,
    are_known: bool,
) -> Result<RowsOrPlaceholders<E::Model>, Failure>
where
    E::ActiveModel: Send,
{
    let wanted = keys().into_iter().count();
    let may_be_absent = statements.texts.makes_placeholders();
    let first = wanted > 1 && !are_known && may_be_absent;
    if first && statements.insert_placeholders::<E>(connection, keys()).await? {
        return Ok(RowsOrPlaceholders { rows: Vec::new(), placed: true });
    }
    let mut rows = statements.lock::<E>(connection, keys()).await?;
    let second = rows.len() < wanted && may_be_absent;
    if second && !statements.insert_placeholders::<E>(connection, keys()).await? {
        rows = statements.lock::<E>(connection, keys()).await?;
    }
    // Of those that were inserted first, some may be this transaction's.
    let placed = second || (first && rows.iter().any(is_placeholder));
    rows.retain(|row| !is_placeholder(row));
    Ok(RowsOrPlaceholders { rows, placed })
}
