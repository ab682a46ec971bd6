//! The ports of a world.

use crate::Failure;
use frontrow_application::port::{
    AccountRepository, Auditor, BookingStore, ChoreStore, CodeRepository, ConcertRepository, Housekeeping,
    IdempotencyRecordReader, NumberDispenser, NumberLeases, OnSaleReader, Outbox, PerformanceRepository, Probe,
    ProgrammeReader, QueueStore, ReservationReader, SaleRepository, SeatReader, SessionRepository, VenueRepository,
    WalletReader,
};
use futures::future::BoxFuture;
use std::sync::Arc;

/// The ports of bookings.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct BookingStorePorts {
    pub store: Arc<dyn BookingStore>,
    pub idempotency_records: Arc<dyn IdempotencyRecordReader>,
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
    pub programme: Arc<dyn ProgrammeReader>,
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
    pub outbox: Arc<dyn Outbox>,
    pub codes: Arc<dyn CodeRepository>,
}

/// The ports of waiting rooms. The auditor audits them, too.
pub struct QueuePorts {
    /// Two instances on the same data, which the suite runs against each other; the same one twice if there can't be two.
    pub instances: [QueueInstance; 2],
    /// Leases numbers to dispensers that may lose their data. Leave it out if this world's dispenser leases from it: then
    /// it's tested together with that dispenser.
    pub leases: Option<Arc<dyn NumberLeases>>,
    /// Makes the dispenser lose its data in all instances; `None` for a dispenser that can't.
    pub lose_numbers: Option<LoseNumbers>,
}

/// One instance's ports of waiting rooms.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct QueueInstance {
    pub store: Arc<dyn QueueStore>,
    pub dispenser: Arc<dyn NumberDispenser>,
}

/// Makes the dispenser lose all its data.
pub type LoseNumbers = Box<dyn Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// The ports that keep a store in order.
#[expect(missing_docs, reason = "each field is named after its port")]
#[derive(Clone)]
pub struct KeepingPorts {
    pub housekeeping: Arc<dyn Housekeeping>,
    pub chores: Arc<dyn ChoreStore>,
    pub probe: Arc<dyn Probe>,
}
