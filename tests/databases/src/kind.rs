//! Which servers there are.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident,)+) => {
        /// A kind of database server.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])+ $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: [Self; [$(stringify!($kind)),+].len()] = [$(Self::$kind),+];
        }
    };
}

kinds! {
    /// `MySQL` 9.
    MySql,
    /// `MariaDB` 10.11 or 11.8.
    MariaDb,
    /// `PostgreSQL` 15 or 17.
    Postgres,
}

/// Calls a macro once for each kind of server: with a name for a module, the kind, and all that follows the `;`. Whoever
/// makes tests for every kind makes them with this, so that no list of kinds is forgotten.
///
/// ```
/// macro_rules! test_on {
///     ($module:ident $kind:ident; $test:ident) => {
///         mod $module {
///             pub fn $test() -> &'static str {
///                 frontrow_test_databases::Kind::$kind.name()
///             }
///         }
///     };
/// }
/// frontrow_test_databases::for_each_kind! { test_on; its_name }
/// assert_eq!(mariadb::its_name(), "mariadb");
/// ```
#[macro_export]
macro_rules! for_each_kind {
    ($($callback:ident)::+; $($rest:tt)*) => {
        $($callback)::+! { mysql MySql; $($rest)* }
        $($callback)::+! { mariadb MariaDb; $($rest)* }
        $($callback)::+! { postgres Postgres; $($rest)* }
    };
}

/// What a server and its driver speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The protocol of `MySQL`, which `MariaDB` speaks, too.
    MySql,
    /// The protocol of `PostgreSQL`.
    Postgres,
}

impl Kind {
    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::Postgres => "postgres",
        }
    }

    /// What it speaks.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::MySql | Self::MariaDb => Protocol::MySql,
            Self::Postgres => Protocol::Postgres,
        }
    }

    /// The port of an address that names none.
    pub const fn usual_port(self) -> u16 {
        match self.protocol() {
            Protocol::MySql => 3306,
            Protocol::Postgres => 5432,
        }
    }

    /// The parameter of an address by which nothing is encrypted.
    pub const fn unencrypted(self) -> &'static str {
        match self.protocol() {
            Protocol::MySql => "ssl-mode=DISABLED",
            Protocol::Postgres => "sslmode=disable",
        }
    }

    /// Whether a server that says this of its version is one.
    pub(crate) fn is(self, version: &str) -> bool {
        match self {
            Self::MySql => !version.contains("MariaDB"),
            Self::MariaDb => version.contains("MariaDB"),
            Self::Postgres => version.contains("PostgreSQL"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_each_kind_leaves_none_out() {
        let mut named = Vec::new();
        macro_rules! name {
            ($module:ident $kind:ident; $named:ident) => {
                assert_eq!(Kind::$kind.name(), stringify!($module));
                $named.push(Kind::$kind);
            };
        }
        for_each_kind! { name; named }
        assert_eq!(named, Kind::ALL);
    }
}
