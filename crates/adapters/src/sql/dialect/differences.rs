//! What can differ between databases.

use super::address::{AddressError, Location};
use super::class::Class;
use super::purpose::{Opened, Purpose};
use async_trait::async_trait;
use sea_orm::sea_query::{ColumnType, LockType};
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr, ExecResult, IsolationLevel, TransactionOptions};
use std::fmt::Debug;
use uuid::Uuid;

/// The oldest release of a server that will do.
pub(in crate::sql) struct Release {
    /// In words, such as `PostgreSQL 14`.
    pub name: &'static str,
    pub numbers: [u32; 3],
}

/// How a database is spoken to. What a method does by default is what the SQL standard, or most servers, do.
///
/// A connection is made in the dialect that its address names, and what its server really speaks is asked over it. So
/// dialects that one driver speaks (`MySQL` and `MariaDB`) have to agree on everything up to that question: on where it is,
/// on what a connection is prepared with, on how transactions begin and end, and on what errors mean. A test in
/// `sql/dialect.rs` says which methods these are.
#[async_trait]
pub(in crate::sql) trait Dialect: Debug + Send + Sync {
    /// `SeaORM`'s name for it.
    fn backend(&self) -> DbBackend;

    // Where it is.

    /// The schemes of its addresses; none where only the server's version tells it from a more general dialect.
    fn schemes(&self) -> &'static [&'static str];

    /// How an address is written, for people; `None` where there are no schemes.
    fn form(&self) -> Option<&'static str>;

    /// Checks what follows the scheme and its colon. Every parameter has to be one that counts.
    fn locate(&self, rest: &str) -> Result<Location, AddressError>;

    /// Whether the error says that there is no file, or none that can be opened.
    fn is_missing(&self, _error: &DbErr) -> bool {
        false
    }

    // What it can do.

    /// Whether the database is a server's, and not a file with one writer.
    fn is_server(&self) -> bool {
        true
    }

    /// What a server is asked to learn its version.
    fn version(&self) -> &'static str {
        "SELECT VERSION()"
    }

    /// Whether a server that says this of its version speaks this dialect.
    fn is_spoken_by(&self, _version: &str) -> bool {
        true
    }

    /// The oldest release that will do; `None` for a database that is built in, and need not be asked.
    fn oldest(&self) -> Option<Release>;

    /// Whether rows are locked one by one, and not the whole database by BEGIN.
    fn locks_rows(&self) -> bool {
        true
    }

    /// Whether a COMMIT for which there was no room is known not to have happened.
    fn undoes_when_full(&self) -> bool {
        false
    }

    // Connections, sessions and transactions.

    /// Sets what is agreed with the database for as long as a connection lasts: isolation, limits, whether it may write.
    fn prepare(&self, options: &mut ConnectOptions, purpose: Purpose, opened: &Opened);

    /// The session of a connection (a pool of one). `id` is nobody else's.
    async fn session(&self, connection: &DatabaseConnection, id: Uuid) -> Result<Box<dyn Session>, DbErr>;

    /// How a transaction begins that can write.
    fn writing(&self) -> TransactionOptions {
        TransactionOptions::default()
    }

    /// The isolation of a transaction that reads everything as of one moment; `None` where every transaction does.
    fn snapshot(&self) -> Option<IsolationLevel> {
        Some(IsolationLevel::RepeatableRead)
    }

    /// What the error means; `None` if it is another driver's. Of all dialects of that driver the first is asked, because an
    /// error doesn't say which server it comes from.
    fn classify(&self, error: &dyn DatabaseError) -> Option<Class>;

    /// Makes a session plan its statements anew, where a plan lasts as long as its session.
    fn forgets_plans(&self) -> Option<&'static str> {
        None
    }

    /// Makes a connection unfit for writing, for tests.
    fn spoils(&self) -> &'static str;

    /// Lets a connection use only so many pages, for tests; `None` where that can't be said.
    fn limits_pages(&self, _pages: u32) -> Option<String> {
        None
    }

    // Words.

    /// The database's time, in microseconds since the epoch.
    fn time(&self) -> &'static str;

    /// A name, fit to be one even where it is a word of the language too.
    fn name(&self, name: &str) -> String {
        format!("\"{name}\"")
    }

    /// The parameter with that number, from 1. Parameters are used in the order of their numbers.
    fn parameter(&self, number: usize) -> String {
        format!("${number}")
    }

    /// The function that gives the greatest of its arguments.
    fn greatest(&self) -> &'static str {
        "GREATEST"
    }

    // Sorted key lists.

    /// The first parameter, a JSON list of rows, as a table `k`. (Sorted key lists, because `IN (…)` over a small hall
    /// locks rows that nobody asked for on `MySQL` and `MariaDB`.)
    fn list(&self, columns: &[ColumnType]) -> String;

    /// Whether a row of the list is an object, whose members are the numbers of its columns, from 0, and not an array.
    fn names_items(&self) -> bool {
        false
    }

    /// A column of [`Dialect::list`], from 0.
    fn item(&self, index: usize, kind: &ColumnType) -> String;

    /// Joins a table `t` to the list, which leads: for each of its rows, in its order, `t` is looked up by primary key.
    fn looks_up(&self, table: &str) -> String;

    /// The same by that index.
    fn looks_up_by(&self, table: &str, index: &str) -> String;

    /// What makes rows come, and be locked, in the order of the list, where they would not by themselves.
    fn in_order_of_list(&self) -> &'static str {
        ""
    }

    /// What makes rows be locked in the order of their key, where the database may not join in the order of the list, which
    /// is sorted, and leads.
    fn in_order_of_key(&self, _key: &str) -> String {
        String::new()
    }

    // Locks.

    /// How a statement on one row locks it until the transaction ends (`SeaORM` leaves it out for `SQLite`).
    fn lock_one(&self) -> LockType {
        LockType::Update
    }

    /// How a statement on a sorted key list locks the rows of `t`.
    fn lock_listed(&self) -> &'static str;

    /// Makes a transaction wait for locks for a moment only, and then as long as before; `None` where rows are not locked.
    fn waits_briefly(&self) -> Option<[&'static str; 2]> {
        None
    }

    /// The same, but rows that somebody else has locked are passed over instead of waited for.
    fn lock_listed_skipping(&self) -> &'static str;

    // Insertions.

    /// The value that an insertion would have given to a column of the row that was in its way.
    fn inserted(&self, column: &str) -> String {
        format!("excluded.{}", self.name(column))
    }

    /// Leaves the row that is in an insertion's way as it is; `None` where that has to be said as an update.
    fn on_conflict_do_nothing(&self) -> Option<&'static str> {
        Some("ON CONFLICT DO NOTHING")
    }

    /// Updates the row that is in an insertion's way.
    fn on_conflict_update(&self, key: &str, set: &str) -> String {
        format!("ON CONFLICT ({key}) DO UPDATE SET {set}")
    }

    /// Stands between a selection that is inserted and an ON CONFLICT.
    fn ends_selection(&self) -> &'static str {
        ""
    }

    /// What the version of a row becomes that is in the way of its placeholder, where that can't be left as it is.
    fn marks_existing(&self, _table: &str, _version: &str) -> Option<String> {
        None
    }

    /// Whether an insertion of placeholder rows found none of them there already.
    fn inserted_all(&self, inserted: &[ExecResult], wanted: usize) -> bool {
        inserted.iter().map(ExecResult::rows_affected).sum::<u64>() == wanted as u64
    }

    // Updates and deletions.

    /// Whether an update joins the list, and does not select from it.
    fn updates_joins(&self) -> bool {
        false
    }

    /// Deletes the rows that a list names: by the `key` of the table, which are these `items` of the `list`, or as `named`
    /// joins the two.
    fn delete_listed(&self, table: &str, key: &str, items: &str, list: &str, named: &str) -> String;
}

/// A session with a database, and how it is ended from another one.
#[async_trait]
pub(in crate::sql) trait Session: Send + Sync {
    /// Ends the session if it is still there. Its locks go with it; until then whoever needs them waits.
    async fn end(&self, from: &DatabaseConnection) -> Result<(), DbErr>;
}
