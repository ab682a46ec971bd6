//! The interceptor in front of the booking routes: whoever has not been admitted by the waiting room does not get past
//! it.

use crate::WebState;
use crate::extract::{HEADER, PASS, claims, once};
use crate::problem::Problem;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, ResponseError};
use frontrow_application::waiting_room::{Caller, PassRequired};
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

/// Lets everybody through who has what the route asks for.
pub(crate) async fn intercept(
    proof: Proof,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if proof != Proof::None
        && let Err(problem) = check(request.request(), proof).await
    {
        return Ok(request.into_response(problem.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn check(request: &HttpRequest, proof: Proof) -> Result<(), Problem> {
    let Some(state) = request.app_data::<Data<WebState>>() else { return Ok(()) };
    // What is no id is refused by whoever reads it.
    let Ok(id) = request.match_info().query("id").parse::<Uuid>() else { return Ok(()) };
    let user = claims(request).map(|claims| claims.user);
    let key = user.and_then(|user| key(request, user));
    let caller = Caller { user, pass: once(request.headers(), PASS), key: key.as_ref() };
    let pass_check = &state.use_cases.pass_check;
    match proof {
        Proof::Pass => pass_check.performance(PerformanceId::new(id), PassRequired::WaitingRoom, caller).await?,
        Proof::PassIfStrict => pass_check.performance(PerformanceId::new(id), PassRequired::Strict, caller).await?,
        Proof::PassOrReservation => pass_check.reservation(ReservationId::new(id), caller).await?,
        Proof::None => {}
    }
    Ok(())
}

/// The idempotency key of a POST. A request that was carried out before needs no valid pass; a GET must not get in that
/// way.
fn key(request: &HttpRequest, user: UserId) -> Option<CommandKey> {
    let name = once(request.headers(), HEADER).filter(|_| request.method() == Method::POST)?;
    CommandKey::new(user, name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::addresses;

    fn proof(method: &Method, path: &str) -> Proof {
        let address = addresses().iter().find(|address| address.path() == path).unwrap();
        address.proof(method)
    }

    #[test]
    fn a_route_says_what_it_asks_for() {
        assert_eq!(proof(&Method::POST, "/v1/performances/{id}/reservations"), Proof::Pass);
        assert_eq!(proof(&Method::DELETE, "/v1/reservations/{id}"), Proof::PassOrReservation);
        assert_eq!(proof(&Method::HEAD, "/v1/performances/{id}/availability"), Proof::Pass);
        assert_eq!(proof(&Method::GET, "/v1/reservations/{id}"), Proof::None);
        assert_eq!(proof(&Method::GET, "/v1/performances/{id}/prices"), Proof::PassIfStrict);
        assert_eq!(proof(&Method::PUT, "/v1/performances/{id}"), Proof::None);
    }
}
