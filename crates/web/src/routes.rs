//! What can be asked for, and where.
//!
//! Each file has the routes of one subject. Its `endpoints` is its table of contents: per handler which call of a buyer it is
//! (and so whether it needs a pass), the problems of its own and how often it is asked for. Path, method and document stand
//! above the handler; who may call it follows from its arguments. Everything else ([`router`], the pass check, the `OpenAPI`
//! document) is made from that.

mod accounts;
mod address;
mod argument;
mod browse;
mod deprecation;
mod description;
mod endpoint;
mod events;
mod expand;
mod manage;
mod operators_queue;
mod problems;
mod queue;
mod reservations;
mod router;
mod seats;
mod service;
mod sessions;
mod settings;
mod verification;
mod wallet;

use actix_web::http::Method;
use frontrow_application::waiting_room::PassRequired;
use router::Router;
use std::sync::LazyLock;

pub(crate) use address::Address;
pub(crate) use description::Description;
pub(crate) use endpoint::{BEARER, Endpoint, PASS_SCHEME, QUEUE_TOKEN_SCHEME};
pub use events::beat_events;
pub(crate) use service::add_pages;

/// Every address, with its endpoints; made once.
pub(crate) fn addresses() -> &'static [Address] {
    static ADDRESSES: LazyLock<Vec<Address>> = LazyLock::new(|| {
        let subjects = [
            accounts::endpoints(),
            sessions::endpoints(),
            verification::endpoints(),
            browse::endpoints(),
            seats::endpoints(),
            events::endpoints(),
            reservations::endpoints(),
            wallet::endpoints(),
            manage::endpoints(),
            settings::endpoints(),
            operators_queue::endpoints(),
            queue::endpoints(),
            service::endpoints(),
            problems::endpoints(),
        ];
        Address::all(subjects.into_iter().flatten().collect())
    });
    &ADDRESSES
}

/// The place in [`addresses`] of the one that requests for that path come to.
pub(crate) fn find(path: &str) -> Option<usize> {
    static ROUTER: LazyLock<Router> = LazyLock::new(|| Router::new(addresses()));
    ROUTER.find(path)
}

/// Every endpoint.
pub(crate) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    addresses().iter().flat_map(Address::endpoints)
}

/// Every described route, and which sales ask for a pass before it.
pub fn passes() -> impl Iterator<Item = (&'static Method, &'static str, PassRequired)> {
    let described = endpoints().filter(|endpoint| endpoint.is_described());
    described.map(|endpoint| (endpoint.method(), endpoint.path(), endpoint.pass()))
}
