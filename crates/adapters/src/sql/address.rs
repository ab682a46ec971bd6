//! Where a database is.

use super::DatabaseError;
use crate::address::{AddressFlaw, Parameter, ServerAddress};
use sea_orm::DbBackend;
use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a database, checked. Shows itself without user and password.
#[derive(Clone)]
pub(super) struct Address {
    /// As the driver wants it.
    pub url: String,
    pub backend: DbBackend,
    shown: String,
    /// What is read when a connection is made, by the parameters that name it.
    files: Vec<(&'static str, PathBuf)>,
}

const fn file(names: &'static [&'static str]) -> Parameter {
    Parameter { names, takes: "the path of a PEM file", check: |path| !path.trim().is_empty() }
}

/// What of `PostgreSQL`'s parameters is the address's business. All else would be passed over, or change what Frontrow
/// agrees on with the server.
const POSTGRES: [Parameter; 5] = [
    Parameter {
        names: &["sslmode", "ssl-mode"],
        takes: "disable, allow, prefer, require, verify-ca or verify-full",
        check: |word| ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].contains(&word),
    },
    file(&["sslrootcert", "ssl-root-cert", "ssl-ca"]),
    file(&["sslcert", "ssl-cert"]),
    file(&["sslkey", "ssl-key"]),
    Parameter {
        names: &["host"],
        takes: "the directory of a socket, such as /run/postgresql",
        check: |path| path.starts_with('/'),
    },
];

/// The same of `MySQL` and `MariaDB`.
const MYSQL: [Parameter; 5] = [
    Parameter {
        names: &["ssl-mode", "sslmode"],
        takes: "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
        check: |word| {
            let words = ["disabled", "preferred", "required", "verify_ca", "verify_identity"];
            words.contains(&word.to_ascii_lowercase().as_str())
        },
    },
    file(&["ssl-ca", "sslca"]),
    file(&["ssl-cert", "sslcert"]),
    file(&["ssl-key", "sslkey"]),
    Parameter {
        names: &["socket"],
        takes: "the path of a socket, such as /run/mysqld/mysqld.sock",
        check: |path| path.starts_with('/'),
    },
];

impl FromStr for Address {
    type Err = DatabaseError;

    fn from_str(url: &str) -> Result<Self, DatabaseError> {
        match url.split_once(':') {
            Some(("sqlite", path)) => sqlite(url, path),
            // The driver knows one name for both.
            Some(("mysql" | "mariadb", rest)) => mysql(rest),
            Some(("postgres" | "postgresql", rest)) => postgres(rest),
            _ => Err(DatabaseError::NotAnAddress),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Address {
    /// Whether all files can be read that it names. The driver would say what is wrong with one, but not which.
    pub(super) fn check_files(&self) -> Result<(), DatabaseError> {
        for (name, path) in &self.files {
            let read = File::open(path).and_then(|mut file| file.read(&mut [0]));
            read.map_err(|error| DatabaseError::CannotRead {
                parameter: name,
                path: path.display().to_string(),
                why: error.to_string(),
            })?;
        }
        Ok(())
    }
}

/// Whether it is the address of a database, and every parameter of it one that counts. Says nothing of the password.
pub fn check_address(url: &str) -> Result<(), DatabaseError> {
    url.parse::<Address>().map(drop)
}

fn sqlite(url: &str, path: &str) -> Result<Address, DatabaseError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.contains(":memory:") || path.contains("mode=memory") {
        return Err(DatabaseError::InMemory);
    }
    if path.contains('?') {
        return Err(DatabaseError::Parameters);
    }
    if path.is_empty() {
        return Err(DatabaseError::NotAnAddress);
    }
    Ok(Address { url: url.to_owned(), backend: DbBackend::Sqlite, shown: url.to_owned(), files: Vec::new() })
}

fn mysql(rest: &str) -> Result<Address, DatabaseError> {
    let parsed = server(rest, &MYSQL)?;
    let verifies = |mode: &str| mode.to_ascii_lowercase().starts_with("verify_");
    must_verify(&parsed, "ssl-ca", "ssl-mode", verifies, "ssl-mode=VERIFY_IDENTITY")?;
    let url = format!("mysql:{rest}");
    let options: MySqlConnectOptions = url.parse().map_err(|_| DatabaseError::NotAnAddress)?;
    let shown = format!("mysql://{}:{}/{}", options.get_host(), options.get_port(), parsed.path);
    let files = files(&parsed, &["ssl-ca", "ssl-cert", "ssl-key"]);
    Ok(Address { url, backend: DbBackend::MySql, shown, files })
}

fn postgres(rest: &str) -> Result<Address, DatabaseError> {
    let parsed = server(rest, &POSTGRES)?;
    must_verify(&parsed, "sslrootcert", "sslmode", |mode| mode.starts_with("verify-"), "sslmode=verify-full")?;
    let url = format!("postgres:{rest}");
    let options: PgConnectOptions = url.parse().map_err(|_| DatabaseError::NotAnAddress)?;
    let shown = format!("postgres://{}:{}/{}", options.get_host(), options.get_port(), parsed.path);
    let files = files(&parsed, &["sslrootcert", "sslcert", "sslkey"]);
    Ok(Address { url, backend: DbBackend::Postgres, shown, files })
}

fn server(rest: &str, allowed: &[Parameter]) -> Result<ServerAddress, DatabaseError> {
    let rest = rest.strip_prefix("//").ok_or(DatabaseError::NotAnAddress)?;
    let parsed = ServerAddress::parse(rest, allowed).map_err(DatabaseError::Address)?;
    if parsed.path.is_empty() { Err(DatabaseError::NoName) } else { Ok(parsed) }
}

/// Authorities that are named but not asked would be worse than none.
fn must_verify(
    parsed: &ServerAddress,
    name: &'static str,
    mode: &str,
    verifies: impl Fn(&str) -> bool,
    verify: &'static str,
) -> Result<(), DatabaseError> {
    if parsed.parameter(name).is_none() || parsed.parameter(mode).is_some_and(verifies) {
        return Ok(());
    }
    Err(DatabaseError::Address(AddressFlaw::NotVerified { name, verify }))
}

fn files(parsed: &ServerAddress, names: &[&'static str]) -> Vec<(&'static str, PathBuf)> {
    names.iter().filter_map(|name| Some((*name, PathBuf::from(parsed.parameter(name)?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(url: &str) -> String {
        check_address(url).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_would_turn_tls_off_is_refused_by_name() {
        for (url, says) in [
            (
                "postgres://db/f?ssl_mode=verify-full",
                "there is no parameter ssl_mode here: it takes sslmode, sslrootcert",
            ),
            ("mysql://db/f?ssl_mode=VERIFY_CA", "there is no parameter ssl_mode here: it takes ssl-mode, ssl-ca"),
            ("mariadb://db/f?sslmod=required", "there is no parameter sslmod here"),
            ("postgres://db/f?sslmode=verify_full", "sslmode takes disable, allow"),
            ("postgres://db/f?sslmode=VERIFY-FULL", "sslmode takes disable, allow"),
            ("mysql://db/f?ssl-mode=verify-identity", "ssl-mode takes DISABLED"),
            ("postgres://db/f?sslmode=verify-full&sslmode=disable", "the parameter sslmode stands there twice"),
            ("mysql://db/f?ssl-mode=REQUIRED&sslmode=DISABLED", "the parameter ssl-mode stands there twice"),
            ("postgres://db/f?sslmode=require&sslrootcert=/ca.pem", "add sslmode=verify-full"),
            ("postgres://db/f?sslrootcert=/ca.pem", "add sslmode=verify-full"),
            ("mysql://db/f?ssl-ca=/ca.pem&ssl-mode=required", "add ssl-mode=VERIFY_IDENTITY"),
            ("postgres://db/f?sslrootcert=", "sslrootcert takes the path"),
            ("postgres://db/f?host=elsewhere", "host takes the directory of a socket"),
            ("postgres://db/f?options=-c%20x", "there is no parameter options here"),
            ("mysql://db/f?charset=latin1", "there is no parameter charset here"),
            ("postgres://me:x@db/f?password=s3cret", "the password is no parameter"),
            ("postgres://db/f#x", "nothing may follow it"),
        ] {
            assert!(flaw(url).contains(says), "{url}: {}", flaw(url));
        }
    }

    #[test]
    fn what_counts_is_taken() {
        for url in [
            "postgres://me:p%40@db:5432/f?sslmode=verify-full&sslrootcert=%2Fca.pem&sslcert=/c.pem&sslkey=/k.pem",
            "postgresql://me@localhost/f?host=/run/postgresql",
            "mysql://me:p@db/f?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem&ssl-cert=/c.pem&ssl-key=/k.pem",
            "mariadb://db/f?ssl-mode=verify_ca&ssl-ca=/ca.pem",
            "mysql://db/f?socket=/run/mysqld/mysqld.sock",
            "postgres://db/f?sslmode=disable",
        ] {
            assert_eq!(check_address(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("ca.pem");
        std::fs::write(&there, "x").unwrap();
        let missing = folder.path().join("missing.pem");
        for (url, is_fine) in [
            (format!("postgres://db/f?sslmode=verify-ca&sslrootcert={}", there.display()), true),
            (format!("postgres://db/f?sslmode=verify-ca&sslrootcert={}", missing.display()), false),
            (format!("mysql://db/f?ssl-mode=verify_ca&ssl-ca={}", folder.path().display()), false),
            (format!("mysql://db/f?ssl-key={}", missing.display()), false),
        ] {
            let checked = url.parse::<Address>().unwrap().check_files();
            assert_eq!(checked.is_ok(), is_fine, "{url}: {checked:?}");
            let Err(error) = checked else { continue };
            let path = url.rsplit('=').next().unwrap();
            assert!(error.to_string().contains(path), "{error}");
        }
    }
}
