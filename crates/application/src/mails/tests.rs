//! Mails are sent once if all is well, again if not, and not at all when nobody needs them any more.

use super::*;
use crate::port::{
    Account, Credentials, MockAccountRepository, MockCodeRepository, MockMailer, MockOutbox, MockPasswordHasher,
};
use crate::testing::{at, clock, ids, user};
use frontrow_domain::testing;
use mockall::predicate::{always, eq};
use std::sync::Mutex;
use uuid::Uuid;

const NOW: i64 = 10_000;
/// What follows from the secret of the fixture.
const CODE: &str = "11111083";

fn promised(kind: MailKind) -> PromisedMail {
    PromisedMail::new(Uuid::from_u128(7), user(1), kind, at(NOW - 60))
}

fn account(email_verified: Option<Instant>) -> Account {
    let credentials = Credentials { user: testing::user().id(user(1)).build(), password_hash: "hash".into() };
    Account { credentials, created: at(0), email_verified }
}

/// Everything works, and there is that one mail.
struct Post {
    mailer: MockMailer,
    outbox: MockOutbox,
    accounts: MockAccountRepository,
    codes: MockCodeRepository,
}

impl Post {
    fn with(mail: PromisedMail) -> Self {
        let mut outbox = MockOutbox::new();
        outbox.expect_due().with(eq(at(NOW)), eq(100)).returning(move |_, _| Ok(vec![mail]));
        Self {
            mailer: MockMailer::new(),
            outbox,
            accounts: MockAccountRepository::new(),
            codes: MockCodeRepository::new(),
        }
    }

    fn claimed(mut self, again: i64) -> Self {
        self.outbox.expect_claim().with(always(), eq(at(again))).times(1).returning(|_, _| Ok(true));
        self
    }

    fn removed(mut self) -> Self {
        self.outbox.expect_remove().with(eq(Uuid::from_u128(7))).times(1).returning(|_| Ok(()));
        self
    }

    fn of(mut self, account: Option<Account>) -> Self {
        self.accounts.expect_account().with(eq(user(1))).return_once(|_| Ok(account));
        self
    }

    fn making_a_code(mut self, made: bool) -> Self {
        let expected =
            |code: &MailCode| code.hash == format!("hash of {CODE}") && code.made == at(NOW) && code.tries == 0;
        self.codes.expect_make().withf(expected).times(1).return_once(move |_| Ok(made));
        self
    }

    fn answering(mut self, answer: Result<(), NotSent>) -> (Self, Arc<Mutex<Vec<Mail>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        self.mailer.expect_send().times(1).returning(move |mail| {
            noted.lock().unwrap().push(mail.clone());
            answer
        });
        (self, seen)
    }

    async fn run(self) -> Mailed {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().returning(|code| Ok(format!("hash of {code}")));
        let send = SendMails {
            mailer: Arc::new(self.mailer),
            outbox: Arc::new(self.outbox),
            accounts: Arc::new(self.accounts),
            codes: Arc::new(self.codes),
            passwords: Arc::new(passwords),
            ids: ids(),
            clock: clock(NOW),
        };
        send.run().await.unwrap()
    }
}

#[tokio::test]
async fn a_mail_is_sent_with_a_code_of_which_only_a_hash_is_kept() {
    let post = Post::with(promised(MailKind::VerifyEmail)).claimed(NOW + 60).of(Some(account(None)));
    let (post, sent) = post.making_a_code(true).removed().answering(Ok(()));
    assert_eq!(post.run().await, Mailed { sent: 1, ..Mailed::default() });
    let sent = sent.lock().unwrap();
    assert_eq!((sent[0].id, &sent[0].to), (Uuid::from_u128(7), &account(None).credentials.user.email));
    assert!(sent[0].text.contains(CODE), "{}", sent[0].text);
}

#[tokio::test]
async fn what_the_mail_server_does_not_take_stays_for_later() {
    let tried = PromisedMail { tries: 3, ..promised(MailKind::AccountExists) };
    let (post, _) = Post::with(tried).claimed(NOW + 8 * 60).of(Some(account(None))).answering(Err(NotSent::Later));
    let retry_after = Duration::from_mins(8);
    assert_eq!(post.run().await.failed, Some(Outage::Unavailable { retry_after }.into()));
    let (post, _) = Post::with(tried).claimed(NOW + 8 * 60).of(Some(account(None))).answering(Err(NotSent::Refused));
    assert_eq!(post.removed().run().await, Mailed::default());
}

#[tokio::test]
async fn what_another_instance_has_claimed_is_left_to_it() {
    let mut post = Post::with(promised(MailKind::VerifyEmail));
    post.outbox.expect_claim().return_once(|_, _| Ok(false));
    assert_eq!(post.run().await, Mailed::default());
}

#[tokio::test]
async fn what_nobody_needs_is_dropped() {
    // The address is verified already.
    let verified = Post::with(promised(MailKind::VerifyEmail)).claimed(NOW + 60).of(Some(account(Some(at(5)))));
    assert_eq!(verified.removed().run().await, Mailed::default());
    // Nobody has that account.
    let nobody = Post::with(promised(MailKind::VerifyEmail)).claimed(NOW + 60).of(None);
    assert_eq!(nobody.removed().run().await, Mailed::default());
    // There was a code less than a minute ago.
    let twice = Post::with(promised(MailKind::VerifyEmail)).claimed(NOW + 60).of(Some(account(None)));
    assert_eq!(twice.making_a_code(false).removed().run().await, Mailed::default());
    // Whoever waited for it has gone.
    let old = PromisedMail { at: at(NOW - 3600), ..promised(MailKind::VerifyEmail) };
    assert_eq!(Post::with(old).removed().run().await, Mailed::default());
}

#[tokio::test]
async fn the_account_of_a_mail_may_be_a_moment_behind_it() {
    let new = PromisedMail { at: at(NOW - 9), ..promised(MailKind::VerifyEmail) };
    assert_eq!(Post::with(new).claimed(NOW + 60).of(None).run().await, Mailed::default(), "it stays");
}

#[test]
fn the_time_to_the_next_try_doubles_up_to_a_quarter_of_an_hour() {
    let minutes = |tries| SendMails::wait_after(tries).as_secs() / 60;
    assert_eq!([0, 1, 2, 3, 4, 5, 40].map(minutes), [1, 2, 4, 8, 16, 16, 16]);
}
