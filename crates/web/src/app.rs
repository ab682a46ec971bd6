//! The whole API, put together.

use crate::WebState;
use crate::cors::cors;
use crate::dispatch::Dispatch;
use crate::openapi::description;
use crate::problem::{Kind, Problem};
use crate::routes::add_pages;
use crate::serve::Serve;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::Condition;
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpResponse};

/// The whole API, for a server or a test.
pub fn app(
    state: Data<WebState>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let origins = Condition::new(state.origins.are_some(), cors(&state.origins));
    App::new()
        .app_data(state.clone())
        .app_data(Data::new(description()))
        .configure(add_pages)
        .default_service(web::to(nothing))
        .wrap(Dispatch)
        .wrap(origins)
        .wrap(Serve(state))
}

async fn nothing() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound))
}
