//! Every setting: its name, its default, what it takes and what it is for.

/// One setting.
pub struct Setting {
    /// As in the file. In the environment it has `FRONTROW_` before it and capitals; as a flag, two dashes before it
    /// and dashes within.
    pub name: &'static str,
    /// What it is unless somebody says otherwise.
    pub default: &'static str,
    /// What may be written.
    pub takes: &'static str,
    /// What it is for.
    pub purpose: &'static str,
}

/// Every setting, in the order in which `frontrow config` shows them.
#[rustfmt::skip]
pub const TABLE: &[Setting] = &[
    Setting { name: "listen", default: "127.0.0.1:8080", takes: "an address and a port, such as 127.0.0.1:8080 or [::1]:8080 (port 0: any that is free)", purpose: "where the API listens" },
    Setting { name: "metrics_listen", default: "127.0.0.1:9090", takes: "an address and a port, such as 127.0.0.1:9090, or off", purpose: "where GET /metrics listens; keep it away from the public" },
    Setting { name: "database_url", default: "sqlite://frontrow.sqlite", takes: "sqlite://PATH of a file, such as sqlite:///var/lib/frontrow/frontrow.sqlite, or postgres://USER:PASSWORD@HOST/NAME, or mysql://USER:PASSWORD@HOST/NAME (MariaDB too)", purpose: "the database; what has a meaning of its own in an address is percent-encoded in user and password" },
    Setting { name: "database_password_file", default: "off", takes: "the path of a file, or off", purpose: "the first line of that file is the password of database_url, as it is, which then has a user and no password" },
    Setting { name: "database_readers", default: "4", takes: "a whole number, 1 to 64", purpose: "connections that read, beside those that write" },
    Setting { name: "database_lanes", default: "auto", takes: "a whole number, 1 to 256, or auto (8; 1 for a file, which has one writer)", purpose: "connections that carry out holds, payments and charges, each one at a time" },
    Setting { name: "queue_capacity", default: "1024", takes: "a whole number, 1 to 100000", purpose: "commands that may wait for the database; more are told to come back" },
    Setting { name: "redis_url", default: "off", takes: "redis://HOST:6379/0 or rediss://USER:PASSWORD@HOST:6379/0 (Valkey too), or off", purpose: "hands out the numbers of waiting lines, for the largest sales; off: the database does" },
    Setting { name: "keys_file", default: "frontrow-keys.json", takes: "the path of a file", purpose: "the signing keys of access tokens, queue tokens, passes and ticket codes; made on the first start, mode 0600" },
    Setting { name: "currency", default: "KRW", takes: "three capital letters of ISO 4217, such as KRW", purpose: "the installation's one currency; 1 point is 1 minor unit of it" },
    Setting { name: "access_token_minutes", default: "15", takes: "a whole number, 1 to 1440", purpose: "how long an access token is good" },
    Setting { name: "refresh_token_days", default: "30", takes: "a whole number, 1 to 365", purpose: "how long a refresh token is good" },
    Setting { name: "workers", default: "auto", takes: "a whole number, 1 to 256, or auto (one per processor)", purpose: "threads that serve HTTP" },
    Setting { name: "max_body_bytes", default: "65536", takes: "a whole number, 1024 to 4194304", purpose: "the largest body of a request; a seat map may have 16 times as many" },
    Setting { name: "request_timeout_seconds", default: "30", takes: "a whole number, 1 to 300", purpose: "how long a client may take to send a request's head, and again its body" },
    Setting { name: "client_address_header", default: "off", takes: "the name of a header, such as x-forwarded-for, or off", purpose: "the header in which the proxy in front says who asks; the last address in it counts. Off: the connection's other end is the client" },
    Setting { name: "network_joins_per_minute", default: "600", takes: "a whole number, 0 to 1000000 (0: any number)", purpose: "how often a waiting line may be joined from one network: an IPv4 address, or a /64 of IPv6" },
    Setting { name: "drain_seconds", default: "0", takes: "a whole number, 0 to 300", purpose: "how long the server that is told to stop goes on serving while GET /readyz says 503" },
    Setting { name: "shutdown_timeout_seconds", default: "30", takes: "a whole number, 1 to 300", purpose: "how long running requests have to finish when the server stops" },
    Setting { name: "sweep_seconds", default: "5", takes: "a whole number, 1 to 3600", purpose: "how often lapsed holds are marked and unsettled charges are asked for" },
    Setting { name: "payment_gateway", default: "sandbox", takes: "sandbox (no money moves; there is no other in this version)", purpose: "who charges wallets" },
    Setting { name: "allow_sandbox", default: "false", takes: "true or false", purpose: "lets payment_gateway be sandbox though listen can be reached from other machines: anybody can charge a wallet without paying then" },
    Setting { name: "log", default: "info", takes: "a filter of levels, such as info or warn,frontrow_adapters=debug", purpose: "what is logged, to standard error" },
    Setting { name: "log_format", default: "json", takes: "json or text", purpose: "how log lines are written" },
];

impl Setting {
    /// Its name in the environment.
    pub fn variable(&self) -> String {
        format!("FRONTROW_{}", self.name.to_uppercase())
    }

    /// Its name among the flags, without the dashes before it.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }
}
