//! What whoever watches over the installation wants to know: log-ins, and what was refused to whom. Lines of the log with
//! the target `security`, which name people and networks by pseudonyms.

use crate::WebState;
use crate::extract::{ClientNetwork, claims};
use crate::problem::Problem;
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use frontrow_application::port::Pseudonyms;
use frontrow_domain::{Email, UserId};
use futures::FutureExt;
use uuid::Uuid;

/// What a status means where it means more than a refusal: method, route, status, and what is said.
const EVENTS: &[(&str, &str, StatusCode, &str)] = &[
    ("POST", "/v1/users", StatusCode::CREATED, "signed_up"),
    // Whether the address had an account is said to nobody.
    ("POST", "/v1/users", StatusCode::ACCEPTED, "sign_up_tried"),
    ("POST", "/v1/users/me/email-verification", StatusCode::ACCEPTED, "verification_asked"),
    ("PUT", "/v1/users/me/email-verification", StatusCode::NO_CONTENT, "email_verified"),
    ("PUT", "/v1/users/me/email-verification", StatusCode::CONFLICT, "verification_refused"),
    ("POST", "/v1/sessions", StatusCode::CREATED, "logged_in"),
    ("POST", "/v1/sessions", StatusCode::UNAUTHORIZED, "log_in_failed"),
    ("POST", "/v1/sessions/refresh", StatusCode::UNAUTHORIZED, "refresh_refused"),
    ("DELETE", "/v1/sessions/current", StatusCode::NO_CONTENT, "logged_out"),
    ("DELETE", "/v1/sessions/{id}", StatusCode::NO_CONTENT, "session_ended"),
    ("DELETE", "/v1/sessions", StatusCode::NO_CONTENT, "logged_out_everywhere"),
    ("PUT", "/v1/users/me/password", StatusCode::NO_CONTENT, "password_changed"),
    ("PUT", "/v1/users/me/password", StatusCode::UNAUTHORIZED, "password_change_refused"),
];
/// What is always told.
const REFUSALS: [StatusCode; 3] = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];

/// Whom a request is about, where no access token says it: the pseudonym of an email address.
struct Account(String);

/// Notes whose account the request is about.
pub(crate) fn about(request: &HttpRequest, email: &Email) {
    if let Some(state) = request.app_data::<Data<WebState>>() {
        let account = Account(state.pseudonyms.of("account", email.as_str().as_bytes()));
        request.extensions_mut().insert(account);
    }
}

/// Tells what has happened, if it is of interest.
pub(crate) fn note(response: &ServiceResponse, state: &WebState, id: Uuid, method: &str, route: &str) {
    let status = response.status();
    let event = EVENTS.iter().find(|(at, to, with, _)| (*at, *to, *with) == (method, route, status));
    let event = match event {
        Some((.., event)) => *event,
        None if REFUSALS.contains(&status) => "refused",
        None => return,
    };
    let request = response.request();
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    let problem = problem.map(|problem| problem.kind.slug());
    let person = claims(request).map(|claims| person(&*state.pseudonyms, claims.user));
    let network = network(request, &*state.pseudonyms);
    let extensions = request.extensions();
    let account = extensions.get::<Account>().map(|account| account.0.as_str());
    metrics::counter!("frontrow_security_events_total", "event" => event).increment(1);
    tracing::info!(
        target: "security",
        event,
        status = status.as_u16(),
        problem,
        method,
        route,
        account,
        person = person.as_deref(),
        network = network.as_deref(),
        %id
    );
}

fn person(pseudonyms: &dyn Pseudonyms, user: UserId) -> String {
    pseudonyms.of("person", user.uuid().as_bytes())
}

fn network(request: &HttpRequest, pseudonyms: &dyn Pseudonyms) -> Option<String> {
    let ClientNetwork(network) = ClientNetwork::from_request(request, &mut Payload::None).now_or_never()?.ok()?;
    Some(pseudonyms.of("network", network?.to_string().as_bytes()))
}
