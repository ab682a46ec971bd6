//! The router, made from the endpoints.

use super::endpoint::Endpoint;
use crate::figures::Figures;
use crate::manners::{catch_panic, mannered};
use crate::pass::intercept;
use crate::problem::{Kind, Problem};
use crate::taken::{Taken, refuse_the_rest};
use actix_web::dev::ServiceRequest;
use actix_web::guard::{self, GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, ResponseError, Route};
use frontrow_application::waiting_room::BookingCall;
use std::future::ready;

/// An address with its methods; any other method is told which there are.
pub(crate) struct Address {
    endpoints: Vec<Endpoint>,
    path: String,
    allowed: String,
    figures: Figures,
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
        let mut address = Self { endpoints: Vec::new(), path, allowed: String::new(), figures: Figures::default() };
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

    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Whether requests for that path come here. (The framework's own search takes longer than a whole answer.)
    pub fn is_at(&self, path: &str) -> bool {
        if !path.starts_with(&self.path[..self.path.find('{').unwrap_or(self.path.len())]) {
            return false;
        }
        let (mut pattern, mut path) = (self.path.split('/'), path.split('/'));
        loop {
            match (pattern.next(), path.next()) {
                (None, None) => return true,
                (Some(wanted), Some(part)) if wanted == part => {}
                (Some(wanted), Some(part)) if wanted.starts_with('{') && !part.is_empty() => {}
                _ => return false,
            }
        }
    }

    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    fn endpoint(&self, method: &Method) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.answers(method))
    }

    /// What a request with that method has to prove.
    pub fn booking_call(&self, method: &Method) -> Option<BookingCall> {
        self.endpoint(method).and_then(Endpoint::booking_call)
    }

    /// What a request with that method may bring; `None` if there is no such method here.
    pub fn taken(&self, method: &Method) -> Option<&Taken> {
        self.endpoint(method).map(Endpoint::taken)
    }

    fn is_polled(&self) -> bool {
        self.endpoints.iter().all(Endpoint::is_polled)
    }
}

/// Adds the addresses that everybody in a queue asks for all the time: without logging, figures and passes.
pub(super) fn add_polled(config: &mut ServiceConfig, addresses: &'static [Address]) {
    for address in addresses.iter().filter(|address| address.is_polled()) {
        if address.path.contains('{') {
            add_by_hand(config, address);
        } else {
            let strict = from_fn(move |request: ServiceRequest, next| {
                refuse_the_rest(address.taken(request.method()), request, next)
            });
            config.service(resource(address).wrap(strict).wrap(from_fn(mannered)));
        }
    }
}

/// To match a pattern with a part that varies costs four times what all the rest of a polled answer does.
fn add_by_hand(config: &mut ServiceConfig, address: &'static Address) {
    let is_meant = move |context: &GuardContext<'_>| varying_part(&address.path, context.head().uri.path()).is_some();
    let front = address.path.split("/{").next().unwrap_or_default();
    for endpoint in &address.endpoints {
        let is_asked = fn_guard(move |context| is_meant(context) && endpoint.answers(&context.head().method));
        let strict = from_fn(move |request: ServiceRequest, next| {
            refuse_the_rest(address.taken(request.method()), request, next)
        });
        let scope = web::scope(front).guard(is_asked).default_service(endpoint.route());
        config.service(scope.wrap(strict).wrap(from_fn(mannered)));
    }
    let others = web::scope(front).guard(fn_guard(is_meant));
    config.service(others.default_service(refuse(address)).wrap(from_fn(mannered)));
}

/// Adds every other address.
pub(super) fn add(config: &mut ServiceConfig, addresses: &'static [Address]) {
    for address in addresses.iter().filter(|address| !address.is_polled()) {
        let pass_check = from_fn(move |request: ServiceRequest, next| {
            intercept(address.booking_call(request.method()), request, next)
        });
        let strict = from_fn(move |request: ServiceRequest, next| {
            refuse_the_rest(address.taken(request.method()), request, next)
        });
        config.service(resource(address).wrap(pass_check).wrap(strict).wrap(from_fn(catch_panic)));
    }
    config.default_service(web::to(async || -> Result<HttpResponse, Problem> { Err(Problem::new(Kind::NotFound)) }));
}

fn resource(address: &'static Address) -> Resource {
    let add = |resource: Resource, endpoint: &Endpoint| {
        let route = endpoint.route();
        resource.route(if endpoint.method() == Method::GET {
            route.guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            route.method(endpoint.method().clone())
        })
    };
    let resource = address.endpoints.iter().fold(web::resource(&address.path), add);
    resource.default_service(refuse(address))
}

fn refuse(address: &'static Address) -> Route {
    web::to(move || ready(refusal(&address.allowed)))
}

fn refusal(allowed: &str) -> HttpResponse {
    let mut response = Problem::new(Kind::MethodNotAllowed).error_response();
    if let Ok(allowed) = allowed.parse() {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// The part of that path which stands where the pattern has its only `{…}`; `None` if the path is another.
pub(super) fn varying_part<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let (front, rest) = pattern.split_once('{')?;
    let (_, back) = rest.split_once('}')?;
    let part = path.strip_prefix(front)?.strip_suffix(back)?;
    (!part.is_empty() && !part.contains('/')).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::varying_part;

    #[test]
    fn the_varying_part_is_one_segment() {
        let part = |path| varying_part("/v1/sales/{id}/queue", path);
        assert_eq!(part("/v1/sales/7/queue"), Some("7"));
        for other in ["/v1/sales//queue", "/v1/sales/queue", "/v1/sales/7/8/queue", "/v1/sales/7", "/v1/sales/7/queue/"]
        {
            assert_eq!(part(other), None, "{other}");
        }
    }
}
