//! Log-ins.

use crate::Failure;
use crate::context::TestContext;
use frontrow_application::port::{EndedSession, Ending, RefreshRotation, Rotated, SessionStart, StoreError};
use frontrow_domain::{Instant, REUSE_GRACE, RefreshToken, Session, SessionId, UserId};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const ACCESS: Duration = Duration::from_mins(15);
const LIFETIME: Duration = Duration::from_hours(24);
const LONGEST: Duration = Duration::from_hours(24 * 90);

/// A session of that user that begins now, with its first token.
pub(super) fn begins(context: &TestContext, user: UserId, hash: u8) -> SessionStart {
    let (id, now) = (SessionId::new(context.id()), context.now());
    let expires = now + LIFETIME;
    let session = Session {
        id,
        user,
        started: now,
        last_used: now,
        expires,
        ends: now + LONGEST,
        access_until: now + ACCESS,
        user_agent: Some("Ωé漢🎫".chars().cycle().take(Session::LONGEST_USER_AGENT).collect()),
    };
    let token = RefreshToken { hash: [hash; 32], session: id, user, expires, replaced: None };
    SessionStart { session, token, password_hash: None }
}

async fn log_in(context: &TestContext, hash: u8) -> Result<SessionStart, Failure> {
    let start = begins(context, context.user(0), hash);
    ensure_eq!(context.accounts()?.sessions.start(&start).await?, []);
    Ok(start)
}

pub(super) fn rotation(shown: u8, successor: u8, now: Instant) -> RefreshRotation {
    RefreshRotation {
        shown: [shown; 32],
        successors: vec![[successor; 32]],
        expires: now + LIFETIME,
        access_until: now + ACCESS,
        now,
    }
}

async fn show(context: &TestContext, shown: u8, successor: u8, now: Instant) -> Result<Rotated, Failure> {
    Ok(context.accounts()?.sessions.rotate(&rotation(shown, successor, now)).await?)
}

fn issued(parent: &SessionStart, hash: u8, now: Instant) -> Rotated {
    Rotated::Issued(RefreshToken { hash: [hash; 32], expires: now + LIFETIME, replaced: None, ..parent.token.clone() })
}

fn ended(start: &SessionStart, at: Instant, access_until: Instant) -> EndedSession {
    EndedSession { session: start.session.id, at, access_until }
}

async fn sessions(context: &TestContext, user: UserId, now: Instant) -> Result<Vec<Session>, Failure> {
    Ok(context.accounts()?.sessions.sessions_of(user, now).await?)
}

pub(super) async fn a_refresh_token_buys_its_successor(context: Arc<TestContext>) -> Result<(), Failure> {
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

pub(super) async fn whoever_shows_a_token_at_once_gets_the_same_successor(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    let now = context.now();
    let racing = (0..16).map(|_| {
        let context = Arc::clone(&context);
        async move { show(&context, 1, 2, now).await }
    });
    for rotated in context.together(racing).await? {
        ensure_eq!(rotated, issued(&first, 2, now));
    }
    let later = now + REUSE_GRACE;
    ensure_eq!(show(&context, 1, 2, later).await?, issued(&first, 2, now), "the token expires when it did");
    ensure_eq!(show(&context, 2, 3, later).await?, issued(&first, 3, later));
    let again = show(&context, 1, 2, later).await?;
    ensure!(matches!(&again, Rotated::Issued(token) if token.hash == [2; 32]), "it was used meanwhile: {again:?}");
    let lasts = sessions(&context, first.session.user, later).await?;
    ensure_eq!(lasts[0].expires, later + LIFETIME, "its newest token is the third");
    Ok(())
}

/// While keys are changed, instances differ in which of them is the first.
pub(super) async fn a_successor_is_found_by_whichever_key_it_was_made(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    log_in(&context, 50).await?;
    let now = context.now();
    let by = |successors: Vec<[u8; 32]>| RefreshRotation { successors, ..rotation(1, 0, now) };
    let repository = &context.accounts()?.sessions;
    ensure_eq!(repository.rotate(&by(vec![[2; 32], [3; 32]])).await?, issued(&first, 2, now));
    ensure_eq!(repository.rotate(&by(vec![[3; 32], [2; 32]])).await?, issued(&first, 2, now));
    ensure_eq!(repository.rotate(&by(vec![[4; 32], [5; 32]])).await?, Rotated::Refused, "nobody has its key any more");
    ensure_eq!(repository.rotate(&by(vec![[50; 32]])).await?, Rotated::Refused, "a token of another session");
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
    ensure_eq!(show(&context, 1, 2, double_tap).await?, issued(&first, 2, now));
    let too_late = double_tap + Duration::from_micros(1);
    let reused = Rotated::Reused { user: first.session.user, ended: ended(&first, too_late, double_tap + ACCESS) };
    ensure_eq!(show(&context, 1, 2, too_late).await?, reused, "the second use counts from the first");
    for token in [1, 2] {
        ensure_eq!(show(&context, token, token + 10, too_late).await?, Rotated::Refused, "the session has ended");
    }
    ensure_eq!(show(&context, 50, 51, too_late).await?, issued(&other, 51, too_late), "another session goes on");
    let left = sessions(&context, first.session.user, too_late).await?;
    ensure_eq!(left.into_iter().map(|session| session.id).collect::<Vec<_>>(), [other.session.id]);
    Ok(())
}

pub(super) async fn a_session_that_ends_while_its_token_is_shown_has_no_token(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    let (now, user) = (context.now(), first.session.user);
    let racing = (0..16).map(|n| {
        let context = Arc::clone(&context);
        async move {
            if n == 7 {
                let ended = context.accounts()?.sessions.end(user, Ending::All, now).await?;
                return if ended.len() == 1 { Ok(()) } else { Err(Failure::new(format!("ended {ended:?}"))) };
            }
            let rotated = show(&context, 1, 2, now).await?;
            let is_true = matches!(rotated, Rotated::Issued(_) | Rotated::Refused);
            if is_true { Ok(()) } else { Err(Failure::new(format!("{rotated:?}"))) }
        }
    });
    context.together(racing).await?;
    for token in [1, 2] {
        ensure_eq!(
            show(&context, token, token + 10, now).await?,
            Rotated::Refused,
            "token {token} outlives its session"
        );
    }
    Ok(())
}

pub(super) async fn a_session_that_has_ended_takes_no_token(context: Arc<TestContext>) -> Result<(), Failure> {
    let first = log_in(&context, 1).await?;
    let other = log_in(&context, 50).await?;
    let (now, one) = (context.now(), Ending::One(first.session.id));
    ensure_eq!(show(&context, 1, 2, now).await?, issued(&first, 2, now));
    let repository = &context.accounts()?.sessions;
    ensure_eq!(repository.end(first.session.user, one, now).await?, [ended(&first, now, now + ACCESS)]);
    ensure_eq!(repository.end(first.session.user, one, now).await?, [], "it is over");
    for token in [1, 2] {
        ensure_eq!(show(&context, token, token + 10, now).await?, Rotated::Refused);
    }
    ensure_eq!(show(&context, 50, 51, now).await?, issued(&other, 51, now));
    Ok(())
}

pub(super) async fn no_token_outlives_its_session(context: Arc<TestContext>) -> Result<(), Failure> {
    let mut start = begins(&context, context.user(0), 1);
    let now = context.now();
    start.session.ends = now + Duration::from_hours(30);
    let repository = &context.accounts()?.sessions;
    repository.start(&start).await?;
    let later = now + Duration::from_hours(23);
    let clipped = RefreshToken { hash: [2; 32], expires: start.session.ends, ..start.token.clone() };
    ensure_eq!(show(&context, 1, 2, later).await?, Rotated::Issued(clipped.clone()));
    let last = start.session.ends - SECOND;
    let latest = RefreshToken { hash: [3; 32], ..clipped };
    ensure_eq!(show(&context, 2, 3, last).await?, Rotated::Issued(latest));
    let found = sessions(&context, start.session.user, last).await?;
    let expected =
        Session { last_used: last, expires: start.session.ends, access_until: start.session.ends, ..start.session };
    ensure_eq!(found, std::slice::from_ref(&expected));
    ensure_eq!(show(&context, 3, 4, expected.ends).await?, Rotated::Refused);
    ensure_eq!(sessions(&context, expected.user, expected.ends).await?, []);
    Ok(())
}

pub(super) async fn the_oldest_of_too_many_sessions_ends(context: Arc<TestContext>) -> Result<(), Failure> {
    let repository = &context.accounts()?.sessions;
    let mut begun = Vec::new();
    for n in 1..=Session::MOST {
        begun.push(log_in(&context, u8::try_from(n)?).await?);
        context.later(SECOND);
    }
    let stranger = begins(&context, context.user(1), 200);
    ensure_eq!(repository.start(&stranger).await?, [], "somebody else's sessions don't count");
    let oldest = &begun[0];
    // It is the oldest although it was used last.
    let used = context.now();
    ensure_eq!(show(&context, 1, 101, used).await?, issued(oldest, 101, used));
    let next = begins(&context, context.user(0), 100);
    let now = next.session.started;
    ensure_eq!(repository.start(&next).await?, [ended(oldest, now, used + ACCESS)]);
    ensure_eq!(show(&context, 101, 102, now).await?, Rotated::Refused);
    ensure_eq!(show(&context, 2, 103, now).await?, issued(&begun[1], 103, now));
    ensure_eq!(sessions(&context, context.user(0), now).await?.len(), Session::MOST);
    let theirs = sessions(&context, context.user(1), now).await?;
    ensure_eq!(theirs, [stranger.session]);
    // Those that are over count no more.
    let tomorrow = now + LIFETIME + SECOND;
    let mut first = begins(&context, context.user(0), 110);
    (first.session.started, first.session.expires) = (tomorrow, tomorrow + LIFETIME);
    ensure_eq!(repository.start(&first).await?, []);
    Ok(())
}

pub(super) async fn log_ins_at_once_leave_no_more_sessions_than_one_may_have(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    for n in 1..Session::MOST {
        log_in(&context, u8::try_from(n)?).await?;
    }
    let racing = (100..116).map(|n| {
        let (context, start) = (Arc::clone(&context), begins(&context, context.user(0), n));
        async move { Ok(context.accounts()?.sessions.start(&start).await?) }
    });
    let ended: Vec<_> = context.together(racing).await?.concat();
    ensure_eq!(ended.len(), 15, "of 35 sessions");
    ensure_eq!(sessions(&context, context.user(0), context.now()).await?.len(), Session::MOST);
    Ok(())
}

pub(super) async fn a_session_is_not_begun_with_a_password_that_has_changed(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let ports = context.accounts()?;
    let user = context.user(0);
    let email = ports.accounts.user(user).await?.ok_or_else(|| Failure::new("nobody is there"))?.email;
    let known = ports.accounts.by_email(&email).await?.ok_or_else(|| Failure::new("nobody is there"))?;
    let start = |hash: &str| SessionStart { password_hash: Some(hash.to_owned()), ..begins(&context, user, 1) };
    ensure_eq!(ports.sessions.start(&start("another")).await, Err(StoreError::Stale));
    ensure_eq!(sessions(&context, user, context.now()).await?, []);
    let good = start(&known.password_hash);
    ensure_eq!(ports.sessions.start(&good).await?, []);
    ensure_eq!(sessions(&context, user, context.now()).await?, [good.session]);
    Ok(())
}

pub(super) async fn ones_own_sessions_are_listed_the_newest_first(context: Arc<TestContext>) -> Result<(), Failure> {
    let user = context.user(0);
    ensure_eq!(sessions(&context, user, context.now()).await?, []);
    let first = log_in(&context, 1).await?.session;
    context.later(SECOND);
    let mut second = begins(&context, user, 2);
    second.session.user_agent = None;
    context.accounts()?.sessions.start(&second).await?;
    context.accounts()?.sessions.start(&begins(&context, context.user(1), 3)).await?;
    ensure_eq!(sessions(&context, user, context.now()).await?, [second.session.clone(), first.clone()]);
    context.later(SECOND);
    let now = context.now();
    show(&context, 1, 11, now).await?;
    let used = Session { last_used: now, expires: now + LIFETIME, access_until: now + ACCESS, ..first };
    ensure_eq!(sessions(&context, user, now).await?, [second.session.clone(), used.clone()]);
    ensure_eq!(sessions(&context, user, second.session.expires).await?, [used], "the other one is over");
    Ok(())
}

pub(super) async fn sessions_are_ended_by_their_owner_only(context: Arc<TestContext>) -> Result<(), Failure> {
    let repository = &context.accounts()?.sessions;
    let (one, two, three) = (log_in(&context, 1).await?, log_in(&context, 2).await?, log_in(&context, 3).await?);
    let (owner, stranger, now) = (context.user(0), context.user(1), context.now());
    for ending in [Ending::One(one.session.id), Ending::All, Ending::AllBut(one.session.id)] {
        ensure_eq!(repository.end(stranger, ending, now).await?, [], "{ending:?}");
    }
    ensure_eq!(sessions(&context, owner, now).await?.len(), 3);
    let mut others = repository.end(owner, Ending::AllBut(two.session.id), now).await?;
    others.sort_by_key(|ended| ended.session);
    let mut expected = [ended(&one, now, now + ACCESS), ended(&three, now, now + ACCESS)];
    expected.sort_by_key(|ended| ended.session);
    ensure_eq!(others, expected);
    ensure_eq!(sessions(&context, owner, now).await?, std::slice::from_ref(&two.session));
    ensure_eq!(repository.end(owner, Ending::All, now).await?, [ended(&two, now, now + ACCESS)]);
    for token in [1, 2, 3] {
        ensure_eq!(show(&context, token, 10, now).await?, Rotated::Refused);
    }
    Ok(())
}

pub(super) async fn what_was_ended_is_told_while_its_access_tokens_are_out(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let repository = &context.accounts()?.sessions;
    let (one, two) = (log_in(&context, 1).await?, log_in(&context, 2).await?);
    let (user, begun) = (context.user(0), context.now());
    ensure_eq!(repository.ended_since(begun - LONGEST, begun, 10).await?, []);
    repository.end(user, Ending::One(one.session.id), begun).await?;
    context.later(SECOND);
    let now = context.now();
    repository.end(user, Ending::One(two.session.id), now).await?;
    let all = [ended(&one, begun, begun + ACCESS), ended(&two, now, begun + ACCESS)];
    ensure_eq!(repository.ended_since(Instant::from_micros(i64::MIN), now, 10).await?, all);
    ensure_eq!(repository.ended_since(begun, now, 1).await?, all[..1], "the first come first");
    ensure_eq!(repository.ended_since(now, now, 10).await?, all[1..]);
    ensure_eq!(repository.ended_since(now + SECOND, now, 10).await?, []);
    ensure_eq!(repository.ended_since(begun, begun + ACCESS, 10).await?, [], "its access tokens have expired");
    Ok(())
}
