//! An address: everything that can be asked for at one path.

use super::endpoint::Endpoint;
use actix_web::http::Method;

/// An address with its methods; any other method is told which there are.
pub(crate) struct Address {
    endpoints: Vec<Endpoint>,
    path: String,
    allowed: String,
}

impl Address {
    /// The addresses of all these, in the order in which each appears first.
    pub fn all(endpoints: Vec<Endpoint>) -> Vec<Self> {
        let mut addresses: Vec<Self> = Vec::new();
        for endpoint in endpoints {
            match addresses.iter_mut().find(|address| address.path == endpoint.path()) {
                Some(address) => address.add(endpoint),
                None => addresses.push(Self::of(endpoint)),
            }
        }
        addresses
    }

    fn of(endpoint: Endpoint) -> Self {
        let path = endpoint.path().to_owned();
        let mut address = Self { endpoints: Vec::new(), path, allowed: String::new() };
        address.add(endpoint);
        address
    }

    fn add(&mut self, endpoint: Endpoint) {
        if !self.allowed.is_empty() {
            self.allowed.push_str(", ");
        }
        // What answers GET answers HEAD, too.
        self.allowed.push_str(if endpoint.method() == Method::GET { "GET, HEAD" } else { endpoint.method().as_str() });
        self.endpoints.push(endpoint);
    }

    /// The pattern: what stands in braces varies.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its methods, as the header `Allow` lists them.
    pub fn allowed(&self) -> &str {
        &self.allowed
    }

    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Where in [`Address::endpoints`] the one is that answers that method; `None` if there is no such method here.
    pub fn position(&self, method: &Method) -> Option<usize> {
        self.endpoints.iter().position(|endpoint| endpoint.answers(method))
    }

    /// Whether everybody in a queue asks for it all the time.
    pub fn is_polled(&self) -> bool {
        self.endpoints.iter().all(Endpoint::is_polled)
    }
}
