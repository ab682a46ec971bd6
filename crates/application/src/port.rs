//! What use cases need from the world. Each port is small enough to implement in an evening. The suite in
//! `frontrow-contract-tests` says whether a store or a payment gateway keeps its promises; the small ports (clocks, ids,
//! signers, hashers, limits of joins) have no part in it.

mod accounts;
mod announce;
mod audit;
mod booking;
mod catalogue;
mod chores;
mod clock;
mod codes;
mod gateway;
mod installation;
mod joins;
mod keep;
mod limits;
mod mails;
mod notices;
mod programme;
mod pseudonyms;
mod readers;
mod secrets;
mod sessions;
mod time_zones;
mod waiting_room;

pub use accounts::{Account, AccountRepository, Credentials, PasswordChange};
pub use announce::Announcer;
pub use audit::Auditor;
pub use booking::{BookingError, BookingStore, LoadGauge};
pub use catalogue::{
    ConcertRepository, OnSale, OnSaleReader, PerformanceRepository, Revision, SaleRepository, Stored, StoredSeatMap,
    VenueRepository,
};
pub use chores::{ChoreLease, ChoreStore};
pub use clock::{Clock, IdSource};
pub use codes::CodeRepository;
pub use gateway::{ChargeRequest, GatewayAnswer, NoAnswer, PaymentGateway, ReturnAnswer};
pub use installation::{InstallationStore, NumberMarks};
pub use joins::{JoinLimits, JoinQuota, Limited, Network, TooOften};
pub use keep::{Housekeeping, Probe, StoreError};
pub use limits::{Asker, Exceeded, Limit, LimitedBy, LogInDelays, NoCooldown, RequestLimits, SeatCooldown, TryEnd};
pub use mails::{Mail, MailKind, Mailer, NotSent, Outbox, PromisedMail};
pub use notices::{AccountNotice, AccountNotices};
pub use programme::{ConcertProgramme, Programme, ProgrammeEntry, ProgrammeReader};
pub use pseudonyms::Pseudonyms;
pub use readers::{
    Entry, HoldPosition, IdempotencyRecordReader, LapsedHold, ReservationReader, SeatReader, SeatSnapshot,
    SeatSnapshots, SoldPage, WalletReader,
};
pub use secrets::{AccessClaims, HashingBusy, PasswordHasher, TicketPublicKey, TicketSigner, TokenIssuer};
pub use sessions::{EndedSession, Ending, RefreshRotation, Rotated, SessionRepository, SessionStart};
pub use time_zones::TimeZones;

#[cfg(any(test, feature = "mocks"))]
#[rustfmt::skip]
pub use self::{
    accounts::MockAccountRepository,
    announce::MockAnnouncer,
    audit::MockAuditor,
    booking::{MockBookingStore, MockLoadGauge},
    catalogue::{MockConcertRepository, MockOnSaleReader, MockPerformanceRepository, MockSaleRepository, MockVenueRepository},
    chores::MockChoreStore,
    clock::{MockClock, MockIdSource},
    codes::MockCodeRepository,
    gateway::MockPaymentGateway,
    installation::{MockInstallationStore, MockNumberMarks},
    joins::MockJoinLimits,
    keep::{MockHousekeeping, MockProbe},
    mails::{MockMailer, MockOutbox},
    notices::MockAccountNotices,
    programme::MockProgrammeReader,
    pseudonyms::MockPseudonyms,
    readers::{MockIdempotencyRecordReader, MockReservationReader, MockSeatReader, MockSeatSnapshots, MockWalletReader},
    secrets::{MockPasswordHasher, MockTicketSigner, MockTokenIssuer},
    sessions::MockSessionRepository,
    time_zones::MockTimeZones,
};
pub use waiting_room::{
    AdmissionWatch, BuyerPresence, Eligibility, EndedFigures, Join, Joined, Lease, NotEligible, NumberDispenser,
    NumberLeases, OperatorAction, QueueFigures, QueueSigner, QueueStore, TickOrder, TickReport, TokenFlaw,
};
#[cfg(any(test, feature = "mocks"))]
pub use waiting_room::{
    MockAdmissionWatch, MockEligibility, MockNumberDispenser, MockNumberLeases, MockQueueSigner, MockQueueStore,
};
