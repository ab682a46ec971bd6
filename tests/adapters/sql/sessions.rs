//! Refresh tokens.

use crate::setup::{NOW, Setup, id, setup};
use frontrow_application::port::{Housekeeping, Rotated, SessionRepository};
use frontrow_domain::{Instant, REUSE_GRACE, RefreshToken, SessionId, UserId};
use std::time::Duration;

const EXPIRES: Instant = Instant::from_micros(NOW.micros() + 3_600_000_000);
const TICK: Duration = Duration::from_micros(1);

fn token(n: u8) -> RefreshToken {
    let (session, user) = (SessionId::new(id(1)), UserId::new(id(2)));
    RefreshToken { hash: [n; 32], session, user, expires: EXPIRES, replaced: None }
}

async fn rotate(setup: &Setup, shown: u8, new: u8, now: Instant) -> Rotated {
    setup.sessions.rotate([shown; 32], [new; 32], EXPIRES, now).await.unwrap()
}

async fn started() -> Setup {
    let setup = setup().await;
    setup.sessions.start(&token(1)).await.unwrap();
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
    let other = RefreshToken { hash: [7; 32], session: SessionId::new(id(7)), ..token(7) };
    setup.sessions.start(&other).await.unwrap();
    assert_eq!(rotate(&setup, 1, 2, NOW).await, Rotated::Issued(token(2)));
    // The second exchange within the grace does not lengthen it.
    assert_eq!(rotate(&setup, 1, 3, NOW + REUSE_GRACE).await, Rotated::Issued(token(3)));
    assert_eq!(rotate(&setup, 1, 4, NOW + REUSE_GRACE + TICK).await, Rotated::Refused);
    for child in [2, 3] {
        assert_eq!(rotate(&setup, child, 5, NOW).await, Rotated::Refused, "{child}");
    }
    assert_eq!(setup.count("refresh_token").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_show_a_token_at_once_each_gets_a_child_that_is_good() {
    let setup = started().await;
    let racers: Vec<_> = (2..10)
        .map(|new| {
            let sessions = setup.sessions.clone();
            tokio::spawn(async move { sessions.rotate([1; 32], [new; 32], EXPIRES, NOW).await })
        })
        .collect();
    for (new, racer) in (2..).zip(racers) {
        assert_eq!(racer.await.unwrap(), Ok(Rotated::Issued(token(new))));
    }
    assert_eq!(setup.count("refresh_token WHERE session_id = (SELECT session_id FROM refresh_token LIMIT 1)").await, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_its_tokens_are_shown_has_none_left() {
    for round in 0..20 {
        let setup = started().await;
        rotate(&setup, 1, 2, NOW).await;
        let late = NOW + REUSE_GRACE + TICK;
        let racers = [(1, 3), (2, 4)].map(|(shown, new)| {
            let sessions = setup.sessions.clone();
            tokio::spawn(async move { sessions.rotate([shown; 32], [new; 32], EXPIRES, late).await })
        });
        let [thief, owner] = racers;
        assert_eq!(thief.await.unwrap(), Ok(Rotated::Refused), "{round}");
        // The owner was told the truth as it was then, and it does not help them any more.
        owner.await.unwrap().unwrap();
        assert_eq!(setup.count("refresh_token").await, 0, "{round}");
    }
}

#[tokio::test]
async fn a_session_can_be_ended() {
    let setup = started().await;
    rotate(&setup, 1, 2, NOW).await;
    setup.sessions.end(token(1).session).await.unwrap();
    assert_eq!(rotate(&setup, 2, 3, NOW).await, Rotated::Refused);
    setup.sessions.end(token(1).session).await.unwrap();
}

#[tokio::test]
async fn expired_tokens_are_forgotten_a_few_at_a_time() {
    let setup = started().await;
    for n in 2..=5 {
        let expires = NOW + Duration::from_secs(n.into());
        setup.sessions.start(&RefreshToken { expires, ..token(n) }).await.unwrap();
    }
    let before = NOW + Duration::from_secs(5);
    assert_eq!(setup.housekeeping.forget_refresh_tokens(before, 2).await, Ok(2));
    assert_eq!(setup.count("refresh_token WHERE hex(hash) LIKE '04%' OR hex(hash) LIKE '05%'").await, 2);
    assert_eq!(setup.housekeeping.forget_refresh_tokens(before, 2).await, Ok(1));
    assert_eq!(setup.housekeeping.forget_refresh_tokens(before, 2).await, Ok(0));
    assert_eq!(setup.count("refresh_token").await, 2);
}
