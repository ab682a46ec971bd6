//! Accounts and sessions.

use super::common::text;
use super::forms::{EmailAddress, NewPassword, TypedPassword, UserName};
use frontrow_application::{InvalidPassword, LoggedIn, Password};
use frontrow_domain::{Email, User, composed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

/// What somebody signs up with.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "kim@example.com", "password": "correct horse battery", "name": "Kim"}))]
pub struct NewUser {
    /// Email address to log in with.
    #[validate(custom(function = email))]
    #[schema(value_type = EmailAddress)]
    pub email: String,
    /// Password to log in with: no control or invisible characters, none that many people choose, and nothing of one's own name
    /// or email address; counted and compared however it is typed (RFC 8265).
    #[validate(custom(function = new_password))]
    #[schema(value_type = NewPassword)]
    pub password: String,
    /// Name to call the user by.
    #[validate(custom(function = name))]
    #[schema(value_type = UserName)]
    pub name: String,
}

/// Another password.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery", "password": "staple battery horse"}))]
pub struct PasswordBody {
    /// The account's password until now.
    #[validate(custom(function = typed_password))]
    #[schema(value_type = TypedPassword)]
    pub current_password: String,
    /// Password to log in with from now on: no control or invisible characters, none that many people choose, and nothing of
    /// one's own name or email address; counted and compared however it is typed (RFC 8265).
    #[validate(custom(function = new_password))]
    #[schema(value_type = NewPassword)]
    pub password: String,
}

/// What somebody logs in with.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "kim@example.com", "password": "correct horse battery"}))]
pub struct NewSession {
    /// Email address that was given at the sign-up.
    #[validate(custom(function = email))]
    #[schema(value_type = EmailAddress)]
    pub email: String,
    /// Password that was given at the sign-up.
    #[validate(custom(function = typed_password))]
    #[schema(value_type = TypedPassword)]
    pub password: String,
}

/// What somebody stays logged in with.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "5f1c0a7b9d3e4c2b8a6f5e4d3c2b1a0f5f1c0a7b9d3e4c2b8a6f5e4d3c2b1a0f"}))]
pub struct RefreshRequest {
    /// Refresh token of the last answer.
    #[validate(length(min = 1, max = 128, message = "characters"))]
    #[schema(min_length = 1, max_length = 128)]
    pub refresh_token: String,
}

/// An account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "email": "kim@example.com", "name": "Kim"}))]
pub struct UserDto {
    /// Id of the user; it never changes.
    pub id: Uuid,
    /// Email address in the one form that Frontrow keeps: composed (NFC), in small letters, the domain in ASCII.
    pub email: String,
    /// Name to call the user by.
    pub name: String,
}

impl From<User> for UserDto {
    fn from(user: User) -> Self {
        Self { id: user.id.uuid(), email: user.email.as_str().to_owned(), name: user.name }
    }
}

/// How an access token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum TokenTypeDto {
    /// In the header `Authorization: Bearer …`.
    Bearer,
}

/// The tokens of somebody who is logged in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"access_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 900,
    "refresh_token": "5f1c0a7b9d3e4c2b8a6f5e4d3c2b1a0f5f1c0a7b9d3e4c2b8a6f5e4d3c2b1a0f"}))]
pub struct SessionDto {
    /// Access token, for the header `Authorization: Bearer …`.
    pub access_token: String,
    /// Type of the access token.
    pub token_type: TokenTypeDto,
    /// How long the access token is good, in seconds.
    pub expires_in: u64,
    /// Refresh token, to be exchanged for the next tokens, once.
    pub refresh_token: String,
}

impl From<LoggedIn> for SessionDto {
    fn from(logged_in: LoggedIn) -> Self {
        Self {
            access_token: logged_in.access_token,
            token_type: TokenTypeDto::Bearer,
            expires_in: logged_in.expires_in.as_secs(),
            refresh_token: logged_in.refresh_token,
        }
    }
}

fn email(text: &str) -> Result<(), ValidationError> {
    text.parse::<Email>()
        .map(drop)
        .map_err(|error| ValidationError::new("email").with_message(error.to_string().into()))
}

fn name(name: &str) -> Result<(), ValidationError> {
    text(name, User::LONGEST_NAME)
}

fn new_password(text: &str) -> Result<(), ValidationError> {
    Password::new(text)
        .map(drop)
        .map_err(|flaw| ValidationError::new(password_flaw(flaw)).with_message(flaw.to_string().into()))
}

/// The stable word for what is wrong with a password.
pub const fn password_flaw(flaw: InvalidPassword) -> &'static str {
    match flaw {
        InvalidPassword::Length => "length",
        InvalidPassword::Characters => "text",
        InvalidPassword::Common => "common",
    }
}

/// Counted as it is compared, whatever keyboard it comes from.
fn typed_password(text: &str) -> Result<(), ValidationError> {
    let fine = (1..=Password::LONGEST).contains(&composed(text).chars().count());
    let detail = || format!("1 to {} characters", Password::LONGEST);
    if fine { Ok(()) } else { Err(ValidationError::new("length").with_message(detail().into())) }
}
