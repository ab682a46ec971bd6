//! Refresh tokens.

use crate::setup::{NOW, Setup, id, setup};
use frontrow_application::port::{Ending, Housekeeping, RefreshRotation, Rotated, SessionRepository, SessionStart};
use frontrow_domain::{Instant, REUSE_GRACE, RefreshToken, Session, SessionId, UserId};
use std::time::Duration;

const EXPIRES: Instant = Instant::from_micros(NOW.micros() + 3_600_000_000);
const TICK: Duration = Duration::from_micros(1);

fn token(n: u8) -> RefreshToken {
    let (session, user) = (SessionId::new(id(1)), UserId::new(id(2)));
    RefreshToken { hash: [n; 32], session, user, expires: EXPIRES, replaced: None }
}

fn start(token: RefreshToken) -> SessionStart {
    let session = Session {
        id: token.session,
        user: token.user,
        started: NOW,
        last_used: NOW,
        expires: token.expires,
        ends: EXPIRES,
        access_until: EXPIRES,
        user_agent: None,
    };
    SessionStart { session, token, password_hash: None }
}

fn rotation(shown: u8, successor: u8, now: Instant) -> RefreshRotation {
    let successors = vec![[successor; 32]];
    RefreshRotation { shown: [shown; 32], successors, expires: EXPIRES, access_until: EXPIRES, now }
}

async fn rotate(setup: &Setup, shown: u8, successor: u8, now: Instant) -> Rotated {
    setup.sessions.rotate(&rotation(shown, successor, now)).await.unwrap()
}

async fn started() -> Setup {
    let setup = setup().await;
    setup.sessions.start(&start(token(1))).await.unwrap();
    setup
}

#[tokio::test]
async fn a_token_buys_the_next_one_of_its_session() {
    let setup = started().await;
    assert_eq!(rotate(&setup, 1, 2, NOW).await, Rotated::Issued(token(2)));
    assert_eq!(rotate(&setup, 2, 3, NOW).await, Rotated::Issued(token(3)));
    assert_eq!(rotate(&setup, 9, 4, NOW).await, Rotated::Refused);
    assert_eq!(rotate(&setup, 3, 4, EXPIRES).await, Rotated::Refused);
    assert_eq!(setup.count("refresh_token").await, 3);
}

#[tokio::test]
async fn a_token_shown_again_too_late_ends_its_session_only() {
    let setup = started().await;
    let other = RefreshToken { session: SessionId::new(id(7)), ..token(7) };
    setup.sessions.start(&start(other)).await.unwrap();
    assert_eq!(rotate(&setup, 1, 2, NOW).await, Rotated::Issued(token(2)));
    // The second exchange within the grace does not lengthen it.
    assert_eq!(rotate(&setup, 1, 2, NOW + REUSE_GRACE).await, Rotated::Issued(token(2)));
    let reused = rotate(&setup, 1, 2, NOW + REUSE_GRACE + TICK).await;
    assert!(
        matches!(reused, Rotated::Reused { user, ended } if user == token(1).user && ended.session == token(1).session)
    );
    assert_eq!(rotate(&setup, 2, 5, NOW).await, Rotated::Refused);
    assert_eq!(setup.count("refresh_token").await, 1);
    assert_eq!(setup.count("session WHERE ended_at IS NULL").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_show_a_token_at_once_each_gets_the_same_and_there_is_one_line() {
    let setup = started().await;
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let sessions = setup.sessions.clone();
            tokio::spawn(async move { sessions.rotate(&rotation(1, 2, NOW)).await })
        })
        .collect();
    for racer in racers {
        assert_eq!(racer.await.unwrap(), Ok(Rotated::Issued(token(2))));
    }
    assert_eq!(setup.count("refresh_token").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_its_tokens_are_shown_has_none_left() {
    for round in 0..20 {
        let setup = started().await;
        rotate(&setup, 1, 2, NOW).await;
        let late = NOW + REUSE_GRACE + TICK;
        let racers = [(1, 2), (2, 4)].map(|(shown, successor)| {
            let sessions = setup.sessions.clone();
            tokio::spawn(async move { sessions.rotate(&rotation(shown, successor, late)).await })
        });
        let [thief, owner] = racers;
        let thief = thief.await.unwrap().unwrap();
        assert!(matches!(thief, Rotated::Reused { .. }), "{round}: {thief:?}");
        // The owner was told the truth as it was then, and it does not help them any more.
        owner.await.unwrap().unwrap();
        assert_eq!(setup.count("refresh_token").await, 0, "{round}");
    }
}

#[tokio::test]
async fn a_session_can_be_ended() {
    let setup = started().await;
    rotate(&setup, 1, 2, NOW).await;
    for ended in [1, 0] {
        let found = setup.sessions.end(token(1).user, Ending::One(token(1).session), NOW).await.unwrap();
        assert_eq!(found.len(), ended);
    }
    assert_eq!(rotate(&setup, 2, 3, NOW).await, Rotated::Refused);
}

/// Which the newest of its tokens would do if it came back from a backup.
#[tokio::test]
async fn a_token_without_its_session_buys_nothing() {
    let setup = started().await;
    setup.tamper("DELETE FROM session").await;
    assert_eq!(rotate(&setup, 1, 2, NOW).await, Rotated::Refused);
}

#[tokio::test]
async fn expired_tokens_are_forgotten_a_few_at_a_time() {
    let setup = started().await;
    for n in 2..=5 {
        let expires = NOW + Duration::from_secs(n.into());
        let session = SessionId::new(id(n.into()));
        setup.sessions.start(&start(RefreshToken { expires, session, ..token(n) })).await.unwrap();
    }
    let before = NOW + Duration::from_secs(5);
    assert_eq!(setup.housekeeping.forget_refresh_tokens(before, 2).await, Ok(2));
    assert_eq!(setup.count("refresh_token WHERE hex(hash) LIKE '04%' OR hex(hash) LIKE '05%'").await, 2);
    assert_eq!(setup.housekeeping.forget_refresh_tokens(before, 2).await, Ok(1));
    assert_eq!(setup.housekeeping.forget_refresh_tokens(before, 2).await, Ok(0));
    assert_eq!(setup.count("refresh_token").await, 2);
}
