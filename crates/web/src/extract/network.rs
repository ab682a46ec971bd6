//! Where a request comes from.

use crate::WebState;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use frontrow_application::port::Network;
use std::future::{Ready, ready};

/// The client's network; `None` for the machine itself, and where it can't be told.
#[derive(Clone, Copy, Debug)]
pub struct ClientNetwork(pub Option<Network>);

impl FromRequest for ClientNetwork {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(client_network(request))))
    }
}

/// The network of whoever has sent the request.
pub(crate) fn client_network(request: &HttpRequest) -> Option<Network> {
    let state = request.app_data::<Data<WebState>>()?;
    state.proxies.client(request).and_then(Network::of)
}
