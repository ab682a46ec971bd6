//! What browsers are told whose pages call the API from another origin.

use crate::extract::{HEADER as IDEMPOTENCY_KEY, LAST_EVENT_ID, PASS, PREFER, QUEUE_TOKEN};
use crate::manners::SANDBOX;
use crate::origins::Origins;
use crate::rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::request_id::REQUEST_ID;
use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};

/// Browsers remember for so many seconds what a page may do; some ask again sooner.
const MAX_AGE: usize = 7200;

/// Answers preflights, and says in every other answer which pages may read it.
pub fn cors(origins: &Origins) -> Cors {
    let cors = Cors::default()
        .expose_headers([DATE, ETAG, LOCATION, RETRY_AFTER])
        .expose_headers([SANDBOX, REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY])
        .max_age(MAX_AGE);
    match origins {
        Origins::None => cors,
        Origins::Any => cors
            .allow_any_origin()
            .send_wildcard()
            .allowed_methods([Method::GET, Method::HEAD])
            .allowed_headers([ACCEPT, IF_NONE_MATCH])
            .allowed_header(LAST_EVENT_ID),
        Origins::Listed(origins) => everything(cors, origins),
        Origins::Local(origins) => {
            everything(cors.allowed_origin_fn(|origin, _| Origins::is_local(origin.as_bytes())), origins)
        }
    }
}

/// Pages of these origins may do everything.
fn everything(cors: Cors, origins: &[String]) -> Cors {
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
        .allowed_methods([Method::GET, Method::HEAD, Method::POST])
        .allowed_methods([Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH])
        .allowed_headers([IDEMPOTENCY_KEY, PASS, QUEUE_TOKEN, PREFER, LAST_EVENT_ID])
}
