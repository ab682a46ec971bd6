//! What becomes of every request, around its handler: it gets an id, a deadline, a figure and a line in the log, neither
//! of them about a person; its answer gets what every answer has.

use crate::WebState;
use crate::connection::Exchange;
use crate::extract::{Matched, path};
use crate::figures::{Figure, Figures};
use crate::manners::{add_headers, as_problem};
use crate::request_id::{RequestIds, header_value};
use crate::routes::{addresses, find};
use crate::security_log::note;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::Method;
use actix_web::http::header::ACCESS_CONTROL_REQUEST_METHOD;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use frontrow_application::deadline::{COMMAND, READ, within};
use futures::future::LocalBoxFuture;
use futures::poll;
use std::borrow::Cow;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};
use tracing::{Instrument, Span};
use uuid::Uuid;

/// The outermost middleware, and the only one that every request passes.
pub(crate) struct Serve(pub Data<WebState>);

impl<S, B> Transform<S, ServiceRequest> for Serve
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = Server<S>;
    type InitError = ();
    type Future = Ready<Result<Server<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let worker = Worker { state: self.0.clone(), ids: RequestIds::new(), figures: Figures::default() };
        ready(Ok(Server { worker: Rc::new(worker), inner }))
    }
}

/// One worker's.
pub(crate) struct Server<S> {
    worker: Rc<Worker>,
    inner: S,
}

struct Worker {
    state: Data<WebState>,
    ids: RequestIds,
    figures: Figures,
}

impl<S, B> Service<ServiceRequest> for Server<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<ServiceResponse, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let worker = Rc::clone(&self.worker);
        let asked = Asked::of(&request, &worker);
        let begun = worker.state.clock.now();
        // Until there is an answer, the client is not waited for.
        let our_turn = request.request().conn_data::<Rc<Exchange>>().map(Exchange::answer);
        let answering = self.inner.call(request);
        Box::pin(async move {
            let _our_turn = our_turn;
            // Ports are told how long the request may take: shorter for reads than for changes.
            let mut answering = within(if asked.is_read { READ } else { COMMAND }, answering);
            // What is answered from memory is answered at once, and costs no span.
            let answered = match poll!(&mut answering) {
                Poll::Ready(answered) => answered,
                Poll::Pending => answering.instrument(asked.span()).await,
            };
            if !asked.is_read {
                // Nothing is sent again that was looked up before the change.
                worker.state.rendered.note_change();
            }
            let mut response = answered?.map_into_boxed_body();
            if !asked.is_preflight {
                note(&response, &worker.state, asked.id, asked.method, asked.route());
                response = as_problem(response, asked.id);
            }
            if !asked.is_quiet() {
                let seconds = worker.state.clock.now().since(begun).as_secs_f64();
                asked.note(&response, &worker.figures, seconds);
            }
            add_headers(response.headers_mut(), header_value(asked.id), worker.state.sandbox);
            Ok(response)
        })
    }
}

/// What there is to say about a request.
struct Asked {
    id: Uuid,
    method: &'static str,
    matched: Option<Matched>,
    is_read: bool,
    /// What browsers ask before a call: whoever answers that explains itself to the developer of a page, not to a program.
    is_preflight: bool,
}

impl Asked {
    /// Looks the address up, once.
    fn of(request: &ServiceRequest, worker: &Worker) -> Self {
        let matched = find(path(request.request()));
        let matched = matched.map(|number| Matched { number, pattern: addresses()[number].path() });
        if let Some(matched) = matched {
            request.extensions_mut().insert(matched);
        }
        let method = request.method();
        let asks_first = || request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        Self {
            id: worker.ids.next(),
            method: name(method),
            matched,
            is_read: [Method::GET, Method::HEAD].contains(method),
            is_preflight: method == Method::OPTIONS && worker.state.origins.are_some() && asks_first(),
        }
    }

    /// Whether it leaves neither a figure nor a line in the log.
    fn is_quiet(&self) -> bool {
        self.is_preflight || self.matched.is_some_and(|matched| addresses()[matched.number].is_polled())
    }

    fn route(&self) -> &'static str {
        self.matched.map_or("none", |matched| matched.pattern)
    }

    /// For whatever is logged while the request is worked for.
    fn span(&self) -> Span {
        tracing::info_span!("request", method = self.method, route = self.route(), id = %self.id)
    }

    /// Method, route and status: no address, agent or query, which may say who somebody is. The route is the pattern: a
    /// figure for every id would never end.
    fn note(&self, response: &ServiceResponse, figures: &Figures, seconds: f64) {
        let status = response.status().as_u16();
        let route = if let Some(Matched { number, pattern }) = self.matched {
            figures.count(number, pattern, self.method, status, seconds);
            Cow::Borrowed(pattern)
        } else {
            let route = response.request().match_pattern().map_or("none".into(), Cow::Owned);
            Figure::new(route.clone(), self.method, status).count(seconds);
            route
        };
        if response.status().is_server_error() {
            tracing::warn!(method = self.method, route = &*route, id = %self.id, status, "not answered as it should be");
        } else {
            tracing::debug!(method = self.method, route = &*route, id = %self.id, status, "answered");
        }
    }
}

/// A client may make up methods; figures of them would never end either.
fn name(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 6] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}
