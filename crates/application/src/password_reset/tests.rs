//! Forgotten passwords, on mocks.

use super::*;
use crate::port::{
    Credentials, MockAccountRepository, MockCodeRepository, MockOutbox, MockPasswordHasher, MockSessionRepository,
};
use crate::testing::{at, clock, ids, user};
use frontrow_domain::{MailCode, testing};
use mockall::predicate::{always, eq};
use std::sync::Mutex;

const NOW: i64 = 100;

fn email() -> Email {
    "kim@example.com".parse().unwrap()
}

fn accounts(is_known: bool) -> Arc<MockAccountRepository> {
    let known = Credentials { user: testing::user().id(user(9)).build(), password_hash: "old".into() };
    let mut accounts = MockAccountRepository::new();
    accounts.expect_by_email().with(eq(email())).times(1).return_once(move |_| Ok(is_known.then_some(known)));
    Arc::new(accounts)
}

/// Whom mails are promised to.
fn outbox() -> (Arc<MockOutbox>, Arc<Mutex<Vec<(UserId, MailKind)>>>) {
    let (mut outbox, promised) = (MockOutbox::new(), Arc::<Mutex<Vec<_>>>::default());
    let noted = Arc::clone(&promised);
    outbox.expect_put().returning(move |mail| {
        noted.lock().unwrap().push((mail.user, mail.kind));
        Ok(())
    });
    (Arc::new(outbox), promised)
}

#[tokio::test]
async fn an_address_without_an_account_costs_as_much() {
    for is_known in [true, false] {
        let (outbox, promised) = outbox();
        let ask =
            AskForPasswordReset { mails: true, accounts: accounts(is_known), outbox, ids: ids(), clock: clock(NOW) };
        assert_eq!(ask.run(&email()).await, Ok(()));
        let promised = promised.lock().unwrap();
        assert_eq!(promised.len(), 1);
        assert_eq!((promised[0].0 == user(9), promised[0].1), (is_known, MailKind::ResetPassword));
    }
}

/// What is said if the address is known or not, a code was sent to it or not, and it is right or not; and to whom mails
/// were promised besides.
async fn confirm(is_known: bool, is_sent: bool, is_right: bool) -> (Result<(), Error>, usize) {
    let purpose = CodePurpose::ResetPassword;
    let code = MailCode { user: user(9), purpose, hash: "hash of the code".into(), made: at(NOW), tries: 1 };
    let (mut codes, mut passwords) = (MockCodeRepository::new(), MockPasswordHasher::new());
    let (kept, hash) = (is_sent.then(|| code.clone()), is_sent.then(|| code.hash.clone()));
    let whose = move |asked: &UserId| (*asked == user(9)) == is_known;
    codes
        .expect_attempt()
        .withf(move |asked, purpose, _| whose(asked) && *purpose == CodePurpose::ResetPassword)
        .times(1)
        .return_once(move |_, _, _| Ok(kept));
    codes.expect_reset_password().withf(move |reset| reset.code == code && reset.password_hash == "new").return_once(
        |reset| {
            assert_eq!((reset.notice.user, reset.notice.kind), (user(9), MailKind::PasswordChanged));
            Ok(Some(Vec::new()))
        },
    );
    passwords.expect_verify().with(always(), eq(hash)).times(1).return_once(move |_, _| Ok(is_right));
    passwords.expect_hash().with(eq("correct horse battery".to_owned())).return_once(|_| Ok("new".into()));
    let (outbox, promised) = outbox();
    let reset = ResetPassword {
        accounts: accounts(is_known),
        codes: Arc::new(codes),
        passwords: Arc::new(passwords),
        outbox,
        ended: Arc::new(EndedSessions::new(Arc::new(MockSessionRepository::new()), clock(NOW))),
        ids: ids(),
        clock: clock(NOW),
    };
    let password = Password::new("correct horse battery").unwrap();
    let answer = reset.run(NewPasswordRequest { email: email(), code: "12345678".into(), password }).await;
    let count = promised.lock().unwrap().len();
    (answer, count)
}

#[tokio::test]
async fn a_code_has_to_be_there_and_right_and_every_no_costs_the_same() {
    assert_eq!(confirm(true, true, true).await, (Ok(()), 0));
    // Its try is counted: that is one row.
    assert_eq!(confirm(true, true, false).await, (Err(Conflict::CodeWrong.into()), 0));
    // One row for nobody.
    assert_eq!(confirm(true, false, false).await, (Err(Conflict::CodeWrong.into()), 1));
    assert_eq!(confirm(false, false, false).await, (Err(Conflict::CodeWrong.into()), 1));
}
