//! The check in front of the booking routes: whoever has not been admitted by the waiting room does not get past it.

use crate::WebState;
use crate::extract::{HEADER, Id, PASS, claims, once};
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::web::Data;
use frontrow_application::waiting_room::{BookingCall, Caller};
use frontrow_domain::{CommandKey, UserId};

/// Lets everybody through who has what the core asks for before that call of a buyer.
pub(crate) async fn check_pass(call: BookingCall, request: &HttpRequest) -> Result<(), Problem> {
    let Some(state) = request.app_data::<Data<WebState>>() else { return Ok(()) };
    // What is no id is refused by whoever reads it.
    let Ok(id) = Id::of(request) else { return Ok(()) };
    let user = claims(request).map(|claims| claims.user);
    let key = user.and_then(|user| key(request, user));
    let caller = Caller { user, pass: once(request.headers(), PASS), key: key.as_ref() };
    Ok(state.use_cases.pass_check.before(call, id, caller).await?)
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
    use frontrow_application::waiting_room::PassRequired;

    fn pass(method: &Method, path: &str) -> PassRequired {
        let address = addresses().iter().find(|address| address.path() == path).unwrap();
        address.position(method).map_or(PassRequired::Never, |place| address.endpoints()[place].pass())
    }

    #[test]
    fn a_route_says_which_call_it_is() {
        assert_eq!(pass(&Method::POST, "/v1/performances/{id}/reservations"), PassRequired::WaitingRoom);
        assert_eq!(pass(&Method::DELETE, "/v1/reservations/{id}"), PassRequired::StrictReservation);
        assert_eq!(pass(&Method::HEAD, "/v1/performances/{id}/availability"), PassRequired::WaitingRoom);
        assert_eq!(pass(&Method::GET, "/v1/reservations/{id}"), PassRequired::Never);
        assert_eq!(pass(&Method::GET, "/v1/performances/{id}/prices"), PassRequired::Strict);
        assert_eq!(pass(&Method::PUT, "/v1/performances/{id}"), PassRequired::Never);
    }
}
