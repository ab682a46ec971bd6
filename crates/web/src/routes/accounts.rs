//! Signing up, and choosing another password.

use super::Endpoint;
use crate::WebState;
use crate::dto::{NewUser, PasswordBody, UserDto, password_flaw};
use crate::extract::{Body, Caller, OptionalKey};
use crate::limits::check_email;
use crate::problem::{Kind, Problem};
use crate::security_log::about;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use frontrow_application::port::Limit;
use frontrow_application::{ChangePasswordRequest, Password, SignUpRequest};
use frontrow_domain::Email;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(sign_up, __path_sign_up).limited(Limit::SignUp).refuses(&[&[Kind::EmailTaken]]),
        Endpoint::new(change_password, __path_change_password).limited(Limit::LogIn),
    ]
}

fn new_password(text: String) -> Result<Password, Problem> {
    Password::new(text).map_err(|flaw| Problem::field("/password", password_flaw(flaw), flaw.to_string()))
}

/// Sign up.
///
/// Makes an account with an empty wallet. The e-mail address is kept in one form, so that one mailbox has one account.
/// Signing up doesn't log in: that is the next call.
/// With the header `Idempotency-Key` a sign-up whose answer was lost can be repeated: the same request with the same key is
/// answered with the same account.
///
/// Where addresses have to be verified, the answer is 202, whether or not the address has an account: its owner finds a mail.
#[utoipa::path(post, path = "/v1/users", tag = "accounts", request_body = NewUser,
    responses((status = 201, description = "The account.", body = UserDto),
        (status = 202, description = "A mail is on its way: log in, and verify the address with its code.")))]
async fn sign_up(
    state: Data<WebState>,
    http: HttpRequest,
    OptionalKey(key): OptionalKey,
    Body(body): Body<NewUser>,
) -> Result<HttpResponse, Problem> {
    let NewUser { email: address, password, name } = body;
    let email = address.parse::<Email>().map_err(|error| Problem::field("/email", "email", error.to_string()))?;
    about(&http, &email);
    let password = new_password(password)?;
    let sign_up = &state.use_cases.sign_up_by_mail;
    if sign_up.sends_mail() {
        check_email(&state, Limit::Mail, &email).await?;
    }
    let request = SignUpRequest { email, password, name };
    Ok(match sign_up.run(request, key.as_deref()).await? {
        Some(user) => HttpResponse::Created().json(UserDto::from(user)),
        None => HttpResponse::Accepted().finish(),
    })
}

/// Change one's password.
///
/// Ends all other sessions of the account; this one goes on. If the answer got lost, the same request can be sent again.
#[utoipa::path(put, path = "/v1/users/me/password", operation_id = "change_password", tag = "accounts", request_body = PasswordBody,
    responses((status = 204, description = "The password is changed.")))]
async fn change_password(
    state: Data<WebState>,
    caller: Caller,
    Body(body): Body<PasswordBody>,
) -> Result<HttpResponse, Problem> {
    let new = new_password(body.password)?;
    let (user, session) = (caller.user(), caller.0.session);
    let request = ChangePasswordRequest { user, session, current: body.current_password, new };
    state.use_cases.change_password.run(request).await?;
    Ok(HttpResponse::NoContent().finish())
}
