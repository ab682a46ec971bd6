//! A database for one test.

use crate::{Kind, Protocol};
use anyhow::{Context, Result, anyhow};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use url::Url;

/// A test's own database, dropped with this value.
pub struct TestDatabase {
    kind: Kind,
    name: String,
    server: String,
    url: String,
}

impl TestDatabase {
    /// Creates one on that server.
    pub async fn make(kind: Kind, server: &str) -> Result<Self> {
        let random = getrandom::u64().context("no randomness")?;
        let name = format!("frontrow_test_{random:016x}");
        let mut url: Url = server.parse()?;
        url.set_path(&name);
        let database = Self { kind, name, server: server.to_owned(), url: url.into() };
        let made = match kind {
            Kind::Postgres => format!("CREATE DATABASE {}", database.name),
            // As a server of its own would have it: the schema says itself how its words are compared.
            Kind::MySql | Kind::MariaDb => format!("CREATE DATABASE {} CHARACTER SET utf8mb4", database.name),
        };
        execute(kind, server, &[&made]).await?;
        Ok(database)
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The kind of its server.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Runs statements in it.
    pub async fn execute(&self, statements: &[&str]) -> Result<()> {
        execute(self.kind, &self.url, statements).await
    }

    /// The administrator's address.
    pub fn server_url(&self) -> &str {
        &self.server
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (kind, server) = (self.kind, self.server.clone());
        let drop = match kind {
            Kind::Postgres => format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
            Kind::MySql | Kind::MariaDb => format!("DROP DATABASE IF EXISTS {}", self.name),
        };
        // On a thread of its own, because this one may belong to a runtime. A server that has gone has dropped it too.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(execute(kind, &server, &[&drop]))
        });
        let _ = dropped.join().map_err(|_| anyhow!("panicked"));
    }
}

/// Runs statements on a server or in a database, one after the other, over one connection.
pub async fn execute(kind: Kind, url: &str, statements: &[&str]) -> Result<()> {
    match kind.protocol() {
        Protocol::Postgres => {
            let mut connection = PgConnection::connect(url).await?;
            for statement in statements {
                connection.execute(AssertSqlSafe((*statement).to_owned())).await?;
            }
            Ok(connection.close().await?)
        }
        Protocol::MySql => {
            let mut connection = MySqlConnection::connect(url).await?;
            for statement in statements {
                connection.execute(AssertSqlSafe((*statement).to_owned())).await?;
            }
            Ok(connection.close().await?)
        }
    }
}
