//! How values travel in a JSON list.

use sea_orm::sea_query::ColumnType;

/// What of JSON carries a value in a list.
pub(super) enum Carrier {
    Hex,
    Number,
    Text,
}

impl Carrier {
    pub(super) fn of(kind: &ColumnType) -> Self {
        match kind {
            ColumnType::Uuid | ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => Self::Hex,
            ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => Self::Number,
            _ => Self::Text,
        }
    }
}
