use super::*;
use crate::Conflict;
use crate::port::{
    EndedSession, HashingBusy, MockAccountNotices, MockAccountRepository, MockPasswordHasher, MockSessionRepository,
    MockTokenIssuer,
};
use crate::testing::{at, clock, ids, user};
use frontrow_domain::Role;
use mockall::predicate::eq;
use uuid::Uuid;

const NOW: i64 = 1000;

fn kim() -> User {
    User { id: user(1), email: "kim@example.com".parse().unwrap(), name: "Kim".into(), role: Role::Customer }
}

fn session(n: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(n))
}

fn ended(n: u128) -> EndedSession {
    EndedSession { session: session(n), at: at(NOW), access_until: at(NOW + 600) }
}

/// Not a good hash: it only has to tell inputs apart.
fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    bytes.iter().zip((0..32).cycle()).for_each(|(byte, place)| hash[place] = byte.wrapping_add(hash[place]) ^ 0x55);
    hash
}

fn nothing_ended() -> Arc<EndedSessions> {
    Arc::new(EndedSessions::new(Arc::new(MockSessionRepository::new()), clock(NOW)))
}

fn refresh(sessions: MockSessionRepository, accounts: MockAccountRepository) -> Refresh {
    let mut tokens = MockTokenIssuer::new();
    tokens.expect_issue().returning(|claims| format!("{}/{:?}/{}", claims.user, claims.role, claims.expires.micros()));
    tokens.expect_successors().returning(|token| vec![format!("{token} 1"), format!("{token} 2")]);
    Refresh {
        accounts: Arc::new(accounts),
        sessions: Arc::new(sessions),
        tokens: Arc::new(tokens),
        digest,
        ids: ids(),
        clock: clock(NOW),
        ended: nothing_ended(),
        notices: Arc::new(MockAccountNotices::new()),
        access_lifetime: Duration::from_mins(10),
        refresh_lifetime: Duration::from_secs(10_000),
        session_lifetime: Duration::from_secs(50_000),
    }
}

fn tokens_of_kim(refresh_token: &str) -> LoggedIn {
    LoggedIn {
        access_token: format!("{}/Customer/{}", kim().id, at(NOW + 600).micros()),
        expires_in: Duration::from_mins(10),
        refresh_token: refresh_token.to_owned(),
    }
}

/// Logs in where `known` has an account; the password is verified against exactly that `hash`, with that result.
async fn log_in(
    known: Option<User>,
    hash: Option<&str>,
    right: bool,
    sessions: MockSessionRepository,
) -> Result<LoggedIn, Error> {
    log_in_at(known, hash, right, refresh(sessions, MockAccountRepository::new())).await
}

async fn log_in_at(known: Option<User>, hash: Option<&str>, right: bool, refresh: Refresh) -> Result<LoggedIn, Error> {
    let mut accounts = MockAccountRepository::new();
    let found = known.map(|user| Credentials { user, password_hash: "hash".into() });
    accounts.expect_by_email().with(eq(kim().email)).returning(move |_| Ok(found.clone()));
    let mut passwords = MockPasswordHasher::new();
    let verify = passwords.expect_verify().with(eq("secret".to_owned()), eq(hash.map(str::to_owned)));
    verify.times(1..=2).returning(move |_, _| Ok(right));
    passwords.expect_is_weak().return_const(false);
    let log_in = LogIn { accounts: Arc::new(accounts), passwords: Arc::new(passwords), refresh: Arc::new(refresh) };
    let user_agent = Some("x".repeat(1000));
    log_in.run(LogInRequest { email: kim().email, password: "secret".into(), user_agent }).await
}

#[tokio::test]
async fn an_unknown_address_takes_as_long_and_hears_the_same_as_a_wrong_password() {
    let denied = Err(Denied::Credentials.into());
    assert_eq!(log_in(Some(kim()), Some("hash"), false, MockSessionRepository::new()).await, denied);
    assert_eq!(log_in(None, None, false, MockSessionRepository::new()).await, denied);
    assert_eq!(log_in(None, None, true, MockSessionRepository::new()).await, denied);
}

/// The session that Kim begins, and its first token, of which only a hash is kept.
fn first(expires: Instant, ends: Instant) -> SessionStart {
    let (id, hash) = (session(1), digest("ab".repeat(32).as_bytes()));
    let token = RefreshToken { hash, session: id, user: kim().id, expires, replaced: None };
    let session = Session {
        id,
        user: kim().id,
        started: at(NOW),
        last_used: at(NOW),
        expires,
        ends,
        access_until: expires.min(at(NOW + 600)),
        user_agent: Some("x".repeat(200)),
    };
    SessionStart { session, token, password_hash: Some("hash".into()) }
}

#[tokio::test]
async fn logging_in_begins_a_session_of_which_only_a_hash_is_kept() {
    let mut sessions = MockSessionRepository::new();
    let start = first(at(NOW + 10_000), at(NOW + 50_000));
    sessions.expect_start().with(eq(start)).times(1).return_once(|_| Ok(Vec::new()));
    assert_eq!(log_in(Some(kim()), Some("hash"), true, sessions).await, Ok(tokens_of_kim(&"ab".repeat(32))));
}

#[tokio::test]
async fn no_token_outlives_its_session() {
    let mut sessions = MockSessionRepository::new();
    let start = first(at(NOW + 60), at(NOW + 60));
    sessions.expect_start().with(eq(start)).times(1).return_once(|_| Ok(Vec::new()));
    let short = Refresh { session_lifetime: Duration::from_mins(1), ..refresh(sessions, MockAccountRepository::new()) };
    let logged_in = log_in_at(Some(kim()), Some("hash"), true, short).await.unwrap();
    assert_eq!(logged_in.expires_in, Duration::from_mins(1));
    assert!(logged_in.access_token.ends_with(&at(NOW + 60).micros().to_string()), "{logged_in:?}");
}

#[tokio::test]
async fn the_access_tokens_of_the_oldest_session_that_ends_are_refused_at_once() {
    let mut sessions = MockSessionRepository::new();
    sessions.expect_start().times(1).return_once(|_| Ok(vec![ended(7)]));
    let refresh = refresh(sessions, MockAccountRepository::new());
    let known = Arc::clone(&refresh.ended);
    log_in_at(Some(kim()), Some("hash"), true, refresh).await.unwrap();
    assert!(known.includes(session(7)));
}

#[tokio::test]
async fn a_password_that_changes_meanwhile_is_compared_again_once() {
    for (stale, answer) in [(1, true), (2, false)] {
        let mut sessions = MockSessionRepository::new();
        let mut left = stale;
        sessions.expect_start().times(2).returning(move |_| {
            left -= 1;
            if left < 0 { Ok(Vec::new()) } else { Err(StoreError::Stale) }
        });
        let logged_in = log_in(Some(kim()), Some("hash"), true, sessions).await;
        assert_eq!(logged_in.is_ok(), answer, "{logged_in:?}");
        assert!(!matches!(logged_in, Err(Error::Conflict(Conflict::ChangedMeanwhile))));
    }
}

fn rotating(answer: Rotated) -> MockSessionRepository {
    let mut sessions = MockSessionRepository::new();
    let rotation = RefreshRotation {
        shown: digest(b"shown"),
        successors: vec![digest(b"shown 1"), digest(b"shown 2")],
        expires: at(NOW + 10_000),
        access_until: at(NOW + 600),
        now: at(NOW),
    };
    sessions.expect_rotate().with(eq(rotation)).times(1).return_once(|_| Ok(answer));
    sessions
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_the_one_that_follows_it_by_whichever_key() {
    for secret in ["shown 1", "shown 2"] {
        let hash = digest(secret.as_bytes());
        let issued =
            RefreshToken { hash, session: session(5), user: kim().id, expires: at(NOW + 9000), replaced: None };
        let mut accounts = MockAccountRepository::new();
        accounts.expect_user().with(eq(kim().id)).return_once(|_| Ok(Some(kim())));
        let refresh = refresh(rotating(Rotated::Issued(issued)), accounts);
        assert_eq!(refresh.run("shown").await, Ok(tokens_of_kim(secret)));
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_worth_nothing_buys_nothing() {
    let refresh = refresh(rotating(Rotated::Refused), MockAccountRepository::new());
    assert_eq!(refresh.run("shown").await, Err(Denied::SessionEnded.into()));
}

#[tokio::test]
async fn the_owner_of_a_token_that_was_copied_is_told_and_hears_the_same_as_everybody() {
    let told = AccountNotice::RefreshTokenReused { user: kim().id, session: session(5), at: at(NOW) };
    let mut notices = MockAccountNotices::new();
    notices.expect_tell().with(eq(told)).times(1).return_const(());
    let reused = Rotated::Reused { user: kim().id, ended: ended(5) };
    let refresh = Refresh { notices: Arc::new(notices), ..refresh(rotating(reused), MockAccountRepository::new()) };
    assert_eq!(refresh.run("shown").await, Err(Denied::SessionEnded.into()));
    assert!(refresh.ended.includes(session(5)));
}

#[tokio::test]
async fn sessions_that_are_ended_are_refused_and_others_can_not_be() {
    let mut sessions = MockSessionRepository::new();
    for (asked, found) in [(5, vec![ended(5)]), (6, Vec::new())] {
        let end = sessions.expect_end().with(eq(kim().id), eq(Ending::One(session(asked))), eq(at(NOW)));
        end.times(1).return_once(|_, _, _| Ok(found));
    }
    let end = EndSessions { sessions: Arc::new(sessions), ended: nothing_ended(), clock: clock(NOW) };
    assert_eq!(end.one(kim().id, session(5)).await, Ok(()));
    assert_eq!(end.one(kim().id, session(6)).await, Err(Error::NotFound(Missing::Session)));
    assert_eq!([5, 6].map(|n| end.ended.includes(session(n))), [true, false]);
}

#[tokio::test]
async fn a_weak_hash_is_replaced_at_a_log_in_unless_it_has_changed_and_whoever_logs_in_does_not_notice() {
    for (hashed, stored) in [
        (Ok("strong".to_owned()), Some(Ok(Vec::new()))),
        (Ok("strong".to_owned()), Some(Err(StoreError::Stale))),
        (Err(HashingBusy), None),
    ] {
        let (mut accounts, mut passwords, mut sessions) =
            (MockAccountRepository::new(), MockPasswordHasher::new(), MockSessionRepository::new());
        let known = Credentials { user: kim(), password_hash: "weak".into() };
        accounts.expect_by_email().return_once(|_| Ok(Some(known)));
        passwords.expect_verify().return_once(|_, _| Ok(true));
        passwords.expect_is_weak().with(eq("weak")).return_const(true);
        passwords.expect_hash().with(eq("secret".to_owned())).times(1).return_once(|_| hashed);
        if let Some(stored) = stored {
            let (known, hash) = ("weak".to_owned(), "strong".to_owned());
            let change = PasswordChange { user: kim().id, known, hash, ending: None, now: at(NOW) };
            accounts.expect_change_password().with(eq(change)).times(1).return_once(|_| stored);
        }
        sessions.expect_start().return_once(|_| Ok(Vec::new()));
        let refresh = Arc::new(refresh(sessions, MockAccountRepository::new()));
        let log_in = LogIn { accounts: Arc::new(accounts), passwords: Arc::new(passwords), refresh };
        let request = LogInRequest { email: kim().email, password: "secret".into(), user_agent: None };
        assert_eq!(log_in.run(request).await, Ok(tokens_of_kim(&"ab".repeat(32))));
    }
}
