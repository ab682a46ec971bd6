//! `MySQL`, and `MariaDB`, which differs in a few words.

use super::address::{AddressError, Location, file, files, must_verify, server};
use super::carrier::Carrier;
use super::class::Class;
use super::differences::{Dialect, Release, Session};
use super::purpose::{Opened, Purpose, is_free};
use crate::address::Parameter;
use async_trait::async_trait;
use sea_orm::sea_query::ColumnType;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};
use sea_orm::sqlx::{AssertSqlSafe, Error as SqlxError, Executor};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, RuntimeErr, Statement,
};
use uuid::Uuid;

/// One of the two. Until its server was asked, either is taken for [`MYSQL`].
#[derive(Debug)]
enum MySql {
    MySql,
    MariaDb,
}

pub(in crate::sql) const MYSQL: &dyn Dialect = &MySql::MySql;
pub(in crate::sql) const MARIADB: &dyn Dialect = &MySql::MariaDb;

/// What of their parameters is the address's business. All else would be passed over, or change what Frontrow agrees on
/// with the server.
const PARAMETERS: [Parameter; 5] = [
    Parameter {
        names: &["ssl-mode", "sslmode"],
        takes: "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
        check: |word| {
            let words = ["disabled", "preferred", "required", "verify_ca", "verify_identity"];
            words.contains(&word.to_ascii_lowercase().as_str())
        },
    },
    file(&["ssl-ca", "sslca"]),
    file(&["ssl-cert", "sslcert"]),
    file(&["ssl-key", "sslkey"]),
    Parameter {
        names: &["socket"],
        takes: "the path of a socket, such as /run/mysqld/mysqld.sock",
        check: |path| path.starts_with('/'),
    },
];

#[async_trait]
impl Dialect for MySql {
    fn backend(&self) -> DbBackend {
        DbBackend::MySql
    }

    fn schemes(&self) -> &'static [&'static str] {
        match self {
            Self::MySql => &["mysql", "mariadb"],
            Self::MariaDb => &[],
        }
    }

    fn form(&self) -> Option<&'static str> {
        match self {
            Self::MySql => Some("mysql://USER:PASSWORD@HOST/NAME (for MariaDB too)"),
            Self::MariaDb => None,
        }
    }

    fn locate(&self, rest: &str) -> Result<Location, AddressError> {
        let parsed = server(rest, &PARAMETERS)?;
        let verifies = |mode: &str| mode.to_ascii_lowercase().starts_with("verify_");
        must_verify(&parsed, "ssl-ca", "ssl-mode", verifies, "ssl-mode=VERIFY_IDENTITY")?;
        // The driver knows one name for both.
        let url = format!("mysql:{rest}");
        let options: MySqlConnectOptions = url.parse().map_err(|_| AddressError::NotAnAddress)?;
        let shown = format!("mysql://{}:{}/{}", options.get_host(), options.get_port(), parsed.path);
        Ok(Location { url, shown, files: files(&parsed, &["ssl-ca", "ssl-cert", "ssl-key"]) })
    }

    fn is_spoken_by(&self, version: &str) -> bool {
        version.contains("MariaDB") == matches!(self, Self::MariaDb)
    }

    fn oldest(&self) -> Option<Release> {
        Some(match self {
            Self::MySql => Release { name: "MySQL 8.0.20", numbers: [8, 0, 20] },
            Self::MariaDb => Release { name: "MariaDB 10.6", numbers: [10, 6, 0] },
        })
    }

    /// It may keep the transaction, and have no room for its binary log.
    fn undoes_when_full(&self) -> bool {
        false
    }

    fn prepare(&self, options: &mut ConnectOptions, purpose: Purpose, opened: &Opened) {
        let (agreed, opened) = (agreed(purpose), opened.clone());
        options
            .map_sqlx_mysql_pool_opts(move |pool| {
                let (agreed, opened) = (agreed.clone(), opened.clone());
                pool.after_connect(move |connection, _| {
                    opened.note();
                    let agreed = agreed.clone();
                    Box::pin(async move {
                        connection.execute(AssertSqlSafe(agreed)).await?;
                        if connection.fetch_optional(IN_A_CLUSTER).await?.is_some() {
                            connection.execute(WAIT_FOR_OTHER_NODES).await?;
                        }
                        Ok(())
                    })
                })
            })
            .map_sqlx_mysql_before_acquire(|connection, _| is_free(connection));
    }

    async fn session(&self, connection: &DatabaseConnection, id: Uuid) -> Result<Box<dyn Session>, DbErr> {
        let lock = format!("frontrow-{}", id.simple());
        let text = "SELECT CAST(GET_LOCK(?, 0) AS SIGNED)";
        let text = Statement::from_sql_and_values(DbBackend::MySql, text, [lock.clone().into()]);
        let row = connection.query_one_raw(text).await?;
        let got = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
        // Whoever else has it must not be taken for this session.
        if got == Some(1) { Ok(Box::new(Holder { lock })) } else { Err(DbErr::Custom(format!("{lock} is taken"))) }
    }

    fn classify(&self, error: &dyn DatabaseError) -> Option<Class> {
        let error = error.try_downcast_ref::<MySqlDatabaseError>()?;
        Some(class(error.number(), os_error(error.message())))
    }

    fn spoils(&self) -> &'static str {
        "SET SESSION TRANSACTION READ ONLY"
    }

    fn time(&self) -> &'static str {
        "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"
    }

    fn name(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn parameter(&self, _number: usize) -> String {
        "?".to_owned()
    }

    fn list(&self, columns: &[ColumnType]) -> String {
        let columns = columns.iter().enumerate().map(|(index, kind)| {
            let holds = match (kind, Carrier::of(kind)) {
                (ColumnType::Uuid, _) => "CHAR(32)",
                (_, Carrier::Number) => "BIGINT",
                (_, Carrier::Hex | Carrier::Text) => "LONGTEXT",
            };
            format!("c{index} {holds} PATH '$[{index}]'")
        });
        format!("JSON_TABLE(?, '$[*]' COLUMNS({})) k", columns.collect::<Vec<_>>().join(", "))
    }

    fn item(&self, index: usize, kind: &ColumnType) -> String {
        match Carrier::of(kind) {
            Carrier::Hex => format!("UNHEX(k.c{index})"),
            Carrier::Number | Carrier::Text => format!("k.c{index}"),
        }
    }

    /// Left alone, `MariaDB` reads a small table from end to end, and locks all of it; `MySQL` reads a large one, too.
    fn looks_up(&self, table: &str) -> String {
        self.looks_up_by(table, "PRIMARY")
    }

    fn looks_up_by(&self, table: &str, index: &str) -> String {
        format!("STRAIGHT_JOIN {table} t FORCE INDEX ({index})")
    }

    fn lock_listed(&self) -> &'static str {
        match self {
            Self::MySql => " FOR UPDATE OF t",
            Self::MariaDb => " FOR UPDATE",
        }
    }

    /// In whole seconds.
    fn waits_briefly(&self) -> Option<[&'static str; 2]> {
        Some(["SET SESSION innodb_lock_wait_timeout = 1", "SET SESSION innodb_lock_wait_timeout = 2"])
    }

    fn lock_listed_skipping(&self) -> &'static str {
        match self {
            Self::MySql => " FOR UPDATE OF t SKIP LOCKED",
            Self::MariaDb => " FOR UPDATE SKIP LOCKED",
        }
    }

    fn inserted(&self, column: &str) -> String {
        format!("VALUES({})", self.name(column))
    }

    fn on_conflict_do_nothing(&self) -> Option<&'static str> {
        None
    }

    fn on_conflict_update(&self, _key: &str, set: &str) -> String {
        format!("ON DUPLICATE KEY UPDATE {set}")
    }

    /// A plain duplicate would take a shared lock, which two can have and neither can turn into an exclusive one. What was
    /// there already shows in `LAST_INSERT_ID`, its version being above 0.
    fn marks_existing(&self, table: &str, version: &str) -> Option<String> {
        Some(format!("LAST_INSERT_ID({table}.{version})"))
    }

    fn inserted_all(&self, inserted: &[ExecResult], _wanted: usize) -> bool {
        inserted.iter().all(|inserted| inserted.last_insert_id() == 0)
    }

    fn updates_joins(&self) -> bool {
        true
    }

    fn delete_listed(&self, table: &str, _key: &str, _items: &str, list: &str, named: &str) -> String {
        format!("DELETE t FROM {list} {} ON {named}", self.looks_up(table))
    }
}

/// Limits that the server keeps: a client that gave up by itself would leave its transaction open. What stands in `/*M! */`
/// is for `MariaDB` alone, which calls things otherwise.
fn agreed(purpose: Purpose) -> String {
    // MySQL has no limit for idle transactions, but one for idle connections, whether or not a transaction is open.
    const LIMITS: &str = "SET SESSION innodb_lock_wait_timeout = 2 /*!80000 , wait_timeout = 4 */ \
                          /*M! , max_statement_time = 10, idle_transaction_timeout = 4 */; ";
    const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
    match purpose {
        Purpose::Read { limit, .. } => {
            format!(
                "SET SESSION /*!80000 max_execution_time = {} */ /*M! max_statement_time = {} */; {ISOLATION}, READ ONLY",
                limit.as_millis(),
                limit.as_secs_f64()
            )
        }
        Purpose::Audit => {
            format!(
                "SET SESSION /*!80000 max_execution_time = 0 */ /*M! max_statement_time = 0 */; {ISOLATION}, READ ONLY"
            )
        }
        Purpose::Write { .. } | Purpose::Work => format!("{LIMITS}{ISOLATION}, READ WRITE"),
        Purpose::Migrate => format!("{ISOLATION}, READ WRITE"),
    }
}

/// Finds something where the server can be a node of a Galera cluster.
const IN_A_CLUSTER: &str = "SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'";
/// Reads, and transactions when they begin, wait for all that was committed through other nodes before: else a hold that
/// was made through another node would not be found when it is paid a moment later. Does nothing where there is no cluster.
const WAIT_FOR_OTHER_NODES: &str = "SET SESSION wsrep_sync_wait = 1";

/// A session that is known by the name of a lock that it, and nobody else, holds: connection numbers come back after a
/// restart.
struct Holder {
    lock: String,
}

#[async_trait]
impl Session for Holder {
    async fn end(&self, from: &DatabaseConnection) -> Result<(), DbErr> {
        let text = "SELECT CAST(IS_USED_LOCK(?) AS SIGNED)";
        let holder = Statement::from_sql_and_values(DbBackend::MySql, text, [self.lock.as_str().into()]);
        let Some(row) = from.query_one_raw(holder).await? else { return Ok(()) };
        let Some(connection) = row.try_get_by_index::<Option<i64>>(0)? else { return Ok(()) };
        match from.execute_unprepared(&format!("KILL {connection}")).await {
            Ok(_) => Ok(()),
            // It may have ended by itself meanwhile.
            Err(error) if is_no_such_session(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// `ER_NO_SUCH_THREAD`.
const NO_SUCH_SESSION: u16 = 1094;
/// `ENOSPC` of the operating system.
const NO_SPACE: u32 = 28;

/// Whether there is no session with the number that was to be ended.
fn is_no_such_session(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    matches!(&**cause, SqlxError::Database(cause)
        if cause.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|error| error.number() == NO_SUCH_SESSION))
}

fn class(number: u16, os_error: Option<u32>) -> Class {
    match number {
        // A deadlock; a row that has changed since (snapshot isolation); a lock, or a statement, that took too long;
        // a statement that was cancelled.
        1213 | 1020 | 1205 | 3024 | 1969 | 1317 | 3572 => Class::Retry,
        1062 | 1586 => Class::Duplicate,
        // The disk is full; the table is full.
        1021 | 1114 | 20 => Class::Full,
        // The storage engine, a file or the binary log: the operating system's number says why.
        1030 | 1026 | 1598 | 3 if os_error == Some(NO_SPACE) => Class::Full,
        // The same for other reasons; not writable (any more: a failover).
        1030 | 1026 | 1598 | 3 | 1290 | 1836 | 1792 => Class::Unwritable,
        // A node of a Galera cluster that is not ready for us; a statement that has to be prepared anew, too often.
        1047 | 1615 => Class::Reconnect,
        // Too many connections; shutting down; killed; idle for too long.
        1040 | 1053 | 1077 | 1079 | 1203 | 1927 | 3168 | 4031 => Class::Lost,
        _ => Class::Other,
    }
}

/// What the operating system said, for which there is no field: "(errno: 28 …)" or "Got error 28 …".
fn os_error(message: &str) -> Option<u32> {
    let (_, number) = ["(errno: ", "error "].iter().find_map(|before| message.split_once(before))?;
    number.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/locking.md`.
    #[test]
    fn every_number_has_its_class() {
        let class = |number| super::class(number, Some(5));
        for number in [1213, 1205, 1020, 1317, 1969, 3024, 3572] {
            assert_eq!(class(number), Class::Retry, "{number}");
        }
        for number in [1040, 1203, 1053, 1077, 1079, 1927, 3168, 4031] {
            assert_eq!(class(number), Class::Lost, "{number}");
        }
        assert_eq!([1047, 1615].map(class), [Class::Reconnect; 2]);
        for number in [1290, 1836, 1792, 1030, 1026, 1598, 3] {
            assert_eq!(class(number), Class::Unwritable, "{number}");
        }
        for number in [1030, 1026, 1598, 3] {
            assert_eq!(super::class(number, Some(28)), Class::Full, "{number}");
        }
        assert_eq!([1021, 1114].map(class), [Class::Full; 2]);
        assert_eq!([1062, 1586].map(class), [Class::Duplicate; 2]);
        assert_eq!(class(1064), Class::Other);
    }

    #[test]
    fn what_the_operating_system_said_is_found_in_the_message() {
        let messages = [
            r#"Got error 28 "No space left on device" from storage engine InnoDB"#,
            r#"Error writing file './binlog.000028' (errno: 28 "No space left on device")"#,
            "Error writing file 't28' (errno: 5 - Input/output error)",
            "Got error 128 from storage engine",
            "Binary logging not possible. Message: 28",
        ];
        assert_eq!(messages.map(os_error), [Some(28), Some(28), Some(5), Some(128), None]);
    }
}
