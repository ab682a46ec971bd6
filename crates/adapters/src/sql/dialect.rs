//! What is said differently to different databases.

use sea_orm::{DbBackend, ExecResult};

/// How a database is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    MySql,
    MariaDb,
    Postgres,
}

/// What a column holds, which says how a value of it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    Number,
    Text,
    Bytes,
}

impl Dialect {
    pub(crate) const fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::MySql | Self::MariaDb => DbBackend::MySql,
            Self::Postgres => DbBackend::Postgres,
        }
    }

    /// Whether rows are locked one by one; `SQLite` has one lock for everything, which BEGIN IMMEDIATE takes.
    pub(crate) const fn locks_rows(self) -> bool {
        !matches!(self, Self::Sqlite)
    }

    /// A name, fit to be one even where it is a word of the language too.
    pub(crate) fn name(self, name: &str) -> String {
        match self {
            Self::MySql | Self::MariaDb => format!("`{name}`"),
            Self::Sqlite | Self::Postgres => format!("\"{name}\""),
        }
    }

    /// The parameter with that number, from 1. Parameters are used in the order of their numbers.
    pub(crate) fn parameter(self, number: usize) -> String {
        match self {
            Self::MySql | Self::MariaDb => "?".to_owned(),
            Self::Sqlite | Self::Postgres => format!("${number}"),
        }
    }

    /// The first parameter, a JSON list of rows, as a table `k`. (Sorted key lists, because `IN (…)` over a small hall
    /// locks rows that nobody asked for on `MySQL` and `MariaDB`.)
    pub(crate) fn list(self, columns: &[Kind]) -> String {
        match self {
            Self::Sqlite => "json_each($1) k".to_owned(),
            Self::Postgres => "json_array_elements($1::json) WITH ORDINALITY k(value, nth)".to_owned(),
            Self::MySql | Self::MariaDb => {
                let columns: Vec<String> = columns
                    .iter()
                    .enumerate()
                    .map(|(index, kind)| {
                        let holds = match kind {
                            Kind::Id => "CHAR(32)",
                            Kind::Number => "BIGINT",
                            Kind::Text | Kind::Bytes => "LONGTEXT",
                        };
                        format!("c{index} {holds} PATH '$[{index}]'")
                    })
                    .collect();
                format!("JSON_TABLE(?, '$[*]' COLUMNS({})) k", columns.join(", "))
            }
        }
    }

    /// A column of [`Dialect::list`], from 0.
    pub(crate) fn item(self, index: usize, kind: Kind) -> String {
        match (self, kind) {
            (Self::Sqlite, Kind::Id | Kind::Bytes) => format!("unhex(k.value->>{index})"),
            (Self::Sqlite, Kind::Number | Kind::Text) | (Self::Postgres, Kind::Text) => format!("k.value->>{index}"),
            (Self::Postgres, Kind::Id) => format!("(k.value->>{index})::uuid"),
            (Self::Postgres, Kind::Number) => format!("(k.value->>{index})::bigint"),
            (Self::Postgres, Kind::Bytes) => format!("decode(k.value->>{index}, 'hex')"),
            (Self::MySql | Self::MariaDb, Kind::Id | Kind::Bytes) => format!("UNHEX(k.c{index})"),
            (Self::MySql | Self::MariaDb, Kind::Number | Kind::Text) => format!("k.c{index}"),
        }
    }

    /// Joins a table `t` to the list, which leads: for each of its rows, in its order, `t` is looked up by primary key.
    /// (Left alone, `MariaDB` reads a small table from end to end, and locks all of it.)
    pub(crate) fn looks_up(self, table: &str) -> String {
        match self {
            Self::Sqlite => format!("CROSS JOIN {table} t"),
            Self::Postgres => format!("JOIN {table} t"),
            Self::MySql | Self::MariaDb => format!("STRAIGHT_JOIN {table} t FORCE INDEX (PRIMARY)"),
        }
    }

    /// Locks the rows of `t` that a statement finds, for as long as the transaction lasts. On `PostgreSQL` such that
    /// foreign keys to them may still be checked.
    pub(crate) const fn for_update(self, among_others: bool) -> &'static str {
        match (self, among_others) {
            (Self::Sqlite, _) => "",
            (Self::Postgres, false) => " FOR NO KEY UPDATE",
            (Self::Postgres, true) => " FOR NO KEY UPDATE OF t",
            (Self::MySql, true) => " FOR UPDATE OF t",
            (Self::MySql, false) | (Self::MariaDb, _) => " FOR UPDATE",
        }
    }

    /// The same, but rows that somebody else has locked are passed over instead of waited for.
    pub(crate) const fn for_update_skipping_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR NO KEY UPDATE OF t SKIP LOCKED",
            Self::MySql => " FOR UPDATE OF t SKIP LOCKED",
            Self::MariaDb => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// What makes rows come, and be locked, in the order of the list, where they would not by themselves.
    pub(crate) const fn in_order_of_list(self) -> &'static str {
        match self {
            Self::Sqlite => "ORDER BY k.key ",
            Self::Postgres => "ORDER BY k.nth ",
            Self::MySql | Self::MariaDb => "",
        }
    }

    /// Whether an insertion of places found none of its rows there already.
    pub(crate) fn inserted_all(self, inserted: &ExecResult, wanted: usize) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => inserted.rows_affected() == wanted as u64,
            Self::MySql | Self::MariaDb => inserted.last_insert_id() == 0,
        }
    }
}
