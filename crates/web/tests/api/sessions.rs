//! Logging in, staying logged in, seeing where one is logged in, logging out.

use crate::ask::{Answer, Ask};
use crate::theatre::{PASSWORD, SESSION, Theatre};
use frontrow_application::port::{AccountNotice, Clock, MockAccountNotices, TokenIssuer};
use frontrow_domain::Session;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Kim's first log-in.
async fn kim(theatre: &Theatre) -> Value {
    theatre.customer("kim").await;
    theatre.send(&Ask::delete("/v1/sessions").by(&theatre.back("kim").await)).await.with(204);
    theatre.log_in("kim@example.com").await
}

fn access(session: &Value) -> &str {
    Theatre::access(session)
}

async fn wallet(theatre: &Theatre, token: &str) -> Answer {
    theatre.send(&Ask::get("/v1/wallet").by(token)).await
}

async fn refresh(theatre: &Theatre, session: &Value) -> Answer {
    let body = json!({"refresh_token": session["refresh_token"]});
    theatre.send(&Ask::post("/v1/sessions/refresh").json(&body)).await
}

async fn list(theatre: &Theatre, session: &Value) -> Vec<Value> {
    let listed = theatre.send(&Ask::get("/v1/sessions").by(access(session))).await.with(200);
    listed["items"].as_array().unwrap().clone()
}

async fn id(theatre: &Theatre, session: &Value) -> String {
    let all = list(theatre, session).await;
    let own = all.iter().find(|session| session["is_current"] == true).unwrap();
    own["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn who_signs_up_can_log_in_and_out() {
    let theatre = Theatre::empty().await;
    let account = json!({"email": "Kim@Example.com", "password": PASSWORD, "name": "Kim"});
    let user = theatre.send(&Ask::post("/v1/users").json(&account)).await.with(201);
    assert_eq!((&user["email"], &user["name"]), (&json!("kim@example.com"), &json!("Kim")));
    let session = theatre.log_in("kim@example.com").await;
    assert_eq!((&session["token_type"], &session["expires_in"]), (&json!("Bearer"), &json!(900)));
    wallet(&theatre, access(&session)).await.with(200);
    let log_out = Ask::delete("/v1/sessions/current").by(access(&session));
    theatre.send(&log_out).await.with(204);
    refresh(&theatre, &session).await.problem(401, "session-ended");
    // The access token is worth nothing either, although it has not expired.
    wallet(&theatre, access(&session)).await.problem(401, "access-token");
    theatre.send(&log_out).await.problem(401, "access-token");
}

#[actix_web::test]
async fn a_double_tap_gets_the_same_token_and_a_late_one_ends_the_session_and_tells_its_owner() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let theatre = Theatre::with(|ports| {
        let mut notices = MockAccountNotices::new();
        notices.expect_tell().returning(move |notice| tell.lock().unwrap().push(*notice));
        ports.notices = Arc::new(notices);
    })
    .await;
    let first = kim(&theatre).await;
    let session = id(&theatre, &first).await;
    let second = refresh(&theatre, &first).await.with(200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(refresh(&theatre, &first).await.with(200)["refresh_token"], second["refresh_token"]);
    assert!(told.lock().unwrap().is_empty());
    theatre.clock.advance(Duration::from_mins(1));
    refresh(&theatre, &first).await.problem(401, "session-ended");
    // Somebody has it who should not: nobody is let in any more.
    refresh(&theatre, &second).await.problem(401, "session-ended");
    wallet(&theatre, access(&second)).await.problem(401, "access-token");
    let told = told.lock().unwrap().clone();
    let [AccountNotice::RefreshTokenReused { user, session: ended, .. }] = told[..] else { panic!("{told:?}") };
    assert_eq!((user, ended.to_string()), (theatre.user("kim").await, session));
}

/// Nobody finds out by the answer whether a token was ever given out.
#[actix_web::test]
async fn whatever_is_wrong_with_a_refresh_token_is_answered_alike() {
    let theatre = Theatre::empty().await;
    let first = kim(&theatre).await;
    refresh(&theatre, &first).await.with(200);
    theatre.clock.advance(Duration::from_mins(1));
    let other = theatre.log_in("kim@example.com").await;
    theatre.send(&Ask::delete("/v1/sessions/current").by(access(&other))).await.with(204);
    let reused = first["refresh_token"].as_str().unwrap();
    let logged_out = other["refresh_token"].as_str().unwrap();
    let unknown = "0".repeat(64);
    let mut answers = Vec::new();
    for token in [reused, reused, logged_out, &unknown, "x"] {
        let answer = refresh(&theatre, &json!({"refresh_token": token})).await;
        let mut problem = answer.problem(401, "session-ended");
        problem.as_object_mut().unwrap().remove("instance");
        answers.push(problem);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[actix_web::test]
async fn one_token_is_not_good_for_what_another_is() {
    let theatre = Theatre::empty().await;
    let session = kim(&theatre).await;
    let token = session["refresh_token"].as_str().unwrap();
    wallet(&theatre, token).await.problem(401, "access-token");
    let shown = json!({"refresh_token": &access(&session)[..128]});
    refresh(&theatre, &shown).await.problem(401, "session-ended");
    // What follows a refresh token is found by nobody who knows only that, and another key finds something else.
    let key = frontrow_adapters::TokenKey { id: "1".into(), secret: [9; 32] };
    let forger = frontrow_adapters::HmacTokenIssuer::new(&key, &[], theatre.clock.clone());
    let next = refresh(&theatre, &session).await.with(200);
    for guess in [forger.successors(token)[0].clone(), hex::encode(frontrow_adapters::sha256(token.as_bytes()))] {
        assert_ne!(next["refresh_token"], guess);
        refresh(&theatre, &json!({"refresh_token": guess})).await.problem(401, "session-ended");
    }
}

#[actix_web::test]
async fn an_access_token_ends() {
    let theatre = Theatre::empty().await;
    let ask = Ask::get("/v1/wallet").by(&theatre.customer("kim").await);
    theatre.send(&ask).await.with(200);
    theatre.clock.advance(Duration::from_mins(16));
    let answer = theatre.send(&ask).await;
    answer.problem(401, "access-token");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[actix_web::test]
async fn a_session_ends_however_often_it_is_refreshed() {
    let theatre = Theatre::empty().await;
    let mut session = kim(&theatre).await;
    let ends = theatre.clock.now() + SESSION;
    let last = ends - Duration::from_mins(1);
    while theatre.clock.now() + Duration::from_hours(23) < last {
        theatre.clock.advance(Duration::from_hours(23));
        session = refresh(&theatre, &session).await.with(200);
    }
    theatre.clock.set(last);
    session = refresh(&theatre, &session).await.with(200);
    assert_eq!(session["expires_in"], 60, "no access token outlives the session");
    let listed = list(&theatre, &session).await;
    assert_eq!(crate::moments::instant(&listed[0]["ends_at"]), ends);
    theatre.clock.set(ends);
    wallet(&theatre, access(&session)).await.problem(401, "access-token");
    refresh(&theatre, &session).await.problem(401, "session-ended");
}

#[actix_web::test]
async fn people_see_where_they_are_logged_in() {
    let theatre = Theatre::empty().await;
    let first = kim(&theatre).await;
    theatre.clock.advance(Duration::from_mins(1));
    let body = json!({"email": "kim@example.com", "password": PASSWORD});
    let ask = Ask::post("/v1/sessions").json(&body);
    let phone = theatre.send(&ask.clone().header("User-Agent", "Phone/1.0")).await.with(201);
    let long = "x".repeat(1000);
    let other = theatre.send(&ask.clone().header("User-Agent", &long)).await.with(201);
    // What is no text, or is there twice, is nobody's name.
    theatre.send(&ask.clone().header("User-Agent", b"\xff")).await.with(201);
    theatre.send(&ask.header("User-Agent", "a").header("User-Agent", "b")).await.with(201);
    theatre.customer("lee").await;

    let all = list(&theatre, &phone).await;
    let mut names: Vec<&Value> = all.iter().map(|session| &session["user_agent"]).collect();
    assert_eq!(names.pop(), Some(&Value::Null), "the first one");
    names.sort_by_key(|name| name.as_str().map(str::len));
    assert_eq!(names, [&Value::Null, &Value::Null, &json!("Phone/1.0"), &json!("x".repeat(200))]);
    let current: Vec<_> = all.iter().filter(|session| session["is_current"] == true).collect();
    assert_eq!((current.len(), &current[0]["user_agent"]), (1, &json!("Phone/1.0")));
    assert_eq!(all[4]["started_at"], all[4]["last_used_at"]);
    theatre.clock.advance(Duration::from_mins(1));
    let first = refresh(&theatre, &first).await.with(200);
    let used = &list(&theatre, &first).await[4];
    assert!(used["is_current"] == true && used["started_at"].as_str() < used["last_used_at"].as_str(), "{used}");
    wallet(&theatre, access(&other)).await.with(200);
}

#[actix_web::test]
async fn a_session_is_ended_by_its_owner_and_nobody_else() {
    let theatre = Theatre::empty().await;
    let (phone, laptop) = (kim(&theatre).await, theatre.log_in("kim@example.com").await);
    let lee = theatre.customer("lee").await;
    let lost = id(&theatre, &phone).await;
    let end = Ask::delete(format!("/v1/sessions/{lost}"));
    theatre.send(&end).await.problem(401, "access-token");
    // Somebody else's and none at all are the same.
    let mut strangers = theatre.send(&end.clone().by(&lee)).await.problem(404, "not-found");
    let none = Ask::delete("/v1/sessions/019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8eff").by(&lee);
    let mut nobodys = theatre.send(&none).await.problem(404, "not-found");
    for problem in [&mut strangers, &mut nobodys] {
        problem.as_object_mut().unwrap().remove("instance");
    }
    assert_eq!(strangers, nobodys);
    wallet(&theatre, access(&phone)).await.with(200);

    theatre.send(&end.clone().by(access(&laptop))).await.with(204);
    theatre.send(&end.by(access(&laptop))).await.problem(404, "not-found");
    wallet(&theatre, access(&phone)).await.problem(401, "access-token");
    refresh(&theatre, &phone).await.problem(401, "session-ended");
    wallet(&theatre, access(&laptop)).await.with(200);
}

#[actix_web::test]
async fn whoever_logs_out_everywhere_is_logged_in_nowhere() {
    let theatre = Theatre::empty().await;
    let sessions = [kim(&theatre).await, theatre.log_in("kim@example.com").await];
    let lee = theatre.customer("lee").await;
    theatre.send(&Ask::delete("/v1/sessions").by(access(&sessions[0]))).await.with(204);
    for session in &sessions {
        wallet(&theatre, access(session)).await.problem(401, "access-token");
        refresh(&theatre, session).await.problem(401, "session-ended");
    }
    wallet(&theatre, &lee).await.with(200);
    let again = theatre.log_in("kim@example.com").await;
    assert_eq!(list(&theatre, &again).await.len(), 1);
}

#[actix_web::test]
async fn with_one_session_too_many_the_oldest_ends() {
    let theatre = Theatre::empty().await;
    let oldest = kim(&theatre).await;
    theatre.clock.advance(Duration::from_secs(1));
    for _ in 1..Session::MOST {
        theatre.log_in("kim@example.com").await;
    }
    wallet(&theatre, access(&oldest)).await.with(200);
    let last = theatre.log_in("kim@example.com").await;
    wallet(&theatre, access(&oldest)).await.problem(401, "access-token");
    assert_eq!(list(&theatre, &last).await.len(), Session::MOST);
}

#[actix_web::test]
async fn another_instance_refuses_the_tokens_of_a_session_that_was_ended_here_once_it_has_read() {
    let here = Theatre::empty().await;
    let there = here.beside().await;
    let session = kim(&here).await;
    wallet(&there, access(&session)).await.with(200);
    here.send(&Ask::delete("/v1/sessions/current").by(access(&session))).await.with(204);
    wallet(&here, access(&session)).await.problem(401, "access-token");
    there.use_cases.ended_sessions.read().await.unwrap();
    wallet(&there, access(&session)).await.problem(401, "access-token");
    // And one that is started later.
    let later = here.beside().await;
    later.use_cases.ended_sessions.read().await.unwrap();
    wallet(&later, access(&session)).await.problem(401, "access-token");
    let other = here.log_in("kim@example.com").await;
    wallet(&there, access(&other)).await.with(200);
}
