//! Which passwords there can be, and how one is changed for another.

use crate::ask::{Answer, Ask};
use crate::theatre::{PASSWORD, Theatre};
use frontrow_adapters::Argon2idHasher;
use frontrow_application::port::{AccountRepository, Credentials, PasswordHasher};
use frontrow_domain::testing;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const NEW: &str = "staple battery horse";

async fn change(theatre: &Theatre, token: &str, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "password": new});
    theatre.send(&Ask::put("/v1/users/me/password").by(token).json(&body)).await
}

async fn log_in(theatre: &Theatre, password: &str) -> Answer {
    let body = json!({"email": "kim@example.com", "password": password});
    theatre.send(&Ask::post("/v1/sessions").json(&body)).await
}

fn flaw(answer: &Answer) -> (String, String) {
    let problem = answer.problem(422, "invalid-input");
    let error = &problem["errors"][0];
    (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn a_password_that_is_easily_guessed_is_refused_with_why() {
    let theatre = Theatre::empty().await;
    let sign_up = async |password: &str| {
        let body = json!({"email": "ada.king@example.com", "password": password, "name": "Lovelace"});
        theatre.send(&Ask::post("/v1/users").json(&body)).await
    };
    for (password, code) in [
        ("horse-bat", "length"),
        ("Password123!", "common"),
        ("qwertyuiop", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("lovelace is here", "personal"),
        ("ada.king@example.com", "personal"),
        ("AdaKing-1815", "personal"),
    ] {
        let refused = sign_up(password).await;
        assert_eq!(flaw(&refused), ("/password".to_owned(), code.to_owned()), "{password}");
        assert!(!refused.json().to_string().contains(password), "{refused}");
    }
    sign_up(PASSWORD).await.with(201);
}

#[actix_web::test]
async fn whoever_changes_their_password_stays_logged_in_there_and_nowhere_else() {
    let theatre = Theatre::empty().await;
    let here = theatre.customer("kim").await;
    let there = theatre.log_in("kim@example.com").await;
    change(&theatre, &here, PASSWORD, NEW).await.with(204);
    let wallet = async |token: &str| theatre.send(&Ask::get("/v1/wallet").by(token)).await;
    wallet(&here).await.with(200);
    wallet(Theatre::access(&there)).await.problem(401, "access-token");
    let refresh = Ask::post("/v1/sessions/refresh").json(&json!({"refresh_token": there["refresh_token"]}));
    theatre.send(&refresh).await.problem(401, "session-ended");
    log_in(&theatre, PASSWORD).await.problem(401, "credentials");
    let again = log_in(&theatre, NEW).await.with(201);
    // The answer got lost, and it is sent again: nothing more happens.
    change(&theatre, &here, PASSWORD, NEW).await.with(204);
    wallet(Theatre::access(&again)).await.with(200);
}

#[actix_web::test]
async fn whoever_does_not_know_the_password_does_not_change_it() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    let refused = change(&theatre, &kim, "wrong horse battery", NEW).await;
    assert_eq!(flaw(&refused), ("/current_password".to_owned(), "wrong".to_owned()));
    for (new, code) in [("short", "length"), ("password2026", "common"), ("i am kim, really", "personal")] {
        let refused = change(&theatre, &kim, PASSWORD, new).await;
        assert_eq!(flaw(&refused), ("/password".to_owned(), code.to_owned()), "{new}");
    }
    let nobody = json!({"current_password": PASSWORD, "password": NEW});
    theatre.send(&Ask::put("/v1/users/me/password").json(&nobody)).await.problem(401, "access-token");
    log_in(&theatre, PASSWORD).await.with(201);
}

/// As an older release made it: eight characters, and hashed with less work.
#[actix_web::test]
async fn an_old_password_still_logs_in_and_its_hash_is_made_stronger() {
    let strong: Arc<Argon2idHasher> = Arc::default();
    let hasher = Arc::clone(&strong);
    let theatre = Theatre::with(|ports| ports.passwords = hasher).await;
    let user = testing::user().email("kim@example.com".parse().unwrap()).name("Kim").build();
    let password_hash = Argon2idHasher::weak_for_tests().hash("password".into()).await.unwrap();
    let known = Credentials { user: user.clone(), password_hash };
    theatre.memory.add(&known, frontrow_domain::Instant::default()).await.unwrap();
    log_in(&theatre, "passw0rd").await.problem(401, "credentials");
    let hash = async || theatre.memory.by_email(&user.email).await.unwrap().unwrap().password_hash;
    assert_eq!(hash().await, known.password_hash);
    log_in(&theatre, "password").await.with(201);
    let stronger = hash().await;
    assert!(strong.is_weak(&known.password_hash) && !strong.is_weak(&stronger));
    log_in(&theatre, "password").await.with(201);
    assert_eq!(hash().await, stronger, "it is strong enough");
}

/// Nobody's sessions end, and nothing is told apart, for whoever has only an access token that has expired.
#[actix_web::test]
async fn an_expired_token_changes_no_password() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    theatre.clock.advance(Duration::from_mins(16));
    let right: Value = change(&theatre, &kim, PASSWORD, NEW).await.problem(401, "access-token");
    let wrong: Value = change(&theatre, &kim, "wrong horse battery", NEW).await.problem(401, "access-token");
    assert_eq!(right["title"], wrong["title"]);
    log_in(&theatre, PASSWORD).await.with(201);
}
