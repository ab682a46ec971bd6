//! How one statement is run, and what can go wrong with it.

use super::cell::Cell;
use super::texts::{Text, Texts};
use crate::sql::entity::seat;
use crate::sql::transaction::{NotBegun, Uncommitted};
use crate::sql::{Class, classify};
use frontrow_domain::Instant;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, ExecResult, FromQueryResult, Statement, Value};
use serde_json::Value as Json;
use std::fmt;

/// Why a transaction did not come to a good end.
#[derive(Debug)]
pub(in crate::sql) enum Failure {
    /// A version guard or a unique key fired: somebody else was faster.
    Conflict(String),
    /// The database said no.
    Database { class: Class, cause: String },
    /// The answer to COMMIT did not arrive: the transaction may have happened, or not.
    Commit(String),
    /// A defect of ours.
    Bug(String),
}

impl Failure {
    /// The connection can't be trusted any more.
    pub(in crate::sql) fn lost(error: &DbErr) -> Self {
        Self::Database { class: Class::Lost, cause: error.to_string() }
    }

    /// There is no connection whose session is known.
    pub(super) fn disconnected() -> Self {
        Self::Database { class: Class::Lost, cause: "disconnected".into() }
    }

    /// What kind of error of the database it was.
    pub(in crate::sql) fn class(&self) -> Class {
        if let Self::Database { class, .. } = self { *class } else { Class::Other }
    }

    pub(in crate::sql) fn needs_new_connection(&self) -> bool {
        matches!(self, Self::Commit(_) | Self::Database { class: Class::Lost | Class::Unwritable, .. })
    }

    /// The word for it, in metrics.
    pub(in crate::sql) fn name(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::Database { class: Class::Retry, .. } => "contention",
            Self::Database { class: Class::Duplicate, .. } => "duplicate",
            Self::Database { class: Class::Lost, .. } => "connection_lost",
            Self::Database { class: Class::Full, .. } => "storage_full",
            Self::Database { class: Class::Unwritable, .. } => "unwritable",
            Self::Commit(_) => "commit_unknown",
            Self::Database { class: Class::Other, .. } | Self::Bug(_) => "fault",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(row) => write!(f, "somebody else changed {row}"),
            Self::Database { cause, .. } => write!(f, "database: {cause}"),
            Self::Commit(cause) => write!(f, "commit: {cause}"),
            Self::Bug(cause) => write!(f, "bug: {cause}"),
        }
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Database { class: classify(&error), cause: error.to_string() }
    }
}

impl From<NotBegun> for Failure {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::Within => Self::Database { class: Class::Lost, cause: error.to_string() },
            NotBegun::Database(error) => error.into(),
        }
    }
}

impl From<Uncommitted> for Failure {
    fn from(uncommitted: Uncommitted) -> Self {
        match uncommitted {
            Uncommitted::Undone { class, cause } => Self::Database { class, cause },
            Uncommitted::Unknown { cause } => Self::Commit(cause),
        }
    }
}

/// Runs statements on rows.
pub(in crate::sql) struct Statements<'a> {
    pub texts: &'a Texts,
    #[cfg(feature = "hooks")]
    pub hook: Option<&'a dyn super::hook::Hook>,
}

impl Statements<'_> {
    /// The rows of an entity that the keys name.
    pub(in crate::sql) async fn read<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        text: &Text,
        keys: Vec<Vec<Cell>>,
    ) -> Result<Vec<E::Model>, Failure>
    where
        E::Model: FromQueryResult,
    {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.statement(text, keys);
        self.before(&statement.sql)?;
        Ok(E::find().from_raw_sql(statement).all(connection).await?)
    }

    /// Locks the first seats that can be had and that nobody has locked; those whose hold has lapsed by then can be had.
    pub(in crate::sql) async fn read_candidates(
        &self,
        connection: &impl ConnectionTrait,
        keys: Vec<Vec<Cell>>,
        lapsed: Instant,
        most: usize,
    ) -> Result<Vec<seat::Model>, Failure> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = [list(&keys).into(), lapsed.micros().into(), most.into()];
        let text = &self.texts.candidates;
        let statement = Statement::from_sql_and_values(self.texts.dialect.backend(), text, values);
        self.before(&statement.sql)?;
        Ok(seat::Entity::find().from_raw_sql(statement).all(connection).await?)
    }

    /// Writes rows: all of them, or it is a conflict.
    pub(in crate::sql) async fn write(
        &self,
        connection: &impl ConnectionTrait,
        text: &Text,
        rows: Vec<Vec<Cell>>,
    ) -> Result<(), Failure> {
        let expected = rows.len() as u64;
        let Some(done) = self.execute(connection, text, rows).await? else { return Ok(()) };
        let affected = done.rows_affected();
        if affected == expected || !self.texts.protection.guards {
            Ok(())
        } else {
            Err(Failure::Conflict(format!("{affected} of {expected} rows written by: {}", text.one)))
        }
    }

    /// Runs a statement on rows, if there are any.
    pub(in crate::sql) async fn execute(
        &self,
        connection: &impl ConnectionTrait,
        text: &Text,
        rows: Vec<Vec<Cell>>,
    ) -> Result<Option<ExecResult>, Failure> {
        if rows.is_empty() {
            return Ok(None);
        }
        let statement = self.statement(text, rows);
        self.before(&statement.sql)?;
        match connection.execute_raw(statement).await {
            Ok(done) => Ok(Some(done)),
            Err(error) if classify(&error) == Class::Duplicate => Err(Failure::Conflict(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    pub(in crate::sql) fn statement(&self, text: &Text, mut rows: Vec<Vec<Cell>>) -> Statement {
        let backend = self.texts.dialect.backend();
        if rows.len() == 1 {
            let values = rows.remove(0).into_iter().map(Value::from);
            return Statement::from_sql_and_values(backend, &text.one, values);
        }
        Statement::from_sql_and_values(backend, &text.many, [Value::from(list(&rows))])
    }

    /// Where a fault may strike in tests.
    #[cfg(feature = "hooks")]
    pub(in crate::sql) fn before(&self, text: &str) -> Result<(), Failure> {
        self.hook.and_then(|hook| hook.before(text)).map_or(Ok(()), |fault| Err(fault.into()))
    }

    #[cfg(not(feature = "hooks"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the tests' build has a hook here")]
    pub(in crate::sql) fn before(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    /// Where the answer to COMMIT may be lost in tests.
    #[cfg(feature = "hooks")]
    pub(in crate::sql) fn after_commit(&self) -> Result<(), Failure> {
        let lost = self.hook.is_some_and(super::hook::Hook::loses_commit_answer);
        if lost { Err(Failure::Commit("lost by the hook".into())) } else { Ok(()) }
    }

    #[cfg(not(feature = "hooks"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the tests' build has a hook here")]
    pub(in crate::sql) fn after_commit(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// As [`Dialect::list`](crate::sql::dialect::Dialect::list) expects it.
fn list(rows: &[Vec<Cell>]) -> String {
    rows.iter().map(|row| row.iter().map(Cell::json).collect::<Json>()).collect::<Json>().to_string()
}
