//! What can be asked for, and where.

pub(crate) mod accounts;
pub(crate) mod browse;
pub(crate) mod house;
pub(crate) mod manage;
pub(crate) mod reservations;
pub(crate) mod seats;
pub(crate) mod wallet;

use crate::pass::intercept;
use crate::problem::{Kind, Problem};
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, ResponseError, Route};

/// Adds every route.
pub fn configure(config: &mut ServiceConfig) {
    accounts::configure(config);
    browse::configure(config);
    seats::configure(config);
    reservations::configure(config);
    wallet::configure(config);
    manage::configure(config);
    house::configure(config);
    config.default_service(web::to(async || -> Result<HttpResponse, Problem> { Err(Problem::new(Kind::NotFound)) }));
}

/// An address with its methods; any other method is told which there are.
fn at<const N: usize>(config: &mut ServiceConfig, path: &str, routes: [(Method, Route); N]) {
    let allow = routes.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ");
    let mut resource: Resource = web::resource(path);
    for (method, route) in routes {
        resource = resource.route(route.method(method));
    }
    let refuse = move || {
        let allow = allow.clone();
        async move {
            let mut response = Problem::new(Kind::MethodNotAllowed).error_response();
            if let Ok(allow) = allow.parse() {
                response.headers_mut().insert(ALLOW, allow);
            }
            response
        }
    };
    config.service(resource.default_service(web::to(refuse)).wrap(from_fn(intercept)));
}
