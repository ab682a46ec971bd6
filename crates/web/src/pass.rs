//! The middleware in front of the booking routes, where the waiting room's pass will be checked.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;

/// What this version does with passes; said at start-up.
pub const NOTICE: &str =
    "there is no waiting room in this version: the interceptor in front of the booking routes lets everyone through";

/// What a route asks for before it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An admission to the sale.
    Pass,
    /// An admission to the sale, or a reservation of one's own.
    PassOrReservation,
    /// Nothing.
    None,
}

/// Every booking route and what it asks for; what is not listed asks for nothing.
pub const PROOFS: &[(Method, &str, Proof)] = &[
    (Method::GET, "/v1/performances/{id}/availability", Proof::Pass),
    (Method::GET, "/v1/performances/{id}/seats", Proof::Pass),
    (Method::POST, "/v1/performances/{id}/reservations", Proof::Pass),
    (Method::DELETE, "/v1/reservations/{id}", Proof::PassOrReservation),
    (Method::POST, "/v1/reservations/{id}/payment", Proof::PassOrReservation),
];

/// Lets everyone through, whatever the route asks for.
pub(crate) async fn intercept(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let pattern = request.match_pattern().unwrap_or_default();
    let proof = proof(request.method(), &pattern);
    tracing::trace!(?proof, "let through");
    next.call(request).await
}

fn proof(method: &Method, pattern: &str) -> Proof {
    // Who asks only for the head of an answer learns from it, too.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let listed = PROOFS.iter().find(|(m, p, _)| m == method && *p == pattern);
    listed.map_or(Proof::None, |(.., proof)| *proof)
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
        assert_eq!(proof(&Method::GET, "/v1/performances/{id}/prices"), Proof::None);
    }
}
