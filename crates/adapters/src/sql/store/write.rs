//! Writing changes: one statement per kind of row and of write, all rows of it at once, each under its version guard.

use super::read::hex;
use super::statement::{Failure, Statements};
use frontrow_domain::{Buyer, Done, Payment, Reservation, Seat, SeatState, Ticket, Transfer, Wallet, Write, WriteSet};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

/// Ends the texts of all updates; the last column of each row is the version that was read.
pub(super) const GUARD: &str = " AND t.version = k.value->>'$[#-1]'";

const NEW_BUYERS: &str = "INSERT INTO buyer (sale_id, user_id, version) \
     SELECT unhex(value->>0), unhex(value->>1), value->>2 FROM json_each($1)";
const BUYERS: &str = "UPDATE buyer AS t SET version = k.value->>2 FROM json_each($1) k \
     WHERE t.sale_id = unhex(k.value->>0) AND t.user_id = unhex(k.value->>1)";
const NEW_RESERVATIONS: &str = "INSERT INTO reservation (id, performance_id, sale_id, user_id, state, held_until, \
     late_until, amount, lines, version) SELECT unhex(value->>0), unhex(value->>1), unhex(value->>2), \
     unhex(value->>3), value->>4, value->>5, value->>6, value->>7, value->>8, value->>9 FROM json_each($1)";
const RESERVATIONS: &str = "UPDATE reservation AS t SET state = k.value->>1, version = k.value->>2 \
     FROM json_each($1) k WHERE t.id = unhex(k.value->>0)";
const NEW_PAYMENTS: &str = "INSERT INTO payment (id, kind, reservation_id, user_id, amount, state, provider, \
     provider_ref, at, version) SELECT unhex(value->>0), value->>1, unhex(value->>2), unhex(value->>3), value->>4, \
     value->>5, value->>6, value->>7, value->>8, value->>9 FROM json_each($1)";
const PAYMENTS: &str = "UPDATE payment AS t SET state = k.value->>1, provider_ref = k.value->>2, \
     version = k.value->>3 FROM json_each($1) k WHERE t.id = unhex(k.value->>0)";
const NEW_WALLETS: &str = "INSERT INTO wallet (user_id, balance, version) \
     SELECT unhex(value->>0), value->>1, value->>2 FROM json_each($1)";
const WALLETS: &str = "UPDATE wallet AS t SET balance = k.value->>1, version = k.value->>2 FROM json_each($1) k \
     WHERE t.user_id = unhex(k.value->>0)";
const SEATS: &str = "UPDATE seat AS t SET state = k.value->>2, reservation_id = unhex(k.value->>3), \
     held_until = k.value->>4, version = k.value->>5 FROM json_each($1) k \
     WHERE t.performance_id = unhex(k.value->>0) AND t.number = k.value->>1";
const VOID_TICKETS: &str = "UPDATE ticket AS t SET live = NULL FROM json_each($1) k \
     WHERE t.performance_id = unhex(k.value->>0) AND t.number = k.value->>1 AND t.version = k.value->>2 AND t.live = 1";
const NEW_TICKETS: &str = "INSERT INTO ticket (performance_id, number, version, reservation_id, live) \
     SELECT unhex(value->>0), value->>1, value->>2, unhex(value->>3), value->>4 FROM json_each($1)";
const NEW_TRANSFERS: &str = "INSERT INTO transfer (id, debit, credit, amount, payment_id, at) \
     SELECT unhex(value->>0), unhex(value->>1), unhex(value->>2), value->>3, unhex(value->>4), value->>5 \
     FROM json_each($1)";
const NEW_DONE: &str = "INSERT INTO done (user_id, key, body_hash, outcome, at) \
     SELECT unhex(value->>0), value->>1, unhex(value->>2), value->>3, value->>4 FROM json_each($1)";

/// Writes everything, in the one order of writes; any row that has moved on since it was read is a conflict.
pub(super) async fn write(
    statements: &Statements<'_>,
    connection: &impl ConnectionTrait,
    writes: &WriteSet,
) -> Result<(), Failure> {
    let updates = [
        (BUYERS, changed(&writes.buyers, buyer)),
        (RESERVATIONS, changed(&writes.reservations, reservation_change)),
        (PAYMENTS, changed(&writes.payments, payment_change)),
        (WALLETS, changed(&writes.wallets, wallet)),
        (SEATS, changed(&writes.seats, seat)),
    ];
    for (text, rows) in updates {
        statements.write(connection, &format!("{text}{GUARD}"), rows).await?;
    }
    let done: Result<Vec<Value>, serde_json::Error> = writes.done.iter().map(done).collect();
    let reservations: Result<Vec<Value>, serde_json::Error> =
        writes.reservations.iter().filter(|w| w.read.is_none()).map(|w| new_reservation(&w.row)).collect();
    let unwritable = |error: serde_json::Error| Failure::Bug(error.to_string());
    let inserts = [
        (VOID_TICKETS, writes.tickets_voided.iter().map(ticket).collect()),
        (NEW_TICKETS, writes.tickets_issued.iter().map(ticket).collect()),
        (NEW_BUYERS, new(&writes.buyers, buyer)),
        (NEW_RESERVATIONS, reservations.map_err(unwritable)?),
        (NEW_PAYMENTS, new(&writes.payments, new_payment)),
        (NEW_WALLETS, new(&writes.wallets, wallet)),
        (NEW_TRANSFERS, writes.transfers.iter().map(transfer).collect()),
        (NEW_DONE, done.map_err(unwritable)?),
    ];
    for (text, rows) in inserts {
        statements.write(connection, text, rows).await?;
    }
    Ok(())
}

fn new<T>(writes: &[Write<T>], json: impl Fn(&T) -> Vec<Value>) -> Vec<Value> {
    writes.iter().filter(|write| write.read.is_none()).map(|write| json(&write.row).into()).collect()
}

fn changed<T>(writes: &[Write<T>], json: impl Fn(&T) -> Vec<Value>) -> Vec<Value> {
    let rows = writes.iter().filter_map(|write| {
        let mut columns = json(&write.row);
        columns.push(write.read?.get().into());
        Some(columns.into())
    });
    rows.collect()
}

fn buyer(row: &Buyer) -> Vec<Value> {
    vec![hex(row.key.sale.uuid()).into(), hex(row.key.user.uuid()).into(), row.version.get().into()]
}

fn new_reservation(row: &Reservation) -> Result<Value, serde_json::Error> {
    Ok(json!([
        hex(row.id.uuid()),
        hex(row.performance.uuid()),
        hex(row.sale.uuid()),
        hex(row.user.uuid()),
        row.state.as_str(),
        row.held_until.micros(),
        row.late_until.micros(),
        row.amount.amount(),
        serde_json::to_string(&row.lines)?,
        row.version.get(),
    ]))
}

fn reservation_change(row: &Reservation) -> Vec<Value> {
    vec![hex(row.id.uuid()).into(), row.state.as_str().into(), row.version.get().into()]
}

fn new_payment(row: &Payment) -> Vec<Value> {
    vec![
        hex(row.id.uuid()).into(),
        row.kind.as_str().into(),
        row.reservation.map(|id| hex(id.uuid())).into(),
        hex(row.user.uuid()).into(),
        row.amount.amount().into(),
        row.state.as_str().into(),
        row.provider.clone().into(),
        row.provider_ref.clone().into(),
        row.at.micros().into(),
        row.version.get().into(),
    ]
}

fn payment_change(row: &Payment) -> Vec<Value> {
    vec![
        hex(row.id.uuid()).into(),
        row.state.as_str().into(),
        row.provider_ref.clone().into(),
        row.version.get().into(),
    ]
}

fn wallet(row: &Wallet) -> Vec<Value> {
    vec![hex(row.user.uuid()).into(), row.balance.amount().into(), row.version.get().into()]
}

fn seat(row: &Seat) -> Vec<Value> {
    let (state, reservation, until) = match row.state {
        SeatState::Free => (0, None, None),
        SeatState::Blocked => (1, None, None),
        SeatState::Held { by, until } => (2, Some(hex(by.uuid())), Some(until.micros())),
        SeatState::Sold { to } => (3, Some(hex(to.uuid())), None),
    };
    vec![
        hex(row.key.performance.uuid()).into(),
        row.key.number.get().into(),
        state.into(),
        reservation.into(),
        until.into(),
        row.version.get().into(),
    ]
}

fn ticket(row: &Ticket) -> Value {
    json!([
        hex(row.key.seat.performance.uuid()),
        row.key.seat.number.get(),
        row.key.version.get(),
        hex(row.reservation.uuid()),
        if row.valid { Some(1) } else { None },
    ])
}

fn transfer(row: &Transfer) -> Value {
    json!([
        hex(row.id.uuid()),
        hex(Uuid::from(row.debit)),
        hex(Uuid::from(row.credit)),
        row.amount.amount(),
        hex(row.payment.uuid()),
        row.at.micros(),
    ])
}

fn done(row: &Done) -> Result<Value, serde_json::Error> {
    let digits = row.body_hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let hash: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    Ok(json!(
        [hex(row.key.user().uuid()), row.key.name(), hash, serde_json::to_string(&row.outcome)?, row.at.micros(),]
    ))
}
