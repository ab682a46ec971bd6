//! `PostgreSQL`.

use super::address::{AddressError, Location, file, files, must_verify, server};
use super::carrier::Carrier;
use super::class::Class;
use super::differences::{Dialect, Release, Session};
use super::purpose::{Opened, Purpose, is_free};
use crate::address::Parameter;
use async_trait::async_trait;
use sea_orm::sea_query::{ColumnType, LockType};
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgDatabaseError};
use sea_orm::sqlx::{AssertSqlSafe, Executor};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use uuid::Uuid;

#[derive(Debug)]
struct Postgres;

pub(in crate::sql) const POSTGRES: &dyn Dialect = &Postgres;

/// What of its parameters is the address's business. All else would be passed over, or change what Frontrow agrees on with
/// the server.
const PARAMETERS: [Parameter; 5] = [
    Parameter {
        names: &["sslmode", "ssl-mode"],
        takes: "disable, allow, prefer, require, verify-ca or verify-full",
        check: |word| ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].contains(&word),
    },
    file(&["sslrootcert", "ssl-root-cert", "ssl-ca"]),
    file(&["sslcert", "ssl-cert"]),
    file(&["sslkey", "ssl-key"]),
    Parameter {
        names: &["host"],
        takes: "the directory of a socket, such as /run/postgresql",
        check: |path| path.starts_with('/'),
    },
];

#[async_trait]
impl Dialect for Postgres {
    fn backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["postgres", "postgresql"]
    }

    fn form(&self) -> Option<&'static str> {
        Some("postgres://USER:PASSWORD@HOST/NAME")
    }

    fn locate(&self, rest: &str) -> Result<Location, AddressError> {
        let parsed = server(rest, &PARAMETERS)?;
        must_verify(&parsed, "sslrootcert", "sslmode", |mode| mode.starts_with("verify-"), "sslmode=verify-full")?;
        let url = format!("postgres:{rest}");
        let options: PgConnectOptions = url.parse().map_err(|_| AddressError::NotAnAddress)?;
        let shown = format!("postgres://{}:{}/{}", options.get_host(), options.get_port(), parsed.path);
        Ok(Location { url, shown, files: files(&parsed, &["sslrootcert", "sslcert", "sslkey"]) })
    }

    fn oldest(&self) -> Option<Release> {
        Some(Release { name: "PostgreSQL 14", numbers: [14, 0, 0] })
    }

    /// What it reports as an error it has rolled back; without room for its log it stops.
    fn undoes_when_full(&self) -> bool {
        true
    }

    fn prepare(&self, options: &mut ConnectOptions, purpose: Purpose, opened: &Opened) {
        let (agreed, opened) = (agreed(purpose), opened.clone());
        options.set_application_name("frontrow");
        options
            .map_sqlx_postgres_pool_opts(move |pool| {
                let (agreed, opened) = (agreed.clone(), opened.clone());
                pool.after_connect(move |connection, _| {
                    opened.note();
                    let agreed = agreed.clone();
                    Box::pin(async move { connection.execute(AssertSqlSafe(agreed)).await.map(drop) })
                })
            })
            .map_sqlx_postgres_before_acquire(|connection, _| is_free(connection));
    }

    async fn session(&self, connection: &DatabaseConnection, _id: Uuid) -> Result<Box<dyn Session>, DbErr> {
        let text = "SELECT pid, extract(epoch FROM backend_start)::text FROM pg_stat_activity \
                    WHERE pid = pg_backend_pid()";
        let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, text)).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the session itself".into()))?;
        Ok(Box::new(Process { id: row.try_get_by_index(0)?, begun: row.try_get_by_index(1)? }))
    }

    fn classify(&self, error: &dyn DatabaseError) -> Option<Class> {
        error.try_downcast_ref::<PgDatabaseError>().map(|error| match error.routine() {
            // The code says no more than that something is not supported, and the message is in the server's language.
            Some(OUTDATED_PLAN) => Class::Reconnect,
            _ => class(error.code()),
        })
    }

    fn forgets_plans(&self) -> Option<&'static str> {
        Some("DISCARD PLANS")
    }

    fn spoils(&self) -> &'static str {
        "SET default_transaction_read_only = on"
    }

    fn time(&self) -> &'static str {
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    }

    /// `json_array_elements` would parse a row again for each of its columns.
    fn list(&self, columns: &[ColumnType]) -> String {
        let defined = columns.iter().enumerate().map(|(index, kind)| {
            let holds = match (kind, Carrier::of(kind)) {
                (ColumnType::Uuid, _) => "uuid",
                (_, Carrier::Number) => "bigint",
                (_, Carrier::Hex | Carrier::Text) => "text",
            };
            format!("\"{index}\" {holds}")
        });
        let defined = defined.collect::<Vec<_>>().join(", ");
        let names = (0..columns.len()).map(|index| format!("c{index}")).collect::<Vec<_>>().join(", ");
        format!("ROWS FROM (json_to_recordset($1::json) AS ({defined})) WITH ORDINALITY k({names}, nth)")
    }

    fn names_items(&self) -> bool {
        true
    }

    fn item(&self, index: usize, kind: &ColumnType) -> String {
        match Carrier::of(kind) {
            Carrier::Hex if *kind != ColumnType::Uuid => format!("decode(k.c{index}, 'hex')"),
            Carrier::Hex | Carrier::Number | Carrier::Text => format!("k.c{index}"),
        }
    }

    fn looks_up(&self, table: &str) -> String {
        format!("JOIN {table} t")
    }

    fn looks_up_by(&self, table: &str, _index: &str) -> String {
        self.looks_up(table)
    }

    fn in_order_of_list(&self) -> &'static str {
        "ORDER BY k.nth "
    }

    /// It may join in another order than the list's.
    fn in_order_of_key(&self, key: &str) -> String {
        format!(" ORDER BY {key}")
    }

    /// Such that foreign keys to the row may still be checked.
    fn lock_one(&self) -> LockType {
        LockType::NoKeyUpdate
    }

    fn lock_listed(&self) -> &'static str {
        " FOR NO KEY UPDATE OF t"
    }

    fn waits_briefly(&self) -> Option<[&'static str; 2]> {
        Some(["SET LOCAL lock_timeout = '500ms'", "SET LOCAL lock_timeout = '2s'"])
    }

    fn lock_listed_skipping(&self) -> &'static str {
        " FOR NO KEY UPDATE OF t SKIP LOCKED"
    }

    fn delete_listed(&self, table: &str, _key: &str, _items: &str, list: &str, named: &str) -> String {
        format!("DELETE FROM {table} t USING {list} WHERE {named}")
    }
}

/// Where the server notices that what a prepared statement returns has changed with the schema ("cached plan must not
/// change result type"). The statement stays useless for as long as its connection lasts.
const OUTDATED_PLAN: &str = "RevalidateCachedQuery";

/// Limits that the server keeps: a client that gave up by itself would leave its transaction open.
fn agreed(purpose: Purpose) -> String {
    const LIMITS: &str = "SET lock_timeout = '2s'; SET statement_timeout = '10s'; \
                          SET idle_in_transaction_session_timeout = '4s'; ";
    const ISOLATION: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";
    match purpose {
        Purpose::Read { limit, .. } => {
            format!("SET statement_timeout = {}; {ISOLATION}, READ ONLY", limit.as_millis())
        }
        Purpose::Write { .. } => format!("{LIMITS}{ISOLATION}, READ WRITE"),
        // A list leads every join, and each of its keys is looked up. A plan lasts as long as its session: one that was made
        // while a table had a few rows must not read all of them for each key, because it would do so when there are
        // thousands, too.
        Purpose::Work => format!(
            "{LIMITS}SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
             SET enable_material = off; SET cpu_tuple_cost = 1; SET jit = off; \
             SET plan_cache_mode = force_generic_plan; {ISOLATION}, READ WRITE"
        ),
        Purpose::Audit => format!("SET statement_timeout = 0; {ISOLATION}, READ ONLY"),
        Purpose::Migrate => format!("SET statement_timeout = 0; SET lock_timeout = 0; {ISOLATION}, READ WRITE"),
    }
}

/// The process behind a session. Its number comes back after a restart, so there is more than that.
struct Process {
    id: i32,
    /// When it began, in seconds.
    begun: String,
}

#[async_trait]
impl Session for Process {
    async fn end(&self, from: &DatabaseConnection) -> Result<(), DbErr> {
        let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE pid = $1 AND extract(epoch FROM backend_start)::text = $2";
        let values = [self.id.into(), self.begun.clone().into()];
        from.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, text, values)).await.map(drop)
    }
}

fn class(code: &str) -> Class {
    match code {
        // A serialization failure; a deadlock; a lock, or a statement, that took too long.
        "40001" | "40P01" | "55P03" | "57014" => Class::Retry,
        "23505" => Class::Duplicate,
        "53100" => Class::Full,
        // Not writable (any more: a failover); the operating system can't.
        "25006" | "58030" => Class::Unwritable,
        // Too many connections; shutting down, crashed, or starting; idle in a transaction, or altogether, for too
        // long.
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Class::Lost,
        code if code.starts_with("08") => Class::Lost,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/locking.md`.
    #[test]
    fn every_code_has_its_class() {
        for code in ["40001", "40P01", "55P03", "57014"] {
            assert_eq!(class(code), Class::Retry, "{code}");
        }
        for code in ["08000", "08003", "08006", "53300", "57P01", "57P02", "57P03", "57P05", "25P03"] {
            assert_eq!(class(code), Class::Lost, "{code}");
        }
        assert_eq!(class("53100"), Class::Full);
        assert_eq!(["25006", "58030"].map(class), [Class::Unwritable; 2]);
        assert_eq!(class("23505"), Class::Duplicate);
        assert_eq!(class("42601"), Class::Other);
    }
}
