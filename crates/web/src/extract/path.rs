//! Parts of the address.

use super::query::plain;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use uuid::Uuid;

/// The address's `{id}`.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub Uuid);

/// The address's `{id}` and `{version}`.
#[derive(Clone, Copy, Debug)]
pub struct SeatMapAddress {
    /// Of the venue or the performance.
    pub id: Uuid,
    /// Of the seat map.
    pub version: u32,
}

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request).map(Self))
    }
}

impl FromRequest for SeatMapAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let version = plain(request.match_info().query("version"));
        // Versions are kept in 31 bits.
        let version = version.filter(|version| (1..=0x7fff_ffff).contains(version));
        let version = version.ok_or_else(|| Problem::field("/path/version", "range", "1 to 2147483647"));
        ready(id(request).and_then(|id| Ok(Self { id, version: version? })))
    }
}

fn id(request: &HttpRequest) -> Result<Uuid, Problem> {
    let text = request.match_info().query("id");
    // One spelling for one thing: braces, URNs and missing hyphens are other spellings.
    let hyphenated = text.len() == 36;
    let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
    id.ok_or_else(|| Problem::field("/path/id", "uuid", "a UUID such as 019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10"))
}
