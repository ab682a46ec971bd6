//! A lane's line to the database: one connection, and the session behind it.

use super::lane::Works;
use super::session::Session;
use crate::sql::pool::Silence;
use crate::sql::{Opened, PATIENCE};
use frontrow_application::port::StoreError;
use sea_orm::DatabaseConnection;

pub(super) struct Line {
    /// A pool of one.
    pub connection: DatabaseConnection,
    session: Session,
    opened: Opened,
}

impl Line {
    pub(super) async fn connect(works: &Works) -> Result<Self, StoreError> {
        let database = &works.database;
        let (connection, opened) = database.lane_connection().await?;
        let session = Session::of(database.dialect(), &connection, works.id());
        let session = tokio::time::timeout(database.silence(), session).await.unwrap_or_else(|_| Err(Silence.into()));
        let session = session.map_err(|error| database.fault("open a lane", &error))?;
        Ok(Self { connection, session, opened })
    }

    /// Whether what goes over it still reaches its session. The pool opens another connection by itself where it finds the
    /// first one broken, and a session that nobody knows could not be ended after a lost COMMIT.
    pub(super) fn is_known(&self) -> bool {
        self.opened.at_most_once()
    }

    /// Whether somebody answers.
    pub(super) async fn is_alive(&self) -> bool {
        // What was cut off is never used again: the lane reconnects.
        let answered = tokio::time::timeout(PATIENCE, self.connection.ping()).await;
        answered.is_ok_and(|answer| answer.is_ok()) && self.is_known()
    }

    /// Its session, which may go on at the database.
    pub(super) fn cut(self) -> Session {
        let Self { connection, session, .. } = self;
        // It may wait for an answer that never comes.
        tokio::spawn(async move { drop(connection.close().await) });
        session
    }
}
