//! One value of a row, on its way into a statement: as a parameter, or within a JSON list.

use sea_orm::Value;
use serde_json::{Value as Json, json};
use std::fmt::Write;
use uuid::Uuid;

/// A value, or NULL.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Cell {
    Id(Option<Uuid>),
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
}

impl From<Uuid> for Cell {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Id(id) => id.into(),
            Cell::Number(number) => number.into(),
            Cell::Text(text) => text.into(),
            Cell::Bytes(bytes) => bytes.into(),
        }
    }
}

impl Cell {
    /// As [`Dialect::item`](crate::sql::dialect::Dialect::item) expects it.
    pub(in crate::sql) fn json(&self) -> Json {
        match self {
            Self::Id(id) => json!(id.map(|id| id.simple().to_string())),
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Bytes(bytes) => json!(hex(bytes)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
