//! Forgotten passwords.

use super::Endpoint;
use crate::WebState;
use crate::dto::{NewPasswordReset, PasswordResetConfirmation, password_flaw};
use crate::extract::Body;
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::web::Data;
use frontrow_application::{NewPasswordRequest, Password};
use frontrow_domain::Email;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(ask, __path_ask).refuses(&[&[Kind::NoMailer]]),
        Endpoint::new(confirm, __path_confirm).refuses(&[&[Kind::CodeWrong]]),
    ]
}

fn email(text: &str) -> Result<Email, Problem> {
    text.parse::<Email>().map_err(|error| Problem::field("/email", "email", error.to_string()))
}

/// Ask for a code for a new password.
///
/// The answer is the same whether or not the address has an account. If it has, a mail with a code is on its way; it is good
/// for 15 minutes. Whoever asks several times within a minute gets one mail.
#[utoipa::path(post, path = "/v1/password-resets", operation_id = "ask_for_password_reset", tag = "accounts",
    request_body = NewPasswordReset,
    responses((status = 202, description = "If the address has an account, a mail is on its way.")))]
async fn ask(state: Data<WebState>, Body(body): Body<NewPasswordReset>) -> Result<HttpResponse, Problem> {
    state.use_cases.ask_for_password_reset.run(&email(&body.email)?).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Set a new password with the code.
///
/// From the newest mail; a code can be tried five times. Every session of the account ends, so log in afterwards. The
/// address counts as verified by this.
#[utoipa::path(post, path = "/v1/password-resets/confirmation", operation_id = "reset_password", tag = "accounts",
    request_body = PasswordResetConfirmation,
    responses((status = 204, description = "The new password is good, and all sessions have ended.")))]
async fn confirm(state: Data<WebState>, Body(body): Body<PasswordResetConfirmation>) -> Result<HttpResponse, Problem> {
    let PasswordResetConfirmation { email: address, code, password } = body;
    let email = email(&address)?;
    let password =
        Password::new(password).map_err(|flaw| Problem::field("/password", password_flaw(flaw), flaw.to_string()))?;
    state.use_cases.reset_password.run(NewPasswordRequest { email, code, password }).await?;
    Ok(HttpResponse::NoContent().finish())
}
