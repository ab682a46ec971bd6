//! What the suite needs of an implementation.

use crate::{Failure, Programme};
use async_trait::async_trait;
use frontrow_application::port::{
    AccountRepository, Auditor, BookingStore, ConcertRepository, DoneReader, Housekeeping, LineStore, NumberDispenser,
    NumberLeases, OnSaleReader, PerformanceRepository, Probe, ReservationReader, SaleRepository, SeatReader,
    SessionRepository, VenueRepository, WalletReader,
};
use frontrow_domain::Instant;
use futures::future::BoxFuture;
use std::any::Any;
use std::sync::Arc;

/// Makes fresh worlds: one implementation of the ports each, that shares nothing with any other.
#[async_trait]
pub trait World: Send + Sync {
    /// A world that is empty but for the programme. An implementation with a catalogue calls
    /// [`Programme::put_on`]; one without makes [`Programme::seats`].
    async fn fresh(&self, programme: &Programme) -> Result<Fixture, Failure>;
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
    /// Sets the clock that the booking store decides by, and the one that ticks go by.
    pub set_now: Box<dyn Fn(Instant) + Send + Sync>,
    /// Makes the answer to the next COMMIT get lost.
    pub lose_next_commit: Option<Box<dyn Fn() + Send + Sync>>,
    /// What has to live as long as the world, such as a temporary directory.
    pub keep: Box<dyn Any + Send + Sync>,
}

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
