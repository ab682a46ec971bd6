//! Where a request comes from.

use crate::WebState;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use frontrow_application::port::Network;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The client's network; `None` for the machine itself, and where it can't be told.
#[derive(Clone, Copy, Debug)]
pub struct ClientNetwork(pub Option<Network>);

impl FromRequest for ClientNetwork {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.app_data::<Data<WebState>>().and_then(|state| state.client_address.as_ref());
        let told = header.and_then(|name| last_address(request.headers(), name));
        let address = told.or_else(|| request.peer_addr().map(|peer| peer.ip()));
        ready(Ok(Self(address.and_then(Network::of))))
    }
}

/// The last address in such a header: the proxy next to us has added it. What stands before may be the client's own words.
fn last_address(headers: &HeaderMap, name: &HeaderName) -> Option<IpAddr> {
    let last: &HeaderValue = headers.get_all(name).last()?;
    let text = last.to_str().ok()?.rsplit(',').next()?.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    text.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(values: &[&str]) -> Option<String> {
        let name = HeaderName::from_static("x-forwarded-for");
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        last_address(&headers, &name).map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_counts_however_it_is_written() {
        let found = |values| last(values).unwrap();
        assert_eq!(found(&["192.0.2.1"]), "192.0.2.1");
        assert_eq!(found(&["192.0.2.1, nonsense,192.0.2.2 "]), "192.0.2.2");
        assert_eq!(found(&["192.0.2.1", "2001:db8::1, 2001:db8::2"]), "2001:db8::2");
        assert_eq!(found(&["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(found(&["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(found(&["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn nonsense_is_no_address_and_nothing_before_it_is_taken_instead() {
        for values in [&[][..], &[""], &["unknown"], &["192.0.2.1, unknown"], &["192.0.2.1", "x"], &["192.0.2.1,"]] {
            assert_eq!(last(values), None, "{values:?}");
        }
    }
}
