//! What the suite needs of an implementation.

use crate::{Failure, Programme};
use async_trait::async_trait;
use frontrow_application::port::{
    AccountRepository, Announcer, Auditor, BookingStore, Clock, ConcertRepository, DoneReader, Housekeeping, LineStore,
    NumberDispenser, NumberLeases, OnSaleReader, PerformanceRepository, Probe, ReservationReader, SaleRepository,
    SeatReader, SessionRepository, VenueRepository, WalletReader,
};
use futures::future::BoxFuture;
use std::any::Any;
use std::sync::Arc;

/// Makes fresh worlds: one implementation of the ports each, that shares nothing with any other.
#[async_trait]
pub trait World: Send + Sync {
    /// A world that is empty but for the programme, and works with the suite's ports. An implementation with a catalogue
    /// calls [`Programme::put_on`]; one without makes [`Programme::seats`].
    async fn fresh(&self, programme: &Programme, suite: &SuitePorts) -> Result<Fixture, Failure>;

    /// What failures and skipped cases call the store.
    fn name(&self) -> String {
        std::any::type_name::<Self>().to_owned()
    }

    /// Of the random choices of the cases. A failure names it.
    fn seed(&self) -> u64 {
        7
    }
}

/// The ports that the suite brings along. A world must not go by any other clock.
#[derive(Clone)]
pub struct SuitePorts {
    /// Set by the suite. A store asks it after it has locked and read, before it decides; while cases race the answer may
    /// take some milliseconds, until all racers have asked. It may be asked on any thread, inside a runtime or not.
    pub clock: Arc<dyn Clock>,
    /// Hears what was committed. See [`Fixture::announces`].
    pub announcer: Arc<dyn Announcer>,
}

/// A part of a world that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// [`Fixture::catalogue`].
    Catalogue,
    /// [`Fixture::accounts`].
    Accounts,
    /// [`Fixture::keeping`].
    Keeping,
    /// [`Fixture::lines`].
    Lines,
    /// [`LinePorts::leases`].
    Leases,
    /// [`LinePorts::lose_numbers`].
    LostNumbers,
    /// [`Fixture::lose_next_commit`].
    LostCommits,
    /// [`Fixture::announces`].
    Announcements,
    /// [`Fixture::durability`]: what it keeps ends with the process.
    Durability,
}

/// One world. Cases that need what is `None` are not tried, and reported as skipped.
pub struct Fixture {
    /// Carries commands out, and shows what became of them.
    pub booking: BookingPorts,
    /// What is on.
    pub catalogue: Option<CataloguePorts>,
    /// Who has an account.
    pub accounts: Option<AccountPorts>,
    /// What throws old things away.
    pub keeping: Option<KeepingPorts>,
    /// Waiting rooms.
    pub lines: Option<LinePorts>,
    /// Whether the store tells [`SuitePorts::announcer`] what it has committed: each change once, unless the process ends
    /// in between, and nothing else.
    pub announces: bool,
    /// Whether the data outlive the process.
    pub durability: Durability,
    /// Makes the answer to the next COMMIT get lost.
    pub lose_next_commit: Option<Box<dyn Fn() + Send + Sync>>,
    /// What has to live as long as the world, however often it is reopened, such as a temporary directory.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// What becomes of the data of a world when its process ends.
pub enum Durability {
    /// They end with it. Then nobody knows whether the store keeps what it has answered, and the report says so
    /// ([`Part::Durability`]).
    None,
    /// They are there when the store is opened again, all that was answered.
    Kept(Reopen),
}

/// Opens the same data again, as a process does that is started after the last one has ended: without another programme, and
/// with the same [`SuitePorts`]. All ports of the last [`Fixture`] have been dropped by then, not drained, like those of a
/// process that was killed.
pub type Reopen = Box<dyn FnOnce() -> BoxFuture<'static, Result<Fixture, Failure>> + Send + Sync>;

/// The ports of the hot path.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct BookingPorts {
    pub store: Arc<dyn BookingStore>,
    pub done: Arc<dyn DoneReader>,
    pub seats: Arc<dyn SeatReader>,
    pub reservations: Arc<dyn ReservationReader>,
    pub wallets: Arc<dyn WalletReader>,
    pub auditor: Arc<dyn Auditor>,
}

/// The ports of the catalogue.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct CataloguePorts {
    pub venues: Arc<dyn VenueRepository>,
    pub concerts: Arc<dyn ConcertRepository>,
    pub performances: Arc<dyn PerformanceRepository>,
    pub sales: Arc<dyn SaleRepository>,
    pub on_sale: Arc<dyn OnSaleReader>,
}

/// The ports of accounts.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct AccountPorts {
    pub accounts: Arc<dyn AccountRepository>,
    pub sessions: Arc<dyn SessionRepository>,
}

/// The ports of waiting rooms. The auditor audits them, too.
pub struct LinePorts {
    /// Two instances on the same data, which the suite sets against each other; the same twice if there can't be two.
    pub instances: [LineInstance; 2],
    /// Leases numbers to dispensers that may lose what they know. Leave it out if the dispenser here is such a one and
    /// leases from it: then it is tested with it.
    pub leases: Option<Arc<dyn NumberLeases>>,
    /// Makes the dispenser, in all instances, lose everything that it knows. Not for one that can't.
    pub lose_numbers: Option<LoseNumbers>,
}

/// One instance's ports of waiting rooms.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct LineInstance {
    pub store: Arc<dyn LineStore>,
    pub dispenser: Arc<dyn NumberDispenser>,
}

/// Makes the dispenser lose everything that it knows.
pub type LoseNumbers = Box<dyn Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// The ports that keep a store in order.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct KeepingPorts {
    pub housekeeping: Arc<dyn Housekeeping>,
    pub probe: Arc<dyn Probe>,
}
