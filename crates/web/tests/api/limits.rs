//! What may be asked for only so often.

use crate::ask::{Answer, Ask};
use crate::good::hold;
use crate::theatre::{CLIENT_ADDRESS, PASSWORD, PERFORMANCE, Theatre};
use frontrow_adapters::LimitSettings;
use frontrow_application::port::Limit;
use serde_json::json;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// Wrong passwords that nobody has to wait after.
const FREE: usize = 5;

async fn limited() -> Theatre {
    Theatre::with_limits(LimitSettings::default()).await
}

async fn log_in(theatre: &Theatre, email: &str, password: &str, from: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    theatre.send(&Ask::post("/v1/sessions").header(CLIENT_ADDRESS, from).json(&body)).await
}

async fn charge(theatre: &Theatre, who: &str, n: usize, from: &str) -> Answer {
    let body = json!({"amount": 1000, "payment_token": "tok_decline"});
    let ask = Ask::post("/v1/wallet/charges").by(who).key(&format!("card-{n}")).header(CLIENT_ADDRESS, from);
    theatre.send(&ask.json(&body)).await
}

#[actix_web::test]
async fn sixty_wrong_passwords_in_a_second_are_five_and_nobody_is_told_who_has_an_account() {
    let theatre = limited().await;
    theatre.customer("kim").await;
    for email in ["kim@example.com", "nobody@example.com"] {
        for n in 0..60 {
            let answer = log_in(&theatre, email, "wrong horse battery", "192.0.2.1").await;
            if n < FREE {
                answer.problem(401, "credentials");
                continue;
            }
            let problem = answer.problem(429, "too-many-requests");
            assert_eq!(problem["detail"], "log-in per account and network: 1 in 1 seconds");
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.header("RateLimit"), Some(r#""log-in-per-account-and-network";r=0;t=1"#));
            assert_eq!(answer.header("RateLimit-Policy"), Some(r#""log-in-per-account-and-network";q=1;w=1"#));
        }
    }
    log_in(&theatre, "kim@example.com", PASSWORD, "192.0.2.1").await.problem(429, "too-many-requests");
    log_in(&theatre, "kim@example.com", PASSWORD, "198.51.100.7").await.with(201);
    theatre.clock.advance(SECOND);
    log_in(&theatre, "kim@example.com", PASSWORD, "192.0.2.1").await.with(201);
}

#[actix_web::test]
async fn without_limits_each_of_them_is_looked_at() {
    let theatre = Theatre::empty().await;
    theatre.customer("kim").await;
    for _ in 0..60 {
        log_in(&theatre, "kim@example.com", "wrong horse battery", "192.0.2.1").await.problem(401, "credentials");
    }
}

#[actix_web::test]
async fn six_thousand_from_six_hundred_addresses_are_sixty_and_the_owner_gets_in() {
    let theatre = limited().await;
    theatre.customer("kim").await;
    log_in(&theatre, "kim@example.com", PASSWORD, "198.51.100.7").await.with(201);
    let mut tried = 0;
    for n in 0..600 {
        for _ in 0..10 {
            let from = format!("10.9.{}.{}", n / 200, n % 200);
            let answer = log_in(&theatre, "kim@example.com", "wrong horse battery", &from).await;
            match answer.status {
                401 => tried += 1,
                _ => drop(answer.problem(429, "too-many-requests")),
            }
        }
    }
    let most = LimitSettings::default().accounts.of(Limit::LogIn);
    assert!((1..=most).contains(&tried), "{tried} of 6000 passwords were looked at");
    log_in(&theatre, "kim@example.com", PASSWORD, "198.51.100.7").await.with(201);
}

#[actix_web::test]
async fn a_hundred_sign_ups_in_a_second_from_one_network_are_sixty() {
    let theatre = limited().await;
    let sign_up = async |n: usize, from: &str| {
        let body = json!({"email": format!("x{n}@example.com"), "password": PASSWORD, "name": "X"});
        theatre.send(&Ask::post("/v1/users").header(CLIENT_ADDRESS, from).json(&body)).await
    };
    for n in 0..100 {
        // They are in one /64.
        let answer = sign_up(n, &format!("2001:db8::{n}")).await;
        if n < 60 { drop(answer.with(201)) } else { drop(answer.problem(429, "too-many-requests")) }
    }
    sign_up(100, "2001:db8:0:1::1").await.with(201);
    theatre.clock.advance(SECOND);
    sign_up(101, "2001:db8::1").await.with(201);
    sign_up(102, "2001:db8::1").await.problem(429, "too-many-requests");
}

#[actix_web::test]
async fn card_numbers_can_not_be_tried_out_from_wherever_one_asks() {
    let theatre = limited().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    for n in 0..10 {
        charge(&theatre, &kim, n, &format!("192.0.2.{n}")).await.with(201);
    }
    let refused = charge(&theatre, &kim, 10, "192.0.2.10").await;
    refused.problem(429, "too-many-requests");
    assert_eq!(refused.header("RateLimit"), Some(r#""charge-per-account";r=0;t=6"#));
    charge(&theatre, &lee, 0, "192.0.2.10").await.with(201);
    theatre.clock.advance(6 * SECOND);
    charge(&theatre, &kim, 10, "192.0.2.10").await.with(201);
}

#[actix_web::test]
async fn seats_that_somebody_has_given_up_three_times_are_left_to_others_for_a_minute() {
    let theatre = limited().await.set_stage().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let try_hold = async |who: &str, key: &str, seat: &str| {
        let path = format!("/v1/performances/{PERFORMANCE}/reservations");
        theatre.send(&Ask::post(path).by(who).key(key).json(&json!({"seats": [seat]}))).await
    };
    for n in 0..3 {
        let held = try_hold(&kim, &format!("tap-{n}"), "A-1-1").await.with(201);
        let release = Ask::delete(format!("/v1/reservations/{}", held["id"].as_str().unwrap())).by(&kim);
        theatre.send(&release).await.with(204);
        // That nothing is given up costs nothing.
        theatre.send(&release).await.with(204);
    }
    let refused = try_hold(&kim, "tap-3", "A-1-1").await;
    refused.problem(429, "too-many-requests");
    assert_eq!(refused.header("RateLimit"), Some(r#""hold-per-seats";r=0;t=60"#));
    assert_eq!(try_hold(&kim, "tap-2", "A-1-1").await.with(201)["status"], "held", "the answer of that tap");
    try_hold(&kim, "tap-4", "A-1-2").await.with(201);
    theatre.clock.advance(60 * SECOND);
    try_hold(&kim, "tap-3", "A-1-1").await.with(201);
    hold(&theatre, &lee, &["A-1-3"]).await;
}
