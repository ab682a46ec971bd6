//! Connections that write what is not a booking, each for one transaction, then for the next, as long as all goes well.

use super::address::Address;
use super::connect::{connect, connect_lazily};
use super::faults::Faults;
use super::pool::Silence;
use super::storage::Storage;
use super::transaction::Connection;
use crate::sql::dialect::purpose::{CONNECT_TIMEOUT, Purpose};
use parking_lot::{Mutex, MutexGuard};
use sea_orm::{DatabaseConnection, DbErr};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(in crate::sql) struct Writers {
    address: Address,
    /// How many can write at once.
    most: u32,
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
    /// At most so many; each is connected when it is needed first.
    pub(in crate::sql) fn new(
        address: &Address,
        most: u32,
        silence: Duration,
        storage: Arc<Storage>,
        faults: Faults,
    ) -> Self {
        let (idle, permits) = (Mutex::default(), Mutex::new(Arc::new(Semaphore::new(most as usize))));
        Self { address: address.clone(), most, silence, storage, faults, idle, permits }
    }

    /// Connects one, which makes the file if it may.
    pub(in crate::sql) async fn connect(&self, create: bool) -> Result<(), DbErr> {
        let pool = connect(&self.address, Purpose::Write { create }).await?;
        self.idle().push(self.connection(pool));
        Ok(())
    }

    fn connection(&self, pool: DatabaseConnection) -> Arc<Connection> {
        Arc::new(Connection::new(pool, self.address.dialect, Arc::clone(&self.storage), self.faults.clone()))
    }

    /// One's own, to a file.
    #[cfg(test)]
    pub(in crate::sql) fn of(pool: DatabaseConnection) -> Self {
        let address: Address = "sqlite://nowhere".parse().unwrap();
        let writers = Self::new(&address, 1, Duration::MAX, Arc::new(Storage::new()), Faults::default());
        let first = writers.connection(pool);
        writers.idle().push(first);
        writers
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
            self.connection(connect_lazily(&self.address, Purpose::Write { create: false }).await?)
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
                *permits = Arc::new(Semaphore::new(self.most as usize));
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
        let everybody = permits.acquire_many(self.most).await;
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
