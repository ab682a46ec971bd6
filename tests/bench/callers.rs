//! Callers who all do something at once, and the seats that each of them books.

use anyhow::Result;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// What somebody does: holds a seat, and pays it.
#[derive(Clone, Copy)]
pub struct Job {
    pub person: usize,
    /// Number of the seat, from 0.
    pub seat: usize,
}

/// The first seats of a hall, one job each. The people come by turns. If their number is a multiple of the connections,
/// nobody is on two connections, so nobody waits for themselves.
#[derive(Clone, Copy)]
pub struct Jobs {
    pub seats: usize,
    pub people: usize,
    pub connections: usize,
}

impl Jobs {
    /// The jobs of each connection, in order.
    pub fn deal(self) -> Vec<Vec<Job>> {
        let job = |seat| Job { person: seat % self.people, seat };
        let jobs = |connection| (connection..self.seats).step_by(self.connections).map(job).collect();
        (0..self.connections).map(jobs).collect()
    }
}

/// What was done in one turn.
pub struct Turn {
    /// Holds a second.
    pub holds: f64,
    /// How long each hold took.
    pub times: Vec<Duration>,
    /// Payments a second.
    pub payments: f64,
}

/// Runs all parts at once; what they made, and how long that took.
pub async fn together<T, F>(parts: Vec<F>) -> Result<(Vec<T>, Duration)>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let begun = Instant::now();
    let parts: Vec<_> = parts.into_iter().map(tokio::spawn).collect();
    let mut made = Vec::with_capacity(parts.len());
    for part in parts {
        made.push(part.await??);
    }
    Ok((made, begun.elapsed()))
}
