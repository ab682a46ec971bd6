//! The part of the address behind the question mark.

use super::body::escape;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::web;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontrow_application::PageRequest;
use frontrow_domain::SeatNumber;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use uuid::Uuid;

/// The query as a struct of optional strings: each is read by the handler, so that a flaw can name it.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = web::Query::<T>::from_query(request.query_string());
        ready(read.map(|query| Self(query.into_inner())).map_err(|error| flaw(&error.to_string())))
    }
}

fn flaw(text: &str) -> Problem {
    let name = text.split('`').nth(1).unwrap_or_default();
    match text.rsplit_once(", expected ") {
        // The name is the client's own, and stands in the pointer.
        Some((_, expected)) => {
            Problem::field(format!("/query/{}", escape(name)), "unknown", format!("expected {expected}"))
        }
        None => Problem::field(format!("/query/{}", escape(name)), "duplicate", "once"),
    }
}

/// Whether the parameter of that name is `true`; it need not be there.
pub fn flag(name: &str, value: Option<&str>) -> Result<bool, Problem> {
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::field(format!("/query/{name}"), "boolean", "true or false")),
    }
}

/// A number in its only spelling: no sign, no leading zero.
pub(super) fn plain(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

/// The key of a list's last item, as clients see it: opaque.
pub trait Cursor: Sized {
    /// As text.
    fn encode(&self) -> String;
    /// From text.
    fn decode(text: &str) -> Option<Self>;
}

impl Cursor for Uuid {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.as_bytes())
    }

    fn decode(text: &str) -> Option<Self> {
        Self::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

impl Cursor for SeatNumber {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.get().to_be_bytes())
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Self::new(u32::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// By tick, group and rank.
impl Cursor for (i64, u8, u64) {
    fn encode(&self) -> String {
        let (tick, group, rank) = *self;
        URL_SAFE_NO_PAD.encode([&tick.to_be_bytes()[..], &[group], &rank.to_be_bytes()].concat())
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes: [u8; 17] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (tick, rest) = bytes.split_first_chunk::<8>()?;
        let (group, rank) = rest.split_first()?;
        Some((i64::from_be_bytes(*tick), *group, u64::from_be_bytes(rank.try_into().ok()?)))
    }
}

/// Items of a page unless the query says otherwise.
const DEFAULT_LIMIT: u32 = 20;

/// The page that the query asks for.
pub fn page_request<C: Cursor, K>(
    limit: Option<&str>,
    cursor: Option<&str>,
    key: impl Fn(C) -> K,
) -> Result<PageRequest<K>, Problem> {
    let limit = match limit {
        None => DEFAULT_LIMIT,
        Some(text) => {
            let limit = plain(text).filter(|limit| (1..=PageRequest::<K>::MOST).contains(limit));
            limit.ok_or_else(|| Problem::field("/query/limit", "range", "1 to 100"))?
        }
    };
    let after = match cursor {
        None => None,
        Some(text) => {
            let cursor = C::decode(text);
            let detail = "the next_cursor of the page before";
            Some(key(cursor.ok_or_else(|| Problem::field("/query/cursor", "cursor", detail))?))
        }
    };
    Ok(PageRequest { limit, after })
}
