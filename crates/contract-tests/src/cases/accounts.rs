//! Accounts and log-ins.

use crate::Failure;
use crate::context::TestContext;
use frontrow_application::port::{Credentials, Rotated, StoreError};
use frontrow_domain::{Email, Instant, REUSE_GRACE, RefreshToken, Role, SessionId, UserId, testing};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const LIFETIME: Duration = Duration::from_hours(24);

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

/// The first token of a new session, kept.
async fn log_in(context: &TestContext, hash: u8) -> Result<RefreshToken, Failure> {
    let session = SessionId::new(context.id());
    let expires = context.now() + LIFETIME;
    let token = RefreshToken { hash: [hash; 32], session, user: context.user(0), expires, replaced: None };
    context.accounts()?.sessions.start(&token).await?;
    Ok(token)
}

async fn show(context: &TestContext, shown: u8, new: u8, now: Instant) -> Result<Rotated, Failure> {
    Ok(context.accounts()?.sessions.rotate([shown; 32], [new; 32], now + LIFETIME, now).await?)
}

fn issued(parent: &RefreshToken, hash: u8, now: Instant) -> Rotated {
    Rotated::Issued(RefreshToken { hash: [hash; 32], expires: now + LIFETIME, replaced: None, ..parent.clone() })
}

pub(super) async fn a_refresh_token_buys_a_new_one(context: Arc<TestContext>) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    let now = context.now();
    ensure_eq!(show(&context, 99, 2, now).await?, Rotated::Refused, "nobody has it");
    ensure_eq!(show(&context, 1, 2, now).await?, issued(&first, 2, now));
    let later = now + Duration::from_hours(1);
    ensure_eq!(show(&context, 2, 3, later).await?, issued(&first, 3, later));
    let last = later + LIFETIME;
    ensure_eq!(show(&context, 3, 4, last).await?, Rotated::Refused, "it has expired");
    ensure_eq!(show(&context, 3, 4, last - SECOND).await?, issued(&first, 4, last - SECOND));
    Ok(())
}

pub(super) async fn two_who_show_a_token_at_once_both_get_a_new_one(context: Arc<TestContext>) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    let now = context.now();
    let racing = (10..26).map(|new| {
        let context = Arc::clone(&context);
        async move { show(&context, 1, new, now).await }
    });
    for (rotated, new) in context.together(racing).await?.into_iter().zip(10..) {
        ensure_eq!(rotated, issued(&first, new, now));
    }
    for child in 10..26 {
        ensure_eq!(show(&context, child, child + 100, now + SECOND).await?, issued(&first, child + 100, now + SECOND));
    }
    Ok(())
}

pub(super) async fn a_token_that_was_used_up_long_ago_ends_its_session(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    let other = log_in(&context, 50).await?;
    let now = context.now();
    ensure_eq!(show(&context, 1, 2, now).await?, issued(&first, 2, now));
    let double_tap = now + REUSE_GRACE;
    ensure_eq!(show(&context, 1, 3, double_tap).await?, issued(&first, 3, double_tap));
    let too_late = double_tap + Duration::from_micros(1);
    ensure_eq!(show(&context, 1, 4, too_late).await?, Rotated::Refused, "the second use counts from the first");
    for child in [1, 2, 3, 4] {
        ensure_eq!(show(&context, child, child + 10, too_late).await?, Rotated::Refused, "the session has ended");
    }
    ensure_eq!(show(&context, 50, 51, too_late).await?, issued(&other, 51, too_late), "another session goes on");
    Ok(())
}

pub(super) async fn a_session_that_has_ended_takes_no_token(context: Arc<TestContext>) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    let other = log_in(&context, 50).await?;
    let now = context.now();
    ensure_eq!(show(&context, 1, 2, now).await?, issued(&first, 2, now));
    for _ in 0..2 {
        context.accounts()?.sessions.end(first.session).await?;
    }
    for token in [1, 2] {
        ensure_eq!(show(&context, token, token + 10, now).await?, Rotated::Refused);
    }
    ensure_eq!(show(&context, 50, 51, now).await?, issued(&other, 51, now));
    Ok(())
}
