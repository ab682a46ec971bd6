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

    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::Postgres => "postgres",
        }
    }

    /// `None` if there's no kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The image to start a container from, unless the settings name another.
    pub(crate) const fn image(self) -> &'static str {
        match self {
            Self::MySql => "mysql:9.7",
            Self::MariaDb => "mariadb:11.8",
            Self::Postgres => "postgres:17",
        }
    }

    /// Where a container of it keeps its data.
    pub(crate) const fn data(self) -> &'static str {
        match self {
            Self::MySql | Self::MariaDb => "/var/lib/mysql",
            Self::Postgres => "/var/lib/postgresql/data",
        }
    }

    /// The variable, and its value, by which a container lets its administrator in without a password.
    pub(crate) const fn no_password(self) -> (&'static str, &'static str) {
        match self {
            Self::MySql => ("MYSQL_ALLOW_EMPTY_PASSWORD", "1"),
            Self::MariaDb => ("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "1"),
            Self::Postgres => ("POSTGRES_HOST_AUTH_METHOD", "trust"),
        }
    }

    /// What a container's server is told: where to listen, and to take as many connections as an installed one.
    pub(crate) fn words(self, host: &str, port: u16) -> Vec<String> {
        match self {
            Self::Postgres => {
                let settings =
                    [format!("port={port}"), format!("listen_addresses={host}"), "max_connections=300".into()];
                settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
            }
            Self::MySql | Self::MariaDb => {
                let mut words = vec![format!("--port={port}"), format!("--bind-address={host}")];
                words.push("--max-connections=500".into());
                if self == Self::MySql {
                    words.push("--mysqlx=OFF".into());
                }
                words
            }
        }
    }

    /// The administrator's address of a server without a password.
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
