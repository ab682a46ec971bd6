//! Parts of the address.

use super::query::plain;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use frontrow_domain::SeatMap;
use std::future::{Ready, ready};
use uuid::Uuid;

/// The address's `{id}`.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub Uuid);

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
    /// The one that is written so.
    pub fn read(text: &str) -> Result<Uuid, Problem> {
        uuid("id", text)
    }

    fn of(request: &HttpRequest) -> Result<Uuid, Problem> {
        Self::read(request.match_info().query("id"))
    }
}

impl FromRequest for BuyerAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user = uuid("user", request.match_info().query("user"));
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

impl FromRequest for SeatMapAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let version = plain(request.match_info().query("version"));
        let version = version.filter(|version| (1..=SeatMap::LAST_VERSION).contains(version));
        let detail = || format!("1 to {}", SeatMap::LAST_VERSION);
        let version = version.ok_or_else(|| Problem::field("/path/version", "range", detail()));
        ready(Id::of(request).and_then(|id| Ok(Self { id, version: version? })))
    }
}

fn uuid(name: &str, text: &str) -> Result<Uuid, Problem> {
    // One spelling for one thing: braces, URNs and missing hyphens are other spellings.
    let hyphenated = text.len() == 36;
    let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
    let pointer = || format!("/path/{name}");
    id.ok_or_else(|| Problem::field(pointer(), "uuid", "a UUID such as 019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10"))
}
