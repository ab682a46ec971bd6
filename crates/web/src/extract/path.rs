//! Parts of the address.

use super::query::plain;
use crate::problem::{FieldError, Kind, Problem};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use frontrow_domain::SeatMap;
use std::future::{Ready, ready};
use uuid::Uuid;

/// Which address a request is for: noted with it once, and read by whoever asks for a part of its path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched {
    /// Its place in the list of addresses.
    pub number: usize,
    /// Its path: what stands in braces varies.
    pub pattern: &'static str,
}

impl Matched {
    /// What a request is for; `None` if there is no such address.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().copied()
    }
}

/// The part of the path that stands where the pattern has that name in braces.
fn part<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let pattern = Matched::of(request)?.pattern;
    varying(pattern, path(request), name)
}

/// The path, with needless percent-encoding undone.
pub(crate) fn path(request: &HttpRequest) -> &str {
    request.match_info().as_str()
}

fn varying<'a>(pattern: &str, path: &'a str, name: &str) -> Option<&'a str> {
    let is_named = |part: &str| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) == Some(name);
    pattern.split('/').zip(path.split('/')).find(|(part, _)| is_named(part)).map(|(_, value)| value)
}

/// The address's `{id}`.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub Uuid);

/// The type of problem that the address names as `{slug}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProblemType(pub Kind);

/// The address's `{id}` and `{version}`.
#[derive(Clone, Copy, Debug)]
pub struct SeatMapAddress {
    /// Id of the venue or the performance.
    pub id: Uuid,
    /// Version of the seat map.
    pub version: u32,
}

/// The address's `{id}` and `{user}`.
#[derive(Clone, Copy, Debug)]
pub struct BuyerAddress {
    /// Id of the sale.
    pub id: Uuid,
    /// Id of the user.
    pub user: Uuid,
}

impl Id {
    /// The one that the request's address has.
    pub(crate) fn of(request: &HttpRequest) -> Result<Uuid, Problem> {
        uuid("id", request)
    }
}

impl FromRequest for BuyerAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user = uuid("user", request);
        ready(Id::of(request).and_then(|id| Ok(Self { id, user: user? })))
    }
}

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).map(Self))
    }
}

impl FromRequest for ProblemType {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kind = part(request, "slug").and_then(Kind::of_slug);
        ready(kind.map(Self).ok_or_else(|| Problem::new(Kind::NotFound)))
    }
}

impl FromRequest for SeatMapAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let version = part(request, "version").and_then(plain);
        let version = version.filter(|version| (1..=SeatMap::LAST_VERSION).contains(version));
        let flaw = || FieldError::range("/path/version", 1, SeatMap::LAST_VERSION.into());
        let version = version.ok_or_else(|| Problem::invalid(vec![flaw()]));
        ready(Id::of(request).and_then(|id| Ok(Self { id, version: version? })))
    }
}

fn uuid(name: &str, request: &HttpRequest) -> Result<Uuid, Problem> {
    let text = part(request, name).unwrap_or_default();
    // One spelling for one thing: braces, URNs and missing hyphens are other spellings.
    let hyphenated = text.len() == 36;
    let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
    let pointer = || format!("/path/{name}");
    id.ok_or_else(|| Problem::field(pointer(), "uuid", "a UUID such as 019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10"))
}

#[cfg(test)]
mod tests {
    use super::varying;

    #[test]
    fn a_part_of_the_path_is_found_by_its_name() {
        let pattern = "/v1/sales/{id}/buyers/{user}";
        assert_eq!(varying(pattern, "/v1/sales/7/buyers/8", "id"), Some("7"));
        assert_eq!(varying(pattern, "/v1/sales/7/buyers/8", "user"), Some("8"));
        assert_eq!(varying(pattern, "/v1/sales/7/buyers/8", "version"), None);
    }
}
