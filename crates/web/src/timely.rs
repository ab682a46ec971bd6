//! How long a request may take.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use frontrow_application::deadline::{COMMAND, READ, within};

/// Sets the request's deadline for all ports: shorter for reads than for changes.
pub(crate) async fn timely<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    within(if reads { READ } else { COMMAND }, next.call(request)).await
}
