//! A link to the database: one connection, and the session behind it.

use super::session::Session;
use crate::sql::pool::Silence;
use crate::sql::transaction::Connection;
use crate::sql::{Database, Opened, PATIENCE};
use frontrow_application::port::StoreError;
use uuid::Uuid;

pub(in crate::sql) struct Link {
    pub connection: Connection,
    session: Session,
    opened: Opened,
}

impl Link {
    /// A new one; the id names its session.
    pub(in crate::sql) async fn connect(database: &Database, id: Uuid) -> Result<Self, StoreError> {
        let (connection, opened) = database.lane_connection().await?;
        let session = Session::of(database.dialect(), &connection, id);
        let session = tokio::time::timeout(database.silence(), session).await.unwrap_or_else(|_| Err(Silence.into()));
        let session = session.map_err(|error| database.fault("connect", &error))?;
        Ok(Self { connection, session, opened })
    }

    /// Whether what goes over it still reaches its session. The pool opens another connection by itself where it finds the
    /// first one broken, and a session that nobody knows could not be ended after a lost COMMIT.
    pub(in crate::sql) fn is_known(&self) -> bool {
        self.opened.at_most_once()
    }

    /// Whether it may be worked on: it is known, and no transaction on it may still be open.
    pub(in crate::sql) fn is_usable(&self) -> bool {
        self.is_known() && self.connection.is_usable()
    }

    /// Whether somebody answers.
    pub(in crate::sql) async fn is_alive(&self) -> bool {
        // What was cut off is never used again: whoever has the link makes a new one.
        let answered = tokio::time::timeout(PATIENCE, self.connection.ping()).await;
        answered.is_ok_and(|answer| answer.is_ok()) && self.is_known()
    }

    /// Its session, which may go on at the database.
    pub(in crate::sql) fn cut(self) -> Session {
        let Self { connection, session, .. } = self;
        // It may wait for an answer that never comes.
        tokio::spawn(async move { drop(connection.close().await) });
        session
    }
}
