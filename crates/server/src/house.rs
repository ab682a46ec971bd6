//! The wiring: settings, adapters, use cases.

use crate::installation::{self, GuardedProbe, InstallationGuard};
use crate::keys::{KeyRing, Keys};
use crate::settings::{DatabaseAddress, Gateway, Settings};
use anyhow::{Context, Result, bail, ensure};
use frontrow_adapters::redis::{RedisDispenser, RedisSettings};
use frontrow_adapters::sql::{
    Database, DatabaseError, DatabaseSettings, SchemaState, SqlAccounts, SqlCatalogue, SqlHousekeeping, SqlLines,
    SqlProbe, SqlReaders, SqlSessions, SqlStore, StorePorts, StoreSettings,
};
use frontrow_adapters::{
    AccountEligibility, Argon2idHasher, HmacQueueSigner, HmacTicketSigner, HmacTokenIssuer, InstanceJoinLimits,
    NoBeacon, SandboxGateway, SharedSeatReads, SharedWatch, SystemClock, TokenKey, UuidV7Source,
};
use frontrow_application::port::{
    Announcer, Clock, NumberDispenser, PaymentGateway, QueueSigner, TicketSigner, TokenIssuer,
};
use frontrow_application::{Ports, UseCases};
use frontrow_domain::{Event, Installation};
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long to wait for what was begun in a database that is there.
const CLOSE: Duration = Duration::from_secs(30);
/// The same in one that is away: for what it may do all the same.
const AWAY: Duration = Duration::from_millis(1500);

/// Everything that a command works with, wired to one database.
pub struct House {
    /// Every port.
    pub ports: Ports,
    /// Every use case, on these ports.
    pub use_cases: Arc<UseCases>,
    /// Says who was admitted by a tick of this instance.
    pub watch: Arc<SharedWatch>,
    /// Rings when a slot of a waiting room becomes free here.
    pub bell: Arc<Notify>,
    /// Knows whether this still is what every instance has to be.
    pub guard: Arc<InstallationGuard>,
    housekeeping: Arc<SqlHousekeeping>,
    database: Arc<Database>,
    store: Arc<SqlStore>,
    lines: Arc<SqlLines>,
}

impl House {
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
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(UuidV7Source));
        let bell = Arc::new(Notify::new());
        let lanes = StoreSettings { lanes: settings.lanes, queue: settings.queue_capacity };
        let needs =
            StorePorts { clock: clock.clone(), ids: ids.clone(), announcer: Arc::new(Counted { bell: bell.clone() }) };
        let store = Arc::new(SqlStore::open(&database, lanes, needs).await?);
        let catalogue = Arc::new(SqlCatalogue::new(database.clone(), clock.clone()));
        let readers = Arc::new(SqlReaders::new(database.clone()));
        let housekeeping = Arc::new(SqlHousekeeping::new(database.clone()));
        let lines = Arc::new(SqlLines::open(&database, clock.clone(), ids.clone()).await?);
        let watch = Arc::new(SharedWatch::new(lines.clone()));
        let redis = redis(settings, &lines, installation::mark(installation), false).await?;
        let guard = Arc::new(InstallationGuard::new(&database, settings, keys, redis.clone())?);
        let dispenser: Arc<dyn NumberDispenser> = match redis {
            Some(redis) => redis,
            None => lines.clone(),
        };
        let ports = Ports {
            store: store.clone(),
            done: readers.clone(),
            venues: catalogue.clone(),
            concerts: catalogue.clone(),
            performances: catalogue.clone(),
            sales: catalogue.clone(),
            on_sale: catalogue,
            seats: readers.clone(),
            seat_snapshots: Arc::new(SharedSeatReads::new(readers.clone(), clock.clone())),
            reservations: readers.clone(),
            wallets: readers,
            accounts: Arc::new(SqlAccounts::new(database.clone())),
            sessions: Arc::new(SqlSessions::new(database.clone())),
            passwords: Arc::new(Argon2idHasher::new()),
            tokens: tokens(&keys.access_tokens, clock.clone())?,
            tickets: tickets(&keys.ticket_codes)?,
            gateway: gateway(settings.payment_gateway),
            housekeeping: housekeeping.clone(),
            probe: Arc::new(GuardedProbe {
                probe: SqlProbe { housekeeping: housekeeping.clone(), store: store.clone() },
                guard: guard.clone(),
            }),
            lines: lines.clone(),
            dispenser,
            watch: watch.clone(),
            join_limits: Arc::new(InstanceJoinLimits::new(clock.clone(), settings.network_joins)),
            eligibility: Arc::new(AccountEligibility::new(clock.clone())),
            signer: signer(&keys.queue)?,
            beacon: Arc::new(NoBeacon),
            clock,
            ids,
            digest: |bytes| Sha256::digest(bytes).into(),
            access_lifetime: settings.access_lifetime,
            refresh_lifetime: settings.refresh_lifetime,
        };
        let use_cases = Arc::new(UseCases::new(&ports));
        // Nobody is let past a line that has not been read yet.
        use_cases.tick_lines.refresh().await?;
        Ok(Self { ports, use_cases, watch, bell, guard, housekeeping, database, store, lines })
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
            self.lines.drain().await;
            self.database.close().await;
        };
        if timeout(patience, close).await.is_err() {
            tracing::warn!("the database did not end in time what was begun there");
        }
    }
}

/// The database, ready to be worked with. A file is made if there is none and brought up to date; a server's database
/// may be in use by others, so somebody has to say when: `frontrow migrate`.
pub async fn open_database(settings: &Settings) -> Result<Arc<Database>> {
    match settings.database {
        DatabaseAddress::File(_) => open_and_migrate(settings).await,
        DatabaseAddress::Server(_) => {
            up_to_date(connect(settings, Haste::Serving { create: false }).await?, settings).await
        }
    }
}

/// The database, brought up to date.
pub async fn open_and_migrate(settings: &Settings) -> Result<Arc<Database>> {
    let database = connect(settings, Haste::Serving { create: true }).await?;
    database.migrate().await?;
    Ok(database)
}

/// The database as it is, which has to be there and up to date, for a command that is typed.
pub async fn open_existing_database(settings: &Settings) -> Result<Arc<Database>> {
    up_to_date(connect(settings, Haste::None).await?, settings).await
}

async fn up_to_date(database: Arc<Database>, settings: &Settings) -> Result<Arc<Database>> {
    match database.schema_state().await? {
        SchemaState::Current => Ok(database),
        SchemaState::Newer(steps) => Err(DatabaseError::Newer(steps).into()),
        SchemaState::Pending(_) => bail!("{} is not up to date: run frontrow migrate", settings.database),
    }
}

/// A server's database that nothing is in yet, brought up to date.
pub async fn open_empty_database(settings: &Settings) -> Result<Arc<Database>> {
    let database = connect(settings, Haste::Serving { create: false }).await?;
    let empty = database.is_empty().await?;
    ensure!(empty, "a demo needs an empty database, and {} is not: name another", settings.database);
    database.migrate().await?;
    Ok(database)
}

/// Makes an empty file for a database, which only its owner can read: it will have personal data.
pub fn create_database(path: &Path, has_to_be_new: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    let options = options.append(true).mode(0o600).create(true).create_new(has_to_be_new);
    let unusable = || format!("the database {} can't be written", path.display());
    options.open(path).with_context(unusable)?;
    Ok(())
}

/// How long what is read may take.
#[derive(Clone, Copy)]
enum Haste {
    /// No longer than a request.
    Serving { create: bool },
    /// For somebody who typed a command, and waits. The database has to be there.
    None,
}

async fn connect(settings: &Settings, haste: Haste) -> Result<Arc<Database>> {
    let create = matches!(haste, Haste::Serving { create: true });
    if let (DatabaseAddress::File(file), true) = (&settings.database, create) {
        create_database(file, false)?;
    }
    let address = settings.database_with_password()?;
    let wanted = DatabaseSettings { url: address.url(), readers: settings.database_readers, create };
    let ids = Arc::new(UuidV7Source);
    Ok(Arc::new(match haste {
        Haste::Serving { .. } => Database::open(&wanted, ids).await?,
        Haste::None => Database::open_patiently(&wanted, ids).await?,
    }))
}

fn tokens(ring: &KeyRing, clock: Arc<dyn Clock>) -> Result<Arc<dyn TokenIssuer>> {
    let (signing, others) = token_keys(ring).context("the current key for access tokens is missing")?;
    Ok(Arc::new(HmacTokenIssuer::new(&signing, &others, clock)))
}

fn signer(ring: &KeyRing) -> Result<Arc<dyn QueueSigner>> {
    let (signing, others) = token_keys(ring).context("the current key for queue tokens is missing")?;
    Ok(Arc::new(HmacQueueSigner::new(&signing, &others)))
}

/// The key that signs, and those that only check.
fn token_keys(ring: &KeyRing) -> Option<(TokenKey, Vec<TokenKey>)> {
    let key = |id: &String| ring.keys.get(id).map(|key| TokenKey { id: id.clone(), secret: key.0 });
    let others = ring.keys.keys().filter(|id| **id != ring.current).filter_map(key).collect();
    Some((key(&ring.current)?, others))
}

fn tickets(ring: &KeyRing) -> Result<Arc<dyn TicketSigner>> {
    let key = ring.keys.get(&ring.current).context("the current key for ticket codes is missing")?;
    Ok(Arc::new(HmacTicketSigner::new(&key.0)))
}

fn gateway(gateway: Gateway) -> Arc<dyn PaymentGateway> {
    match gateway {
        Gateway::Sandbox => Arc::new(SandboxGateway::new()),
    }
}

/// The Redis that hands out the numbers of lines, or, for who `only_reads`, knows who has them; `None` if the database does.
pub async fn redis(
    settings: &Settings,
    lines: &Arc<SqlLines>,
    mark: Option<String>,
    only_reads: bool,
) -> Result<Option<Arc<RedisDispenser>>> {
    let Some(url) = &settings.redis else { return Ok(None) };
    let redis = RedisSettings { only_reads, mark, ..RedisSettings::new(url.url()) };
    Ok(Some(Arc::new(RedisDispenser::open_with(redis, lines.clone(), Arc::new(UuidV7Source)).await?)))
}

/// Counts what has happened, and rings when a slot becomes free.
struct Counted {
    bell: Arc<Notify>,
}

impl Announcer for Counted {
    fn announce(&self, events: &[Event]) {
        for event in events {
            metrics::counter!("frontrow_events_total", "event" => event_name(event)).increment(1);
            if matches!(event, Event::SlotFreed(_)) {
                self.bell.notify_one();
            }
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
        Event::ChargeSettled(_) => "charge_settled",
        Event::SlotFreed(_) => "slot_freed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Given;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn settings(database: &Path) -> Settings {
        let mut given = Given { directory: "/nowhere".into(), ..Given::default() };
        given.flags.0.insert("database_url", format!("sqlite://{}", database.display()));
        Settings::load(&given).unwrap()
    }

    #[tokio::test]
    async fn a_new_database_is_its_owners_alone_and_stays_so() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.sqlite");
        let settings = settings(&file);
        for _ in 0..2 {
            open_database(&settings).await.unwrap().close().await;
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(open_existing_database(&settings).await.is_ok());
    }

    #[tokio::test]
    async fn a_missing_database_is_not_made_where_one_has_to_be() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.sqlite");
        let settings = settings(&file);
        assert!(open_existing_database(&settings).await.is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        fs::write(&file, "").unwrap();
        let error = open_existing_database(&settings).await.err().unwrap();
        assert!(format!("{error:#}").contains("frontrow migrate"), "{error:#}");
    }

    #[tokio::test]
    async fn a_retired_key_still_opens_the_tokens_that_it_signed() {
        let mut keys = Keys::generate().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let claims = frontrow_application::port::AccessClaims {
            user: frontrow_domain::UserId::new(uuid::Uuid::nil()),
            role: frontrow_domain::Role::Customer,
            session: frontrow_domain::SessionId::new(uuid::Uuid::nil()),
            expires: clock.now() + std::time::Duration::from_mins(1),
        };
        let token = tokens(&keys.access_tokens, clock.clone()).unwrap().issue(&claims);
        let next = Keys::generate().unwrap().access_tokens;
        keys.access_tokens.current.clone_from(&next.current);
        keys.access_tokens.keys.extend(next.keys.clone());
        let knows = |ring| tokens(ring, clock.clone()).unwrap().verify(&token, clock.now()).is_some();
        assert!(knows(&keys.access_tokens));
        assert!(!knows(&next));
    }
}
