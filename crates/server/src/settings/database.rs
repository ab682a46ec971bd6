//! Where the database is.

use super::mask::mask_url;
use super::reading::is_database_file;
use std::fmt;
use std::path::PathBuf;

/// A file, or a database on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseAddress {
    /// An `SQLite` database.
    File(PathBuf),
    /// The URL of a `PostgreSQL`, `MySQL` or `MariaDB` database. Shows itself without the password.
    Server(String),
}

impl DatabaseAddress {
    /// `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        match scheme {
            "sqlite" => {
                let file = rest.strip_prefix("//").unwrap_or(rest);
                is_database_file(file).then(|| Self::File(file.into()))
            }
            "postgres" | "postgresql" | "mysql" | "mariadb" => {
                let address = rest.strip_prefix("//")?;
                let path = address.split('?').next().unwrap_or_default();
                let (_, name) = path.rsplit_once('/')?;
                let plain = !name.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace());
                plain.then(|| Self::Server(text.to_owned()))
            }
            _ => None,
        }
    }

    /// As the adapters take it.
    pub fn url(&self) -> String {
        match self {
            Self::File(file) => format!("sqlite://{}", file.display()),
            Self::Server(url) => url.clone(),
        }
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
        let file = |path: &str| Some(DatabaseAddress::File(path.into()));
        assert_eq!(DatabaseAddress::parse("sqlite://a.sqlite"), file("a.sqlite"));
        assert_eq!(DatabaseAddress::parse("sqlite:///var/a.sqlite"), file("/var/a.sqlite"));
        for url in [
            "postgres://me:p@db/frontrow",
            "postgresql://db/f",
            "mysql://db:3306/f",
            "mariadb://db/f?ssl-mode=required",
        ] {
            assert_eq!(DatabaseAddress::parse(url), Some(DatabaseAddress::Server(url.into())));
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
            assert_eq!(DatabaseAddress::parse(text), None, "{text}");
        }
        let shown = DatabaseAddress::parse("postgres://me:s3cret@db/frontrow").map(|address| address.to_string());
        assert_eq!(shown.as_deref(), Some("postgres://me:***@db/frontrow"));
    }
}
