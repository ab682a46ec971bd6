//! What the suite needs from an implementation.

use crate::ports::{AccountPorts, BookingStorePorts, CataloguePorts, KeepingPorts, QueuePorts};
use crate::{Failure, Programme};
use async_trait::async_trait;
use frontrow_application::port::{Announcer, Clock, SeatSnapshots};
use futures::future::BoxFuture;
use std::any::Any;
use std::sync::Arc;

/// Creates fresh worlds. Each is one implementation of the ports, and shares nothing with the others.
#[async_trait]
pub trait World: Send + Sync {
    /// A world that is empty except for the programme, and uses the suite's ports. An implementation with a catalogue calls
    /// [`Programme::put_on`]; one without a catalogue creates [`Programme::seats`].
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure>;

    /// The store's name in failures and reports.
    fn name(&self) -> String {
        std::any::type_name::<Self>().to_owned()
    }

    /// The seed of the cases' random choices. A failure names it.
    fn seed(&self) -> u64 {
        7
    }
}

/// The ports that the suite provides. A world must not use any other clock.
#[derive(Clone)]
pub struct SuitePorts {
    /// Set by the suite. A store asks it after it has locked and read, and before it decides. While a case races, the
    /// answer may take some milliseconds, until all racers have asked. Any thread may ask it, inside a runtime or not.
    pub clock: Arc<dyn Clock>,
    /// Tell it what was committed. See [`Fixture::announces`].
    pub announcer: Arc<dyn Announcer>,
}

/// One world. Cases that need a part that is `None` are reported as skipped.
pub struct Fixture {
    /// Carries out commands, and reads the results.
    pub booking: BookingStorePorts,
    /// The catalogue.
    pub catalogue: Option<CataloguePorts>,
    /// Accounts and sessions.
    pub accounts: Option<AccountPorts>,
    /// What deletes old records.
    pub keeping: Option<KeepingPorts>,
    /// Waiting rooms.
    pub queues: Option<QueuePorts>,
    /// What knows the seats by heart; it hears of what [`Fixture::booking`]'s store writes.
    pub seat_snapshots: Option<Arc<dyn SeatSnapshots>>,
    /// Whether the store tells [`SuitePorts::announcer`] what it has committed: each change once (unless the process ends
    /// in between), and nothing else.
    pub announces: bool,
    /// Whether the data outlive the process.
    pub durability: Durability,
    /// Makes the store lose the answer to its next COMMIT.
    pub lose_next_commit: Option<Box<dyn Fn() + Send + Sync>>,
    /// Whatever must live as long as the world, even when it's reopened, such as a temporary directory.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// Whether the data of a world survive the end of its process.
pub enum Durability {
    /// They don't. Then the suite can't check that the store keeps what it has answered, and the report says so
    /// ([`Part::Durability`](crate::Part::Durability)).
    None,
    /// They do: everything that was answered is there when the store is opened again.
    Kept(Reopen),
}

/// Opens the same data again, like a process that starts after the last one has ended: with the same [`SuitePorts`], and
/// without putting the programme on sale again. The ports of the last [`Fixture`] have been dropped by then, not drained,
/// as if their process had been killed.
pub type Reopen = Box<dyn FnOnce() -> BoxFuture<'static, Result<Fixture, Failure>> + Send + Sync>;
