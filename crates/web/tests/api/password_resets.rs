//! Forgotten passwords.

use crate::ask::{Answer, Ask};
use crate::theatre::{PASSWORD, Theatre};
use serde_json::json;
use std::time::Duration;

const NEW: &str = "another horse battery";

async fn ask(theatre: &Theatre, email: &str) -> Answer {
    theatre.send(&Ask::post("/v1/password-resets").json(&json!({ "email": email }))).await
}

async fn confirm(theatre: &Theatre, email: &str, code: &str) -> Answer {
    let body = json!({"email": email, "code": code, "password": NEW});
    theatre.send(&Ask::post("/v1/password-resets/confirmation").json(&body)).await
}

async fn log_in(theatre: &Theatre, password: &str) -> Answer {
    let body = json!({"email": "kim@example.com", "password": password});
    theatre.send(&Ask::post("/v1/sessions").json(&body)).await
}

#[actix_web::test]
async fn a_new_password_ends_every_session_and_its_owner_is_told() {
    let theatre = Theatre::empty().await;
    let token = theatre.customer("kim").await;
    theatre.mailed_code().await;
    let other = log_in(&theatre, PASSWORD).await.with(201);
    ask(&theatre, "Kim@Example.com").await.with(202);
    let code = theatre.mailed_code().await;
    confirm(&theatre, "kim@example.com", &code).await.with(204);
    let refresh = Ask::post("/v1/sessions/refresh").json(&json!({"refresh_token": other["refresh_token"]}));
    theatre.send(&refresh).await.problem(401, "session-ended");
    theatre.send(&Ask::get("/v1/wallet").by(&token)).await.problem(401, "access-token");
    log_in(&theatre, PASSWORD).await.problem(401, "credentials");
    let token = log_in(&theatre, NEW).await.with(201)["access_token"].as_str().unwrap().to_owned();
    // Whoever has the code reads the mails of the address.
    theatre.send(&Ask::post("/v1/users/me/email-verification").by(&token)).await.with(204);
    confirm(&theatre, "kim@example.com", &code).await.problem(409, "code-wrong");
    theatre.use_cases.send_mails.as_ref().unwrap().run().await.unwrap();
    assert_eq!(theatre.mails.newest_first()[0].subject, "Your password has been changed");
}

#[actix_web::test]
async fn nothing_says_who_has_an_account() {
    let theatre = Theatre::empty().await;
    theatre.customer("kim").await;
    theatre.mailed_code().await;
    let answers = [ask(&theatre, "kim@example.com").await, ask(&theatre, "nobody@example.com").await];
    for answer in &answers {
        assert_eq!((answer.status, answer.body.len()), (202, 0));
    }
    let mut refused = Vec::new();
    for email in ["kim@example.com", "nobody@example.com"] {
        let mut problem = confirm(&theatre, email, "12345678").await.problem(409, "code-wrong");
        problem.as_object_mut().unwrap().remove("instance");
        refused.push(problem);
    }
    assert_eq!(refused[0], refused[1]);
    theatre.mailed_code().await;
    let to: Vec<_> = theatre.mails.newest_first().iter().map(|mail| mail.to.as_str().to_owned()).collect();
    assert_eq!(to, ["kim@example.com", "kim@example.com"], "one for the sign-up, and one for the password");
}

#[actix_web::test]
async fn a_code_is_good_for_one_thing_and_five_tries() {
    let theatre = Theatre::empty().await;
    theatre.customer("kim").await;
    let of_the_address = theatre.mailed_code().await;
    ask(&theatre, "kim@example.com").await.with(202);
    let code = theatre.mailed_code().await;
    assert_ne!(code, of_the_address);
    for _ in 0..5 {
        confirm(&theatre, "kim@example.com", &of_the_address).await.problem(409, "code-wrong");
    }
    confirm(&theatre, "kim@example.com", &code).await.problem(409, "code-wrong");
    log_in(&theatre, PASSWORD).await.with(201);
    // The next one works.
    theatre.clock.advance(Duration::from_mins(1));
    ask(&theatre, "kim@example.com").await.with(202);
    let code = theatre.mailed_code().await;
    confirm(&theatre, "kim@example.com", &code).await.with(204);
}

#[actix_web::test]
async fn without_a_mailer_nobody_forgets_a_password() {
    let theatre = Theatre::with(|ports| ports.mailer = None).await;
    theatre.customer("kim").await;
    ask(&theatre, "kim@example.com").await.problem(409, "no-mailer");
    confirm(&theatre, "kim@example.com", "12345678").await.problem(409, "code-wrong");
}
