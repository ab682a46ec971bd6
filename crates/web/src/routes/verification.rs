//! Verified e-mail addresses.

use super::Endpoint;
use crate::WebState;
use crate::dto::MailCodeBody;
use crate::extract::{Body, Caller};
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::web::Data;
use frontrow_application::port::Limit;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(ask, __path_ask).limited(Limit::Mail).refuses(&[&[Kind::NoMailer, Kind::NotFound]]),
        Endpoint::new(verify, __path_verify).refuses(&[&[Kind::CodeWrong, Kind::NotFound]]),
    ]
}

/// Ask for a code that verifies one's address.
///
/// It comes by mail, is good for 15 minutes, and takes the place of the one before. Whoever asks several times within a
/// minute gets one mail. Signing up sends the first one by itself.
#[utoipa::path(post, path = "/v1/users/me/email-verification", operation_id = "ask_for_verification", tag = "accounts",
    responses((status = 202, description = "A mail is on its way."),
        (status = 204, description = "The address is verified already: there is no mail.")))]
async fn ask(state: Data<WebState>, caller: Caller) -> Result<HttpResponse, Problem> {
    let is_promised = state.use_cases.ask_for_verification.run(caller.user()).await?;
    let mut response = if is_promised { HttpResponse::Accepted() } else { HttpResponse::NoContent() };
    Ok(response.finish())
}

/// Verify one's address.
///
/// With the code from the newest mail. A code can be tried five times; then ask for another. Once the address is verified,
/// any code is fine.
#[utoipa::path(put, path = "/v1/users/me/email-verification", operation_id = "verify_email", tag = "accounts",
    request_body = MailCodeBody, responses((status = 204, description = "The address is verified.")))]
async fn verify(
    state: Data<WebState>,
    caller: Caller,
    Body(body): Body<MailCodeBody>,
) -> Result<HttpResponse, Problem> {
    state.use_cases.verify_email.run(caller.user(), body.code).await?;
    Ok(HttpResponse::NoContent().finish())
}
