//! Locking and reading a scope: one statement per kind of row, in the one order of locks.

use super::statement::{Failure, Statements};
use crate::sql::entity;
use frontrow_domain::{BuyerKey, Locked, Scope, SeatKey};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

const BUYERS: &str = "SELECT b.* FROM json_each($1) k CROSS JOIN buyer b \
     ON b.sale_id = unhex(k.value->>0) AND b.user_id = unhex(k.value->>1)";
const RESERVATIONS_OF_BUYERS: &str = "SELECT r.* FROM json_each($1) k CROSS JOIN reservation r \
     ON r.sale_id = unhex(k.value->>0) AND r.user_id = unhex(k.value->>1) AND r.state IN ('held', 'confirmed')";
const RESERVATIONS: &str = "SELECT r.* FROM json_each($1) k CROSS JOIN reservation r ON r.id = unhex(k.value)";
const PAYMENTS: &str = "SELECT p.* FROM json_each($1) k CROSS JOIN payment p ON p.id = unhex(k.value)";
const WALLETS: &str = "SELECT w.* FROM json_each($1) k CROSS JOIN wallet w ON w.user_id = unhex(k.value)";
const SEATS: &str = "SELECT s.* FROM json_each($1) k CROSS JOIN seat s \
     ON s.performance_id = unhex(k.value->>0) AND s.number = k.value->>1";
const DONE: &str = "SELECT d.* FROM json_each($1) k CROSS JOIN done d \
     ON d.user_id = unhex(k.value->>0) AND d.key = k.value->>1";

/// Reads what the scope names, under the write lock that BEGIN IMMEDIATE has taken.
pub(super) async fn lock(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    scope: &Scope,
) -> Result<Locked, Failure> {
    let mut locked = Locked::new(scope);
    let buyers = keys(&scope.buyers, |key: &BuyerKey| json!([hex(key.sale.uuid()), hex(key.user.uuid())]));
    if let Some(keys) = buyers {
        for row in statements.read::<entity::buyer::Entity>(connection, BUYERS, &keys).await? {
            locked.found_buyer(row.into());
        }
        for row in statements.read::<entity::reservation::Entity>(connection, RESERVATIONS_OF_BUYERS, &keys).await? {
            locked.found_reservation(row.try_into()?);
        }
    }
    if let Some(keys) = keys(&scope.reservations, |id| json!(hex(id.uuid()))) {
        for row in statements.read::<entity::reservation::Entity>(connection, RESERVATIONS, &keys).await? {
            locked.found_reservation(row.try_into()?);
        }
    }
    if let Some(keys) = keys(&scope.payments, |id| json!(hex(id.uuid()))) {
        for row in statements.read::<entity::payment::Entity>(connection, PAYMENTS, &keys).await? {
            locked.found_payment(row.try_into()?);
        }
    }
    if let Some(keys) = keys(&scope.wallets, |user| json!(hex(user.uuid()))) {
        for row in statements.read::<entity::wallet::Entity>(connection, WALLETS, &keys).await? {
            locked.found_wallet(row.try_into()?);
        }
    }
    let seats = keys(&scope.seats, |key: &SeatKey| json!([hex(key.performance.uuid()), key.number.get()]));
    if let Some(keys) = seats {
        for row in statements.read::<entity::seat::Entity>(connection, SEATS, &keys).await? {
            locked.found_seat(row.try_into()?);
        }
    }
    if let Some(keys) = keys(&scope.done, |key| json!([hex(key.user().uuid()), key.name()])) {
        for row in statements.read::<entity::done::Entity>(connection, DONE, &keys).await? {
            locked.found_done(row.try_into()?);
        }
    }
    Ok(locked)
}

/// `None` if there is nothing to ask for.
fn keys<'a, K: 'a>(keys: impl IntoIterator<Item = &'a K>, json: impl Fn(&K) -> Value) -> Option<Value> {
    let keys: Vec<Value> = keys.into_iter().map(json).collect();
    if keys.is_empty() { None } else { Some(keys.into()) }
}

pub(super) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}
