use super::*;
use frontrow_adapters::Quotas;
use frontrow_adapters::sql::{DatabaseSettings, SqlQueues, StoreSettings};
use frontrow_application::port::Limit;
use frontrow_web::Origins;
use std::fs;
use std::path::Path;
use std::time::Duration;

fn given(directory: &Path) -> Given {
    Given { directory: directory.to_owned(), ..Given::default() }
}

fn with_environment(variables: &[(&str, &str)]) -> Given {
    let environment = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Given { environment, directory: PathBuf::from("/nowhere"), ..Given::default() }
}

/// The flaws as they are shown, one a line.
fn flaws(given: &Given) -> Vec<String> {
    let Err(Flaws(flaws)) = Settings::load(given) else { panic!("the settings are fine") };
    flaws.iter().map(ToString::to_string).collect()
}

#[test]
fn the_defaults_are_fine_and_reach_nobody_but_this_machine() {
    let settings = Settings::load(&with_environment(&[])).unwrap();
    assert!(settings.listen.ip().is_loopback());
    assert!(settings.metrics_listen.unwrap().ip().is_loopback());
    assert_eq!(settings.database, DatabaseAddress::File("frontrow.sqlite".into()));
    assert_eq!(settings.database_workers, None);
    assert_eq!(settings.access_lifetime, Duration::from_mins(15));
    assert_eq!(settings.refresh_lifetime, Duration::from_hours(30 * 24));
    assert_eq!((settings.http_workers, settings.currency.as_str()), (None, "KRW"));
    assert_eq!((settings.client_address, settings.network_joins), (None, 600));
    assert!(settings.proxies.are_none());
    assert_eq!((settings.network_limits, settings.account_limits), (Quotas::NETWORK, Quotas::ACCOUNT));
    assert_eq!(settings.origins, Origins::None);
}

/// The table of connections in `docs/operations.md`.
#[test]
fn nine_instances_fit_mysql_and_mariadb_as_they_are_installed_and_six_postgresql() {
    let settings = Settings::load(&with_environment(&[])).unwrap();
    assert_eq!(settings.database_readers, DatabaseSettings::DEFAULT_READERS);
    assert_eq!(settings.database_browsing_readers, DatabaseSettings::DEFAULT_BROWSING_READERS);
    assert_eq!(settings.database_writers, None);
    let readers = settings.database_readers + settings.database_browsing_readers;
    let workers = StoreSettings::DEFAULT_WORKERS + SqlQueues::CONNECTIONS;
    let one = usize::try_from(readers + DatabaseSettings::DEFAULT_WRITERS).unwrap() + workers;
    assert_eq!(one, 16);
    assert!(9 * one <= 151, "MySQL and MariaDB let in 151");
    assert!(6 * one <= 97, "PostgreSQL lets in 100, three of them superusers");
}

#[test]
fn the_later_layer_wins() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("frontrow.toml"), "listen = \"127.0.0.1:1\"\nhttp_workers = 2\ncurrency = \"EUR\"")
        .unwrap();
    let mut given = given(directory.path());
    let ports = |given: &Given| {
        let settings = Settings::load(given).unwrap();
        (settings.listen.port(), settings.http_workers, settings.currency, settings.database_readers)
    };
    assert_eq!(ports(&given), (1, Some(2), "EUR".into(), 2));
    given.environment.insert("FRONTROW_LISTEN".into(), "127.0.0.1:2".into());
    given.environment.insert("FRONTROW_HTTP_WORKERS".into(), "3".into());
    assert_eq!(ports(&given), (2, Some(3), "EUR".into(), 2));
    given.flags.0.insert("listen", "127.0.0.1:3".into());
    assert_eq!(ports(&given), (3, Some(3), "EUR".into(), 2));
}

#[test]
fn a_commands_own_default_yields_to_everything_that_was_written() {
    let own = BTreeMap::from([("log_format", "text")]);
    let format = |given: &Given| Settings::load_with(given, &own).unwrap().log_format;
    assert_eq!(format(&with_environment(&[])), LogFormat::Text);
    assert_eq!(format(&with_environment(&[("FRONTROW_LOG_FORMAT", "json")])), LogFormat::Json);
}

#[test]
fn the_named_file_is_read_instead_and_has_to_be_there() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("frontrow.toml"), "http_workers = 2").unwrap();
    fs::write(directory.path().join("other.toml"), "http_workers = 3").unwrap();
    let mut given = given(directory.path());
    given.environment.insert("FRONTROW_CONFIG".into(), "other.toml".into());
    assert_eq!(Settings::load(&given).unwrap().http_workers, Some(3));
    given.file = Some("frontrow.toml".into());
    assert_eq!(Settings::load(&given).unwrap().http_workers, Some(2));
    given.file = Some("missing.toml".into());
    assert_eq!(
        flaws(&given),
        ["missing.toml (named by --config): there is no such file: name one that exists, or none"]
    );
}

#[test]
fn all_flaws_are_told_at_once_each_with_where_it_came_from() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("frontrow.toml"),
        "listne = \"x\"\nhttp_workers = 0\ncurrency = [1]\n[log]\nlevel = 1",
    )
    .unwrap();
    let mut given = given(directory.path());
    given.environment.insert("FRONTROW_LISTEN".into(), "localhost".into());
    given.environment.insert("FRONTROW_LISTNE".into(), "1".into());
    given.flags.0.insert("sweep_seconds", "soon".into());
    let found = flaws(&given);
    let begins = [
        "listne (frontrow.toml): there is no such setting; take it away or write one of listen, ",
        "FRONTROW_LISTNE (the environment): there is no such setting; take it away or write one of FRONTROW_LISTEN, ",
        "listen = \"localhost\" (FRONTROW_LISTEN): write an address and a port, such as 127.0.0.1:8080",
        "currency = no plain value (frontrow.toml): write three capital letters",
        "http_workers = \"0\" (frontrow.toml): write a whole number, 1 to 256",
        "sweep_seconds = \"soon\" (--sweep-seconds): write a whole number, 1 to 3600",
        "log = no plain value (frontrow.toml): write a filter of levels",
    ];
    assert_eq!(found.len(), begins.len(), "{found:#?}");
    for (found, begin) in found.iter().zip(begins) {
        assert!(found.starts_with(begin), "{found} does not begin with {begin}");
    }
}

/// What is just outside of "a whole number, 1 to 64"; nothing for a setting that takes something else.
fn out_of_bounds(takes: &str) -> Vec<String> {
    let Some(range) = takes.strip_prefix("a whole number, ") else { return Vec::new() };
    let bounds: Vec<i64> = range.split([' ', ',']).filter_map(|word| word.parse().ok()).take(2).collect();
    let [least, most] = bounds[..] else { panic!("{takes} has no bounds") };
    vec![(least - 1).to_string(), (most + 1).to_string(), "soon".to_owned(), String::new()]
}

/// What settings refuse besides numbers out of their bounds.
const BAD: &[(&str, &[&str])] = &[
    ("listen", &["", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:65536", "off"]),
    ("metrics_listen", &["", "OFF", "9090", "127.0.0.1:8080"]),
    (
        "database_url",
        &[
            "",
            "frontrow.sqlite",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://a?mode=memory",
            "sqlite://dir/",
            "sqlite://a\nb",
            "postgres://db",
            "mysql://db/",
            "oracle://db/frontrow",
            "postgres://db/frontrow?ssl_mode=verify-full",
            "postgres://me:p@ss@db/frontrow",
            "mysql://db/frontrow?ssl-ca=/ca.pem",
        ],
    ),
    ("database_url_file", &["", " ", "/nowhere/a"]),
    ("database_password_file", &["", " ", "/run/secrets/a"]),
    ("database_readers", &["0", "65", "-1", "+1", "1.5", "four", ""]),
    ("database_browsing_readers", &["0", "65", "auto"]),
    ("database_writers", &["0", "65", "Auto"]),
    ("database_workers", &["0", "257", "Auto"]),
    (
        "redis_url",
        &[
            "",
            "OFF",
            "cache:6379",
            "redis://",
            "redis://a b",
            "http://cache:6379",
            "redis://cache/one",
            "rediss://cache/0#insecure",
            "rediss://cache/0?ssl=no",
            "redis://:p@ss@cache",
        ],
    ),
    ("redis_url_file", &["", " ", "/nowhere/a"]),
    ("keys_file", &["", " ", "a\u{0}b"]),
    ("currency", &["", "krw", "KR", "KRWW", "K1W", "₩₩₩"]),
    ("access_token_minutes", &["0", "1441", "99999999999999999999"]),
    ("http_workers", &["0", "257", "Auto"]),
    ("max_body_bytes", &["1023", "4194305", "1 MiB"]),
    ("client_address_header", &["", "OFF ", "x forwarded for", "x-forwarded-for:", "주소"]),
    ("cors_origins", &["", "null", "tickets.example", "https://tickets.example/", "https://*.example", "*,*"]),
    ("trusted_proxies", &["", "OFF", "localhost", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1,"]),
    ("network_joins_per_minute", &["", "-1", "1000001", "off"]),
    ("network_limits", &["", "60", "join=5", "sign-up=-1", "sign-up=1000001", "sign-up=1,sign-up=2", "hold=1,"]),
    ("account_limits", &["", "OFF", "hold", "Hold=1", "hold= 1", "hold=one"]),
    ("payment_gateway", &["", "stripe", "Sandbox"]),
    ("allow_sandbox", &["", "yes", "TRUE", "1"]),
    ("mailer", &["", "SMTP", "sendmail"]),
    ("mail_from", &["", "OFF", "tickets", "Frontrow tickets@example.com"]),
    ("mail_directory", &["", " ", "a\u{0}b"]),
    ("smtp_server", &["", "OFF", "mail.example.com", "mail.example.com:0", ":25"]),
    ("smtp_tls", &["", "STARTTLS", "tls"]),
    ("smtp_user", &["", " ", "a\nb"]),
    ("smtp_password_file", &["", " ", "/run/secrets/a"]),
    ("verified_email_required", &["", "yes", "TRUE", "true"]),
    ("log", &["", "a=b=c", "frontrow=loudly"]),
    ("security_log_file", &["", " "]),
    ("log_format", &["", "JSON", "pretty"]),
];

#[test]
fn every_setting_refuses_what_it_does_not_take() {
    assert!(BAD.iter().all(|(name, _)| TABLE.iter().any(|setting| setting.name == *name)));
    for setting in TABLE {
        let listed = BAD.iter().filter(|(name, _)| *name == setting.name).flat_map(|(_, texts)| *texts);
        let texts: Vec<String> = listed.map(|text| (*text).to_owned()).chain(out_of_bounds(setting.takes)).collect();
        assert!(!texts.is_empty(), "list what {} refuses", setting.name);
        for text in &texts {
            let found = flaws(&with_environment(&[(&setting.variable(), text)]));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("{} = ", setting.name)), "{found:?}");
            assert!(found[0].contains(&setting.variable()), "{found:?}");
        }
    }
}

#[test]
fn every_setting_takes_what_it_says() {
    let good = [
        ("FRONTROW_LISTEN", "[::1]:0"),
        ("FRONTROW_METRICS_LISTEN", "off"),
        ("FRONTROW_DATABASE_URL", "sqlite:///var/lib/frontrow/frontrow.sqlite"),
        ("FRONTROW_DATABASE_READERS", "64"),
        ("FRONTROW_DATABASE_BROWSING_READERS", "63"),
        ("FRONTROW_DATABASE_WRITERS", "64"),
        ("FRONTROW_HTTP_WORKERS", "256"),
        ("FRONTROW_CLIENT_ADDRESS_HEADER", "X-Forwarded-For"),
        ("FRONTROW_CORS_ORIGINS", "*"),
        ("FRONTROW_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8"),
        ("FRONTROW_NETWORK_JOINS_PER_MINUTE", "0"),
        ("FRONTROW_NETWORK_LIMITS", "off"),
        ("FRONTROW_ACCOUNT_LIMITS", "charge=3,hold=0"),
        ("FRONTROW_LOG", "warn,frontrow_adapters=debug"),
        ("FRONTROW_LOG_FORMAT", "text"),
    ];
    let settings = Settings::load(&with_environment(&good)).unwrap();
    assert_eq!(settings.metrics_listen, None);
    assert_eq!(settings.database.url(), "sqlite:///var/lib/frontrow/frontrow.sqlite");
    assert_eq!((settings.http_workers, settings.database_readers), (Some(256), 64));
    assert_eq!((settings.database_browsing_readers, settings.database_writers), (63, Some(64)));
    assert_eq!((settings.client_address.unwrap().as_str(), settings.network_joins), ("x-forwarded-for", 0));
    assert_eq!(settings.proxies.to_string(), "127.0.0.1/32,10.0.0.0/8");
    assert_eq!(settings.network_limits, Quotas::ANY);
    assert_eq!(settings.account_limits, Quotas::ACCOUNT.with(Limit::Charge, 3).with(Limit::Hold, 0));
    assert_eq!(settings.origins, Origins::Any);
}

#[test]
fn another_database_is_refused_clearly_and_without_its_password() {
    let found = flaws(&with_environment(&[("FRONTROW_DATABASE_URL", "oracle://me:s3cret@db/frontrow")]));
    let expected = "database_url = \"***://***\" (FRONTROW_DATABASE_URL): write sqlite://PATH of a file";
    assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
}

#[test]
fn variables_of_tests_and_benchmarks_are_left_alone() {
    let others = ["FRONTROW_TEST_X", "FRONTROW_SIMULATION_SEED", "FRONTROW_BENCH_SECONDS"].map(|name| (name, "1"));
    assert!(Settings::load(&with_environment(&others)).is_ok());
    assert_eq!(flaws(&with_environment(&[("FRONTROW_CONFIGURATION", "x")])).len(), 1);
}

#[test]
fn a_file_that_is_no_settings_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frontrow.toml");
    for (bytes, instead) in [
        (b"http_workers = ".to_vec(), "write TOML"),
        (b"http_workers = 1\nhttp_workers = 2".to_vec(), "write TOML"),
        (b"\xff".to_vec(), "UTF-8"),
        (vec![b'#'; 70_000], "at most 65536 bytes"),
    ] {
        fs::write(&path, bytes).unwrap();
        let found = flaws(&given(directory.path()));
        assert!(found.len() == 1 && found[0].contains(instead), "{found:?}");
    }
}

#[test]
fn what_is_in_force_is_shown_masked_with_where_it_comes_from() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("frontrow.toml"), "http_workers = 2").unwrap();
    let mut given = given(directory.path());
    given.environment.insert("FRONTROW_DATABASE_URL".into(), "postgres://me:s3cret@db/frontrow".into());
    given.flags.0.insert("currency", "EUR".into());
    let mut out = Vec::new();
    show(&given, &mut out).unwrap();
    let shown = String::from_utf8(out).unwrap();
    let line = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(!shown.contains("s3cret"));
    assert!(line("http_workers").ends_with("# frontrow.toml"));
    assert!(line("database_url").ends_with("# FRONTROW_DATABASE_URL"));
    assert!(line("currency").ends_with("# --currency"));
    assert!(line("listen").ends_with("# the default"));
    assert_eq!(shown.lines().count(), TABLE.len());
}

#[test]
fn what_is_shown_can_be_written_into_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    show(&given(directory.path()), &mut out).unwrap();
    fs::write(directory.path().join("frontrow.toml"), out).unwrap();
    assert_eq!(Settings::load(&given(directory.path())), Settings::load(&with_environment(&[])));
}

#[test]
fn a_mail_server_needs_a_sender_and_tls_unless_it_is_on_this_machine() {
    let mail = |more: &[(&str, &str)]| {
        let smtp = [("FRONTROW_MAILER", "smtp"), ("FRONTROW_MAIL_FROM", "Frontrow <tickets@example.com>")];
        with_environment(&[&smtp[..], more].concat())
    };
    let settings = Settings::load(&mail(&[("FRONTROW_SMTP_SERVER", "mail.example.com:587")])).unwrap();
    let smtp = settings.smtp().unwrap().unwrap();
    assert_eq!((smtp.host.as_str(), smtp.port, smtp.login), ("mail.example.com", 587, None));
    let nothing = flaws(&with_environment(&[("FRONTROW_MAILER", "smtp")]));
    assert!(
        nothing.len() == 2 && nothing[0].contains("smtp_server") && nothing[1].contains("mail_from"),
        "{nothing:?}"
    );
    for here in ["localhost:25", "127.0.0.1:1025", "[::1]:25"] {
        assert!(
            Settings::load(&mail(&[("FRONTROW_SMTP_SERVER", here), ("FRONTROW_SMTP_TLS", "none")])).is_ok(),
            "{here}"
        );
    }
    let open = flaws(&mail(&[("FRONTROW_SMTP_SERVER", "mail.example.com:25"), ("FRONTROW_SMTP_TLS", "none")]));
    assert!(open.len() == 1 && open[0].contains("starttls or implicit"), "{open:?}");
    for wrong in ["mail.example.com", "mail.example.com:0", ":25", "a b:25", "[mail]:25", "::1:25"] {
        let flaws = flaws(&mail(&[("FRONTROW_SMTP_SERVER", wrong)]));
        assert!(flaws[0].contains("smtp_server"), "{wrong}: {flaws:?}");
    }
    let unsent = flaws(&with_environment(&[("FRONTROW_VERIFIED_EMAIL_REQUIRED", "true")]));
    assert!(unsent.len() == 1 && unsent[0].contains("set a mailer"), "{unsent:?}");
    let alone = flaws(&mail(&[("FRONTROW_SMTP_SERVER", "localhost:25"), ("FRONTROW_SMTP_USER", "me")]));
    assert!(alone.len() == 1 && alone[0].contains("smtp_password_file"), "{alone:?}");
}

#[test]
fn the_password_of_the_mail_server_is_read_from_its_file_and_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    let mut given = with_environment(&[
        ("FRONTROW_MAILER", "smtp"),
        ("FRONTROW_MAIL_FROM", "tickets@example.com"),
        ("FRONTROW_SMTP_SERVER", "localhost:25"),
        ("FRONTROW_SMTP_USER", "me"),
    ]);
    given.environment.insert("FRONTROW_SMTP_PASSWORD_FILE".into(), file.display().to_string());
    let settings = Settings::load(&given).unwrap();
    let missing = settings.smtp().unwrap_err().to_string();
    assert!(missing.starts_with("smtp_password_file "), "{missing}");
    fs::write(&file, "s3cret\n").unwrap();
    let smtp = settings.smtp().unwrap().unwrap();
    assert_eq!(smtp.login.as_ref().map(|login| login.password.as_str()), Some("s3cret"));
    assert!(!format!("{settings:?} {smtp:?}").contains("s3cret"));
}
