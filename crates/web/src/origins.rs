//! The setting that says which pages of other origins may call the API.

use std::str::FromStr;
use url::Url;

/// Which pages of other origins may call the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// No page of another origin reads anything.
    #[default]
    None,
    /// Pages of any origin may read what needs no account, and change nothing.
    Any,
    /// Pages of these origins may do everything; each as browsers send it, such as `https://tickets.example`.
    Listed(Vec<String>),
    /// The same, and so may pages that this machine serves to itself, on any port: for the mock.
    Local(Vec<String>),
}

/// Neither `*` nor origins as browsers send them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not * and not one to {} origins, such as https://tickets.example", Origins::MOST)]
pub struct NoOrigins;

impl FromStr for Origins {
    type Err = NoOrigins;

    /// Reads `*`, or origins with commas between them.
    fn from_str(text: &str) -> Result<Self, NoOrigins> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let origins: Option<Vec<String>> = text.split(',').map(|text| origin(text.trim())).collect();
        origins.filter(|origins| origins.len() <= Self::MOST).map(Self::Listed).ok_or(NoOrigins)
    }
}

/// The origin, if it is written as browsers send it: they compare it letter by letter.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // An asterisk stands for nothing here, though it may be in a host's name.
    (url.origin().ascii_serialization() == text && !text.contains('*')).then(|| text.to_owned())
}

impl Origins {
    /// How many origins can be listed.
    pub const MOST: usize = 32;

    pub(crate) fn are_some(&self) -> bool {
        *self != Self::None
    }

    /// Whether it is the origin of a page that this machine serves to itself.
    pub(crate) fn is_local(origin: &[u8]) -> bool {
        let text = std::str::from_utf8(origin).unwrap_or_default();
        let url = Url::parse(text).ok().filter(|url| url.origin().ascii_serialization() == text);
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
        url.is_some_and(|url| is_web(&url) && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_this_machine_is_local_on_any_port_and_no_other_is() {
        for local in [
            "http://localhost",
            "http://localhost:5173",
            "http://127.0.0.1:3000",
            "http://[::1]:8081",
            "https://localhost:5173",
        ] {
            assert!(Origins::is_local(local.as_bytes()), "{local}");
        }
        for other in [
            "null",
            "",
            "http://localhost/",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://user@localhost",
            "http://192.0.2.1",
            "http://127.0.0.2",
            "file://localhost",
        ] {
            assert!(!Origins::is_local(other.as_bytes()), "{other}");
        }
        assert!(!Origins::is_local(&[0xff]));
    }

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        let listed = |origins: &[&str]| Ok(Origins::Listed(origins.iter().map(ToString::to_string).collect()));
        assert_eq!("*".parse(), Ok(Origins::Any));
        assert_eq!("https://tickets.example".parse(), listed(&["https://tickets.example"]));
        let two = "http://localhost:3000, https://xn--fiqs8s.example";
        assert_eq!(two.parse(), listed(&["http://localhost:3000", "https://xn--fiqs8s.example"]));
        for wrong in [
            "",
            ",",
            "off",
            "null",
            "tickets.example",
            "https://tickets.example/",
            "https://tickets.example/page",
            "https://Tickets.example",
            "https://tickets.example:443",
            "https://*.example",
            "https://user@tickets.example",
            "ftp://tickets.example",
            "https://tickets.example,*",
        ] {
            assert_eq!(wrong.parse::<Origins>(), Err(NoOrigins), "{wrong}");
        }
        let many = vec!["https://tickets.example"; Origins::MOST + 1].join(",");
        assert_eq!(many.parse::<Origins>(), Err(NoOrigins));
    }
}
