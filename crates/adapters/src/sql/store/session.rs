//! A lane's session with the database, and how it is ended from another one: who lost a connection during COMMIT can't
//! know what became of the transaction until nothing carries it on any more.

use crate::sql::dialect::Dialect;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use uuid::Uuid;

/// What a session is known by. Process and connection numbers come back after a restart, so there is more than these.
pub(in crate::sql) enum Session {
    /// It ends with its connection.
    Embedded,
    /// The backend's process, and when it began, in seconds.
    Postgres { process: i32, begun: String },
    /// The name of a lock that the session, and nobody else, holds.
    MySql { lock: String },
}

impl Session {
    /// The session of a connection (a pool of one).
    pub(in crate::sql) async fn of(dialect: Dialect, connection: &DatabaseConnection, id: Uuid) -> Result<Self, DbErr> {
        match dialect {
            Dialect::Sqlite => Ok(Self::Embedded),
            Dialect::Postgres => {
                let text = "SELECT pid, extract(epoch FROM backend_start)::text FROM pg_stat_activity \
                            WHERE pid = pg_backend_pid()";
                let row = connection.query_one_raw(Statement::from_string(dialect.backend(), text)).await?;
                let row = row.ok_or_else(|| DbErr::RecordNotFound("the session itself".into()))?;
                Ok(Self::Postgres { process: row.try_get_by_index(0)?, begun: row.try_get_by_index(1)? })
            }
            Dialect::MySql | Dialect::MariaDb => {
                let lock = format!("frontrow-{}", id.simple());
                let text = "SELECT CAST(GET_LOCK(?, 0) AS SIGNED)";
                let text = Statement::from_sql_and_values(dialect.backend(), text, [lock.clone().into()]);
                let row = connection.query_one_raw(text).await?;
                let got = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
                // Whoever else has it must not be taken for this session.
                if got == Some(1) { Ok(Self::MySql { lock }) } else { Err(DbErr::Custom(format!("{lock} is taken"))) }
            }
        }
    }

    /// Ends the session if it is still there. Its locks go with it; until then whoever needs them waits.
    pub(in crate::sql) async fn end(&self, from: &DatabaseConnection) -> Result<(), DbErr> {
        match self {
            Self::Embedded => Ok(()),
            Self::Postgres { process, begun } => {
                let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                            WHERE pid = $1 AND extract(epoch FROM backend_start)::text = $2";
                let values = [(*process).into(), begun.clone().into()];
                let backend = from.get_database_backend();
                from.query_one_raw(Statement::from_sql_and_values(backend, text, values)).await.map(drop)
            }
            Self::MySql { lock } => end_holder(from, lock).await,
        }
    }
}

async fn end_holder(from: &DatabaseConnection, lock: &str) -> Result<(), DbErr> {
    let holder = Statement::from_sql_and_values(
        from.get_database_backend(),
        "SELECT CAST(IS_USED_LOCK(?) AS SIGNED)",
        [lock.into()],
    );
    let Some(row) = from.query_one_raw(holder).await? else { return Ok(()) };
    let Some(connection) = row.try_get_by_index::<Option<i64>>(0)? else { return Ok(()) };
    match from.execute_unprepared(&format!("KILL {connection}")).await {
        Ok(_) => Ok(()),
        // It may have ended by itself meanwhile.
        Err(error) if error.to_string().contains("1094") => Ok(()),
        Err(error) => Err(error),
    }
}
