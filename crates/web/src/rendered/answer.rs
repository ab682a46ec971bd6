//! One answer, and what it is rendered from.

use crate::extract::{entity_tag, knows};
use crate::problem::{Kind, Problem};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::PerformanceSeats;
use frontrow_application::port::OnSale;
use serde::Serialize;
use std::sync::Arc;

/// A body of JSON with its entity tag.
#[derive(Clone)]
pub(crate) struct Answer {
    body: Bytes,
    tag: Arc<str>,
    /// The same, as it is sent.
    header: HeaderValue,
}

impl Answer {
    /// Rendered, with the tag of its bytes.
    pub fn new(body: impl Into<Bytes>) -> Result<Self, Problem> {
        let body = body.into();
        let tag = entity_tag(&body);
        let header = HeaderValue::try_from(&tag).map_err(|_| Problem::new(Kind::Fault))?;
        Ok(Self { tag: tag.into(), header, body })
    }

    /// Other bytes for the same state.
    pub fn with_body(&self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }

    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// With its quotes.
    pub fn tag(&self) -> &Arc<str> {
        &self.tag
    }

    /// With its tag; without its body if the client has it.
    pub fn to(&self, request: &HttpRequest) -> HttpResponse {
        self.unless(knows(request, &self.tag))
    }

    /// With its tag; without its body if the client has it, which may also say so in the query.
    pub fn since(&self, request: &HttpRequest, tag: &str) -> HttpResponse {
        self.unless(*self.tag == *tag || knows(request, &self.tag))
    }

    fn unless(&self, known: bool) -> HttpResponse {
        let mut response =
            if known { HttpResponse::NotModified().finish() } else { HttpResponse::Ok().body(self.body.clone()) };
        let headers = response.headers_mut();
        headers.insert(ETAG, self.header.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if !known {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}

pub(super) fn json(shown: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(shown).map_err(|_| Problem::new(Kind::Fault))
}

/// What answers are rendered from.
pub(super) trait Source {
    /// Whether an answer that was rendered from this is what would be rendered from `now`.
    fn still_shows(&self, now: &Self) -> bool;
}

impl Source for Arc<OnSale> {
    fn still_shows(&self, now: &Self) -> bool {
        Self::ptr_eq(self, now)
    }
}

impl Source for PerformanceSeats {
    fn still_shows(&self, now: &Self) -> bool {
        self.on_sale.still_shows(&now.on_sale) && Arc::ptr_eq(&self.seats, &now.seats)
    }
}
