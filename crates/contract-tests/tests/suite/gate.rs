//! Where the only worker of a store stops while commands gather.

use async_trait::async_trait;
use frontrow_adapters::sql::SqlAuditor;
use frontrow_adapters::sql::hook::Hook;
use frontrow_contract_tests::{Failure, Merging};
use frontrow_domain::{BookingState, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use uuid::Uuid;

#[derive(Default)]
pub struct Gate {
    closed: AtomicBool,
    reached: Notify,
    opened: Notify,
    /// Since it was opened last.
    transactions: Mutex<Vec<Vec<Command>>>,
    /// Of the database of the world behind it.
    auditor: Mutex<Option<Arc<SqlAuditor>>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// The next world behind it has that database.
    pub fn guard(&self, auditor: SqlAuditor) {
        *held(&self.auditor) = Some(Arc::new(auditor));
    }
}

#[async_trait]
impl Hook for Gate {
    async fn attempted(&self, _: Option<Uuid>, _: usize) {
        if self.closed.swap(false, Ordering::SeqCst) {
            held(&self.transactions).clear();
            self.reached.notify_one();
            self.opened.notified().await;
        } else {
            held(&self.transactions).push(Vec::new());
        }
    }

    fn decides(&self, command: &Command) {
        // What it stopped at is in none.
        if let Some(transaction) = held(&self.transactions).last_mut() {
            transaction.push(command.clone());
        }
    }
}

#[async_trait]
impl Merging for Gate {
    fn stop(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    async fn stopped(&self) {
        self.reached.notified().await;
    }

    fn go_on(&self) {
        self.opened.notify_one();
    }

    fn transactions(&self) -> Vec<Vec<Command>> {
        held(&self.transactions).clone()
    }

    async fn bookings(&self) -> Result<BookingState, Failure> {
        let auditor = held(&self.auditor).clone();
        let auditor = auditor.ok_or_else(|| Failure::new("there is no world behind the gate"))?;
        Ok(auditor.bookings().await?)
    }
}
