//! The rows of waiting rooms, as statements see them.

use crate::sql::dialect::Kind::{Id, Number, Text};
use crate::sql::entity::line::{LIVE, OVER};
use crate::sql::store::cell::Cell;
use crate::sql::store::shape::{Shape, Stored, buyer_key, number};
use frontrow_domain::waiting_room::{Admission, Admitted, Claim, Group, Line, Place};
use frontrow_domain::{BuyerKey, SaleId};
use serde_json::Error;

/// A line, ready to be written.
pub(super) struct StoredLine {
    sale: SaleId,
    version: i64,
    live: bool,
    pub body: String,
}

impl StoredLine {
    /// `live` says that the line is not over.
    pub(super) fn of(line: &Line, live: bool) -> Result<Self, Error> {
        let body = serde_json::to_string(line)?;
        Ok(Self { sale: line.sale, version: line.version.get(), live, body })
    }
}

impl Stored for StoredLine {
    const SHAPE: Shape = Shape {
        table: "line",
        key: &[("sale_id", Id)],
        fixed: &[],
        changing: &[("live", Number), ("body", Text), ("version", Number)],
    };

    fn key(&self) -> Vec<Cell> {
        vec![self.sale.uuid().into()]
    }

    fn changing(&self) -> Vec<Cell> {
        let live = if self.live { LIVE } else { OVER };
        vec![i64::from(live).into(), self.body.clone().into(), self.version.into()]
    }
}

impl Stored for Admission {
    const SHAPE: Shape = Shape {
        table: "admission",
        key: &[("sale_id", Id), ("user_id", Id)],
        fixed: &[],
        changing: &[("until", Number)],
    };

    fn key(&self) -> Vec<Cell> {
        buyer_key(&self.key)
    }

    fn changing(&self) -> Vec<Cell> {
        vec![self.until.micros().into()]
    }
}

impl Stored for Claim {
    const SHAPE: Shape = Shape {
        table: "door",
        key: &[("sale_id", Id), ("user_id", Id)],
        fixed: &[],
        changing: &[("grp", Number), ("number", Number), ("turn", Number), ("claimed_at", Number), ("seen_at", Number)],
    };

    fn key(&self) -> Vec<Cell> {
        buyer_key(&self.key)
    }

    fn changing(&self) -> Vec<Cell> {
        vec![
            i64::from(self.group.get()).into(),
            number(self.number.get()).into(),
            number(self.rank.get()).into(),
            self.claimed_at.micros().into(),
            self.seen_at.micros().into(),
        ]
    }
}

impl Stored for Admitted {
    const SHAPE: Shape = Shape {
        table: "admission_log",
        key: &[("sale_id", Id), ("tick", Number), ("grp", Number), ("turn", Number), ("user_id", Id)],
        fixed: &[("claimed_at", Number), ("at", Number), ("active_after", Number), ("capacity", Number)],
        changing: &[],
    };

    fn key(&self) -> Vec<Cell> {
        vec![
            self.key.sale.uuid().into(),
            self.tick.into(),
            i64::from(self.group.get()).into(),
            number(self.rank.get()).into(),
            self.key.user.uuid().into(),
        ]
    }

    fn fixed(&self) -> Result<Vec<Cell>, Error> {
        Ok(vec![
            self.claimed_at.micros().into(),
            self.at.micros().into(),
            i64::from(self.active_after).into(),
            i64::from(self.capacity).into(),
        ])
    }
}

/// Somebody's place.
pub(super) struct StoredPlace {
    pub key: BuyerKey,
    pub place: Place,
}

impl Stored for StoredPlace {
    const SHAPE: Shape = Shape {
        table: "place",
        key: &[("sale_id", Id), ("user_id", Id)],
        fixed: &[],
        changing: &[("grp", Number), ("number", Number)],
    };
    const GUARD: &str = "number";

    fn key(&self) -> Vec<Cell> {
        buyer_key(&self.key)
    }

    fn changing(&self) -> Vec<Cell> {
        vec![i64::from(self.place.group.get()).into(), number(self.place.number.get()).into()]
    }
}

/// Numbers of a line that are handed out.
pub(super) struct Counter {
    pub sale: SaleId,
    pub group: Group,
    pub count: u64,
}

impl Stored for Counter {
    const SHAPE: Shape = Shape {
        table: "counter",
        key: &[("sale_id", Id), ("grp", Number)],
        fixed: &[],
        changing: &[("issued", Number)],
    };
    const GUARD: &str = "issued";

    fn key(&self) -> Vec<Cell> {
        vec![self.sale.uuid().into(), i64::from(self.group.get()).into()]
    }

    fn changing(&self) -> Vec<Cell> {
        vec![number(self.count).into()]
    }
}
