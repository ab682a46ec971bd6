//! The texts of statements, each made when it is first needed: to make one takes longer than to send it. A text never
//! depends on how many rows there are, so the database prepares it once, too.

use super::lists::{self, Lists};
use super::locking::Locking;
use crate::sql::connection::Failure;
use crate::sql::dialect::Dialect;
use parking_lot::RwLock;
use sea_orm::{EntityTrait, Iterable, Statement, Value};
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

/// What keeps transactions apart. Everything, but for the negative controls of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Protection {
    /// Rows are locked before they are read.
    pub locks: bool,
    /// Version guards and unique keys are heeded.
    pub guards: bool,
}

impl Protection {
    pub(in crate::sql) const FULL: Self = Self { locks: true, guards: true };
}

/// The texts of one dialect.
pub(in crate::sql) struct Texts {
    pub dialect: &'static dyn Dialect,
    pub protection: Protection,
    /// Whether one row is a list, too.
    lists_only: bool,
    known: RwLock<HashMap<Name, Arc<str>>>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    Find(Locking),
    ReservationsOfBuyers,
    TicketsOfSeats,
    ValidTickets,
    PerformancesOfSales,
    Candidates,
    Insert,
    Put,
    Issue,
    Placeholder,
    Update,
    UpdateUnguarded,
    Delete,
}

/// What makes a text differ from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    entity: TypeId,
    what: What,
    /// A bit for each column that is written.
    columns: u64,
    /// For a list of rows, not for one.
    many: bool,
}

impl Name {
    pub(super) fn of<E: EntityTrait>(what: What) -> Self {
        Self { entity: TypeId::of::<E>(), what, columns: 0, many: false }
    }

    pub(super) fn many(self) -> Self {
        Self { many: true, ..self }
    }

    pub(super) fn with<C: sea_orm::IdenStatic + Iterable>(self, columns: &[C]) -> Self {
        let bit = |column: C| u64::from(columns.iter().any(|written| written.as_str() == column.as_str()));
        Self { columns: C::iter().fold(0, |bits, column| bits << 1 | bit(column)), ..self }
    }
}

impl Texts {
    pub(in crate::sql) fn new(dialect: &'static dyn Dialect, protection: Protection) -> Self {
        Self { dialect, protection, lists_only: false, known: RwLock::default() }
    }

    /// The texts of whoever is not a worker: one row is a list, too, so that there is one text for any number of rows.
    pub(in crate::sql) fn of_lists(dialect: &'static dyn Dialect) -> Self {
        Self { lists_only: true, ..Self::new(dialect, Protection::FULL) }
    }

    /// Whether rows that are absent are made as placeholders before they are locked. Not where BEGIN locks everything, or
    /// nothing is to be locked.
    pub(in crate::sql) fn makes_placeholders(&self) -> bool {
        self.dialect.locks_rows() && self.protection.locks
    }

    pub(super) fn lists(&self) -> Lists {
        Lists { dialect: self.dialect }
    }

    /// How many bytes of a list go to the database at once. What is larger than a record of TLS is sent in several writes,
    /// and `sqlx` 0.9.0 leaves Nagle's algorithm on: the last of them waits for the database's delayed acknowledgement, 40 ms.
    fn most_bytes(&self) -> usize {
        const OF_A_RECORD: usize = 15_000;
        if self.lists_only || !self.dialect.locks_rows() { usize::MAX } else { OF_A_RECORD }
    }

    /// A statement for a list of rows, which is its one parameter, or several if it is a long one; nothing for none.
    pub(super) fn list(
        &self,
        name: Name,
        rows: &[Vec<Value>],
        text: impl FnOnce(&Lists) -> String,
    ) -> Result<Vec<Statement>, Failure> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let text = self.text(name.many(), || Ok(text(&self.lists())))?;
        let lists = lists::json(self.dialect, rows, self.most_bytes())?.into_iter();
        let statement = |list: String| Statement::from_sql_and_values(self.dialect.backend(), &text, [list.into()]);
        Ok(lists.map(statement).collect())
    }

    /// A statement for one row, whose values are its parameters, or those for many ([`Texts::list`]).
    pub(super) fn one_or_many(
        &self,
        name: Name,
        rows: &[Vec<Value>],
        one: impl FnOnce(&[Value]) -> Result<Statement, Failure>,
        many: impl FnOnce(&Lists) -> String,
    ) -> Result<Vec<Statement>, Failure> {
        let [row] = rows else { return self.list(name, rows, many) };
        if self.lists_only {
            return self.list(name, rows, many);
        }
        let text = self.text(name, || Ok(one(row)?.sql))?;
        Ok(vec![Statement::from_sql_and_values(self.dialect.backend(), text, row.clone())])
    }

    pub(super) fn text(&self, name: Name, make: impl FnOnce() -> Result<String, Failure>) -> Result<String, Failure> {
        let known = self.known.read().get(&name).cloned();
        if let Some(text) = known {
            return Ok(text.to_string());
        }
        let text = make()?;
        self.known.write().insert(name, text.as_str().into());
        Ok(text)
    }
}
