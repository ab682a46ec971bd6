//! Every setting: its field and type, how it is read, its name, its default, which values it takes, and its purpose.

use super::database::DatabaseAddress;
use super::layers::Given;
use super::log_format::LogFormat;
use super::reading::Reading;
use super::redis::RedisAddress;
use super::setting::{Setting, find};
use crate::gateway::Gateway;
use crate::mailing::{MailerKind, SMTP_TLS};
use actix_web::http::header::HeaderName;
use frontrow_adapters::Quotas;
use frontrow_adapters::mail::{MailSender, SmtpTls};
use frontrow_adapters::sql::DatabaseSettings;
use frontrow_web::{Origins, ProxyNetworks};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

macro_rules! settings {
    ($(
        $field:ident: $value:ty = $read:ident($($bound:expr),*);
        Setting { name: $name:literal, default: $default:literal, takes: $takes:literal, purpose: $purpose:literal },
    )+) => {
        /// The settings in force. [`TABLE`] says what each is for.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $(#[doc = concat!("The setting `", $name, "`.")] pub $field: $value,)+
        }

        /// Every setting, in the order in which `frontrow config` shows them.
        pub const TABLE: &[Setting] =
            &[$(Setting { name: $name, default: $default, takes: $takes, purpose: $purpose },)+];

        impl Settings {
            /// Reads one after the other. What they ask of each other is checked by the caller.
            pub(super) fn read_each(reading: &mut Reading) -> Self {
                Self { $($field: reading.$read($name $(, $bound)*),)+ }
            }
        }
    };
}

// A setting: its field, how its text is read (a method of `Reading`), and what people are told.
settings! {
    listen: SocketAddr = address();
    Setting { name: "listen", default: "127.0.0.1:8080", takes: "an address and a port, such as 127.0.0.1:8080 or [::1]:8080 (port 0: any that is free)", purpose: "where the API listens" },
    metrics_listen: Option<SocketAddr> = address_or_off();
    Setting { name: "metrics_listen", default: "127.0.0.1:8079", takes: "an address and a port, such as 127.0.0.1:8079, or off", purpose: "where GET /metrics listens; keep it away from the public" },
    database: DatabaseAddress = database();
    Setting { name: "database_url", default: "sqlite://frontrow.sqlite", takes: "sqlite://PATH of a file, such as sqlite:///var/lib/frontrow/frontrow.sqlite, or postgres://USER:PASSWORD@HOST/NAME, or mysql://USER:PASSWORD@HOST/NAME (MariaDB too)", purpose: "the database; percent-encode special characters in user and password" },
    database_url_file: Option<PathBuf> = path_or_off();
    Setting { name: "database_url_file", default: "off", takes: "the path of a file, or off", purpose: "a file whose first line is database_url, in place of that setting" },
    database_password_file: Option<PathBuf> = path_or_off();
    Setting { name: "database_password_file", default: "off", takes: "the path of a file, or off", purpose: "a file whose first line is the password for database_url, which then has a user but no password" },
    database_readers: u32 = number(1..=DatabaseSettings::MAX_READERS);
    Setting { name: "database_readers", default: "2", takes: "a whole number, 1 to 64", purpose: "connections that only read, for what holds, payments, passes, check-ins and ticks need" },
    database_browsing_readers: u32 = number(1..=DatabaseSettings::MAX_READERS);
    Setting { name: "database_browsing_readers", default: "2", takes: "a whole number, 1 to 64", purpose: "connections that only read, for everything else: the catalogue, log-ins, lists, logs" },
    database_writers: Option<u32> = number_or_auto(1..=DatabaseSettings::MAX_WRITERS);
    Setting { name: "database_writers", default: "auto", takes: "a whole number, 1 to 64, or auto (2; 1 for a file, which has one writer)", purpose: "connections that write what is neither a booking nor in a queue: sign-ups, log-ins, the catalogue, cleaning up" },
    database_workers: Option<usize> = number_or_auto(1..=256);
    Setting { name: "database_workers", default: "auto", takes: "a whole number, 1 to 256, or auto (4; 1 for a file, which has one writer)", purpose: "connections that carry out holds, payments and charges, one at a time each" },
    command_queue_capacity: usize = number(1..=100_000);
    Setting { name: "command_queue_capacity", default: "1024", takes: "a whole number, 1 to 100000", purpose: "commands that may wait for the database; any more are answered with 503 busy, new holds and strangers earlier" },
    redis: Option<RedisAddress> = redis_or_off();
    Setting { name: "redis_url", default: "off", takes: "redis://HOST:6379/0 or rediss://USER:PASSWORD@HOST:6379/0 (Valkey too), or off", purpose: "hands out queue numbers, for the largest sales; off: the database does" },
    redis_url_file: Option<PathBuf> = path_or_off();
    Setting { name: "redis_url_file", default: "off", takes: "the path of a file, or off", purpose: "a file whose first line is redis_url, in place of that setting" },
    keys_file: PathBuf = path();
    Setting { name: "keys_file", default: "frontrow-keys.json", takes: "the path of a file", purpose: "the keys that sign access tokens, queue tokens, passes and ticket codes; created on the first start, mode 0600" },
    currency: String = currency();
    Setting { name: "currency", default: "KRW", takes: "three capital letters of ISO 4217, such as KRW", purpose: "the installation's one currency; 1 point is 1 minor unit of it" },
    access_lifetime: Duration = duration(1..=1440, 60);
    Setting { name: "access_token_minutes", default: "15", takes: "a whole number, 1 to 1440", purpose: "how long an access token is valid" },
    refresh_lifetime: Duration = duration(1..=365, 24 * 3600);
    Setting { name: "refresh_token_days", default: "30", takes: "a whole number, 1 to 365", purpose: "how long a refresh token is valid" },
    session_lifetime: Duration = duration(1..=3650, 24 * 3600);
    Setting { name: "session_days", default: "90", takes: "a whole number, 1 to 3650", purpose: "how long somebody stays logged in, however often they refresh; then they type their password again" },
    http_workers: Option<usize> = number_or_auto(1..=256);
    Setting { name: "http_workers", default: "auto", takes: "a whole number, 1 to 256, or auto (one per processor)", purpose: "threads that serve HTTP" },
    max_body_bytes: usize = number(1024..=4 * 1024 * 1024);
    Setting { name: "max_body_bytes", default: "65536", takes: "a whole number, 1024 to 4194304", purpose: "the largest request body; a seat map may have 16 times as many bytes" },
    request_timeout: Duration = duration(1..=300, 1);
    Setting { name: "request_timeout_seconds", default: "30", takes: "a whole number, 1 to 300", purpose: "how long a client may take to send a request's head, and the same again for its body" },
    client_address: Option<HeaderName> = header_or_off();
    Setting { name: "client_address_header", default: "off", takes: "the name of a header, such as x-real-ip or forwarded, or off (x-forwarded-for)", purpose: "the header in which trusted_proxies pass on the client's address; the last one in it that is not a proxy's counts" },
    proxies: ProxyNetworks = networks_or_off();
    Setting { name: "trusted_proxies", default: "off", takes: "addresses and networks with commas between them, such as 127.0.0.1,10.0.0.0/8, or off", purpose: "proxies whose client_address_header is believed. Off: whoever connects is the client" },
    origins: Origins = origins_or_off();
    Setting { name: "cors_origins", default: "off", takes: "origins with commas between them, such as https://tickets.example,http://localhost:3000, or * or off", purpose: "pages of which other origins may call the API from a browser; *: pages of any, but only to read what needs no account" },
    network_joins: u32 = number(0..=1_000_000);
    Setting { name: "network_joins_per_minute", default: "600", takes: "a whole number, 0 to 1000000 (0: any number)", purpose: "how often people may join a queue from one network: an IPv4 address, or a /64 of IPv6" },
    network_limits: Quotas = quotas(Quotas::NETWORK);
    Setting { name: "network_limits", default: "sign-up=60,log-in=600,refresh=1200,mail=60,charge=300,hold=6000,release=6000", takes: "limits with commas between them, such as sign-up=60,charge=300 (0: any number; what is left out keeps its default), or off", purpose: "how often people may ask in a minute from one network: an IPv4 address, or a /64 of IPv6; not from this machine itself" },
    account_limits: Quotas = quotas(Quotas::ACCOUNT);
    Setting { name: "account_limits", default: "log-in=60,mail=5,charge=10,hold=60,release=60", takes: "limits with commas between them, such as charge=10,hold=60 (0: any number; what is left out keeps its default), or off", purpose: "how often one account may ask in a minute. Off: nor has anybody to wait after wrong passwords, or after giving up the same seats again and again" },
    max_event_streams: usize = number(0..=100_000);
    Setting { name: "max_event_streams", default: "5000", takes: "a whole number, 0 to 100000", purpose: "event streams that may be open at a time (GET .../events), each with a connection; any more are answered with 503 busy, and their clients poll" },
    drain: Duration = duration(0..=300, 1);
    Setting { name: "drain_seconds", default: "0", takes: "a whole number, 0 to 300", purpose: "how long the server keeps serving after it's told to stop, while GET /readyz says 503" },
    shutdown_timeout: Duration = duration(1..=300, 1);
    Setting { name: "shutdown_timeout_seconds", default: "30", takes: "a whole number, 1 to 300", purpose: "how long running requests have to finish when the server stops" },
    sweep: Duration = duration(1..=3600, 1);
    Setting { name: "sweep_seconds", default: "5", takes: "a whole number, 1 to 3600", purpose: "how often to mark lapsed holds and to ask the gateway about unsettled charges" },
    payment_gateway: Gateway = word(Gateway::WORDS, Gateway::Sandbox);
    Setting { name: "payment_gateway", default: "sandbox", takes: "sandbox (no money moves; there is no other in this version)", purpose: "who charges wallets" },
    allow_sandbox: bool = switch();
    Setting { name: "allow_sandbox", default: "false", takes: "true or false", purpose: "allows the sandbox even if other machines can reach listen: then anybody can charge a wallet without paying" },
    mailer: MailerKind = word(MailerKind::WORDS, MailerKind::Off);
    Setting { name: "mailer", default: "off", takes: "off, log, file or smtp", purpose: "what sends mails; off: nobody can verify an email address. log and file are for development: they show everybody's codes" },
    mail_from: Option<MailSender> = sender_or_off();
    Setting { name: "mail_from", default: "off", takes: "an address, such as tickets@example.com or Frontrow <tickets@example.com>, or off", purpose: "whom mails come from; smtp needs it" },
    mail_directory: PathBuf = path();
    Setting { name: "mail_directory", default: "frontrow-mails", takes: "the path of a directory", purpose: "where the mailer file puts mails, each into a file of its own, ID.eml" },
    smtp_server: Option<(String, u16)> = host_and_port_or_off();
    Setting { name: "smtp_server", default: "off", takes: "a host and a port, such as mail.example.com:587, or off", purpose: "the mail server of the mailer smtp" },
    smtp_tls: SmtpTls = word(SMTP_TLS, SmtpTls::StartTls);
    Setting { name: "smtp_tls", default: "starttls", takes: "starttls, implicit or none (only for a server on this machine)", purpose: "how the connection to the mail server is protected; without TLS nothing is sent" },
    smtp_user: Option<String> = text_or_off();
    Setting { name: "smtp_user", default: "off", takes: "a name, or off", purpose: "the user that the mail server knows; off: it asks for none" },
    smtp_password_file: Option<PathBuf> = path_or_off();
    Setting { name: "smtp_password_file", default: "off", takes: "the path of a file, or off", purpose: "a file whose first line is the password of smtp_user" },
    verified_email_required: bool = switch();
    Setting { name: "verified_email_required", default: "false", takes: "true or false", purpose: "lets nobody join a queue or hold seats whose address is not verified, and has sign-ups say nothing about who has an account; needs a mailer" },
    log: String = filter();
    Setting { name: "log", default: "info", takes: "a filter of levels, such as info or warn,frontrow_adapters=debug", purpose: "what is logged, to standard error" },
    security_log_file: Option<PathBuf> = path_or_off();
    Setting { name: "security_log_file", default: "off", takes: "the path of a file, or off", purpose: "where the security log goes, one JSON object per line; off: into the log" },
    log_format: LogFormat = word(&[("json", LogFormat::Json), ("text", LogFormat::Text)], LogFormat::Json);
    Setting { name: "log_format", default: "json", takes: "json or text", purpose: "how log lines are written" },
}

impl Given {
    /// Whether the file, the environment or a flag says what the setting is.
    pub fn names(&self, setting: &str) -> bool {
        self.names_of(TABLE).any(|name| name == setting)
    }
}

/// What the setting takes, in words.
pub fn what_it_takes(name: &str) -> String {
    find(TABLE, name).map_or("", |setting| setting.takes).to_owned()
}
