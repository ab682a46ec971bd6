//! Addresses of servers: what may stand in them, and what of them may be shown. Nothing that is said of an address has a
//! part of its password in it, however wrong the address is.

use std::fmt;
use thiserror::Error;

/// What is wrong with the address of a server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressFlaw {
    /// It can't be told where the password ends.
    #[error(
        "what has a meaning of its own in an address has to be percent-encoded in user, password and parameters: write \
         %40 for @, %2F for /, %3F for ?, %23 for #, %25 for %, %20 for a space"
    )]
    Encoding,
    /// Nothing after a `#` is looked at; for Redis it could switch the verification of certificates off.
    #[error("the address ends before the #: nothing may follow it")]
    Fragment,
    /// Parameters get into logs.
    #[error("the password is no parameter: write it before the host, as USER:PASSWORD@HOST")]
    PasswordParameter,
    /// It would be passed over without a word.
    #[error("there is no parameter {name} here: {}", takes(.allowed))]
    UnknownParameter {
        /// What was found.
        name: String,
        /// What may stand there.
        allowed: Vec<&'static str>,
    },
    /// One of them would be passed over.
    #[error("the parameter {0} stands there twice")]
    Twice(&'static str),
    /// It would be read as something else.
    #[error("the parameter {name} takes {takes}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// It would be passed over: nobody's certificate would be looked at.
    #[error("with {name} certificates are to be verified: add {verify}")]
    NotVerified {
        /// The parameter that names authorities.
        name: &'static str,
        /// What makes it count.
        verify: &'static str,
    },
}

fn takes(allowed: &[&str]) -> String {
    if allowed.is_empty() { "the address takes none".to_owned() } else { format!("it takes {}", allowed.join(", ")) }
}

/// A parameter that an address may have.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// All names that it goes by, the usual one first.
    pub names: &'static [&'static str],
    /// What it takes, in words.
    pub takes: &'static str,
    /// Whether it takes that.
    pub check: fn(&str) -> bool,
}

/// The address of a server, taken apart.
pub struct ServerAddress {
    /// Whether a password stands in it.
    pub has_password: bool,
    /// After the host, without the slash before it.
    pub path: String,
    /// By its usual name, each with its value.
    pub parameters: Vec<(&'static str, String)>,
}

impl ServerAddress {
    /// Takes the address apart that follows a scheme and `://`.
    pub fn parse(rest: &str, allowed: &[Parameter]) -> Result<Self, AddressFlaw> {
        let Parts { login, path, query, fragment, .. } = Parts::of(rest).ok_or(AddressFlaw::Encoding)?;
        if fragment.is_some() {
            return Err(AddressFlaw::Fragment);
        }
        let password = login.and_then(|login| login.split_once(':')).map(|(_, password)| password);
        let parameters = parameters(query.unwrap_or_default(), allowed)?;
        Ok(Self { has_password: password.is_some(), path: decode(path).ok_or(AddressFlaw::Encoding)?, parameters })
    }

    /// The value of a parameter, by its usual name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// The parts of an address as they stand there.
struct Parts<'a> {
    login: Option<&'a str>,
    host: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// `None` if it can't be told which part is which.
    fn of(rest: &'a str) -> Option<Self> {
        if rest.chars().any(|c| c.is_control() || c.is_whitespace()) || !is_encoded(rest) {
            return None;
        }
        let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // An @ further on would be a password's: of one with a slash in it, for example.
        if after.contains('@') || authority.matches('@').count() > 1 {
            return None;
        }
        let (login, host) = match authority.split_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        let (after, fragment) = match after.split_once('#') {
            Some((after, fragment)) => (after, Some(fragment)),
            None => (after, None),
        };
        let (path, query) = match after.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (after, None),
        };
        Some(Self { login, host, path: path.strip_prefix('/').unwrap_or(path), query, fragment })
    }
}

/// Whether each `%` begins two hexadecimal digits.
fn is_encoded(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| *byte != b'%' || is_digit(bytes.get(at + 1)) && is_digit(bytes.get(at + 2)))
}

fn parameters(query: &str, allowed: &[Parameter]) -> Result<Vec<(&'static str, String)>, AddressFlaw> {
    let pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    // First, because what follows it may be the rest of it.
    if pairs.iter().any(|(name, _)| ["password", "passwd", "pass", "pwd"].contains(&name.to_lowercase().as_str())) {
        return Err(AddressFlaw::PasswordParameter);
    }
    let mut known: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in pairs {
        let parameter = allowed.iter().find(|parameter| parameter.names.contains(&name));
        let Some((parameter, [usual, ..])) = parameter.map(|parameter| (parameter, parameter.names)) else {
            let usual = allowed.iter().filter_map(|parameter| parameter.names.first().copied());
            return Err(AddressFlaw::UnknownParameter { name: word(name), allowed: usual.collect() });
        };
        let value = decode(&value.replace('+', " ")).ok_or(AddressFlaw::Encoding)?;
        if !(parameter.check)(&value) {
            return Err(AddressFlaw::Value { name: usual, takes: parameter.takes });
        }
        if known.iter().any(|(known, _)| known == usual) {
            return Err(AddressFlaw::Twice(usual));
        }
        known.push((usual, value));
    }
    Ok(known)
}

/// A name that may be shown, because it looks like one.
fn word(name: &str) -> String {
    let plain = name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain { name.to_owned() } else { "of that name".to_owned() }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'%' => u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The address with another password, percent-encoded; `None` if it has no user, or a password already.
pub fn with_password(address: &str, password: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let parts = Parts::of(rest)?;
    let user = parts.login.filter(|login| !login.is_empty() && !login.contains(':'))?;
    let after = rest.get(user.len()..)?;
    let mut encoded = String::with_capacity(password.len());
    for byte in password.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
            encoded.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
        }
    }
    Some(format!("{scheme}://{user}:{encoded}{after}"))
}

/// The schemes of addresses that may have a password in them.
const SCHEMES: [&str; 7] = ["postgres", "postgresql", "mysql", "mariadb", "redis", "rediss", "sqlite"];

/// An address, or what was taken for one, as it may be shown: without what is, or could be, a secret. What is no address
/// is shown as it is, unless it could be a damaged one.
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            let harmless = !self.0.contains('@') && !SCHEMES.iter().any(|scheme| is_damaged(self.0, scheme));
            return f.write_str(if harmless { self.0 } else { "***" });
        };
        match scheme {
            "sqlite" => return f.write_str(if self.0.contains('@') { "sqlite://***" } else { self.0 }),
            scheme if SCHEMES.contains(&scheme) => write!(f, "{scheme}://")?,
            _ => return f.write_str("***://***"),
        }
        let Some(Parts { login, host, path, query, fragment }) = Parts::of(rest) else { return f.write_str("***") };
        match login.map(|login| login.split_once(':')) {
            Some(Some((user, _))) => write!(f, "{user}:***@")?,
            // Some write the password where the user belongs.
            Some(None) => f.write_str("***@")?,
            None => {}
        }
        f.write_str(host)?;
        if !path.is_empty() {
            write!(f, "/{path}")?;
        }
        let hidden = query.map(|_| "?***").or(fragment.map(|_| "#***"));
        f.write_str(hidden.unwrap_or_default())
    }
}

/// Begins like an address without being one.
fn is_damaged(text: &str, scheme: &str) -> bool {
    scheme != "sqlite" && text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with([':', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODE: Parameter =
        Parameter { names: &["mode", "other-mode"], takes: "on or off", check: |value| ["on", "off"].contains(&value) };

    fn flaw(rest: &str) -> Option<AddressFlaw> {
        ServerAddress::parse(rest, &[MODE]).err()
    }

    #[test]
    fn what_is_not_looked_at_is_refused_by_name() {
        let parsed = ServerAddress::parse("me:p%40ss@db:1/a%20b?other-mode=on", &[MODE]).unwrap();
        assert_eq!((parsed.has_password, parsed.path.as_str(), parsed.parameter("mode")), (true, "a b", Some("on")));
        let unknown = |name: &str| Some(AddressFlaw::UnknownParameter { name: name.into(), allowed: vec!["mode"] });
        assert_eq!(flaw("db/f?mod=on"), unknown("mod"));
        assert_eq!(flaw("db/f?mod"), unknown("mod"));
        assert_eq!(flaw("db/f?mod[x]=on"), unknown("of that name"));
        assert_eq!(flaw("db/f?mode=on&other-mode=off"), Some(AddressFlaw::Twice("mode")));
        assert_eq!(flaw("db/f?mode=ON"), Some(AddressFlaw::Value { name: "mode", takes: "on or off" }));
        assert_eq!(flaw("db/f?password=a&b=c"), Some(AddressFlaw::PasswordParameter));
        assert_eq!(flaw("db/f#insecure"), Some(AddressFlaw::Fragment));
        let none = ServerAddress::parse("db?x=1", &[]).err().unwrap();
        assert_eq!(none.to_string(), "there is no parameter x here: the address takes none");
    }

    #[test]
    fn what_could_end_a_password_too_early_is_refused() {
        for rest in
            ["me:p@ss@db/f", "me:p/ss@db/f", "me:p?ss@db/f", "me:p#ss@db/f", "me:p%ss@db/f", "me:p s@db/f", "me:1/2@db"]
        {
            assert_eq!(flaw(rest), Some(AddressFlaw::Encoding), "{rest}");
        }
        for rest in ["me:p:ss@db/f", "me:p[ss]@db/f", "me:p%25ss@db/f", "me:@db/f", "me@db/f", "db/f"] {
            assert_eq!(flaw(rest), None, "{rest}");
        }
    }

    #[test]
    fn a_password_is_put_in_where_there_is_a_user_and_no_password() {
        let with = |address: &str| with_password(address, "p@s/s?%é");
        assert_eq!(with("mysql://me@db/f?a=b").as_deref(), Some("mysql://me:p%40s%2Fs%3F%25%C3%A9@db/f?a=b"));
        assert_eq!(
            [with("mysql://db/f"), with("mysql://me:x@db/f"), with("me@db"), with("mysql://@db/f")],
            [const { None }; 4]
        );
    }

    #[test]
    fn nothing_is_shown_that_could_be_a_password() {
        for (address, shown) in [
            ("sqlite://frontrow.sqlite", "sqlite://frontrow.sqlite"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("mysql://root:s3cret@db:3306/frontrow", "mysql://root:***@db:3306/frontrow"),
            ("postgres://me:p:w@[::1]/frontrow", "postgres://me:***@[::1]/frontrow"),
            ("postgres://me:p@ss@db/frontrow", "postgres://***"),
            ("postgres://me:s3c?r/et@db/frontrow", "postgres://***"),
            ("postgres://me:1/2@db/frontrow", "postgres://***"),
            ("postgres://db/frontrow?password=s3cret", "postgres://db/frontrow?***"),
            ("postgres://db/frontrow?password=s3@cret", "postgres://***"),
            ("redis://s3cret@cache:6379/0", "redis://***@cache:6379/0"),
            ("rediss://cache/0#s3cret", "rediss://cache/0#***"),
            ("oracle://me:s3cret@db/frontrow", "***://***"),
            ("s3cret://me@db", "***://***"),
            ("me:s3cret@db", "***"),
            ("postgres:me:s3cret", "***"),
            ("mysql:/me:s3cret", "***"),
        ] {
            assert_eq!(Shown(address).to_string(), shown, "{address}");
        }
    }
}
