//! Accounts.

use super::sessions::begins;
use crate::Failure;
use crate::context::TestContext;
use frontrow_application::port::{Credentials, EndedSession, Ending, PasswordChange, SessionStart, StoreError};
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

/// From the hash that is known to that one, ending those sessions.
fn change(context: &TestContext, known: &Credentials, hash: &str, ending: Option<Ending>) -> PasswordChange {
    PasswordChange {
        user: known.user.id,
        known: known.password_hash.clone(),
        hash: hash.to_owned(),
        ending,
        now: context.now(),
    }
}

pub(super) async fn a_password_is_changed_where_it_is_the_known_one(context: Arc<TestContext>) -> Result<(), Failure> {
    let ports = context.accounts()?;
    let kim = credentials(&context, "kim@example.org", Role::Customer)?;
    let lee = credentials(&context, "lee@example.org", Role::Customer)?;
    let nobody = change(&context, &kim, "new", Some(Ending::All));
    ensure_eq!(ports.accounts.change_password(&nobody).await, Err(StoreError::Stale), "there is no account");
    for account in [&kim, &lee] {
        ports.accounts.add(account, context.now()).await?;
    }
    let (here, there) = (begins(&context, kim.user.id, 1), begins(&context, kim.user.id, 2));
    for start in [&here, &there, &begins(&context, lee.user.id, 3)] {
        ports.sessions.start(start).await?;
    }
    let anew = change(&context, &kim, "anew", None);
    ensure_eq!(ports.accounts.change_password(&anew).await?, [], "the same password, hashed anew");
    ensure_eq!(ports.accounts.change_password(&anew).await, Err(StoreError::Stale), "the hash is another one");
    let kim = Credentials { password_hash: "anew".into(), ..kim };
    ensure_eq!(ports.accounts.by_email(&kim.user.email).await?, Some(kim.clone()));
    ensure_eq!(ports.sessions.sessions_of(kim.user.id, context.now()).await?.len(), 2);
    let other = change(&context, &kim, "other", Some(Ending::AllBut(here.session.id)));
    let (session, at, access_until) = (there.session.id, context.now(), there.session.access_until);
    ensure_eq!(ports.accounts.change_password(&other).await?, [EndedSession { session, at, access_until }]);
    ensure_eq!(ports.sessions.sessions_of(kim.user.id, context.now()).await?, [here.session]);
    ensure_eq!(ports.accounts.by_email(&lee.user.email).await?, Some(lee.clone()), "somebody else's stays");
    ensure_eq!(ports.sessions.sessions_of(lee.user.id, context.now()).await?.len(), 1);
    Ok(())
}

pub(super) async fn of_changes_of_a_password_at_once_one_is_made(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = credentials(&context, "kim@example.org", Role::Customer)?;
    context.accounts()?.accounts.add(&kim, context.now()).await?;
    let racing = (0..16).map(|n| {
        let (context, change) = (Arc::clone(&context), change(&context, &kim, &format!("new {n}"), None));
        async move { Ok((change.hash.clone(), context.accounts()?.accounts.change_password(&change).await)) }
    });
    let mut made = Vec::new();
    for (hash, answer) in context.together(racing).await? {
        match answer {
            Ok(_) => made.push(hash),
            Err(error) => ensure_eq!(error, StoreError::Stale),
        }
    }
    ensure_eq!(made.len(), 1, "changes");
    let found = context.accounts()?.accounts.by_email(&kim.user.email).await?;
    ensure_eq!(found.map(|found| found.password_hash), made.pop());
    Ok(())
}

/// Whoever has compared the old password before the change has no session after it.
pub(super) async fn a_log_in_beside_a_changed_password_does_not_outlive_it(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let kim = credentials(&context, "kim@example.org", Role::Customer)?;
    context.accounts()?.accounts.add(&kim, context.now()).await?;
    let racing = (0..12).map(|n: u8| {
        let (context, kim) = (Arc::clone(&context), kim.clone());
        async move {
            let ports = context.accounts()?;
            if n == 5 {
                let change = change(&context, &kim, "new", Some(Ending::All));
                ports.accounts.change_password(&change).await?;
                return Ok(());
            }
            let start = begins(&context, kim.user.id, n);
            let start = SessionStart { password_hash: Some(kim.password_hash), ..start };
            match ports.sessions.start(&start).await {
                Ok(_) | Err(StoreError::Stale) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }
    });
    context.together(racing).await?;
    ensure_eq!(context.accounts()?.sessions.sessions_of(kim.user.id, context.now()).await?, []);
    Ok(())
}
