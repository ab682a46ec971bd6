//! The demo's users.

use anyhow::{Context, Result};
use frontrow_adapters::sha256;
use frontrow_application::port::IdSource;
use frontrow_application::{AddOperator, ChargeWalletRequest, Password, RequestKey, SignUpRequest, UseCases};
use frontrow_domain::{PaymentState, Points, Role, UserId};
use std::fmt;

/// A demo user; their password is told once and kept nowhere.
pub struct Person {
    role: Role,
    email: &'static str,
    password: String,
    points: i64,
}

/// Everybody, with new passwords.
pub fn everybody(ids: &dyn IdSource) -> Vec<Person> {
    let person = |role, email, points| {
        let password = hex::encode(&ids.secret()[..8]);
        Person { role, email, password, points }
    };
    vec![
        person(Role::Operator, "operator@example.com", 0),
        person(Role::Customer, "kim@example.com", 1_000_000),
        person(Role::Customer, "lee@example.com", 1_000_000),
        person(Role::Customer, "park@example.com", 100_000),
    ]
}

impl Person {
    /// Signs up, and charges the wallet.
    pub async fn arrive(&self, use_cases: &UseCases) -> Result<()> {
        let (name, _) = self.email.split_once('@').unwrap_or((self.email, ""));
        let password = Password::new(self.password.as_str())?;
        let request = SignUpRequest { email: self.email.parse()?, password, name: name.to_owned() };
        let user = match self.role {
            Role::Customer => use_cases.sign_up.run(request).await?,
            Role::Operator => AddOperator(use_cases.sign_up.clone()).run(request).await?,
        };
        if self.points > 0 { self.charge(use_cases, user.id).await } else { Ok(()) }
    }

    async fn charge(&self, use_cases: &UseCases, user: UserId) -> Result<()> {
        let request = ChargeWalletRequest {
            amount: Points::new(self.points)?,
            payment_token: "tok_accept".to_owned(),
            request: RequestKey::new(user, "demo", "charge", self.email.as_bytes(), sha256)?,
        };
        let payment = use_cases.booking.charge.run(request).await?;
        let charged = (payment.state == PaymentState::Succeeded).then_some(());
        charged.context("the sandbox gateway did not accept a demo charge")
    }
}

/// `role  email  password`, as the README's tour reads it.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Operator => "operator",
            Role::Customer => "customer",
        };
        write!(f, "{role:<10}{:<24}{}", self.email, self.password)
    }
}
