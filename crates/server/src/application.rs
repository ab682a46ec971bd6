//! The wiring: settings, adapters, use cases.

use crate::database::open_database;
use crate::installation::{self, GuardedProbe, InstallationGuard};
use crate::keys::Keys;
use crate::mailing::MailerKind;
use crate::reload::KeyReload;
use crate::settings::Settings;
use crate::signers::Signers;
use anyhow::Result;
use frontrow_adapters::redis::{RedisDispenser, RedisSettings};
use frontrow_adapters::sql::{
    Database, SqlAccounts, SqlCatalogue, SqlChores, SqlCodes, SqlHousekeeping, SqlOutbox, SqlProbe, SqlQueues,
    SqlReaders, SqlSessions, SqlStore, StorePorts, StoreSettings,
};
use frontrow_adapters::{
    AccountEligibility, Argon2idHasher, HmacPseudonyms, IanaTimeZones, InstanceLimits, LimitSettings, LoggedNotices,
    Quotas, SeatSnapshotCache, SharedWatch, SystemClock, UuidV7Source, sha256,
};
use frontrow_application::port::{Announcer, Mailer, NumberDispenser};
use frontrow_application::{Ports, RingingAnnouncer, UseCases};
use frontrow_domain::{Event, Installation};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long a shutdown waits for transactions if the database answers.
const CLOSE: Duration = Duration::from_secs(30);
/// The same if the database doesn't answer.
const AWAY: Duration = Duration::from_millis(1500);

/// Everything that a command works with, wired to one database.
pub struct Application {
    /// Every port.
    pub ports: Ports,
    /// Every use case, on these ports.
    pub use_cases: Arc<UseCases>,
    /// Says who was admitted by a tick of this instance.
    pub watch: Arc<SharedWatch>,
    /// Notified when an admission has ended on this instance.
    pub bell: Arc<Notify>,
    /// Knows whether this still is what every instance has to be.
    pub guard: Arc<InstallationGuard>,
    /// Says how often one may ask.
    pub limits: Arc<InstanceLimits>,
    /// Names people and networks in the security log.
    pub pseudonyms: Arc<HmacPseudonyms>,
    /// Takes other keys while the application runs.
    pub reload: Arc<KeyReload>,
    housekeeping: Arc<SqlHousekeeping>,
    database: Arc<Database>,
    store: Arc<SqlStore>,
    queues: Arc<SqlQueues>,
}

impl Application {
    /// Opens the database. Has to be called on the runtime that it lives on.
    pub async fn open(settings: &Settings, keys: &Keys) -> Result<Self> {
        let database = open_database(settings).await?;
        let installation = match installation::enter(&database, settings, keys).await {
            Ok(installation) => installation,
            Err(error) => {
                database.close().await;
                return Err(error);
            }
        };
        Self::on(database, settings, keys, Some(&installation)).await
    }

    /// The same on a database that is open already, as one of the installation's instances, if it is one.
    pub async fn on(
        database: Arc<Database>,
        settings: &Settings,
        keys: &Keys,
        installation: Option<&Installation>,
    ) -> Result<Self> {
        let (clock, ids, bell) = (Arc::new(SystemClock), Arc::new(UuidV7Source), Arc::new(Notify::new()));
        let readers = Arc::new(SqlReaders::new(database.clone()));
        let seats = Arc::new(SeatSnapshotCache::new(readers.clone(), clock.clone()));
        let announcer = announcer(bell.clone(), seats.clone());
        let needs = StorePorts { clock: clock.clone(), ids: ids.clone(), announcer };
        let store = Arc::new(SqlStore::open(&database, store_settings(settings), needs).await?);
        let catalogue = Arc::new(SqlCatalogue::new(database.clone(), clock.clone()));
        let housekeeping = Arc::new(SqlHousekeeping::new(database.clone()));
        let queues = Arc::new(SqlQueues::open(&database, clock.clone(), ids.clone()).await?);
        let watch = Arc::new(SharedWatch::new(queues.clone()));
        let redis = redis(settings, &queues, installation::mark(installation), false).await?;
        let guard = Arc::new(InstallationGuard::new(&database, settings, keys, redis.clone())?);
        let signers = Signers::new(keys, clock.clone())?;
        let dispenser: Arc<dyn NumberDispenser> = match redis {
            Some(redis) => redis,
            None => queues.clone(),
        };
        let limits = Arc::new(InstanceLimits::new(clock.clone(), &limit_settings(settings)));
        let adapters = Adapters {
            clock,
            ids,
            database: database.clone(),
            readers,
            seats,
            store: store.clone(),
            catalogue,
            housekeeping: housekeeping.clone(),
            queues: queues.clone(),
            watch: watch.clone(),
            guard: guard.clone(),
            signers: signers.clone(),
            dispenser,
            limits: limits.clone(),
            mailer: mailer(settings)?,
        };
        let ports = adapters.into_ports(settings);
        let use_cases = Arc::new(UseCases::new(&ports));
        read_first(&use_cases).await?;
        let pseudonyms = signers.pseudonyms.clone();
        let reload = Arc::new(KeyReload::new(settings, guard.clone(), signers));
        Ok(Self {
            ports,
            use_cases,
            watch,
            bell,
            guard,
            limits,
            pseudonyms,
            reload,
            housekeeping,
            database,
            store,
            queues,
        })
    }

    /// How long it is worth to wait for what was begun: not for long if the database is away.
    pub async fn patience(&self, most: Duration) -> Duration {
        if self.housekeeping.time().await.is_ok() { most } else { most.min(AWAY) }
    }

    /// Ends what was begun, then closes the database. Whoever still asks is told to come back. What does not end in time is
    /// left: the database undoes what was not committed.
    pub async fn close(self) {
        let patience = self.patience(CLOSE).await;
        self.close_within(patience).await;
    }

    /// The same, and no longer than that.
    pub async fn close_within(self, patience: Duration) {
        let close = async {
            self.store.drain().await;
            self.queues.drain().await;
            self.database.close().await;
        };
        if timeout(patience, close).await.is_err() {
            tracing::warn!("the database did not end in time what was begun there");
        }
    }
}

/// What the ports are made of.
struct Adapters {
    clock: Arc<SystemClock>,
    ids: Arc<UuidV7Source>,
    database: Arc<Database>,
    readers: Arc<SqlReaders>,
    seats: Arc<SeatSnapshotCache>,
    store: Arc<SqlStore>,
    catalogue: Arc<SqlCatalogue>,
    housekeeping: Arc<SqlHousekeeping>,
    queues: Arc<SqlQueues>,
    watch: Arc<SharedWatch>,
    guard: Arc<InstallationGuard>,
    signers: Signers,
    dispenser: Arc<dyn NumberDispenser>,
    limits: Arc<InstanceLimits>,
    mailer: Option<Arc<dyn Mailer>>,
}

impl Adapters {
    fn into_ports(self, settings: &Settings) -> Ports {
        Ports {
            store: self.store.clone(),
            load: self.store.clone(),
            idempotency_records: self.readers.clone(),
            venues: self.catalogue.clone(),
            time_zones: Arc::new(IanaTimeZones),
            concerts: self.catalogue.clone(),
            programme: self.catalogue.clone(),
            performances: self.catalogue.clone(),
            sales: self.catalogue.clone(),
            browsed_on_sale: Arc::new(self.catalogue.browsed()),
            on_sale: self.catalogue,
            browsed_seats: Arc::new(self.seats.browsed()),
            seat_snapshots: self.seats,
            reservations: self.readers.clone(),
            wallets: self.readers,
            accounts: Arc::new(SqlAccounts::new(self.database.clone())),
            sessions: Arc::new(SqlSessions::new(self.database.clone())),
            notices: Arc::new(LoggedNotices),
            mailer: self.mailer,
            outbox: Arc::new(SqlOutbox::new(self.database.clone())),
            codes: Arc::new(SqlCodes::new(self.database.clone())),
            verified_email_required: settings.verified_email_required,
            passwords: Arc::new(Argon2idHasher::new()),
            tokens: self.signers.tokens,
            tickets: self.signers.tickets,
            gateway: settings.payment_gateway.open(),
            housekeeping: self.housekeeping.clone(),
            chores: Arc::new(SqlChores::new(self.database)),
            probe: Arc::new(GuardedProbe {
                probe: SqlProbe { housekeeping: self.housekeeping, store: self.store },
                guard: self.guard,
            }),
            queues: self.queues,
            dispenser: self.dispenser,
            watch: self.watch,
            join_limits: self.limits.clone(),
            cooldown: self.limits,
            eligibility: Arc::new(AccountEligibility::new(self.clock.clone())),
            signer: self.signers.queue,
            clock: self.clock,
            ids: self.ids,
            digest: sha256,
            access_lifetime: settings.access_lifetime,
            refresh_lifetime: settings.refresh_lifetime,
            session_lifetime: settings.session_lifetime,
        }
    }
}

/// Nobody is let past a queue that has not been read yet, or in with the token of a session that was ended.
async fn read_first(use_cases: &UseCases) -> Result<()> {
    use_cases.ended_sessions.read().await?;
    use_cases.tick_queues.read().await?;
    use_cases.tick_queues.draw_ranks();
    Ok(())
}

fn limit_settings(settings: &Settings) -> LimitSettings {
    LimitSettings {
        accounts: settings.account_limits,
        networks: settings.network_limits,
        network_joins: settings.network_joins,
        delays: settings.account_limits != Quotas::ANY,
    }
}

fn store_settings(settings: &Settings) -> StoreSettings {
    StoreSettings {
        workers: settings.database_workers,
        queue: settings.command_queue_capacity,
        ..StoreSettings::default()
    }
}

/// Its password is read only if mails are sent through a server.
fn mailer(settings: &Settings) -> Result<Option<Arc<dyn Mailer>>> {
    let smtp = if settings.mailer == MailerKind::Smtp { settings.smtp()? } else { None };
    settings.mailer.open(settings.mail_from.clone(), settings.mail_directory.clone(), smtp.as_ref())
}

/// The Redis that hands out the numbers of queues, or, for a command that `only_reads`, knows who has them; `None` if
/// the database does.
pub async fn redis(
    settings: &Settings,
    queues: &Arc<SqlQueues>,
    mark: Option<String>,
    only_reads: bool,
) -> Result<Option<Arc<RedisDispenser>>> {
    let Some(url) = &settings.redis else { return Ok(None) };
    let redis = RedisSettings { only_reads, mark, ..RedisSettings::new(url.url()) };
    Ok(Some(Arc::new(RedisDispenser::open_with(redis, queues.clone(), Arc::new(UuidV7Source)).await?)))
}

/// Counts what has happened, notes which seats are taken, and rings when an admission has ended.
fn announcer(bell: Arc<Notify>, seats: Arc<SeatSnapshotCache>) -> Arc<dyn Announcer> {
    let next: Vec<Arc<dyn Announcer>> = vec![Arc::new(Counted), seats];
    Arc::new(RingingAnnouncer { next: Arc::new(next), ring: move || bell.notify_one() })
}

struct Counted;

impl Announcer for Counted {
    fn announce(&self, events: &[Event]) {
        for event in events {
            metrics::counter!("frontrow_events_total", "event" => event_name(event)).increment(1);
        }
    }
}

const fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Held(_) => "held",
        Event::Confirmed(_) => "confirmed",
        Event::Released(_) => "released",
        Event::Expired(_) => "expired",
        Event::Cancelled(_) => "cancelled",
        Event::Refunded(_) => "refunded",
        Event::SeatsReturned { .. } => "seats_returned",
        Event::ChargeSettled(_) => "charge_settled",
        Event::AdmissionEnded(_) => "admission_ended",
    }
}
