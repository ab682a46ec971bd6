//! Whose word about the client is taken.

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Networks of proxies: addresses, or networks as CIDR has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyNetworks(Vec<IpNet>);

/// Not a list of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to {} addresses or networks with commas between them, such as 127.0.0.1,10.0.0.0/8", ProxyNetworks::MOST)]
pub struct NotProxyNetworks;

impl ProxyNetworks {
    /// Networks of one installation.
    pub const MOST: usize = 100;

    /// Whether the address is in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for ProxyNetworks {
    type Err = NotProxyNetworks;

    fn from_str(text: &str) -> Result<Self, NotProxyNetworks> {
        let network = |text: &str| {
            let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
            address().or_else(|| text.parse::<IpNet>().ok().filter(|network| network.trunc() == *network))
        };
        let networks: Option<Vec<IpNet>> = text.split(',').map(network).collect();
        networks.filter(|networks| networks.len() <= Self::MOST).map(Self).ok_or(NotProxyNetworks)
    }
}

impl fmt::Display for ProxyNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&networks.join(","))
    }
}

/// The proxies whose word is taken, and the header in which they give it.
#[derive(Debug)]
pub struct TrustedProxies {
    header: HeaderName,
    networks: ProxyNetworks,
    /// Whether a proxy that is not trusted was seen, and told of.
    untrusted_seen: AtomicBool,
}

impl TrustedProxies {
    /// These, and that header: `x-forwarded-for` if none is named.
    pub fn new(header: Option<HeaderName>, networks: ProxyNetworks) -> Self {
        Self { header: header.unwrap_or(X_FORWARDED_FOR), networks, untrusted_seen: AtomicBool::new(false) }
    }

    /// Nobody: whoever connects is the client.
    pub fn none() -> Self {
        Self::new(None, ProxyNetworks::default())
    }

    /// Whom the request comes from; `None` if that can't be told.
    ///
    /// A proxy adds the address of its client at the right. So the first one from the right that is not a trusted proxy's is
    /// the client's; what is left of it may be the client's own words. If all are trusted, the one at the left is.
    pub(crate) fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr().map(|peer| peer.ip());
        if !self.trust(peer) {
            self.note_untrusted(peer, request.headers());
            return peer;
        }
        self.told(request.headers()).or(peer)
    }

    /// Whether that is one of them.
    pub(crate) fn include(&self, peer: IpAddr) -> bool {
        self.networks.contain(peer)
    }

    /// Whoever is not at the end of a connection is a test.
    fn trust(&self, peer: Option<IpAddr>) -> bool {
        !self.networks.are_none() && peer.is_none_or(|peer| self.include(peer))
    }

    fn told(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let mut leftmost = None;
        // Values stand in the order in which they were added.
        let values: Vec<&str> = headers.get_all(&self.header).map(|value| value.to_str().unwrap_or_default()).collect();
        for told in values.iter().rev().flat_map(|text| text.rsplit(',')) {
            // Nonsense is no address, and nothing before it is taken instead.
            let Some(address) = self.read(told) else { return leftmost };
            if !self.networks.contain(address) {
                return Some(address);
            }
            leftmost = Some(address);
        }
        leftmost
    }

    fn read(&self, told: &str) -> Option<IpAddr> {
        if self.header == FORWARDED { address(pair(told, "for")?) } else { address(told.trim()) }
    }

    /// Somebody on this machine, or in its network, passes requests on: then all of its clients look like one.
    fn note_untrusted(&self, peer: Option<IpAddr>, headers: &HeaderMap) {
        let Some(peer) = peer.filter(|peer| is_near(*peer)) else { return };
        if !headers.contains_key(X_FORWARDED_FOR) && !headers.contains_key(FORWARDED) {
            return;
        }
        metrics::counter!("frontrow_untrusted_proxy_requests_total").increment(1);
        if !self.untrusted_seen.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "a proxy passes requests on that trusted_proxies does not name: all of its clients are taken for one, and limits \
                 per network for those of this machine do not hold"
            );
        }
    }
}

/// Where proxies stand.
fn is_near(peer: IpAddr) -> bool {
    match peer.to_canonical() {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
    }
}

/// A value of an element of `Forwarded`, such as `for=192.0.2.1;proto=https`, without its quotes.
fn pair<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?.1.trim();
    Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    text.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client(peer: &str, header: &str, values: &[&str]) -> String {
        let networks = "127.0.0.1,10.0.0.0/8,fd00::/8".parse().unwrap();
        let proxies = TrustedProxies::new(Some(header.parse().unwrap()), networks);
        let request = TestRequest::default().peer_addr((peer.parse::<IpAddr>().unwrap(), 4711).into());
        let request = values.iter().fold(request, |request, value| request.append_header((header, *value)));
        proxies.client(&request.to_http_request()).map(|address| address.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_first_from_the_right_that_is_no_proxy_is_the_client_however_it_is_written() {
        let told = |values: &[&str]| client("127.0.0.1", "x-forwarded-for", values);
        assert_eq!(told(&["192.0.2.1"]), "192.0.2.1");
        assert_eq!(told(&["192.0.2.1, nonsense,192.0.2.2 "]), "192.0.2.2");
        assert_eq!(told(&["192.0.2.1", "2001:db8::1, 2001:db8::2"]), "2001:db8::2");
        assert_eq!(told(&["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(told(&["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(told(&["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(told(&["192.0.2.7, 192.0.2.1", "10.1.2.3, ::ffff:10.9.9.9"]), "192.0.2.1");
        assert_eq!(told(&["10.0.0.7, 10.0.0.8"]), "10.0.0.7", "all are proxies");
    }

    #[test]
    fn forwarded_is_read_too() {
        let told = |values: &[&str]| client("10.0.0.1", "forwarded", values);
        assert_eq!(told(&["for=192.0.2.60;proto=http;by=203.0.113.43"]), "192.0.2.60");
        assert_eq!(told(&["for=192.0.2.1, For=\"[2001:db8:cafe::17]:4711\""]), "2001:db8:cafe::17");
        assert_eq!(told(&["for=192.0.2.1", "proto=https;for=10.0.0.9"]), "192.0.2.1");
        assert_eq!(told(&["for=_hidden"]), "10.0.0.1");
    }

    #[test]
    fn nonsense_is_no_address_and_nothing_before_it_is_taken_instead() {
        for values in [&[][..], &[""], &["unknown"], &["192.0.2.1, unknown"], &["192.0.2.1", "x"], &["192.0.2.1,"]] {
            assert_eq!(client("127.0.0.1", "x-forwarded-for", values), "127.0.0.1", "{values:?}");
        }
    }

    #[test]
    fn nobody_else_is_believed() {
        for peer in ["127.0.0.2", "192.0.2.9", "fe80::1"] {
            assert_eq!(client(peer, "x-forwarded-for", &["198.51.100.1"]), peer);
        }
        assert_eq!(client("fd00::1", "x-forwarded-for", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn networks_are_written_exactly() {
        let read = |text: &str| text.parse::<ProxyNetworks>().map(|networks| networks.to_string());
        assert_eq!(read("127.0.0.1,10.0.0.0/8,::1"), Ok("127.0.0.1/32,10.0.0.0/8,::1/128".into()));
        for flawed in ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1, ::1", "127.0.0.1,"] {
            assert_eq!(read(flawed), Err(NotProxyNetworks), "{flawed}");
        }
    }
}
