//! Locking and reading a scope: one statement per kind of row, in the one order of locks, and what depends on a locked
//! row in a statement of its own after it (in the same one `PostgreSQL` would read as of before the wait).

use super::cell::Cell;
use super::shape::buyer_key;
use super::statement::{Failure, Statements};
use super::texts::Text;
use crate::sql::entity::{self, buyer, wallet};
use frontrow_application::port::Clock;
use frontrow_domain::{Candidates, Locked, Scope, SeatKey, TAKEOVER_GRACE, UserId};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult};

/// A scope under its locks.
pub(super) struct Found {
    pub locked: Locked,
    /// Whether rows of version 0 were inserted, which hold the places of rows that do not exist.
    pub placed: bool,
}

pub(super) async fn lock(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    scope: &Scope,
    clock: &dyn Clock,
) -> Result<Found, Failure> {
    let (texts, mut locked) = (statements.texts, Locked::new(scope));

    let keys = || scope.buyers.iter().map(buyer_key).collect();
    let place = texts.places.as_ref().map(|places| &places.buyers);
    let buyers = lock_or_place::<buyer::Entity>(statements, connection, &texts.buyers.lock, place, keys()).await?;
    for row in buyers.rows {
        locked.found_buyer(row.try_into()?);
    }
    let rows = statements.read::<entity::reservation::Entity>(connection, &texts.reservations_of_buyers, keys());
    for row in rows.await? {
        locked.found_reservation(row.try_into()?);
    }
    let keys = scope.reservations.iter().map(|id| vec![id.uuid().into()]).collect();
    for row in statements.read::<entity::reservation::Entity>(connection, &texts.reservations.lock, keys).await? {
        locked.found_reservation(row.try_into()?);
    }
    let keys = scope.payments.iter().map(|id| vec![id.uuid().into()]).collect();
    for row in statements.read::<entity::payment::Entity>(connection, &texts.payments.lock, keys).await? {
        locked.found_payment(row.try_into()?);
    }
    let keys = scope.wallets.iter().map(wallet_key).collect();
    let place = texts.places.as_ref().map(|places| &places.wallets);
    let wallets = lock_or_place::<wallet::Entity>(statements, connection, &texts.wallets.lock, place, keys).await?;
    for row in wallets.rows {
        locked.found_wallet(row.try_into()?);
    }
    let keys = scope.seats.iter().map(seat_key).collect();
    for row in statements.read::<entity::seat::Entity>(connection, &texts.seats.lock, keys).await? {
        locked.found_seat(row.try_into()?);
    }
    let keys = scope.done.iter().map(|key| vec![key.user().uuid().into(), key.name().to_owned().into()]).collect();
    for row in statements.read::<entity::done::Entity>(connection, &texts.done, keys).await? {
        locked.found_done(row.try_into()?);
    }
    for Candidates { seats, most } in &scope.candidates {
        let keys = seats.iter().map(seat_key).collect();
        for row in statements.read_candidates(connection, keys, clock.now() - TAKEOVER_GRACE, *most).await? {
            locked.found_seat(row.try_into()?);
        }
    }
    Ok(Found { locked, placed: buyers.placed || wallets.placed })
}

/// The rows of some keys, and whether places were inserted for others.
struct RowsOrPlaces<M> {
    rows: Vec<M>,
    placed: bool,
}

/// Locks rows. An absent row can't be locked: there it takes its place, so that whoever comes second waits, whether
/// the row exists or not.
async fn lock_or_place<E: EntityTrait>(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    lock: &Text,
    places: Option<&Text>,
    keys: Vec<Vec<Cell>>,
) -> Result<RowsOrPlaces<E::Model>, Failure>
where
    E::Model: FromQueryResult + Versioned,
{
    let wanted = keys.len();
    let mut rows = statements.read::<E>(connection, lock, keys.clone()).await?;
    let places = places.filter(|_| rows.len() < wanted);
    if let Some(place) = places {
        let placed = statements.execute(connection, place, keys.clone()).await?;
        let dialect = statements.texts.dialect;
        if placed.is_some_and(|placed| !dialect.inserted_all(&placed, wanted)) {
            rows = statements.read::<E>(connection, lock, keys).await?;
        }
    }
    rows.retain(|row| row.version() > 0);
    Ok(RowsOrPlaces { rows, placed: places.is_some() })
}

trait Versioned {
    fn version(&self) -> i64;
}

impl Versioned for buyer::Model {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for wallet::Model {
    fn version(&self) -> i64 {
        self.version
    }
}

fn wallet_key(user: &UserId) -> Vec<Cell> {
    vec![user.uuid().into()]
}

fn seat_key(key: &SeatKey) -> Vec<Cell> {
    vec![key.performance.uuid().into(), i64::from(key.number.get()).into()]
}
