//! Signing up.

use super::Endpoint;
use crate::WebState;
use crate::dto::{NewUser, UserDto, password_flaw};
use crate::extract::{Body, OptionalKey};
use crate::problem::{Kind, Problem};
use actix_web::HttpResponse;
use actix_web::web::Data;
use frontrow_application::{Password, SignUpRequest};
use frontrow_domain::Email;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::new(sign_up, __path_sign_up).refuses(&[&[Kind::EmailTaken]])]
}

/// Sign up.
///
/// Makes an account with an empty wallet. The e-mail address is kept in one form, so that one mailbox has one account.
/// Signing up doesn't log in: that is the next call.
/// With the header `Idempotency-Key` a sign-up whose answer was lost can be repeated: the same request with the same key is
/// answered with the same account.
#[utoipa::path(post, path = "/v1/users", tag = "accounts", request_body = NewUser,
    responses((status = 201, description = "The account.", body = UserDto)))]
async fn sign_up(
    state: Data<WebState>,
    OptionalKey(key): OptionalKey,
    Body(body): Body<NewUser>,
) -> Result<HttpResponse, Problem> {
    let NewUser { email: address, password, name } = body;
    let email = address.parse::<Email>().map_err(|error| Problem::field("/email", "email", error.to_string()))?;
    let password =
        Password::new(password).map_err(|flaw| Problem::field("/password", password_flaw(flaw), flaw.to_string()))?;
    let request = SignUpRequest { email, password, name };
    let sign_up = &state.use_cases.sign_up;
    let user = match key {
        Some(key) => sign_up.run_with_key(request, &key).await?,
        None => sign_up.run(request).await?,
    };
    Ok(HttpResponse::Created().json(UserDto::from(user)))
}
