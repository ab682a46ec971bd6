//! Hands a request to the handler of its address, past everything that may refuse it.

use crate::extract::Matched;
use crate::limits::check_limit;
use crate::pass::check_pass;
use crate::problem::{Kind, Problem};
use crate::routes::{Address, Endpoint, addresses};
use crate::shed::refuse_while_crowded;
use crate::taken::refuse_the_rest;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{Error, HttpResponse, Route};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::task::{Context, Poll};

type Handler = <Route as ServiceFactory<ServiceRequest>>::Service;

/// Stands where the framework would search its routes. What is at none of our addresses it leaves to the framework.
pub(crate) struct Dispatch;

impl<S, B> Transform<S, ServiceRequest> for Dispatch
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = Dispatcher<S>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Dispatcher<S>, ()>>;

    fn new_transform(&self, others: S) -> Self::Future {
        Box::pin(async {
            let mut handlers = Vec::new();
            for address in addresses() {
                let mut of_address = Vec::new();
                for endpoint in address.endpoints() {
                    of_address.push(Rc::new(endpoint.route().new_service(()).await?));
                }
                handlers.push(of_address);
            }
            Ok(Dispatcher { handlers, others })
        })
    }
}

/// One worker's handlers.
pub(crate) struct Dispatcher<S> {
    /// By the numbers of their addresses, and their places there.
    handlers: Vec<Vec<Rc<Handler>>>,
    /// Answers at every other address.
    others: S,
}

impl<S, B> Service<ServiceRequest> for Dispatcher<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<ServiceResponse, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.others.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let Some(Matched { number, .. }) = Matched::of(request.request()) else {
            let answered = self.others.call(request);
            return Box::pin(async { Ok(answered.await?.map_into_boxed_body()) });
        };
        let address = &addresses()[number];
        let Some(place) = address.position(request.method()) else {
            return Box::pin(async { Ok(refused(address, request)) });
        };
        let handler = Rc::clone(&self.handlers[number][place]);
        Box::pin(caught(&address.endpoints()[place], handler, request))
    }
}

/// Makes a problem document of a panic.
async fn caught(
    endpoint: &'static Endpoint,
    handler: Rc<Handler>,
    request: ServiceRequest,
) -> Result<ServiceResponse, Error> {
    let http = request.request().clone();
    if let Ok(answered) = AssertUnwindSafe(answer(endpoint, handler, request)).catch_unwind().await {
        return answered;
    }
    tracing::error!("a handler panicked");
    Ok(ServiceResponse::new(http, HttpResponse::from_error(Problem::new(Kind::Fault))))
}

async fn answer(
    endpoint: &Endpoint,
    handler: Rc<Handler>,
    mut request: ServiceRequest,
) -> Result<ServiceResponse, Error> {
    if let Err(problem) = admit(endpoint, &mut request).await {
        return Ok(request.error_response(problem));
    }
    let mut answered = handler.call(request).await?;
    if let Some(deprecation) = endpoint.deprecation() {
        deprecation.add_to(answered.headers_mut());
    }
    Ok(answered)
}

async fn admit(endpoint: &Endpoint, request: &mut ServiceRequest) -> Result<(), Problem> {
    if endpoint.is_only_for_looking() {
        refuse_while_crowded(request)?;
    }
    if let Some(limit) = endpoint.limit() {
        check_limit(limit, request.request()).await?;
    }
    refuse_the_rest(endpoint.taken(), request).await?;
    match endpoint.booking_call() {
        Some(call) => check_pass(call, request.request()).await,
        None => Ok(()),
    }
}

fn refused(address: &Address, request: ServiceRequest) -> ServiceResponse {
    let mut response = request.error_response(Problem::new(Kind::MethodNotAllowed));
    if let Ok(allowed) = HeaderValue::from_str(address.allowed()) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
