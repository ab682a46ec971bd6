//! What an installation decides: where it listens, where it keeps things, how long things last.
//!
//! A value comes from, the later over the earlier: the defaults, the TOML file, the environment, the flags.
//! [`TABLE`] has every setting; all are checked when the program starts, and all flaws are told at once.

mod database;
mod layers;
mod mask;
mod reading;
mod show;
mod table;

pub use database::DatabaseAddress;
pub use layers::{Flags, Given};
pub use reading::is_database_file;
pub use show::show;
pub use table::{Setting, TABLE};

use actix_web::http::header::HeaderName;
use layers::Layers;
use reading::Reading;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A longer file has no password.
const MOST_PASSWORD: u64 = 4096;

/// The settings in force. [`TABLE`] says what each is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the API is.
    pub listen: SocketAddr,
    /// Where the metrics are, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The database.
    pub database: DatabaseAddress,
    /// Connections that read.
    pub database_readers: u32,
    /// Connections that carry bookings out; as many as fit the database if no number is named.
    pub lanes: Option<usize>,
    /// Commands that may wait for the database.
    pub queue_capacity: usize,
    /// The file with the database's password, if it does not stand in the address.
    pub database_password: Option<PathBuf>,
    /// The server that hands out the numbers of lines, if it is not the database.
    pub redis: Option<RedisAddress>,
    /// The file with the signing keys.
    pub keys_file: PathBuf,
    /// ISO 4217.
    pub currency: String,
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// How long a refresh token is good.
    pub refresh_lifetime: Duration,
    /// Threads that serve HTTP; as many as there are processors if none is named.
    pub workers: Option<usize>,
    /// The largest body of a request; a seat map may have more.
    pub max_body_bytes: usize,
    /// How long a client may take to send a request's head, and again its body.
    pub request_timeout: Duration,
    /// The header in which a trusted proxy says who asks, if there is one.
    pub client_address: Option<HeaderName>,
    /// Joins a minute from one network; 0 for any number.
    pub network_joins: u32,
    /// How long the server goes on serving, and says that it is not ready, when it is told to stop.
    pub drain: Duration,
    /// How long running requests have when the server stops.
    pub shutdown_timeout: Duration,
    /// How often the house is swept.
    pub sweep: Duration,
    /// Who charges wallets.
    pub payment_gateway: Gateway,
    /// Whether the sandbox may be reached from other machines.
    pub allow_sandbox: bool,
    /// What is logged.
    pub log: String,
    /// How it is written.
    pub log_format: LogFormat,
}

/// Where a Redis is. Shows itself without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress(pub(crate) String);

impl RedisAddress {
    /// As the adapters take it.
    pub fn url(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisAddress({})", mask::mask_url(&self.0))
    }
}

/// Who charges wallets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// Nobody: no money moves.
    Sandbox,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Something that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The setting, or what was taken for one.
    pub name: String,
    /// Where it was written.
    pub origin: String,
    /// What was found there, masked; nothing if a whole file is at fault.
    pub found: Option<String>,
    /// What to do instead.
    pub instead: String,
}

/// Everything that is wrong with the settings; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaws(pub Vec<Flaw>);

impl Settings {
    /// Reads and checks the settings. The environment is an argument, so that tests have one of their own.
    pub fn load(given: &Given) -> Result<Self, Flaws> {
        Self::load_with(given, &BTreeMap::new())
    }

    /// [`Settings::load`] with some defaults of a command's own, each with why.
    pub fn load_with(given: &Given, own_defaults: &BTreeMap<&'static str, &'static str>) -> Result<Self, Flaws> {
        let layers = Layers::collect(given, own_defaults);
        let mut reading = Reading::of(layers);
        let settings = Self::read(&mut reading);
        reading.unless_flawed(settings)
    }

    /// Where the database is, with the password of the file that has it.
    pub fn database_with_password(&self) -> Result<DatabaseAddress, Unreadable> {
        let Some(path) = &self.database_password else { return Ok(self.database.clone()) };
        let why = |why: String| Unreadable { path: path.clone(), why };
        let mut text = String::new();
        let file = File::open(path).map_err(|error| why(error.to_string()))?;
        file.take(MOST_PASSWORD).read_to_string(&mut text).map_err(|error| why(error.to_string()))?;
        let password = text.lines().next().filter(|password| !password.is_empty());
        let password = password.ok_or_else(|| why("its first line is empty".to_owned()))?;
        let address = self.database.with_password(password);
        address.ok_or_else(|| why("database_url takes no password".to_owned()))
    }

    fn read(reading: &mut Reading) -> Self {
        let settings = Self {
            listen: reading.address("listen"),
            metrics_listen: reading.address_or_off("metrics_listen"),
            database: reading.database("database_url"),
            database_password: reading.path_or_off("database_password_file"),
            database_readers: reading.number("database_readers", 1..=64),
            lanes: reading.number_or_auto("database_lanes", 1..=256),
            queue_capacity: reading.number("queue_capacity", 1..=100_000),
            redis: reading.redis_or_off("redis_url"),
            keys_file: reading.path("keys_file"),
            currency: reading.currency("currency"),
            access_lifetime: reading.duration("access_token_minutes", 1..=1440, 60),
            refresh_lifetime: reading.duration("refresh_token_days", 1..=365, 24 * 3600),
            workers: reading.number_or_auto("workers", 1..=256),
            max_body_bytes: reading.number("max_body_bytes", 1024..=4 * 1024 * 1024),
            request_timeout: reading.duration("request_timeout_seconds", 1..=300, 1),
            client_address: reading.header_or_off("client_address_header"),
            network_joins: reading.number("network_joins_per_minute", 0..=1_000_000),
            drain: reading.duration("drain_seconds", 0..=300, 1),
            shutdown_timeout: reading.duration("shutdown_timeout_seconds", 1..=300, 1),
            sweep: reading.duration("sweep_seconds", 1..=3600, 1),
            payment_gateway: reading.word("payment_gateway", &[("sandbox", Gateway::Sandbox)], Gateway::Sandbox),
            allow_sandbox: reading.switch("allow_sandbox"),
            log: reading.filter("log"),
            log_format: reading.word(
                "log_format",
                &[("json", LogFormat::Json), ("text", LogFormat::Text)],
                LogFormat::Json,
            ),
        };
        if settings.listen.port() != 0 && Some(settings.listen) == settings.metrics_listen {
            reading.refuse("metrics_listen", "another address than listen has, or off");
        }
        if settings.database_password.is_some() && settings.database.with_password("").is_none() {
            let instead = "off, or write database_url with a user and without a password, as postgres://USER@HOST/NAME";
            reading.refuse("database_password_file", instead);
        }
        settings
    }
}

/// The file with the password can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    path: PathBuf,
    why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database_password_file {} can't be used: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for Unreadable {}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(found) = &self.found {
            write!(f, " = {found}")?;
        }
        write!(f, " ({}): {}", self.origin, self.instead)
    }
}

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are wrong")?;
        self.0.iter().try_for_each(|flaw| write!(f, "\n  {flaw}"))
    }
}

impl std::error::Error for Flaws {}

#[cfg(test)]
mod passwords;
#[cfg(test)]
mod tests;
