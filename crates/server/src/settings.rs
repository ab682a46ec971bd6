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

use crate::mailing::MailerKind;
use frontrow_adapters::mail::{SmtpLogin, SmtpSettings, SmtpTls};
use layers::Layers;
use reading::Reading;
use secrets::first_line;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

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
        let password = password_in("database_password_file", path)?;
        let address = self.database.with_password(&password);
        address.ok_or_else(|| {
            let why = "database_url takes no password".to_owned();
            Unreadable { setting: "database_password_file", path: path.clone(), why }
        })
    }

    /// The mail server, with the password from its file; `None` if there is none.
    pub fn smtp(&self) -> Result<Option<SmtpSettings>, Unreadable> {
        let Some((host, port)) = self.smtp_server.clone() else { return Ok(None) };
        let login = match (&self.smtp_user, &self.smtp_password_file) {
            (Some(user), Some(path)) => {
                let password = password_in("smtp_password_file", path)?;
                Some(SmtpLogin { user: user.clone(), password })
            }
            _ => None,
        };
        Ok(Some(SmtpSettings { host, port, tls: self.smtp_tls, login, within: SmtpSettings::WITHIN }))
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
        settings.check_mail(reading);
        settings
    }

    /// What the mailer asks of the other settings.
    fn check_mail(&self, reading: &mut Reading) {
        if self.mailer == MailerKind::Smtp {
            if self.smtp_server.is_none() {
                reading.refuse("smtp_server", "the host and the port of the mail server, such as mail.example.com:587");
            }
            if self.mail_from.is_none() {
                reading.refuse("mail_from", "whom mails come from, such as Frontrow <tickets@example.com>");
            }
        }
        if self.verified_email_required && self.mailer == MailerKind::Off {
            reading.refuse("verified_email_required", "false, or set a mailer");
        }
        let is_here =
            |host: &str| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if self.smtp_tls == SmtpTls::None && self.smtp_server.as_ref().is_some_and(|(host, _)| !is_here(host)) {
            reading.refuse("smtp_tls", "starttls or implicit: none is only for a mail server on this machine");
        }
        if self.smtp_user.is_some() != self.smtp_password_file.is_some() {
            reading.refuse("smtp_password_file", "both smtp_user and smtp_password_file, or neither");
        }
    }
}

/// The password in the file that the setting names.
fn password_in(setting: &'static str, path: &Path) -> Result<String, Unreadable> {
    first_line(path).map_err(|why| Unreadable { setting, path: path.to_owned(), why })
}

/// The file with the password can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    setting: &'static str,
    path: PathBuf,
    why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} can't be used: {}", self.setting, self.path.display(), self.why)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod passwords;
#[cfg(test)]
mod tests;
