//! Mails that are promised, and codes that were sent.

use crate::Failure;
use crate::context::TestContext;
use frontrow_application::port::{Account, Credentials, MailKind, PromisedMail};
use frontrow_domain::{CodePurpose, Instant, MailCode, Role, UserId, testing};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const PURPOSE: CodePurpose = CodePurpose::VerifyEmail;

fn promised(context: &TestContext, kind: MailKind, at: Instant) -> PromisedMail {
    PromisedMail::new(context.id(), context.user(0), kind, at)
}

pub(super) async fn a_mail_that_is_promised_is_due_until_it_is_removed(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let (outbox, now) = (&context.accounts()?.outbox, context.now());
    let mut mails = Vec::new();
    for (kind, n) in MailKind::ALL.into_iter().cycle().zip(0..4) {
        mails.push(promised(&context, kind, now + n * SECOND));
    }
    for mail in mails.iter().rev() {
        outbox.put(mail).await?;
    }
    ensure_eq!(outbox.due(now - SECOND, 10).await?, [], "too early");
    ensure_eq!(outbox.due(now + SECOND, 10).await?, mails[..2], "the longest due first");
    ensure_eq!(outbox.due(now + 60 * SECOND, 3).await?, mails[..3], "no more than that");
    ensure!(outbox.claim(&mails[0], now + 90 * SECOND).await?, "nobody else has it");
    ensure_eq!(outbox.due(now + 60 * SECOND, 10).await?, mails[1..], "it is tried again later");
    let again = PromisedMail { due: now + 90 * SECOND, tries: 1, ..mails[0] };
    let all = [&mails[1..], &[again]].concat();
    ensure_eq!(outbox.due(now + 90 * SECOND, 10).await?, all);
    for _ in 0..2 {
        outbox.remove(mails[1].id).await?;
    }
    ensure_eq!(outbox.due(now + 90 * SECOND, 10).await?, all[1..]);
    ensure!(!outbox.claim(&mails[1], now).await?, "it is gone");
    Ok(())
}

pub(super) async fn of_those_who_find_a_mail_one_sends_it(context: Arc<TestContext>) -> Result<(), Failure> {
    let (outbox, now) = (Arc::clone(&context.accounts()?.outbox), context.now());
    let mail = promised(&context, MailKind::AccountExists, now);
    outbox.put(&mail).await?;
    let racing = (0..16).map(|_| {
        let outbox = Arc::clone(&outbox);
        async move { Ok(outbox.claim(&mail, now + SECOND).await?) }
    });
    let claimed = context.together(racing).await?.into_iter().filter(|claimed| *claimed).count();
    ensure_eq!(claimed, 1);
    Ok(())
}

fn code(user: UserId, hash: &str, made: Instant) -> MailCode {
    MailCode { user, purpose: PURPOSE, hash: hash.repeat(255 / hash.len()), made, tries: 0 }
}

fn tried(code: &MailCode, tries: u32) -> Option<MailCode> {
    Some(MailCode { tries, ..code.clone() })
}

pub(super) async fn a_code_is_replaced_after_a_minute_and_not_before(context: Arc<TestContext>) -> Result<(), Failure> {
    let (codes, now, kim) = (&context.accounts()?.codes, context.now(), context.user(0));
    let (first, second) = (code(kim, "1", now), code(kim, "2", now + MailCode::PAUSE));
    ensure!(codes.make(&first).await?, "the first");
    ensure!(!codes.make(&code(kim, "3", second.made - SECOND)).await?, "too early");
    ensure_eq!(codes.attempt(kim, PURPOSE, now).await?, tried(&first, 1));
    ensure!(codes.make(&second).await?, "a minute later");
    ensure_eq!(codes.attempt(kim, PURPOSE, second.made).await?, tried(&second, 1), "its tries begin again");
    // Another person has a code of their own.
    let other = code(context.user(1), "4", now);
    ensure!(codes.make(&other).await?, "for somebody else");
    ensure_eq!(codes.attempt(other.user, PURPOSE, now).await?, tried(&other, 1));
    ensure_eq!(codes.attempt(context.user(2), PURPOSE, now).await?, None, "nobody has sent them one");
    Ok(())
}

pub(super) async fn a_code_is_tried_five_times_and_for_a_quarter_of_an_hour(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let (codes, now, kim) = (&context.accounts()?.codes, context.now(), context.user(0));
    let code = code(kim, "1", now);
    codes.make(&code).await?;
    ensure_eq!(codes.attempt(kim, PURPOSE, now + MailCode::LIFETIME).await?, None, "too late");
    for tries in 1..=MailCode::MAX_TRIES {
        ensure_eq!(codes.attempt(kim, PURPOSE, now).await?, tried(&code, tries));
    }
    ensure_eq!(codes.attempt(kim, PURPOSE, now).await?, None, "too often");
    Ok(())
}

pub(super) async fn of_those_who_try_a_code_at_once_five_may(context: Arc<TestContext>) -> Result<(), Failure> {
    let (codes, now, kim) = (Arc::clone(&context.accounts()?.codes), context.now(), context.user(0));
    codes.make(&code(kim, "1", now)).await?;
    let racing = (0..16).map(|_| {
        let codes = Arc::clone(&codes);
        async move { Ok(codes.attempt(kim, PURPOSE, now).await?.map(|code| code.tries)) }
    });
    let mut tries: Vec<u32> = context.together(racing).await?.into_iter().flatten().collect();
    tries.sort_unstable();
    ensure_eq!(tries, [1, 2, 3, 4, 5]);
    Ok(())
}

pub(super) async fn an_address_is_verified_once_with_its_code(context: Arc<TestContext>) -> Result<(), Failure> {
    let (accounts, now) = (context.accounts()?, context.now());
    let id = UserId::new(context.id());
    let user = testing::user().id(id).email("lee@example.org".parse()?).role(Role::Customer).build();
    let credentials = Credentials { user, password_hash: "hash".into() };
    accounts.accounts.add(&credentials, now).await?;
    let account = Account { credentials, created: now, email_verified: None };
    ensure_eq!(accounts.accounts.account(id).await?.as_ref(), Some(&account));
    let first = code(id, "1", now);
    accounts.codes.make(&first).await?;
    let replaced = code(id, "2", now);
    ensure!(!accounts.codes.verify_email(&replaced, now + SECOND).await?, "it is not the newest");
    let racing = (1..=8).map(|n| {
        let (codes, first) = (Arc::clone(&accounts.codes), first.clone());
        async move { Ok(codes.verify_email(&first, now + n * SECOND).await?.then_some(now + n * SECOND)) }
    });
    let verified: Vec<Instant> = context.together(racing).await?.into_iter().flatten().collect();
    ensure_eq!(verified.len(), 1, "a code is used once");
    let known = Account { email_verified: Some(verified[0]), ..account };
    ensure_eq!(accounts.accounts.account(id).await?.as_ref(), Some(&known));
    ensure_eq!(accounts.codes.attempt(id, PURPOSE, now).await?, None, "it is used up");
    // The first time counts.
    let later = code(id, "3", now + MailCode::PAUSE);
    accounts.codes.make(&later).await?;
    ensure!(accounts.codes.verify_email(&later, later.made).await?, "a good code");
    ensure_eq!(accounts.accounts.account(id).await?, Some(known));
    Ok(())
}
