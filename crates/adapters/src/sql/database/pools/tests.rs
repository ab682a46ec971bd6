//! Whoever browses keeps nobody waiting who books: every read is asked for while all connections of a pool are taken,
//! first of the other pool, then of its own. The second half is the control: in one pool for all, that is what would
//! happen.

use super::*;
use crate::SystemClock;
use crate::sql::testing::{Counter, database};
use crate::sql::{
    Database, SqlAccounts, SqlCatalogue, SqlHousekeeping, SqlInstallation, SqlQueues, SqlReaders, SqlSessions,
};
use frontrow_application::deadline::within;
use frontrow_application::port::{
    AccountRepository, ConcertRepository, HoldPosition, IdempotencyRecordReader, InstallationStore, NumberDispenser,
    NumberLeases, OnSaleReader, OperatorAction, PerformanceRepository, ProgrammeReader, QueueStore, ReservationReader,
    SaleRepository, SeatReader, SessionRepository, SessionStart, StoreError, VenueRepository, WalletReader,
};
use frontrow_application::{Outage, PageRequest};
use frontrow_domain::waiting_room::Group;
use frontrow_domain::{
    BuyerKey, CommandKey, ConcertId, Instant, PaymentId, PerformanceId, RefreshToken, ReservationId, SaleId, Session,
    SessionId, UserId, VenueId,
};
use sea_orm::{DatabaseTransaction, TransactionTrait};
use tempfile::TempDir;
use uuid::Uuid;

/// How long whoever asks waits for a connection that nobody gives back.
const SOON: Duration = Duration::from_millis(20);
const NOW: Instant = Instant::from_micros(1_000_000);

/// What was asked, and what they were told.
type Told = Vec<(&'static str, Result<(), StoreError>)>;

macro_rules! ask {
    ($limit:expr; $($question:expr),+ $(,)?) => {
        vec![$((stringify!($question), within($limit, $question).await.map(drop))),+]
    };
}

struct Testbed {
    database: Arc<Database>,
    queues: SqlQueues,
    catalogue: SqlCatalogue,
    readers: SqlReaders,
    _folder: TempDir,
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn user() -> UserId {
    UserId::new(id(1))
}

fn sale() -> SaleId {
    SaleId::new(id(2))
}

fn buyer() -> BuyerKey {
    BuyerKey { sale: sale(), user: user() }
}

fn first<K>() -> PageRequest<K> {
    PageRequest::new(10, None).unwrap()
}

impl Testbed {
    async fn new() -> Self {
        let (database, folder) = database().await;
        let clock = Arc::new(SystemClock);
        Self {
            queues: SqlQueues::open(&database, clock.clone(), Arc::new(Counter::default())).await.unwrap(),
            catalogue: SqlCatalogue::new(Arc::clone(&database), clock),
            readers: SqlReaders::new(Arc::clone(&database)),
            database,
            _folder: folder,
        }
    }

    /// Everything that a hold, a payment, a pass, a check-in or a tick reads.
    async fn book(&self, limit: Duration, performance: PerformanceId) -> Told {
        let Self { database, queues, catalogue, readers, .. } = self;
        let (installation, housekeeping) =
            (SqlInstallation::new(Arc::clone(database)), SqlHousekeeping::new(Arc::clone(database)));
        let (key, people) = (CommandKey::new(user(), "tap").unwrap(), [buyer()]);
        ask![limit;
            readers.idempotency_record(&key),
            readers.reservation(ReservationId::new(id(3))),
            readers.tickets(ReservationId::new(id(3))),
            readers.lapsed(HoldPosition::before_all_at(NOW), NOW, 10),
            readers.balance(user()),
            readers.charge(PaymentId::new(id(4))),
            readers.unsettled(NOW, NOW, 10),
            readers.not_free(performance),
            catalogue.on_sale(performance),
            catalogue.sale(sale()),
            queues.queues(),
            queues.queue(sale()),
            queues.whereabouts(buyer()),
            queues.admitted(&people),
            queues.issued(sale(), 1),
            queues.entries(sale(), Group::FIRST, 0, 10),
            queues.lease(sale()),
            installation.installation(),
            housekeeping.time(),
            SqlSessions::new(Arc::clone(database)).ended_since(NOW, NOW, 10),
        ]
    }

    /// Everything else that is read.
    async fn browse(&self, limit: Duration, performance: PerformanceId) -> Told {
        let Self { database, queues, catalogue, readers, .. } = self;
        let (accounts, browsed) = (SqlAccounts::new(Arc::clone(database)), catalogue.browsed());
        let (installation, email) = (SqlInstallation::new(Arc::clone(database)), "kim@example.com".parse().unwrap());
        ask![limit;
            browsed.on_sale(performance),
            catalogue.concert(ConcertId::new(id(5))),
            catalogue.programme(),
            catalogue.performance(performance),
            catalogue.performances_of(ConcertId::new(id(5))),
            catalogue.venue(VenueId::new(id(6))),
            catalogue.seat_map(VenueId::new(id(6)), 1),
            accounts.by_email(&email),
            accounts.user(user()),
            SqlSessions::new(Arc::clone(database)).sessions_of(user(), NOW),
            readers.reservations_of(user(), first()),
            readers.entries(user(), first()),
            queues.log(sale(), first()),
            queues.actions(sale(), first()),
            queues.figures(sale(), NOW),
            installation.has_amounts(),
        ]
    }
}

/// Takes all connections of a pool; they are busy until they are given back.
async fn take(pool: &ReadPool) -> Vec<DatabaseTransaction> {
    let connections = pool.pool().current();
    let mut taken = Vec::new();
    for _ in 0..DatabaseSettings::DEFAULT_READERS {
        taken.push(connections.begin().await.unwrap());
    }
    taken
}

async fn give_back(taken: Vec<DatabaseTransaction>) {
    for transaction in taken {
        transaction.rollback().await.unwrap();
    }
}

fn all_are_answered(told: &Told) {
    for (question, told) in told {
        assert_eq!(*told, Ok(()), "{question}");
    }
}

fn all_have_to_wait(told: &Told) {
    for (question, told) in told {
        assert!(matches!(told, Err(StoreError::Outage(Outage::Busy { .. }))), "{question}: {told:?}");
    }
}

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn while_those_who_browse_take_all_their_connections_whoever_books_is_answered() {
    assert_eq!(DatabaseSettings::DEFAULT_READERS, DatabaseSettings::DEFAULT_BROWSING_READERS);
    let testbed = Testbed::new().await;
    let performance = PerformanceId::new(id(10));
    let taken = take(testbed.database.browsing_readers()).await;
    all_have_to_wait(&testbed.browse(SOON, performance).await);
    // Of the same performance, for which somebody who browses still waits.
    all_are_answered(&testbed.book(LONG, performance).await);
    give_back(taken).await;
    all_are_answered(&testbed.browse(LONG, performance).await);
}

#[tokio::test]
async fn while_those_who_book_take_all_their_connections_only_they_have_to_wait() {
    let testbed = Testbed::new().await;
    let performance = PerformanceId::new(id(10));
    let taken = take(testbed.database.booking_readers()).await;
    all_have_to_wait(&testbed.book(SOON, performance).await);
    all_are_answered(&testbed.browse(LONG, performance).await);
    give_back(taken).await;
    all_are_answered(&testbed.book(LONG, performance).await);
}

fn log_in(number: u8) -> SessionStart {
    let (id, user) = (SessionId::new(id(number.into())), user());
    let session = Session {
        id,
        user,
        started: NOW,
        last_used: NOW,
        expires: NOW,
        ends: NOW,
        access_until: NOW,
        user_agent: None,
    };
    let token = RefreshToken { hash: [number; 32], session: id, user, expires: NOW, replaced: None };
    SessionStart { session, token, password_hash: None }
}

fn action(number: u128) -> OperatorAction {
    OperatorAction { id: id(number), by: user(), at: NOW, sale: sale(), what: "paused".into() }
}

#[tokio::test]
async fn whoever_changes_a_queue_waits_for_no_log_in() {
    let Testbed { database, queues, _folder, .. } = Testbed::new().await;
    let sessions = SqlSessions::new(Arc::clone(&database));
    let (logs_in, changes) = ([log_in(1), log_in(2)], [action(1), action(2)]);

    let turn = database.pools.writers.permit().await.unwrap();
    all_have_to_wait(&ask![SOON; sessions.start(&logs_in[0])]);
    all_are_answered(&ask![LONG;
        queues.note(&changes[0]),
        queues.extend(sale(), 0, Group::FIRST, 0, 10),
        queues.next_epoch(sale(), 0, 10),
    ]);
    drop(turn);
    all_are_answered(&ask![LONG; sessions.start(&logs_in[0])]);

    let turn = database.pools.queue_writers.permit().await.unwrap();
    all_have_to_wait(&ask![SOON; queues.note(&changes[1])]);
    all_are_answered(&ask![LONG; sessions.start(&logs_in[1])]);
    drop(turn);
}
