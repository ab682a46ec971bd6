//! Everything that differs between databases. A dialect is one file in this folder and one line in [`DIALECTS`]; nobody
//! else asks which database it is.
//!
//! - `differences`: what a dialect has to say
//! - `mysql` (and `MariaDB`), `postgres`, `sqlite`: what each says, agrees on when it connects, and means by its errors
//! - `class`: what an error can mean; `purpose`: what a connection can be for; `address`: what an address can be
//! - `carrier`: how values travel in a JSON list

pub(in crate::sql) mod address;
mod carrier;
pub(in crate::sql) mod class;
mod differences;
pub(in crate::sql) mod mysql;
pub(in crate::sql) mod postgres;
pub(in crate::sql) mod purpose;
pub(in crate::sql) mod sqlite;

pub(in crate::sql) use differences::{Dialect, Session};

use class::Class;
use sea_orm::DbBackend;
use sea_orm::sqlx::error::DatabaseError;

/// All that Frontrow speaks. The first that fits is taken, so a special one stands before the general one that it is like.
pub(in crate::sql) static DIALECTS: [&dyn Dialect; 4] =
    [sqlite::SQLITE, postgres::POSTGRES, mysql::MARIADB, mysql::MYSQL];

/// The dialect of an address, as far as an address tells: a server's version can tell more.
pub(in crate::sql) fn of_scheme(scheme: &str) -> Option<&'static dyn Dialect> {
    DIALECTS.into_iter().find(|dialect| dialect.schemes().contains(&scheme))
}

/// The dialect of a server that says this of its version, if it is new enough.
pub(in crate::sql) fn of_server(backend: DbBackend, version: &str) -> Option<&'static dyn Dialect> {
    let dialect = DIALECTS.into_iter().find(|dialect| dialect.backend() == backend && dialect.is_spoken_by(version))?;
    dialect.oldest().is_none_or(|oldest| numbers(version) >= oldest.numbers).then_some(dialect)
}

/// What an error of a database means.
pub(in crate::sql) fn classify(error: &dyn DatabaseError) -> Class {
    DIALECTS.iter().find_map(|dialect| dialect.classify(error)).unwrap_or(Class::Other)
}

/// How addresses are written, for people.
pub(in crate::sql) fn forms() -> String {
    let forms: Vec<&str> = DIALECTS.iter().filter_map(|dialect| dialect.form()).collect();
    match forms.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => forms.concat(),
    }
}

/// The oldest servers that will do, for people, who expect the general one before the special one.
pub(in crate::sql) fn oldest_servers() -> String {
    let oldest = DIALECTS.iter().rev().filter_map(|dialect| dialect.oldest());
    oldest.map(|release| release.name).collect::<Vec<_>>().join(", ")
}

/// The first number with dots in it: `11.8.9` of `11.8.9-MariaDB`, `17.6` of `PostgreSQL 17.6 (Debian)`.
fn numbers(text: &str) -> [u32; 3] {
    let from = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[from..].split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::mysql::{MARIADB, MYSQL};
    use super::postgres::POSTGRES;
    use super::*;
    use crate::address::Shown;

    #[test]
    fn a_server_is_known_by_what_it_says_of_itself() {
        for (backend, text, dialect) in [
            (DbBackend::Postgres, "PostgreSQL 17.6 (Debian 17.6-1) on x86_64", Some(POSTGRES)),
            (DbBackend::Postgres, "PostgreSQL 13.22 on x86_64", None),
            (DbBackend::MySql, "11.8.9-MariaDB-0+deb13u1 from Debian", Some(MARIADB)),
            (DbBackend::MySql, "10.5.29-MariaDB", None),
            (DbBackend::MySql, "9.7.4-2", Some(MYSQL)),
            (DbBackend::MySql, "8.0.19", None),
            (DbBackend::MySql, "8.0.20", Some(MYSQL)),
        ] {
            let found = of_server(backend, text).map(|dialect| format!("{dialect:?}"));
            assert_eq!(found, dialect.map(|dialect| format!("{dialect:?}")), "{text}");
        }
    }

    /// Each of these is asked of the dialect of an address, or of any dialect of a driver, whatever the server turns out to
    /// be. (What a connection is prepared with, and what errors mean, can't be compared: they are functions.)
    #[test]
    fn dialects_of_one_driver_agree_on_what_is_asked_before_the_server_is_known() {
        let early = |dialect: &dyn Dialect| {
            let (is_server, undoes, writing) = (dialect.is_server(), dialect.undoes_when_full(), dialect.writing());
            format!("{} {is_server} {undoes} {writing:?} {:?}", dialect.version(), dialect.snapshot())
        };
        for one in DIALECTS {
            for other in DIALECTS.into_iter().filter(|other| other.backend() == one.backend()) {
                assert_eq!(early(one), early(other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn people_are_told_of_every_dialect() {
        assert_eq!(
            forms(),
            "sqlite://PATH, postgres://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME (for MariaDB too)"
        );
        assert_eq!(oldest_servers(), "MySQL 8.0.20, MariaDB 10.6, PostgreSQL 14");
    }

    /// `Shown` is there without databases too, so it has a list of its own.
    #[test]
    fn an_address_of_every_scheme_can_be_shown() {
        for scheme in DIALECTS.iter().flat_map(|dialect| dialect.schemes()) {
            assert!(Shown(&format!("{scheme}://db/f")).to_string().starts_with(scheme), "{scheme}");
        }
    }
}
