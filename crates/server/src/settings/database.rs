//! Where the database is.

use super::mask::mask_url;
use super::path::is_database_file;
use frontrow_adapters::address::with_password;
use frontrow_adapters::sql::{DatabaseError, check_address};
use std::fmt;
use std::path::PathBuf;

/// The setting `database_url`: a file, or a database on a server. `Debug` and `Display` leave the password out.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseAddress {
    /// The path of an `SQLite` database.
    File(PathBuf),
    /// The URL of a `PostgreSQL`, `MySQL` or `MariaDB` database.
    Server(String),
}

impl DatabaseAddress {
    /// Parses an address. The error is what to write instead; `None` if [`TABLE`](super::TABLE) says it already, in what the
    /// setting takes.
    pub fn parse(text: &str) -> Result<Self, Option<String>> {
        let (scheme, rest) = text.split_once(':').ok_or(None)?;
        match scheme {
            "sqlite" => {
                let file = rest.strip_prefix("//").unwrap_or(rest);
                if is_database_file(file) { Ok(Self::File(file.into())) } else { Err(None) }
            }
            "postgres" | "postgresql" | "mysql" | "mariadb" => match check_address(text) {
                Ok(()) => Ok(Self::Server(text.to_owned())),
                Err(DatabaseError::Address(flaw)) => Err(Some(format!("an address without a flaw: {flaw}"))),
                Err(_) => Err(None),
            },
            _ => Err(None),
        }
    }

    /// The same address with that password, if it can have one.
    pub fn with_password(&self, password: &str) -> Option<Self> {
        match self {
            Self::File(_) => None,
            Self::Server(url) => with_password(url, password).map(Self::Server),
        }
    }

    /// The URL, with the password.
    pub fn url(&self) -> String {
        match self {
            Self::File(file) => format!("sqlite://{}", file.display()),
            Self::Server(url) => url.clone(),
        }
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseAddress({self})")
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Server(url) => f.write_str(&mask_url(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_has_a_name_on_a_server() {
        let file = |path: &str| Ok(DatabaseAddress::File(path.into()));
        assert_eq!(DatabaseAddress::parse("sqlite://a.sqlite"), file("a.sqlite"));
        assert_eq!(DatabaseAddress::parse("sqlite:///var/a.sqlite"), file("/var/a.sqlite"));
        for url in [
            "postgres://me:p@db/frontrow",
            "postgresql://db/f",
            "mysql://db:3306/f",
            "mariadb://db/f?ssl-mode=required",
        ] {
            assert_eq!(DatabaseAddress::parse(url), Ok(DatabaseAddress::Server(url.into())));
        }
        for text in [
            "",
            "frontrow.sqlite",
            "sqlite::memory:",
            "sqlite://",
            "postgres://db",
            "postgres://db/",
            "mysql:db/f",
            "redis://db/0",
        ] {
            assert!(DatabaseAddress::parse(text).is_err(), "{text}");
        }
        let shown = DatabaseAddress::parse("postgres://me:s3cret@db/frontrow").map(|address| address.to_string());
        assert_eq!(shown.as_deref(), Ok("postgres://me:***@db/frontrow"));
    }
}
