//! Turns texts into values, and collects the mistakes.

use super::database::DatabaseAddress;
use super::flaw::{Flaw, Flaws};
use super::layers::Layers;
use super::mask::mask_url;
use super::path::path;
use super::redis::RedisAddress;
use super::setting::find;
use super::value::text_of;
use actix_web::http::header::HeaderName;
use frontrow_adapters::Quotas;
use frontrow_adapters::mail::MailSender;
use frontrow_adapters::redis::{RedisSettingsError, check_address};
use frontrow_application::port::Limit;
use frontrow_web::{Origins, ProxyNetworks};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Reads one setting after another. A value that can't be read is recorded as a mistake, and a harmless value takes its
/// place until [`Reading::unless_flawed`] discards everything.
pub struct Reading {
    layers: Layers,
}

impl Reading {
    pub fn of(layers: Layers) -> Self {
        Self { layers }
    }

    pub fn unless_flawed<T>(self, settings: T) -> Result<T, Flaws> {
        if self.layers.flaws.is_empty() { Ok(settings) } else { Err(Flaws(self.layers.flaws)) }
    }

    pub fn address(&mut self, name: &str) -> SocketAddr {
        self.take(name, nowhere(), |text| text.parse().ok())
    }

    pub fn address_or_off(&mut self, name: &str) -> Option<SocketAddr> {
        self.take(name, None, |text| if text == "off" { Some(None) } else { text.parse().ok().map(Some) })
    }

    pub fn number<T: FromStr + PartialOrd + Copy>(&mut self, name: &str, range: RangeInclusive<T>) -> T {
        self.take(name, *range.start(), |text| within(text, &range))
    }

    pub fn number_or_auto<T: FromStr + PartialOrd>(&mut self, name: &str, range: RangeInclusive<T>) -> Option<T> {
        self.take(name, None, |text| if text == "auto" { Some(None) } else { within(text, &range).map(Some) })
    }

    pub fn duration(&mut self, name: &str, range: RangeInclusive<u64>, unit_seconds: u64) -> Duration {
        Duration::from_secs(self.number(name, range) * unit_seconds)
    }

    pub fn path(&mut self, name: &str) -> PathBuf {
        self.take(name, PathBuf::new(), |text| Some(PathBuf::from(path(text)?)))
    }

    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)], harmless: T) -> T {
        self.take(name, harmless, |text| words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value))
    }

    pub fn currency(&mut self, name: &str) -> String {
        let is_code = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        self.take(name, String::new(), |text| is_code(text).then(|| text.to_owned()))
    }

    pub fn filter(&mut self, name: &str) -> String {
        self.take(name, String::new(), |text| {
            let fine = !text.trim().is_empty() && EnvFilter::builder().parse(text).is_ok();
            fine.then(|| text.to_owned())
        })
    }

    pub fn database(&mut self, name: &str) -> DatabaseAddress {
        let harmless = DatabaseAddress::File(PathBuf::new());
        let Some(text) = self.text(name) else { return harmless };
        DatabaseAddress::parse(&text).unwrap_or_else(|instead| {
            match instead {
                Some(instead) => self.refuse(name, &instead),
                None => self.refuse_as_in_table(name),
            }
            harmless
        })
    }

    pub fn redis_or_off(&mut self, name: &str) -> Option<RedisAddress> {
        let text = self.text(name).filter(|text| text != "off")?;
        match check_address(&text) {
            Ok(()) => return Some(RedisAddress(text)),
            Err(RedisSettingsError::Address(flaw)) => self.refuse(name, &format!("an address without a flaw: {flaw}")),
            Err(RedisSettingsError::NotAnAddress) => self.refuse_as_in_table(name),
        }
        None
    }

    pub fn path_or_off(&mut self, name: &str) -> Option<PathBuf> {
        self.take(name, None, |text| if text == "off" { Some(None) } else { Some(Some(PathBuf::from(path(text)?))) })
    }

    pub fn sender_or_off(&mut self, name: &str) -> Option<MailSender> {
        self.take(name, None, |text| if text == "off" { Some(None) } else { text.parse().ok().map(Some) })
    }

    pub fn host_and_port_or_off(&mut self, name: &str) -> Option<(String, u16)> {
        self.take(name, None, |text| if text == "off" { Some(None) } else { host_and_port(text).map(Some) })
    }

    pub fn text_or_off(&mut self, name: &str) -> Option<String> {
        self.take(name, None, |text| match text {
            "off" => Some(None),
            _ if text.trim().is_empty() || text.contains(char::is_control) => None,
            _ => Some(Some(text.to_owned())),
        })
    }

    pub fn switch(&mut self, name: &str) -> bool {
        self.word(name, &[("true", true), ("false", false)], false)
    }

    pub fn header_or_off(&mut self, name: &str) -> Option<HeaderName> {
        self.take(name, None, |text| {
            if text == "off" {
                return Some(None);
            }
            text.parse().ok().map(Some)
        })
    }

    pub fn origins_or_off(&mut self, name: &str) -> Origins {
        self.take(name, Origins::None, |text| if text == "off" { Some(Origins::None) } else { text.parse().ok() })
    }

    pub fn networks_or_off(&mut self, name: &str) -> ProxyNetworks {
        self.take(name, ProxyNetworks::default(), |text| {
            if text == "off" { Some(ProxyNetworks::default()) } else { text.parse().ok() }
        })
    }

    /// Numbers by the names of their limits; those that are left out are as they were.
    pub fn quotas(&mut self, name: &str, before: Quotas) -> Quotas {
        self.take(name, before, |text| {
            if text == "off" {
                return Some(Quotas::ANY);
            }
            let mut named = Vec::new();
            text.split(',').try_fold(before, |quotas, pair| {
                let (limit, number) = pair.split_once('=')?;
                let limit = Limit::ALL.into_iter().find(|known| known.as_str() == limit)?;
                let is_new = !named.contains(&limit);
                named.push(limit);
                Some(quotas.with(limit, within(number, &(0..=1_000_000))?)).filter(|_| is_new)
            })
        })
    }

    /// Records that the value can't be used, and what to write instead.
    pub fn refuse(&mut self, name: &str, instead: &str) {
        let value = self.layers.values.get(name);
        let origin = value.and_then(config::Value::origin).unwrap_or("nowhere");
        let found = value.map(|value| text_of(value).map_or("no plain value".to_owned(), |text| show(&text)));
        let flaw =
            Flaw { name: name.to_owned(), origin: origin.to_owned(), found, instead: format!("write {instead}") };
        self.layers.flaws.push(flaw);
    }

    fn take<T>(&mut self, name: &str, harmless: T, parse: impl FnOnce(&str) -> Option<T>) -> T {
        let Some(text) = self.text(name) else { return harmless };
        parse(&text).unwrap_or_else(|| {
            self.refuse_as_in_table(name);
            harmless
        })
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let text = self.layers.values.get(name).and_then(text_of);
        if text.is_none() {
            self.refuse_as_in_table(name);
        }
        text
    }

    fn refuse_as_in_table(&mut self, name: &str) {
        let takes = find(self.layers.table, name).map_or("", |setting| setting.takes);
        self.refuse(name, takes);
    }
}

/// An IPv6 address stands in brackets, as in an address of the web.
fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_fine = match inner {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)),
    };
    let port = within(port, &(1..=u16::MAX))?;
    is_fine.then(|| (inner.unwrap_or(host).to_owned(), port))
}

fn nowhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn within<T: FromStr + PartialOrd>(text: &str, range: &RangeInclusive<T>) -> Option<T> {
    // `parse` would accept a plus sign, too.
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && range.contains(number))
}

/// The value as messages show it: in quotes, masked, shortened.
fn show(text: &str) -> String {
    let masked = mask_url(text);
    let short: String = masked.chars().take(80).collect();
    if short.len() < masked.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
