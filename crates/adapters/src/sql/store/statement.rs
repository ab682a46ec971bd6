//! How one statement is run, and what can go wrong with it.

use crate::sql::{Class, classify};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Statement, Value};
use std::fmt;

/// Why a transaction did not come to a good end.
#[derive(Debug)]
pub(super) enum Failure {
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
    pub(super) fn lost(error: &DbErr) -> Self {
        Self::Database { class: Class::Lost, cause: error.to_string() }
    }

    pub(super) fn needs_new_connection(&self) -> bool {
        matches!(self, Self::Commit(_) | Self::Database { class: Class::Lost, .. })
    }

    /// The word for it, in metrics.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::Database { class: Class::Retry, .. } => "contention",
            Self::Database { class: Class::Duplicate, .. } => "duplicate",
            Self::Database { class: Class::Lost, .. } => "connection_lost",
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

/// Runs statements whose one parameter is a JSON list of rows, so that their texts are always the same.
pub(super) struct Statements<'a> {
    #[cfg(feature = "hooks")]
    hook: Option<&'a dyn super::hook::Hook>,
    #[cfg(not(feature = "hooks"))]
    hook: std::marker::PhantomData<&'a ()>,
}

#[cfg(feature = "hooks")]
impl<'a> Statements<'a> {
    pub(super) fn new(hook: Option<&'a dyn super::hook::Hook>) -> Self {
        Self { hook }
    }
}

impl Statements<'_> {
    #[cfg(not(feature = "hooks"))]
    pub(super) fn new() -> Self {
        Self { hook: std::marker::PhantomData }
    }

    /// The rows of an entity that the keys name.
    pub(super) async fn read<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        text: &str,
        keys: &serde_json::Value,
    ) -> Result<Vec<E::Model>, Failure>
    where
        E::Model: FromQueryResult,
    {
        self.before(text)?;
        let statement = statement(text, keys);
        Ok(E::find().from_raw_sql(statement).all(connection).await?)
    }

    /// Writes rows: all of them, or it is a conflict.
    pub(super) async fn write(
        &self,
        connection: &impl ConnectionTrait,
        text: &str,
        rows: Vec<serde_json::Value>,
    ) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        self.before(text)?;
        let expected = rows.len() as u64;
        #[cfg(feature = "hooks")]
        let unguarded = self.hook.is_some_and(|hook| !hook.guards());
        #[cfg(feature = "hooks")]
        let text = &if unguarded { super::hook::without_guards(text) } else { text.to_owned() };
        let done = connection.execute_raw(statement(text, &rows.into())).await;
        let affected = match done {
            Ok(done) => done.rows_affected(),
            Err(error) if classify(&error) == Class::Duplicate => return Err(Failure::Conflict(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        #[cfg(feature = "hooks")]
        if unguarded {
            return Ok(());
        }
        if affected == expected {
            Ok(())
        } else {
            Err(Failure::Conflict(format!("{affected} of {expected} rows written by: {text}")))
        }
    }

    /// Where a fault may strike in tests.
    #[cfg(feature = "hooks")]
    pub(super) fn before(&self, text: &str) -> Result<(), Failure> {
        self.hook.and_then(|hook| hook.before(text)).map_or(Ok(()), |fault| Err(fault.into()))
    }

    #[cfg(not(feature = "hooks"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the tests' build has a hook here")]
    pub(super) fn before(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    /// Where the answer to COMMIT may be lost in tests.
    #[cfg(feature = "hooks")]
    pub(super) fn after_commit(&self) -> Result<(), Failure> {
        let lost = self.hook.is_some_and(super::hook::Hook::loses_commit_answer);
        if lost { Err(Failure::Commit("lost by the hook".into())) } else { Ok(()) }
    }

    #[cfg(not(feature = "hooks"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the tests' build has a hook here")]
    pub(super) fn after_commit(&self) -> Result<(), Failure> {
        Ok(())
    }
}

fn statement(text: &str, rows: &serde_json::Value) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, text, [Value::from(rows.to_string())])
}
