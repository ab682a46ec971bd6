//! The settings: where to listen, where to store data, how long things last.
//!
//! A value comes from the defaults, the TOML file, systemd's credentials, the environment, or the flags; later ones win. [`TABLE`] has every
//! setting. All are checked at startup, and all mistakes are reported together.

mod database;
mod flaw;
mod layers;
mod log_format;
mod mask;
mod path;
mod reading;
mod redis;
mod secrets;
mod setting;
mod show;
mod table;
mod value;

pub use database::DatabaseAddress;
pub use flaw::{Flaw, Flaws};
pub use layers::{Flags, Given};
pub use log_format::LogFormat;
pub use path::is_database_file;
pub use redis::RedisAddress;
pub use setting::Setting;
pub use show::show;
pub use table::{Settings, TABLE, what_it_takes};

use layers::Layers;
use reading::Reading;
use secrets::first_line;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

impl Settings {
    /// Reads and checks the settings. The environment is an argument, so that tests can pass their own.
    pub fn load(given: &Given) -> Result<Self, Flaws> {
        Self::load_with(given, &BTreeMap::new())
    }

    /// [`Settings::load`] with other defaults for some settings, each with the reason.
    pub fn load_with(given: &Given, own_defaults: &BTreeMap<&'static str, &'static str>) -> Result<Self, Flaws> {
        let layers = Layers::collect(TABLE, given, own_defaults);
        let mut reading = Reading::of(layers);
        let settings = Self::read(&mut reading);
        reading.unless_flawed(settings)
    }

    /// The database's address, including the password from the password file.
    pub fn database_with_password(&self) -> Result<DatabaseAddress, Unreadable> {
        let Some(path) = &self.database_password_file else { return Ok(self.database.clone()) };
        let why = |why: String| Unreadable { path: path.clone(), why };
        let password = first_line(path).map_err(why)?;
        let address = self.database.with_password(&password);
        address.ok_or_else(|| why("database_url takes no password".to_owned()))
    }

    fn read(reading: &mut Reading) -> Self {
        let settings = Self::read_each(reading);
        if settings.listen.port() != 0 && Some(settings.listen) == settings.metrics_listen {
            reading.refuse("metrics_listen", "another address than listen has, or off");
        }
        if settings.database_password_file.is_some() && settings.database.with_password("").is_none() {
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

#[cfg(test)]
mod passwords;
#[cfg(test)]
mod tests;
