//! What can be asked for, and where.

pub(crate) mod accounts;
pub(crate) mod browse;
pub(crate) mod house;
pub(crate) mod line;
pub(crate) mod manage;
pub(crate) mod queue;
pub(crate) mod reservations;
pub(crate) mod seats;
pub(crate) mod wallet;

use crate::measure::catch_panic;
use crate::pass::intercept;
use crate::problem::{Kind, Problem};
use crate::taken::{refuse_the_rest, taken_at};
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, ResponseError, Route, guard};
use std::future::ready;

/// Adds what everybody in a line asks for all the time: outside of logging and figures, and without a store operation.
pub fn configure_polls(config: &mut ServiceConfig) {
    queue::configure_polls(config);
}

/// Adds every other route.
pub fn configure(config: &mut ServiceConfig) {
    accounts::configure(config);
    browse::configure(config);
    seats::configure(config);
    reservations::configure(config);
    wallet::configure(config);
    manage::configure(config);
    queue::configure(config);
    line::configure(config);
    house::configure(config);
    config.default_service(web::to(async || -> Result<HttpResponse, Problem> { Err(Problem::new(Kind::NotFound)) }));
}

/// An address with its methods; any other method is told which there are.
fn at<const N: usize>(config: &mut ServiceConfig, path: &'static str, routes: [(Method, Route); N]) {
    // To ask the request for its pattern would cost as much as to route it.
    let gate = from_fn(move |request, next| intercept(path, request, next));
    let taken = taken_at(path);
    let strict = from_fn(move |request, next| refuse_the_rest(taken, request, next));
    config.service(resource(path, routes).wrap(gate).wrap(strict).wrap(from_fn(catch_panic)));
}

fn resource<const N: usize>(path: &str, routes: [(Method, Route); N]) -> Resource {
    let mut resource: Resource = web::resource(path);
    let mut allowed = Vec::new();
    for (method, route) in routes {
        allowed.push(method.to_string());
        resource = if method == Method::GET {
            allowed.push(Method::HEAD.to_string());
            resource.route(route.guard(guard::Any(guard::Get()).or(guard::Head())))
        } else {
            resource.route(route.method(method))
        };
    }
    let allowed = allowed.join(", ");
    resource.default_service(web::to(move || ready(refusal(&allowed))))
}

fn refusal(allowed: &str) -> HttpResponse {
    let mut response = Problem::new(Kind::MethodNotAllowed).error_response();
    if let Ok(allowed) = allowed.parse() {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
