//! Connections that write what is not a booking, each for one transaction, then for the next, as long as all goes well.

use super::address::Address;
use super::connect::{PATIENCE, Purpose, connect, connect_lazily};
use super::faults::Faults;
use super::pool::Silence;
use super::storage::Storage;
use super::transaction::Connection;
use sea_orm::{DbBackend, DbErr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many to a server. `SQLite` has one writer.
const WRITERS: u32 = 4;

pub(super) struct Writers {
    address: Address,
    /// How long a server may take for one statement, which is more than its own limits.
    silence: Duration,
    storage: Arc<Storage>,
    faults: Faults,
    /// Those that nobody uses.
    idle: Mutex<Vec<Arc<Connection>>>,
    /// Those who use silent connections keep their turns: they may wait for an answer that never comes.
    turns: Mutex<Arc<Semaphore>>,
}

/// Why nobody can write.
#[derive(Debug, Error)]
pub(super) enum NoWriter {
    /// Others write all the time.
    #[error("others are writing")]
    Crowd,
    #[error("the database is closed")]
    Closed,
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Writers {
    pub(super) async fn open(
        address: &Address,
        create: bool,
        silence: Duration,
        storage: Arc<Storage>,
        faults: Faults,
    ) -> Result<Self, DbErr> {
        let first = connect(address, Purpose::Write { create }).await?;
        let writers = if address.backend == DbBackend::Sqlite { 1 } else { WRITERS };
        let first = Connection::new(first, Arc::clone(&storage), faults.clone());
        let idle = Mutex::new(vec![Arc::new(first)]);
        let turns = Mutex::new(Arc::new(Semaphore::new(writers as usize)));
        Ok(Self { address: address.clone(), silence, storage, faults, idle, turns })
    }

    /// One's own, to a file.
    #[cfg(test)]
    pub(super) fn of(pool: sea_orm::DatabaseConnection) -> Self {
        let (storage, faults) = (Arc::new(Storage::new()), Faults::default());
        let first = Arc::new(Connection::new(pool, Arc::clone(&storage), faults.clone()));
        let address = "sqlite://nowhere".parse().unwrap();
        let (idle, turns) = (Mutex::new(vec![first]), Mutex::new(Arc::new(Semaphore::new(1))));
        Self { address, silence: Duration::MAX, storage, faults, idle, turns }
    }

    /// How many can write at once.
    fn most(&self) -> u32 {
        if self.address.backend == DbBackend::Sqlite { 1 } else { WRITERS }
    }

    /// One's turn to write. Whoever waits for it may go away at any moment.
    pub(super) async fn turn(&self) -> Result<Turn, NoWriter> {
        let turns = Arc::clone(&self.turns());
        turns.acquire_owned().await.map_err(|_| NoWriter::Closed)
    }

    /// The same, for whoever has no deadline of their own.
    pub(super) async fn turn_soon(&self) -> Result<Turn, NoWriter> {
        tokio::time::timeout(PATIENCE, self.turn()).await.unwrap_or(Err(NoWriter::Crowd))
    }

    /// A connection that nobody else uses meanwhile, for whoever has a turn.
    pub(super) async fn writer(&self) -> Result<Writer<'_>, NoWriter> {
        let idle = self.idle().pop();
        let connection = if let Some(connection) = idle {
            connection
        } else {
            let pool = connect_lazily(&self.address, Purpose::Write { create: false }).await?;
            Arc::new(Connection::new(pool, Arc::clone(&self.storage), self.faults.clone()))
        };
        Ok(Writer { writers: self, connection })
    }

    /// What comes of so many statements, unless nobody answers. Then a statement is cut off, and its connection is not
    /// usable any more.
    pub(super) async fn hear<T>(&self, statements: u32, answer: impl Future<Output = T>) -> Result<T, Silence> {
        if self.address.backend == DbBackend::Sqlite {
            return Ok(answer.await);
        }
        let heard = tokio::time::timeout(self.silence * statements, answer).await;
        if heard.is_err() {
            tracing::warn!("the database says nothing: its connections are thrown away");
            let silent: Vec<Arc<Connection>> = self.idle().drain(..).collect();
            silent.into_iter().for_each(close);
            let mut turns = self.turns();
            if !turns.is_closed() {
                *turns = Arc::new(Semaphore::new(self.most() as usize));
            }
        }
        heard.map_err(|_| Silence)
    }

    /// Whether a row may be tried, to see whether the database can be written.
    pub(super) fn let_try(&self) -> bool {
        self.faults.let_try()
    }

    /// Waits for those who write, and lets nobody else.
    pub(super) async fn close(&self) {
        let turns = Arc::clone(&self.turns());
        let everybody = turns.acquire_many(self.most()).await;
        turns.close();
        let idle: Vec<Arc<Connection>> = self.idle().drain(..).collect();
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection did not close");
            }
        }
        drop(everybody);
    }

    fn turns(&self) -> MutexGuard<'_, Arc<Semaphore>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held for as long as a connection is used.
pub(super) type Turn = OwnedSemaphorePermit;

/// Whose turn it is to write.
pub(super) struct Writer<'a> {
    writers: &'a Writers,
    pub connection: Arc<Connection>,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        let connection = Arc::clone(&self.connection);
        if connection.is_usable() {
            self.writers.idle().push(connection);
        } else {
            close(connection);
        }
    }
}

/// Without waiting for it: it may itself wait for an answer that never comes.
fn close(connection: Arc<Connection>) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(async move { drop(connection.close().await) });
    }
}
