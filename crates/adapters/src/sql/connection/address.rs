//! Where a database is.

use crate::sql::database_error::DatabaseError;
use crate::sql::dialect::address::Location;
use crate::sql::dialect::{Dialect, of_scheme};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a database, checked. Shows itself without user and password.
#[derive(Clone)]
pub(in crate::sql) struct Address {
    /// As the driver wants it.
    pub url: String,
    /// As far as the address tells: what speaks `MySQL` there may turn out to be `MariaDB`. Enough to connect with; see
    /// [`Dialect`].
    pub dialect: &'static dyn Dialect,
    shown: String,
    /// What is read when a connection is made, by the parameters that name it.
    files: Vec<(&'static str, PathBuf)>,
}

impl FromStr for Address {
    type Err = DatabaseError;

    fn from_str(url: &str) -> Result<Self, DatabaseError> {
        let (scheme, rest) = url.split_once(':').ok_or(DatabaseError::NotAnAddress)?;
        let dialect = of_scheme(scheme).ok_or(DatabaseError::NotAnAddress)?;
        let Location { url, shown, files } = dialect.locate(rest)?;
        Ok(Self { url, dialect, shown, files })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Address {
    /// Whether all files can be read that it names. The driver would say what is wrong with one, but not which.
    pub(in crate::sql) fn check_files(&self) -> Result<(), DatabaseError> {
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
