//! Signing up.

use crate::ask::{Answer, Ask, KEY};
use crate::theatre::{PASSWORD, Theatre};
use serde_json::json;
use std::time::Duration;

async fn sign_up(theatre: &Theatre) -> Answer {
    let body = json!({"email": "Kim@Example.com", "password": PASSWORD, "name": "Kim"});
    theatre.send(&Ask::post("/v1/users").json(&body)).await
}

async fn log_in(theatre: &Theatre, password: &str) -> Answer {
    let body = json!({"email": "kim@example.com", "password": password});
    theatre.send(&Ask::post("/v1/sessions").json(&body)).await
}

#[actix_web::test]
async fn an_address_has_one_account() {
    let theatre = Theatre::empty().await;
    sign_up(&theatre).await.with(201);
    sign_up(&theatre).await.problem(409, "email-taken");
}

#[actix_web::test]
async fn a_sign_up_whose_answer_was_lost_can_be_repeated_with_its_key() {
    let theatre = Theatre::empty().await;
    let ask = |email: &str, password: &str, name: &str| {
        Ask::post("/v1/users").key("tap-1").json(&json!({"email": email, "password": password, "name": name}))
    };
    let first = theatre.send(&ask("Kim@Example.com", PASSWORD, "Kim")).await.with(201);
    theatre.clock.advance(Duration::from_hours(48));
    assert_eq!(theatre.send(&ask("kim@example.com", PASSWORD, "Kim")).await.with(201), first);
    for (password, name) in [("another password", "Kim"), (PASSWORD, "Lee")] {
        let refused = theatre.send(&ask("kim@example.com", password, name)).await;
        refused.problem(422, "idempotency-key-reused");
    }
    // Without the key, and with another one, nothing is said but what everybody is told.
    sign_up(&theatre).await.problem(409, "email-taken");
    let guess = ask("kim@example.com", PASSWORD, "Kim").key("tap-2");
    theatre.send(&guess).await.problem(409, "email-taken");
    // It is the address's own: somebody else may have had the same idea.
    let other = theatre.send(&ask("lee@example.com", PASSWORD, "Lee")).await.with(201);
    assert_ne!(other["id"], first["id"]);
    log_in(&theatre, PASSWORD).await.with(201);
}

#[actix_web::test]
async fn an_account_without_a_key_is_found_by_none() {
    let theatre = Theatre::empty().await;
    sign_up(&theatre).await.with(201);
    let body = json!({"email": "kim@example.com", "password": PASSWORD, "name": "Kim"});
    theatre.send(&Ask::post("/v1/users").key("tap-1").json(&body)).await.problem(409, "email-taken");
}

#[actix_web::test]
async fn what_can_be_no_key_is_refused_where_none_is_needed_too() {
    let theatre = Theatre::empty().await;
    let body = json!({"email": "kim@example.com", "password": PASSWORD, "name": "Kim"});
    let ask = Ask::post("/v1/users").json(&body);
    let long = "x".repeat(65);
    for wrong in
        [ask.clone().key(""), ask.clone().key("two words"), ask.clone().key(&long), ask.key("1").header(KEY, "1")]
    {
        let refused = theatre.send(&wrong).await;
        refused.problem(400, "idempotency-key-missing");
        assert_eq!(refused.pointers(), ["/headers/Idempotency-Key"]);
    }
    sign_up(&theatre).await.with(201);
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let theatre = Theatre::empty().await;
    let refused = async |password| {
        let mut problem = log_in(&theatre, password).await.problem(401, "credentials");
        problem.as_object_mut().unwrap().remove("instance");
        problem
    };
    let unknown = refused(PASSWORD).await;
    sign_up(&theatre).await.with(201);
    assert_eq!(refused("wrong horse battery").await, unknown);
}

#[actix_web::test]
async fn every_flaw_of_a_sign_up_is_named_at_once_and_no_value_comes_back() {
    let theatre = Theatre::empty().await;
    let bad = json!({"email": "kim", "password": "secret", "name": "\u{7}"});
    let answer = theatre.send(&Ask::post("/v1/users").json(&bad)).await;
    assert_eq!(answer.problem(422, "invalid-input")["title"], "The request has fields that are not allowed");
    assert_eq!(answer.pointers(), ["/email", "/name", "/password"]);
    let wrong_type = json!({"email": "kim@example.com", "password": ["secret"], "name": "Kim"});
    let answers = [answer, theatre.send(&Ask::post("/v1/users").json(&wrong_type)).await];
    assert!(answers.iter().all(|answer| !answer.json().to_string().contains("secret")), "{answers:?}");
}

#[actix_web::test]
async fn a_mailbox_has_one_account_however_it_is_typed() {
    let theatre = Theatre::empty().await;
    let sign_up = async |email: &str, name: &str| {
        let body = json!({"email": email, "password": PASSWORD, "name": name});
        theatre.send(&Ask::post("/v1/users").json(&body)).await
    };
    let user = sign_up("Jos\u{e9}@B\u{fc}cher.example", "Jos\u{e9}").await.with(201);
    assert_eq!(user["email"], "jos\u{e9}@xn--bcher-kva.example");
    for typed in ["jose\u{301}@bu\u{308}cher.example", "JOS\u{c9}@XN--BCHER-KVA.example"] {
        sign_up(typed, "Jos\u{e9}").await.problem(409, "email-taken");
        theatre.log_in(typed).await;
    }
    for hidden in ["b\u{200b}ob@example.com", "bob\u{202e}@example.com", "bob@example.com."] {
        assert_eq!(sign_up(hidden, "Bob").await.pointers(), ["/email"], "{hidden:?}");
    }
}

#[actix_web::test]
async fn a_name_can_be_seen_and_is_kept_composed() {
    let theatre = Theatre::empty().await;
    let sign_up = async |name: &str| {
        let body = json!({"email": "kim@example.com", "password": PASSWORD, "name": name});
        theatre.send(&Ask::post("/v1/users").json(&body)).await
    };
    for unseen in ["\u{200b}", "\u{2800}", "\u{3164}", "\u{202e}evil", "\u{feff}", "\u{a0}", "a\nb"] {
        let refused = sign_up(unseen).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/name".to_owned()]), "{unseen:?}");
    }
    let apart = "e\u{301}".repeat(100);
    assert_eq!(sign_up(&apart).await.with(201)["name"], "\u{e9}".repeat(100));
}

#[actix_web::test]
async fn a_password_is_the_same_on_every_keyboard() {
    let theatre = Theatre::empty().await;
    let body = |password: &str| json!({"email": "kim@example.com", "password": password, "name": "Kim"});
    let hidden = theatre.send(&Ask::post("/v1/users").json(&body("correct\u{200b}horse"))).await;
    assert_eq!((hidden.status, hidden.pointers()), (422, vec!["/password".to_owned()]));
    theatre.send(&Ask::post("/v1/users").json(&body("m\u{e4}rz w\u{f6}lfe 1"))).await.with(201);
    for typed in ["m\u{e4}rz w\u{f6}lfe 1", "ma\u{308}rz wo\u{308}lfe\u{a0}1"] {
        log_in(&theatre, typed).await.with(201);
    }
    log_in(&theatre, "marz wolfe 1").await.problem(401, "credentials");
    log_in(&theatre, "correct\u{200b}horse").await.problem(401, "credentials");
}
