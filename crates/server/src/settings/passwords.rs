//! Tests that no message about a wrong address shows any part of its password.

use super::{Given, RedisAddress, Settings, show};
use frontrow_adapters::UuidV7Source;
use frontrow_adapters::address::Shown;
use frontrow_adapters::redis::{RedisMarks, RedisSettings};
use frontrow_adapters::sql::{Database, DatabaseSettings};
use frontrow_application::port::NumberMarks;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::sync::Arc;

/// Letters that never appear so close together in a message.
const LETTERS: &[u8] = b"QXZJVWK";
const BETWEEN: &[&str] =
    &["@", "/", "?", "#", ":", "%", "[", "]", "&", "=", "://", "%2F", " ", "+", "\"", "@/", "?a=", ""];

/// A password, and its parts: none of them may show.
fn password(chance: &mut ChaCha8Rng) -> (String, Vec<String>) {
    let (mut text, mut parts) = (String::new(), Vec::new());
    for _ in 0..chance.random_range(1..=4) {
        let letters = (0..chance.random_range(4..=7)).filter_map(|_| LETTERS.choose(chance));
        let part: String = letters.map(|letter| char::from(*letter)).collect();
        text += BETWEEN.choose(chance).unwrap();
        text += &part;
        parts.push(part);
    }
    text += BETWEEN.choose(chance).unwrap();
    (text, parts)
}

/// Addresses with that password, right ones and wrong ones.
fn addresses(password: &str) -> Vec<(&'static str, String)> {
    let databases = [
        format!("postgres://me:{password}@127.0.0.1:1/frontrow"),
        format!("postgres://me:{password}@127.0.0.1:1/frontrow?sslmode=verify-ful"),
        format!("postgres://me:{password}@127.0.0.1:1/frontrow?ssl_mode=verify-full"),
        format!("postgres://me:{password}@127.0.0.1:1"),
        format!("postgres://me:{password}@127.0.0.1:port/frontrow"),
        format!("mysql://me:{password}@127.0.0.1:1/frontrow?ssl-ca=/nowhere"),
        format!("mariadb://:{password}@127.0.0.1:1/frontrow"),
        format!("mysql://127.0.0.1:1/frontrow?password={password}"),
        format!("oracle://me:{password}@db/frontrow"),
        format!("postgres:/me:{password}@db/frontrow"),
        format!("postgres:me:{password}"),
        format!("me:{password}@db/frontrow"),
    ];
    let redis = [
        format!("redis://:{password}@127.0.0.1:1/0"),
        format!("redis://me:{password}@127.0.0.1:1/0"),
        format!("rediss://me:{password}@127.0.0.1:1/0#insecure"),
        format!("redis://me:{password}@127.0.0.1:1/zero"),
        format!("redis://127.0.0.1:1/0?password={password}"),
        format!("redis:me:{password}@127.0.0.1"),
        format!("valkey://me:{password}@127.0.0.1"),
    ];
    let databases = databases.into_iter().map(|address| ("database_url", address));
    databases.chain(redis.into_iter().map(|address| ("redis_url", address))).collect()
}

/// All messages about one address, except those that need a connection.
fn said(setting: &'static str, address: &str) -> Vec<String> {
    let mut given = Given { directory: "/nowhere".into(), ..Given::default() };
    given.flags.0.insert(setting, address.to_owned());
    let mut shown = Vec::new();
    show(&given, &mut shown).unwrap();
    let mut said = vec![String::from_utf8(shown).unwrap(), Shown(address).to_string()];
    said.push(format!("{:?}", DatabaseSettings { readers: 1, ..DatabaseSettings::new(address) }));
    said.push(format!("{:?}", RedisAddress(address.to_owned())));
    said.push(format!("{:?}", RedisSettings::new(address)));
    let redis = RedisMarks::new(RedisSettings::new(address), Arc::new(UuidV7Source));
    said.extend(redis.err().map(|error| format!("{error} {error:?}")));
    match Settings::load(&given) {
        Ok(settings) => said.push(format!("{settings:?} {}", settings.database)),
        Err(flaws) => said.push(format!("{flaws} {flaws:?}")),
    }
    said
}

fn is_silent(said: &str, parts: &[String], address: &str) {
    for part in parts {
        assert!(!said.contains(part.as_str()), "{address} gives {part} away: {said}");
    }
}

#[test]
fn no_part_of_a_password_is_ever_shown() {
    let mut chance = ChaCha8Rng::seed_from_u64(12);
    for _ in 0..500 {
        let (password, parts) = password(&mut chance);
        for (setting, address) in addresses(&password) {
            for said in said(setting, &address) {
                is_silent(&said, &parts, &address);
            }
        }
    }
}

#[test]
fn a_damaged_settings_file_is_not_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let mut chance = ChaCha8Rng::seed_from_u64(13);
    for _ in 0..200 {
        let (password, parts) = password(&mut chance);
        let text = format!("http_workers = 2\ndatabase_url = postgres://me:{password}@db/frontrow\n");
        fs::write(directory.path().join("frontrow.toml"), &text).unwrap();
        let given = Given { directory: directory.path().to_owned(), ..Given::default() };
        let flaws = Settings::load(&given).unwrap_err().to_string();
        assert!(flaws.contains("write TOML: TOML parse error at line"), "{flaws}");
        is_silent(&flaws, &parts, &text);
    }
}

/// No server listens at these addresses.
#[tokio::test]
async fn no_part_of_a_password_is_shown_when_a_connection_fails() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = deaf.local_addr().unwrap().port();
    std::thread::spawn(move || deaf.incoming().for_each(drop));
    let secret = "QXZJV%40WKQX%2FZJVW";
    for url in [
        format!("postgres://me:{secret}@127.0.0.1:{port}/frontrow?sslmode=require"),
        format!("mysql://me:{secret}@127.0.0.1:{port}/frontrow"),
    ] {
        let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(url.clone()) };
        let error = Database::open(&settings, Arc::new(UuidV7Source)).await.err().unwrap();
        for part in ["QXZJV", "WKQX", "ZJVW"] {
            assert!(!format!("{error} {error:?}").contains(part), "{error}");
        }
    }
    let redis = RedisSettings::new(&format!("redis://me:{secret}@127.0.0.1:{port}/0"));
    let marks = RedisMarks::new(redis, Arc::new(UuidV7Source)).unwrap();
    let error = marks.has("m").await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("QXZJV"), "{error}");
}

#[test]
fn a_password_can_stand_in_a_file_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    let load = |url: &str| {
        let mut given = Given { directory: "/nowhere".into(), ..Given::default() };
        given.flags.0.insert("database_url", url.to_owned());
        given.flags.0.insert("database_password_file", file.display().to_string());
        Settings::load(&given)
    };
    let settings = load("postgres://me@db/frontrow").unwrap();
    let missing = settings.database_with_password().unwrap_err().to_string();
    assert!(missing.contains(&file.display().to_string()), "{missing}");
    fs::write(&file, "p@ss/w?rd\n").unwrap();
    let address = settings.database_with_password().unwrap();
    assert_eq!(address.url(), "postgres://me:p%40ss%2Fw%3Frd@db/frontrow");
    assert!(!format!("{settings:?} {address:?} {address}").contains("p%40ss"));
    fs::write(&file, "\nsecond").unwrap();
    assert!(settings.database_with_password().unwrap_err().to_string().contains("first line"), "an empty one");

    for url in ["postgres://me:x@db/frontrow", "postgres://db/frontrow", "sqlite://frontrow.sqlite"] {
        let flaws = load(url).unwrap_err().to_string();
        assert!(flaws.contains("database_password_file = ") && flaws.contains("without a password"), "{url}: {flaws}");
    }
}
