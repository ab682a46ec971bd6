//! Thousands of accounts, made in the database itself: passwords take 30 ms each, on purpose.

use anyhow::Result;
use frontrow_application::port::{AccessClaims, Credentials};
use frontrow_domain::{
    Charge, Command, CommandKey, Operation, PaymentId, Points, Role, SessionId, Settle, Settlement, TransferId, UserId,
    testing,
};
use frontrow_server::application::Application;
use futures::stream::{StreamExt, TryStreamExt, iter};
use std::time::Duration;

/// Transactions at once: not more than the store takes.
const AT_ONCE: usize = 64;
/// Longer than anything here.
const LIFETIME: Duration = Duration::from_hours(12);

/// Somebody who is logged in and has points.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their access token.
    pub access: String,
}

/// Makes so many people with so many points, all with the same password's hash.
pub async fn settle(application: &Application, password_hash: &str, count: usize, points: i64) -> Result<Vec<Person>> {
    let settled = iter(0..count).map(|_| one(application, password_hash, points)).buffer_unordered(AT_ONCE);
    settled.try_collect().await
}

async fn one(application: &Application, password_hash: &str, points: i64) -> Result<Person> {
    let ports = &application.ports;
    let user = UserId::new(ports.ids.id());
    let email = format!("{}@example.com", user.uuid().simple()).parse()?;
    let user = testing::user().id(user).email(email).build();
    let (id, password_hash) = (user.id, password_hash.to_owned());
    ports.accounts.add(&Credentials { user, password_hash }, ports.clock.now()).await?;
    fill(application, id, Points::new(points)?).await?;
    let session = SessionId::new(ports.ids.id());
    let claims = AccessClaims { user: id, role: Role::Customer, session, expires: ports.clock.now() + LIFETIME };
    Ok(Person { access: ports.tokens.issue(&claims) })
}

async fn fill(application: &Application, user: UserId, amount: Points) -> Result<()> {
    let (store, ids) = (&application.ports.store, &application.ports.ids);
    let payment = PaymentId::new(ids.id());
    let charge = Charge { payment, user, amount, provider: "sandbox".to_owned() };
    store.execute(Command::keyed(CommandKey::new(user, "fill")?, [0; 32], Operation::Charge(charge))).await?;
    let settlement = Settlement::Accepted { provider_ref: ids.id().to_string() };
    let settle = Settle { payment, user, settlement, transfer: TransferId::new(ids.id()) };
    store.execute(Command::unkeyed(Operation::Settle(settle))).await?;
    Ok(())
}
