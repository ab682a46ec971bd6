//! Connections that write what is not a booking, each for one transaction, then for the next, as long as all goes well.

use super::address::Address;
use super::connect::{connect, connect_lazily};
use super::faults::Faults;
use super::pool::Silence;
use super::storage::Storage;
use super::transaction::Connection;
use crate::sql::dialect::purpose::{CONNECT_TIMEOUT, Purpose};
use parking_lot::{Mutex, MutexGuard};
use sea_orm::DbErr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many to a server. `SQLite` has one writer.
const WRITERS: u32 = 4;

pub(in crate::sql) struct Writers {
    address: Address,
    /// How long a server may take for one statement, which is more than its own limits.
    silence: Duration,
    storage: Arc<Storage>,
    faults: Faults,
    /// Those that nobody uses.
    idle: Mutex<Vec<Arc<Connection>>>,
    /// Those who use silent connections keep their permits: they may wait for an answer that never comes.
    permits: Mutex<Arc<Semaphore>>,
}

/// Why nobody can write.
#[derive(Debug, Error)]
pub(in crate::sql) enum NoWriter {
    /// Others write all the time.
    #[error("others are writing")]
    Crowd,
    #[error("the database is closed")]
    Closed,
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Writers {
    pub(in crate::sql) async fn open(
        address: &Address,
        create: bool,
        silence: Duration,
        storage: Arc<Storage>,
        faults: Faults,
    ) -> Result<Self, DbErr> {
        let first = connect(address, Purpose::Write { create }).await?;
        let writers = if address.dialect.is_server() { WRITERS } else { 1 };
        let first = Connection::new(first, address.dialect, Arc::clone(&storage), faults.clone());
        let idle = Mutex::new(vec![Arc::new(first)]);
        let permits = Mutex::new(Arc::new(Semaphore::new(writers as usize)));
        Ok(Self { address: address.clone(), silence, storage, faults, idle, permits })
    }

    /// One's own, to a file.
    #[cfg(test)]
    pub(in crate::sql) fn of(pool: sea_orm::DatabaseConnection) -> Self {
        let (storage, faults) = (Arc::new(Storage::new()), Faults::default());
        let address: Address = "sqlite://nowhere".parse().unwrap();
        let first = Arc::new(Connection::new(pool, address.dialect, Arc::clone(&storage), faults.clone()));
        let (idle, permits) = (Mutex::new(vec![first]), Mutex::new(Arc::new(Semaphore::new(1))));
        Self { address, silence: Duration::MAX, storage, faults, idle, permits }
    }

    /// How many can write at once.
    fn most(&self) -> u32 {
        if self.address.dialect.is_server() { WRITERS } else { 1 }
    }

    /// A permit to write. Whoever waits for it may go away at any moment.
    pub(in crate::sql) async fn permit(&self) -> Result<WritePermit, NoWriter> {
        let permits = Arc::clone(&self.permits());
        permits.acquire_owned().await.map_err(|_| NoWriter::Closed)
    }

    /// The same, for whoever has no deadline of their own.
    pub(in crate::sql) async fn permit_soon(&self) -> Result<WritePermit, NoWriter> {
        tokio::time::timeout(CONNECT_TIMEOUT, self.permit()).await.unwrap_or(Err(NoWriter::Crowd))
    }

    /// A connection that nobody else uses meanwhile, for whoever has a permit.
    pub(in crate::sql) async fn writer(&self) -> Result<Writer<'_>, NoWriter> {
        let idle = self.idle().pop();
        let connection = if let Some(connection) = idle {
            connection
        } else {
            let pool = connect_lazily(&self.address, Purpose::Write { create: false }).await?;
            Arc::new(Connection::new(pool, self.address.dialect, Arc::clone(&self.storage), self.faults.clone()))
        };
        Ok(Writer { writers: self, connection })
    }

    /// What comes of so many statements, unless nobody answers. Then a statement is cut off, and its connection is not
    /// usable any more.
    pub(in crate::sql) async fn hear<T>(&self, statements: u32, answer: impl Future<Output = T>) -> Result<T, Silence> {
        if !self.address.dialect.is_server() {
            return Ok(answer.await);
        }
        let heard = tokio::time::timeout(self.silence * statements, answer).await;
        if heard.is_err() {
            tracing::warn!("the database says nothing: its connections are thrown away");
            let silent: Vec<Arc<Connection>> = self.idle().drain(..).collect();
            silent.into_iter().for_each(close);
            let mut permits = self.permits();
            if !permits.is_closed() {
                *permits = Arc::new(Semaphore::new(self.most() as usize));
            }
        }
        heard.map_err(|_| Silence)
    }

    /// Whether a row may be tried, to see whether the database can be written.
    pub(in crate::sql) fn let_try(&self) -> bool {
        self.faults.let_try()
    }

    /// Waits for those who write, and lets nobody else.
    pub(in crate::sql) async fn close(&self) {
        let permits = Arc::clone(&self.permits());
        let everybody = permits.acquire_many(self.most()).await;
        permits.close();
        let idle: Vec<Arc<Connection>> = self.idle().drain(..).collect();
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection did not close");
            }
        }
        drop(everybody);
    }

    fn permits(&self) -> MutexGuard<'_, Arc<Semaphore>> {
        self.permits.lock()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.idle.lock()
    }
}

/// Held for as long as a connection is used.
pub(in crate::sql) type WritePermit = OwnedSemaphorePermit;

/// Whose turn it is to write.
pub(in crate::sql) struct Writer<'a> {
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
