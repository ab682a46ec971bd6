//! How long a request may take, and that whoever looks after a change sees it.

use crate::WebState;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use frontrow_application::deadline::{COMMAND, READ, within};

/// Sets the request's deadline for all ports: shorter for reads than for changes. After a change nothing is sent again
/// that was looked up before it.
pub(crate) async fn timely<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return within(READ, next.call(request)).await;
    }
    let state = request.app_data::<Data<WebState>>().cloned();
    let answered = within(COMMAND, next.call(request)).await;
    if let Some(state) = state {
        state.rendered.note_change();
    }
    answered
}
