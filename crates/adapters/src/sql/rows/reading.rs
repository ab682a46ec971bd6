//! Reading rows back into the domain's terms. A row that can't be read is a defect that names the row.

use frontrow_domain::waiting_room::{Group, QueueNumber, Rank};
use frontrow_domain::{Points, SeatNumber};
use sea_orm::DbErr;
use serde::de::DeserializeOwned;
use std::fmt::Display;

/// Names the row in what is said of it.
pub(crate) struct Reading<K> {
    table: &'static str,
    key: K,
}

impl<K: Display> Reading<K> {
    pub(crate) fn of(table: &'static str, key: K) -> Self {
        Self { table, key }
    }

    /// The row can't be read.
    pub(crate) fn error(&self, why: impl Display) -> DbErr {
        DbErr::Custom(format!("{} {} can't be read: {why}", self.table, self.key))
    }

    pub(crate) fn points(&self, amount: i64) -> Result<Points, DbErr> {
        Points::new(amount).map_err(|error| self.error(format!("{amount}: {error}")))
    }

    pub(crate) fn seat_number(&self, number: i32) -> Result<SeatNumber, DbErr> {
        let number = u32::try_from(number).ok().and_then(SeatNumber::new);
        number.ok_or_else(|| self.error("its seat number is out of range"))
    }

    pub(crate) fn count(&self, number: i64) -> Result<u32, DbErr> {
        u32::try_from(number).map_err(|error| self.error(format!("{number}: {error}")))
    }

    pub(crate) fn group(&self, index: i16) -> Result<Group, DbErr> {
        let group = u8::try_from(index).ok().and_then(Group::new);
        group.ok_or_else(|| self.error(format!("there is no group {index}")))
    }

    pub(crate) fn queue_number(&self, number: i64) -> Result<QueueNumber, DbErr> {
        let known = u64::try_from(number).ok().and_then(QueueNumber::new);
        known.ok_or_else(|| self.error(format!("there is no number {number}")))
    }

    pub(crate) fn rank(&self, rank: i64) -> Result<Rank, DbErr> {
        u64::try_from(rank).map(Rank::new).map_err(|error| self.error(format!("{rank}: {error}")))
    }

    pub(crate) fn hash(&self, bytes: Vec<u8>) -> Result<[u8; 32], DbErr> {
        bytes.try_into().map_err(|bytes: Vec<u8>| self.error(format!("a hash has 32 bytes, not {}", bytes.len())))
    }

    pub(crate) fn text<T: DeserializeOwned>(&self, json: &str) -> Result<T, DbErr> {
        serde_json::from_str(json).map_err(|error| self.error(error))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, json: serde_json::Value) -> Result<T, DbErr> {
        serde_json::from_value(json).map_err(|error| self.error(error))
    }

    pub(crate) fn word<T>(&self, word: &str, known: Option<T>) -> Result<T, DbErr> {
        known.ok_or_else(|| self.error(format!("nothing is called {word}")))
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::rows::seat;
    use frontrow_domain::Seat;
    use uuid::Uuid;

    #[test]
    fn a_row_that_can_not_be_read_is_named() {
        let row = seat::Model {
            performance_id: Uuid::from_u128(10),
            number: 7,
            state: seat::HELD,
            reservation_id: None,
            held_until: Some(5),
            version: 1,
        };
        let error = Seat::try_from(row).unwrap_err().to_string();
        let name = "seat 00000000-0000-0000-0000-00000000000a/7 can't be read: there is no state like (2, None, Some(";
        assert!(error.contains(name), "{error}");
    }
}
