//! The databases' own drivers, without any of our code.

use anyhow::{Context, Result};
use frontrow_test_databases::Kind;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

/// A value of a statement.
#[derive(Clone)]
pub enum Value {
    Id(Uuid),
    Number(i64),
    Text(&'static str),
    Key(String),
    Bytes(Vec<u8>),
}

/// Where to connect. A file has one writer, so all who want to write share one connection.
#[derive(Clone)]
pub enum Database {
    File(Arc<Mutex<SqliteConnection>>),
    Server(Kind, String),
}

/// Somebody's connection, for as long as they have a transaction.
pub enum Raw {
    File(Arc<Mutex<SqliteConnection>>, Option<OwnedMutexGuard<SqliteConnection>>),
    MySql(MySqlConnection),
    Postgres(PgConnection),
}

impl Database {
    pub async fn file(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal);
        let connection = SqliteConnection::connect_with(&options.synchronous(SqliteSynchronous::Full)).await?;
        Ok(Self::File(Arc::new(Mutex::new(connection))))
    }

    pub async fn connect(&self) -> Result<Raw> {
        const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
        Ok(match self {
            Self::File(connection) => Raw::File(Arc::clone(connection), None),
            Self::Server(Kind::Postgres, url) => Raw::Postgres(PgConnection::connect(url).await?),
            Self::Server(Kind::MySql | Kind::MariaDb, url) => {
                let mut connection = MySqlConnection::connect(url).await?;
                connection.execute(ISOLATION).await?;
                Raw::MySql(connection)
            }
        })
    }

    /// A statement with `?` for its values and `FOR UPDATE` for its locks, as the database wants it.
    pub fn text(&self, text: &str) -> &'static str {
        let text = match self {
            Self::File(_) => text.replace(" FOR UPDATE", ""),
            Self::Server(Kind::MySql | Kind::MariaDb, _) => text.replace('"', "`"),
            Self::Server(Kind::Postgres, _) => {
                let mut parts = text.split('?');
                let first = parts.next().unwrap_or_default().to_owned();
                let numbered = parts.zip(1..).fold(first, |text, (part, number)| format!("{text}${number}{part}"));
                numbered.replace("FOR UPDATE", "FOR NO KEY UPDATE")
            }
        };
        text.leak()
    }
}

/// Binds the values, runs the statement, reads all of its rows and counts them.
macro_rules! run {
    ($connection:expr, $text:expr, $values:expr) => {{
        let mut query = sqlx::query($text);
        for value in $values {
            query = match value.clone() {
                Value::Id(id) => query.bind(id),
                Value::Number(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Key(key) => query.bind(key),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query.fetch_all($connection).await.map(|rows| rows.len())
    }};
}

impl Raw {
    pub async fn begin(&mut self) -> Result<()> {
        match self {
            Self::File(shared, held) => {
                let connection = held.insert(Arc::clone(shared).lock_owned().await);
                connection.execute("BEGIN IMMEDIATE").await?;
            }
            Self::MySql(connection) => connection.execute("BEGIN").await.map(|_| ())?,
            Self::Postgres(connection) => connection.execute("BEGIN").await.map(|_| ())?,
        }
        Ok(())
    }

    pub async fn commit(&mut self) -> Result<()> {
        self.end("COMMIT").await
    }

    pub async fn rollback(&mut self) -> Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(&mut self, how: &'static str) -> Result<()> {
        match self {
            Self::File(_, held) => {
                let mut connection = held.take().context("no transaction")?;
                connection.execute(how).await?;
            }
            Self::MySql(connection) => connection.execute(how).await.map(|_| ())?,
            Self::Postgres(connection) => connection.execute(how).await.map(|_| ())?,
        }
        Ok(())
    }

    /// How many rows the statement returns.
    pub async fn run(&mut self, text: &'static str, values: &[Value]) -> Result<usize> {
        Ok(match self {
            Self::File(_, held) => run!(&mut **held.as_mut().context("no transaction")?, text, values)?,
            Self::MySql(connection) => run!(connection, text, values)?,
            Self::Postgres(connection) => run!(connection, text, values)?,
        })
    }
}

/// Lets `PostgreSQL` do at once what it would else do at any time: clean up after many rows were inserted.
pub async fn clean_up(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute("VACUUM (ANALYZE)").await?;
    connection.execute("CHECKPOINT").await?;
    Ok(connection.close().await?)
}
