//! The part of the address behind the question mark.

use super::json::Json;
use crate::problem::{FieldError, Problem};
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
        ready(read(request.query_string()).map(Self))
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let unreadable = |_| Problem::field("/query", "unknown", "this can't be read");
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query).map_err(unreadable)?;
    let members = pairs.into_inner().into_iter().map(|(name, value)| (name, Json::Text(value)));
    T::deserialize(Json::Object(members.collect())).map_err(|flaw| Problem::invalid(vec![flaw.at("/query")]))
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
    // What is no number is out of range, too.
    let limit = limit.map_or(DEFAULT_LIMIT, |text| plain(text).unwrap_or(u32::MAX));
    let out_of_range = || Problem::invalid(vec![FieldError::range("/query/limit", 1, PageRequest::<K>::MAX.into())]);
    let mut page = PageRequest::new(limit, None).map_err(|_| out_of_range())?;
    if let Some(text) = cursor {
        let detail = "the next_cursor of the page before";
        let cursor = C::decode(text).ok_or_else(|| Problem::field("/query/cursor", "cursor", detail))?;
        page.after = Some(key(cursor));
    }
    Ok(page)
}
