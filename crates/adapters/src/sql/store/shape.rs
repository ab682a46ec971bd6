//! The rows of the hot path, as statements see them.

use super::cell::Cell;
use crate::sql::dialect::Kind::{self, Bytes, Id, Number, Text};
use crate::sql::entity::{buyer, seat, ticket};
use frontrow_domain::{Buyer, BuyerKey, Done, Payment, Reservation, Seat, SeatState, Ticket, Transfer, Wallet};
use serde_json::Error;
use uuid::Uuid;

/// A column: its name, and what it holds.
pub(in crate::sql) type Column = (&'static str, Kind);

/// A table: its columns by what becomes of them.
pub(in crate::sql) struct Shape {
    pub table: &'static str,
    /// The primary key.
    pub key: &'static [Column],
    /// Written once.
    pub fixed: &'static [Column],
    /// Written again and again.
    pub changing: &'static [Column],
}

/// A row with a [`Shape`]: its values, in the order of the columns.
pub(in crate::sql) trait Stored {
    const SHAPE: Shape;
    /// The column that an update compares with what was read.
    const GUARD: &str = "version";

    fn key(&self) -> Vec<Cell>;

    fn fixed(&self) -> Result<Vec<Cell>, Error> {
        Ok(Vec::new())
    }

    fn changing(&self) -> Vec<Cell> {
        Vec::new()
    }
}

/// The key of a buyer, and of all that is one a buyer.
pub(in crate::sql) fn buyer_key(key: &BuyerKey) -> Vec<Cell> {
    vec![key.sale.uuid().into(), key.user.uuid().into()]
}

/// Numbers of places and ranks begin at 1, and none comes near the end.
pub(in crate::sql) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The numbers that are used up, as a JSON list; nothing if there are none, as in most sales.
fn spent(buyer: &Buyer) -> String {
    let list = buyer.spent.map(|number| number.to_string()).join(",");
    if buyer.spent.iter().all(|number| *number == 0) { String::new() } else { format!("[{list}]") }
}

impl Stored for Buyer {
    const SHAPE: Shape = Shape {
        table: "buyer",
        key: &[("sale_id", Id), ("user_id", Id)],
        fixed: &[],
        changing: &[
            ("admitted_until", Number),
            ("max_until", Number),
            ("generation", Number),
            ("spent", Text),
            ("barred", Number),
            ("admitted_grp", Number),
            ("admitted_number", Number),
            ("ended", Number),
            ("version", Number),
        ],
    };

    fn key(&self) -> Vec<Cell> {
        buyer_key(&self.key)
    }

    fn changing(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.slot.map(|slot| slot.until.micros())),
            Cell::Number(self.slot.map(|slot| slot.max_until.micros())),
            i64::from(self.generation).into(),
            spent(self).into(),
            i64::from(self.barred).into(),
            Cell::Number(self.admitted_by.map(|place| place.group.get().into())),
            Cell::Number(self.admitted_by.map(|place| number(place.number.get()))),
            Cell::Number(self.ended.map(|ended| buyer::ended_code(ended).into())),
            self.version.get().into(),
        ]
    }
}

impl Stored for Reservation {
    const SHAPE: Shape = Shape {
        table: "reservation",
        key: &[("id", Id)],
        fixed: &[
            ("performance_id", Id),
            ("sale_id", Id),
            ("user_id", Id),
            ("held_until", Number),
            ("late_until", Number),
            ("amount", Number),
            ("lines", Text),
        ],
        changing: &[("state", Text), ("refund_reason", Text), ("version", Number)],
    };

    fn key(&self) -> Vec<Cell> {
        vec![self.id.uuid().into()]
    }

    fn fixed(&self) -> Result<Vec<Cell>, Error> {
        Ok(vec![
            self.performance.uuid().into(),
            self.sale.uuid().into(),
            self.user.uuid().into(),
            self.held_until.micros().into(),
            self.late_until.micros().into(),
            self.amount.amount().into(),
            serde_json::to_string(&self.lines)?.into(),
        ])
    }

    fn changing(&self) -> Vec<Cell> {
        let reason = self.refund_reason.as_ref().map(|reason| reason.as_str().to_owned());
        vec![self.state.as_str().to_owned().into(), Cell::Text(reason), self.version.get().into()]
    }
}

impl Stored for Payment {
    const SHAPE: Shape = Shape {
        table: "payment",
        key: &[("id", Id)],
        fixed: &[
            ("kind", Text),
            ("reservation_id", Id),
            ("user_id", Id),
            ("amount", Number),
            ("provider", Text),
            ("at", Number),
        ],
        changing: &[("state", Text), ("provider_ref", Text), ("version", Number)],
    };

    fn key(&self) -> Vec<Cell> {
        vec![self.id.uuid().into()]
    }

    fn fixed(&self) -> Result<Vec<Cell>, Error> {
        Ok(vec![
            self.kind.as_str().to_owned().into(),
            Cell::Id(self.reservation.map(frontrow_domain::ReservationId::uuid)),
            self.user.uuid().into(),
            self.amount.amount().into(),
            self.provider.clone().into(),
            self.at.micros().into(),
        ])
    }

    fn changing(&self) -> Vec<Cell> {
        vec![self.state.as_str().to_owned().into(), Cell::Text(self.provider_ref.clone()), self.version.get().into()]
    }
}

impl Stored for Wallet {
    const SHAPE: Shape = Shape {
        table: "wallet",
        key: &[("user_id", Id)],
        fixed: &[],
        changing: &[("balance", Number), ("pending", Number), ("version", Number)],
    };

    fn key(&self) -> Vec<Cell> {
        vec![self.user.uuid().into()]
    }

    fn changing(&self) -> Vec<Cell> {
        vec![self.balance.amount().into(), self.pending.amount().into(), self.version.get().into()]
    }
}

impl Stored for Seat {
    const SHAPE: Shape = Shape {
        table: "seat",
        key: &[("performance_id", Id), ("number", Number)],
        fixed: &[],
        changing: &[("state", Number), ("reservation_id", Id), ("held_until", Number), ("version", Number)],
    };

    fn key(&self) -> Vec<Cell> {
        vec![self.key.performance.uuid().into(), i64::from(self.key.number.get()).into()]
    }

    fn changing(&self) -> Vec<Cell> {
        let (state, reservation, until) = match self.state {
            SeatState::Free => (seat::FREE, None, None),
            SeatState::Blocked => (seat::BLOCKED, None, None),
            SeatState::Held { by, until } => (seat::HELD, Some(by.uuid()), Some(until.micros())),
            SeatState::Sold { to } => (seat::SOLD, Some(to.uuid()), None),
        };
        vec![i64::from(state).into(), Cell::Id(reservation), Cell::Number(until), self.version.get().into()]
    }
}

impl Stored for Ticket {
    const SHAPE: Shape = Shape {
        table: "ticket",
        key: &[("performance_id", Id), ("number", Number), ("version", Number)],
        fixed: &[("reservation_id", Id)],
        changing: &[("live", Number)],
    };
    const GUARD: &str = "live";

    fn key(&self) -> Vec<Cell> {
        vec![
            self.key.seat.performance.uuid().into(),
            i64::from(self.key.seat.number.get()).into(),
            self.key.version.get().into(),
        ]
    }

    fn fixed(&self) -> Result<Vec<Cell>, Error> {
        Ok(vec![self.reservation.uuid().into()])
    }

    fn changing(&self) -> Vec<Cell> {
        vec![Cell::Number(self.valid.then_some(i64::from(ticket::LIVE)))]
    }
}

impl Stored for Transfer {
    const SHAPE: Shape = Shape {
        table: "transfer",
        key: &[("id", Id)],
        fixed: &[("debit", Id), ("credit", Id), ("amount", Number), ("payment_id", Id), ("at", Number)],
        changing: &[],
    };

    fn key(&self) -> Vec<Cell> {
        vec![self.id.uuid().into()]
    }

    fn fixed(&self) -> Result<Vec<Cell>, Error> {
        Ok(vec![
            Uuid::from(self.debit).into(),
            Uuid::from(self.credit).into(),
            self.amount.amount().into(),
            self.payment.uuid().into(),
            self.at.micros().into(),
        ])
    }
}

impl Stored for Done {
    const SHAPE: Shape = Shape {
        table: "done",
        key: &[("user_id", Id), ("key", Text)],
        fixed: &[("body_hash", Bytes), ("outcome", Text), ("at", Number)],
        changing: &[],
    };

    fn key(&self) -> Vec<Cell> {
        vec![self.key.user().uuid().into(), self.key.name().to_owned().into()]
    }

    fn fixed(&self) -> Result<Vec<Cell>, Error> {
        Ok(vec![
            Cell::Bytes(self.body_hash.to_vec()),
            serde_json::to_string(&self.outcome)?.into(),
            self.at.micros().into(),
        ])
    }
}
