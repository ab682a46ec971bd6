//! The interceptor in front of the booking routes: who has not been admitted by the waiting room does not get past it.

use crate::WebState;
use crate::extract::{HEADER, PASS, claims, once};
use crate::problem::Problem;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, ResponseError};
use frontrow_application::waiting_room::{Asks, Visitor};
use frontrow_domain::{CommandKey, PerformanceId, ReservationId, UserId};
use uuid::Uuid;

/// What a route asks for before it is reached, if the sale has a waiting room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A pass.
    Pass,
    /// A reservation of one's own; and a pass, if its sale is strict.
    PassOrReservation,
    /// A pass, if the sale is strict.
    PassIfStrict,
    /// Nothing.
    None,
}

/// Every booking route and what it asks for; what is not listed asks for nothing.
pub const PROOFS: &[(Method, &str, Proof)] = &[
    (Method::GET, "/v1/performances/{id}/availability", Proof::Pass),
    (Method::GET, "/v1/performances/{id}/seats", Proof::Pass),
    (Method::POST, "/v1/performances/{id}/reservations", Proof::Pass),
    (Method::GET, "/v1/performances/{id}", Proof::PassIfStrict),
    (Method::GET, "/v1/performances/{id}/prices", Proof::PassIfStrict),
    (Method::GET, "/v1/performances/{id}/seat-map/{version}", Proof::PassIfStrict),
    (Method::DELETE, "/v1/reservations/{id}", Proof::PassOrReservation),
    (Method::POST, "/v1/reservations/{id}/payment", Proof::PassOrReservation),
    (Method::GET, "/v1/reservations", Proof::None),
    (Method::GET, "/v1/reservations/{id}", Proof::None),
    (Method::POST, "/v1/reservations/{id}/cancellation", Proof::None),
    (Method::GET, "/v1/reservations/{id}/tickets", Proof::None),
    (Method::GET, "/v1/wallet", Proof::None),
];

/// Lets through who has what the route asks for.
pub(crate) async fn intercept(
    pattern: &'static str,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let proof = proof(request.method(), pattern);
    if proof != Proof::None
        && let Err(problem) = check(request.request(), proof).await
    {
        return Ok(request.into_response(problem.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// What a route asks for.
pub fn proof(method: &Method, pattern: &str) -> Proof {
    // Who asks only for the head of an answer learns from it, too.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let listed = PROOFS.iter().find(|(m, p, _)| m == method && *p == pattern);
    listed.map_or(Proof::None, |(.., proof)| *proof)
}

async fn check(request: &HttpRequest, proof: Proof) -> Result<(), Problem> {
    let Some(state) = request.app_data::<Data<WebState>>() else { return Ok(()) };
    // What is no id is refused by whoever reads it.
    let Ok(id) = request.match_info().query("id").parse::<Uuid>() else { return Ok(()) };
    let user = claims(request).map(|claims| claims.user);
    let key = user.and_then(|user| key(request, user));
    let visitor = Visitor { user, pass: once(request.headers(), PASS), key: key.as_ref() };
    let gate = &state.use_cases.gate;
    match proof {
        Proof::Pass => gate.performance(PerformanceId::new(id), Asks::WaitingRoom, visitor).await?,
        Proof::PassIfStrict => gate.performance(PerformanceId::new(id), Asks::Strict, visitor).await?,
        Proof::PassOrReservation => gate.reservation(ReservationId::new(id), visitor).await?,
        Proof::None => {}
    }
    Ok(())
}

/// What the request is called, if it is one whose repetition is answered as before. Whoever reads has no use for that, and
/// must not get in by it.
fn key(request: &HttpRequest, user: UserId) -> Option<CommandKey> {
    let name = once(request.headers(), HEADER).filter(|_| request.method() == Method::POST)?;
    CommandKey::new(user, name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_a_route_asks_for() {
        assert_eq!(proof(&Method::POST, "/v1/performances/{id}/reservations"), Proof::Pass);
        assert_eq!(proof(&Method::DELETE, "/v1/reservations/{id}"), Proof::PassOrReservation);
        assert_eq!(proof(&Method::HEAD, "/v1/performances/{id}/availability"), Proof::Pass);
        assert_eq!(proof(&Method::GET, "/v1/reservations/{id}"), Proof::None);
        assert_eq!(proof(&Method::GET, "/v1/performances/{id}/prices"), Proof::PassIfStrict);
        assert_eq!(proof(&Method::PUT, "/v1/performances/{id}"), Proof::None);
    }
}
