//! Which servers there are.

use std::fmt;

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `MySQL` 9.
    MySql,
    /// `MariaDB` 10.11 or 11.8.
    MariaDb,
    /// `PostgreSQL` 15 or 17.
    Postgres,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::MySql, Self::MariaDb, Self::Postgres];

    /// The word for it in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::Postgres => "postgres",
        }
    }

    /// `None` if nothing is called that.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The image whose container is started unless the settings name another.
    pub(crate) const fn image(self) -> &'static str {
        match self {
            Self::MySql => "mysql:9.7",
            Self::MariaDb => "mariadb:11.8",
            Self::Postgres => "postgres:17",
        }
    }

    /// Where a server listens unless it is told otherwise.
    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::MySql | Self::MariaDb => 3306,
            Self::Postgres => 5432,
        }
    }

    /// The address of a server that is reached without a password: its administrator's database.
    pub(crate) fn address(self, port: u16) -> String {
        match self {
            Self::MySql | Self::MariaDb => format!("mysql://root@127.0.0.1:{port}/"),
            Self::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
