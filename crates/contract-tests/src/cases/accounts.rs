//! Accounts.

use crate::Failure;
use crate::context::TestContext;
use frontrow_application::port::{Credentials, StoreError};
use frontrow_domain::{Email, Role, UserId, testing};
use std::sync::Arc;

fn credentials(context: &TestContext, email: &str, role: Role) -> Result<Credentials, Failure> {
    let name: String = "Ωé漢🎫".chars().cycle().take(100).collect();
    let user = testing::user().id(UserId::new(context.id())).email(email.parse()?).name(name).role(role).build();
    Ok(Credentials { user, password_hash: "h".repeat(255) })
}

pub(super) async fn an_email_address_has_one_account(context: Arc<TestContext>) -> Result<(), Failure> {
    let accounts = &context.accounts()?.accounts;
    let racing = (0..16).map(|_| {
        let (accounts, now) = (Arc::clone(accounts), context.now());
        let credentials = credentials(&context, "kim@example.org", Role::Customer);
        async move {
            let credentials = credentials?;
            Ok(accounts.add(&credentials, now).await.map(|()| credentials))
        }
    });
    let mut added = Vec::new();
    for answer in context.together(racing).await? {
        match answer {
            Ok(credentials) => added.push(credentials),
            Err(error) => ensure_eq!(error, StoreError::Stale),
        }
    }
    ensure_eq!(added.len(), 1, "accounts");
    ensure_eq!(accounts.by_email(&"kim@example.org".parse()?).await?, added.pop());
    Ok(())
}

/// However it is typed: taken apart or composed, in capitals, with its domain in Unicode or in ASCII.
pub(super) async fn a_mailbox_has_one_account(context: Arc<TestContext>) -> Result<(), Failure> {
    let accounts = &context.accounts()?.accounts;
    let first = credentials(&context, "jos\u{e9}@b\u{fc}cher.example", Role::Customer)?;
    accounts.add(&first, context.now()).await?;
    for typed in
        ["jose\u{301}@bu\u{308}cher.example", "JOS\u{c9}@B\u{dc}CHER.EXAMPLE", "Jos\u{e9}@xn--bcher-kva.example"]
    {
        let again = credentials(&context, typed, Role::Customer)?;
        ensure_eq!(accounts.add(&again, context.now()).await, Err(StoreError::Stale), "{typed}");
        ensure_eq!(accounts.by_email(&typed.parse()?).await?, Some(first.clone()), "{typed}");
    }
    Ok(())
}

pub(super) async fn an_account_is_kept_as_it_was(context: Arc<TestContext>) -> Result<(), Failure> {
    let accounts = &context.accounts()?.accounts;
    let labels = ["d".repeat(63), "d".repeat(63), "d".repeat(Email::MAX - 64 - 13 - 128)].join(".");
    let longest = format!("{}@{labels}.example.org", "é".repeat(64));
    // The last three are one address to some collations, and three mailboxes.
    for (email, role) in [
        (longest.as_str(), Role::Operator),
        ("o'hara+%_@example.org", Role::Customer),
        ("straße@example.org", Role::Customer),
        ("strasse@example.org", Role::Customer),
        ("stráße@example.org", Role::Customer),
    ] {
        let credentials = credentials(&context, email, role)?;
        ensure_eq!(accounts.by_email(&credentials.user.email).await?, None);
        ensure_eq!(accounts.user(credentials.user.id).await?, None);
        accounts.add(&credentials, context.now()).await?;
        ensure_eq!(accounts.by_email(&credentials.user.email).await?, Some(credentials.clone()));
        ensure_eq!(accounts.user(credentials.user.id).await?, Some(credentials.user));
    }
    Ok(())
}
