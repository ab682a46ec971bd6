//! Verified e-mail addresses.

use crate::ask::{Answer, Ask};
use crate::theatre::{CLIENT_ADDRESS, PASSWORD, PERFORMANCE, SALE, Theatre, code_in};
use frontrow_adapters::LimitSettings;
use frontrow_application::Ports;
use serde_json::json;
use std::time::Duration;

const VERIFICATION: &str = "/v1/users/me/email-verification";

/// Where addresses have to be verified.
async fn strict() -> Theatre {
    Theatre::with(|ports| ports.verified_email_required = true).await
}

async fn sign_up(theatre: &Theatre, email: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD, "name": "Kim"});
    theatre.send(&Ask::post("/v1/users").json(&body)).await
}

async fn log_in(theatre: &Theatre) -> String {
    theatre.log_in("kim@example.com").await["access_token"].as_str().unwrap().to_owned()
}

async fn enter(theatre: &Theatre, token: &str, code: &str) -> Answer {
    theatre.send(&Ask::put(VERIFICATION).by(token).json(&json!({ "code": code }))).await
}

/// Another code than that.
fn wrong(code: &str) -> String {
    format!("{:08}", (code.parse::<u32>().unwrap() + 1) % 100_000_000)
}

#[actix_web::test]
async fn a_sign_up_says_the_same_whoever_has_the_address() {
    let theatre = strict().await;
    let first = sign_up(&theatre, "kim@example.com").await;
    theatre.mailed_code().await;
    theatre.clock.advance(Duration::from_mins(2));
    let second = sign_up(&theatre, "Kim@Example.com").await;
    for answer in [&first, &second] {
        assert_eq!((answer.status, answer.body.len()), (202, 0));
    }
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    let mails = theatre.mailed().await;
    let subjects: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.subject.as_str())).collect();
    let kim = "kim@example.com";
    assert_eq!(subjects, [(kim, "You already have an account"), (kim, "Your code to confirm this address")]);
    assert_eq!(code_in(&mails[0].text), None, "there is nothing that a code would be good for");
    // The account is the first one's.
    log_in(&theatre).await;
}

#[actix_web::test]
async fn who_is_not_verified_browses_and_neither_joins_nor_holds() {
    let theatre = strict().await.set_stage().await;
    sign_up(&theatre, "kim@example.com").await.with(202);
    let token = log_in(&theatre).await;
    let hold = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(&token).key("tap-1");
    let hold = hold.json(&json!({"seats": ["A-1-3"]}));
    let join = Ask::post(format!("/v1/sales/{SALE}/queue-tokens")).by(&token).json(&json!({}));
    for ask in [&hold, &join] {
        theatre.send(ask).await.problem(403, "email-unverified");
    }
    theatre.send(&Ask::get(format!("/v1/performances/{PERFORMANCE}/seats")).by(&token)).await.with(200);
    theatre.send(&Ask::get("/v1/wallet").by(&token)).await.with(200);
    let code = theatre.mailed_code().await;
    enter(&theatre, &token, &code).await.with(204);
    theatre.send(&hold).await.with(201);
    // Operators are known to whoever runs the installation.
    let hold = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).key("tap-2");
    theatre.operate(hold.json(&json!({"seats": ["A-1-4"]}))).await.with(201);
}

#[actix_web::test]
async fn a_code_can_be_tried_five_times() {
    let theatre = Theatre::empty().await;
    let token = theatre.customer("kim").await;
    let code = theatre.mailed_code().await;
    for _ in 0..5 {
        enter(&theatre, &token, &wrong(&code)).await.problem(409, "code-wrong");
    }
    enter(&theatre, &token, &code).await.problem(409, "code-wrong");
    // Another one works.
    theatre.clock.advance(Duration::from_mins(1));
    theatre.send(&Ask::post(VERIFICATION).by(&token)).await.with(202);
    let next = theatre.mailed_code().await;
    assert_ne!(next, code);
    enter(&theatre, &token, &next).await.with(204);
    // And then nothing is left to do.
    enter(&theatre, &token, &code).await.with(204);
    theatre.send(&Ask::post(VERIFICATION).by(&token)).await.with(204);
}

#[actix_web::test]
async fn a_code_is_its_owners() {
    let theatre = Theatre::empty().await;
    theatre.customer("kim").await;
    let kims = theatre.mailed_code().await;
    let lee = theatre.customer("lee").await;
    theatre.mailed_code().await;
    enter(&theatre, &lee, &kims).await.problem(409, "code-wrong");
}

#[actix_web::test]
async fn a_code_ends_after_a_quarter_of_an_hour() {
    for (seconds, status) in [(899, 204), (900, 409)] {
        let theatre = Theatre::empty().await;
        theatre.customer("kim").await;
        let code = theatre.mailed_code().await;
        theatre.clock.advance(Duration::from_secs(seconds));
        let token = theatre.back("kim").await;
        assert_eq!(enter(&theatre, &token, &code).await.status, status, "{seconds}");
    }
}

#[actix_web::test]
async fn who_asks_twice_within_a_minute_gets_one_mail() {
    let theatre = Theatre::empty().await;
    let token = theatre.customer("kim").await;
    let ask = Ask::post(VERIFICATION).by(&token);
    theatre.send(&ask).await.with(202);
    let code = theatre.mailed_code().await;
    theatre.send(&ask).await.with(202);
    assert_eq!(theatre.mailed_code().await, code);
    assert_eq!(theatre.mails.newest_first().len(), 1);
    enter(&theatre, &token, &code).await.with(204);
}

#[actix_web::test]
async fn without_a_mailer_signing_up_is_as_ever_and_nobody_asks_for_codes() {
    let theatre = Theatre::with(|ports: &mut Ports| ports.mailer = None).await;
    let token = theatre.customer("kim").await;
    sign_up(&theatre, "kim@example.com").await.problem(409, "email-taken");
    theatre.send(&Ask::post(VERIFICATION).by(&token)).await.problem(409, "no-mailer");
    enter(&theatre, &token, "12345678").await.problem(409, "code-wrong");
}

#[actix_web::test]
async fn nobody_is_sent_more_than_five_mails_in_a_minute_from_wherever_one_asks() {
    let theatre = Theatre::with_limits(LimitSettings::default()).await;
    // Whether the address has an account or not.
    for n in 0..6 {
        let body = json!({"email": "kim@example.com", "password": PASSWORD, "name": "Kim"});
        let ask = Ask::post("/v1/users").header(CLIENT_ADDRESS, format!("192.0.2.{n}")).json(&body);
        let answer = theatre.send(&ask).await;
        match n {
            0 => drop(answer.with(201)),
            1..5 => drop(answer.problem(409, "email-taken")),
            _ => {
                answer.problem(429, "too-many-requests");
                assert_eq!(answer.header("RateLimit"), Some(r#""mail-per-account";r=0;t=12"#));
            }
        }
    }
    let token = log_in(&theatre).await;
    for n in 0..6 {
        let answer = theatre.send(&Ask::post(VERIFICATION).by(&token)).await;
        if n < 5 { drop(answer.with(202)) } else { drop(answer.problem(429, "too-many-requests")) }
    }
    let lee = json!({"email": "lee@example.com", "password": PASSWORD, "name": "Lee"});
    theatre.send(&Ask::post("/v1/users").json(&lee)).await.with(201);
}
