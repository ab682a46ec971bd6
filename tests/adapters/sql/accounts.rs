//! Accounts.

use crate::setup::{NOW, Setup, id, setup};
use frontrow_application::port::{AccountRepository, Credentials, StoreError};
use frontrow_domain::{Role, UserId, testing};

fn kim(n: u128, email: &str, role: Role) -> Credentials {
    let user = testing::user().id(UserId::new(id(n))).email(email.parse().unwrap()).name("김하나").role(role).build();
    Credentials { user, password_hash: "$argon2id$…".into() }
}

async fn add(setup: &Setup, credentials: &Credentials) -> Result<(), StoreError> {
    setup.accounts.add(credentials, NOW).await
}

#[tokio::test]
async fn an_account_comes_back_as_it_was() {
    let setup = setup().await;
    for (n, role) in [(1, Role::Customer), (2, Role::Operator)] {
        let kim = kim(n, &format!("kim{n}@example.com"), role);
        add(&setup, &kim).await.unwrap();
        assert_eq!(setup.accounts.by_email(&kim.user.email).await, Ok(Some(kim.clone())));
        assert_eq!(setup.accounts.user(kim.user.id).await, Ok(Some(kim.user)));
    }
    assert_eq!(setup.accounts.user(UserId::new(id(3))).await, Ok(None));
    assert_eq!(setup.accounts.by_email(&"lee@example.com".parse().unwrap()).await, Ok(None));
}

#[tokio::test]
async fn an_address_has_one_account() {
    let setup = setup().await;
    add(&setup, &kim(1, "kim@example.com", Role::Customer)).await.unwrap();
    assert_eq!(add(&setup, &kim(2, "Kim@Example.com", Role::Operator)).await, Err(StoreError::Stale));
    assert_eq!(setup.count("users").await, 1);
}
