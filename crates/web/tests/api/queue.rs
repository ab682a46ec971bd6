//! Through the queue: joining, waiting, checking in, booking, leaving.

use crate::ask::{Answer, Ask};
use crate::good::pay;
use crate::steps::{admit, at, change, check_in, checking_in, entry, holding, join, snapshot, try_join};
use crate::theatre::{CLIENT_ADDRESS, JOINS_PER_NETWORK, OPENS, PERFORMANCE, SALE, Theatre};
use frontrow_application::port::Clock;
use frontrow_domain::Instant;
use serde_json::{Value, json};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// One at a time, and out with the first payment.
async fn narrow_lobby() -> Theatre {
    Theatre::in_lobby(json!({"capacity": 1, "leave_on_payment": true})).await
}

fn instant(text: &Value) -> Instant {
    let at: jiff::Timestamp = text.as_str().unwrap().parse().unwrap();
    Instant::from_micros(at.as_microsecond())
}

async fn renew(theatre: &Theatre, who: &str, body: &Value) -> Answer {
    theatre.send(&Ask::put(at("admission")).by(who).json(body)).await
}

#[actix_web::test]
async fn one_person_has_one_entry() {
    let theatre = narrow_lobby().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let first = try_join(&theatre, &kim, &json!({})).await.with(201);
    assert_eq!((&first["group"], &first["number"], &first["status"]), (&json!(0), &json!(1), &json!("lobby")));
    assert_eq!((&first["people_ahead"], &first["wait"]), (&Value::Null, &Value::Null));
    assert_eq!((&first["phase"], &first["opens"]), (&json!("lobby"), &json!("2027-01-01T00:00:00Z")));
    let token = first["token"].as_str().unwrap();
    for body in [json!({}), json!({ "token": token }), json!({"code": "LARKS-2027"}), json!({"token": "nonsense"})] {
        let again = try_join(&theatre, &kim, &body).await.with(200);
        assert_eq!((&again["group"], &again["number"]), (&json!(0), &json!(1)), "{body}");
        let said = body.get("code").map(|_| json!("not_used"));
        assert_eq!(again.get("code"), said.as_ref(), "{body}");
    }
    assert_eq!(try_join(&theatre, &lee, &json!({})).await.with(201)["number"], 2);
    let mut without = first.clone();
    without.as_object_mut().unwrap().remove("token");
    assert_eq!(entry(&theatre, token).await, without);
}

#[actix_web::test]
async fn a_code_opens_a_queue_of_its_own() {
    let theatre = narrow_lobby().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let refused = try_join(&theatre, &kim, &json!({"code": "larks-2027"})).await;
    refused.problem(422, "invalid-input");
    assert_eq!(refused.pointers(), ["/code"]);
    for (who, body, group) in [(&kim, json!({"code": "LARKS-2027"}), 1), (&lee, json!({}), 0)] {
        let joined = try_join(&theatre, who, &body).await.with(201);
        assert_eq!((&joined["group"], &joined["number"]), (&json!(group), &json!(1)));
        assert_eq!(joined.get("code"), body.get("code").map(|_| json!("used")).as_ref());
    }
    let names: Vec<Value> =
        snapshot(&theatre).await["groups"].as_array().unwrap().iter().map(|g| g["name"].clone()).collect();
    assert_eq!(names, ["General", "Fan club"]);
}

#[actix_web::test]
async fn one_joins_from_the_opening_of_the_lobby_until_the_queue_drains() {
    let mut theatre = narrow_lobby().await;
    theatre.customer("kim").await;
    let lobby_opens = OPENS - Duration::from_hours(1);
    theatre.clock.set(lobby_opens - Duration::from_micros(1));
    let kim = theatre.back("kim").await;
    let problem = try_join(&theatre, &kim, &json!({})).await.problem(409, "lobby-not-open");
    assert_eq!(problem["opens"], "2026-12-31T23:00:00Z");
    theatre.clock.set(lobby_opens);
    let kim = theatre.back("kim").await;
    try_join(&theatre, &kim, &json!({})).await.with(201);
    theatre.open().await;
    let (kim, lee) = (theatre.back("kim").await, theatre.customer("lee").await);
    change(&theatre, &json!({"phase": "draining"})).await.with(200);
    for who in [&kim, &lee] {
        try_join(&theatre, who, &json!({})).await.problem(409, "queue-closed");
    }
}

#[actix_web::test]
async fn who_asks_for_an_entry_too_often_is_told_when_to_ask_again() {
    let theatre = narrow_lobby().await;
    let kim = theatre.customer("kim").await;
    for left in (0..5).rev() {
        let joined = try_join(&theatre, &kim, &json!({})).await;
        assert!(joined.status < 300, "{joined}");
        assert_eq!(joined.header("RateLimit-Policy"), Some(r#""joins-per-account";q=5;w=60"#));
        assert_eq!(joined.header("RateLimit"), Some(&*format!(r#""joins-per-account";r={left};t=12"#)));
    }
    theatre.clock.advance(Duration::from_millis(500));
    let refused = try_join(&theatre, &kim, &json!({})).await;
    let problem = refused.problem(429, "too-many-joins");
    assert_eq!(problem["detail"], "an account may join 5 times a minute");
    assert_eq!((refused.header("retry-after"), &problem["ask_again_seconds"]), (Some("12"), &json!(12)));
    assert_eq!(refused.header("RateLimit-Policy"), Some(r#""joins-per-account";q=5;w=60"#));
    assert_eq!(refused.header("RateLimit"), Some(r#""joins-per-account";r=0;t=12"#));
    theatre.clock.advance(Duration::from_secs(12));
    try_join(&theatre, &kim, &json!({})).await.with(200);
}

#[actix_web::test]
async fn a_network_from_which_too_many_ask_for_an_entry_has_to_wait() {
    let theatre = narrow_lobby().await;
    let mut accounts = Vec::new();
    for n in 0..JOINS_PER_NETWORK / 5 {
        accounts.push(theatre.customer(&format!("kim{n}")).await);
    }
    let lee = theatre.customer("lee").await;
    let join = |who: &str, addresses: &str| {
        let ask = Ask::post(at("queue-tokens")).by(who).header(CLIENT_ADDRESS, addresses).json(&json!({}));
        let theatre = &theatre;
        async move { theatre.send(&ask).await }
    };
    for n in 0..JOINS_PER_NETWORK as usize {
        let joined = join(&accounts[n % accounts.len()], &format!("192.0.2.{n}, 2001:db8::{n}")).await;
        assert!(joined.status < 300, "{joined}");
    }
    let refused = join(&lee, "192.0.2.77, 2001:db8::77").await;
    let problem = refused.problem(429, "too-many-joins");
    assert_eq!(refused.header("RateLimit"), Some(r#""joins-per-network";r=0;t=2"#));
    assert_eq!(problem["detail"], "a network may join 30 times a minute");
    assert_eq!(refused.header("retry-after"), Some("2"));
    join(&lee, "2001:db8::1, 192.0.2.1").await.with(201);
    join(&lee, "127.0.0.1").await.with(200);
}

#[actix_web::test]
async fn a_sale_without_a_waiting_room_has_no_queue() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    theatre.look().await;
    try_join(&theatre, &kim, &json!({})).await.problem(404, "not-found");
    theatre.get(at("queue")).await.problem(404, "not-found");
    check_in(&theatre, &kim, "x").await.problem(404, "not-found");
    renew(&theatre, &kim, &json!({})).await.problem(404, "not-found");
    theatre.send(&Ask::delete(at("admission")).by(&kim)).await.problem(404, "not-found");
    theatre.operate(Ask::get(at("waiting-room"))).await.problem(404, "not-found");
}

/// Two people in a queue that has just opened, where there is room for one: their access and queue tokens.
async fn kim_and_lee() -> (Theatre, [String; 2], [String; 2]) {
    let mut theatre = narrow_lobby().await;
    let kim = theatre.customer_with("kim", 500_000).await;
    let lee = theatre.customer("lee").await;
    let entries = [join(&theatre, &kim).await, join(&theatre, &lee).await];
    let early = check_in(&theatre, &kim, &entries[0]).await.problem(409, "not-your-turn");
    assert_eq!((&early["people_ahead"], &early["wait"]), (&Value::Null, &Value::Null));
    theatre.open().await;
    let people = [theatre.back("kim").await, theatre.back("lee").await];
    (theatre, people, entries)
}

/// The pass of somebody who is called.
async fn let_in(theatre: &Theatre, who: &str, token: &str) -> Value {
    check_in(theatre, who, token).await.with(202);
    theatre.tick().await;
    check_in(theatre, who, token).await.with(201)
}

#[actix_web::test]
async fn who_is_called_checks_in_and_is_admitted() {
    let (theatre, [kim, lee], [first, second]) = kim_and_lee().await;
    let called = entry(&theatre, &first).await;
    assert_eq!((&called["status"], &called["people_ahead"]), (&json!("called"), &json!(0)));
    let waiting = entry(&theatre, &second).await;
    assert_eq!((&waiting["status"], &waiting["people_ahead"]), (&json!("waiting"), &json!(1)));
    let problem = check_in(&theatre, &lee, &second).await.problem(409, "not-your-turn");
    for field in ["people_ahead", "wait", "ask_again_seconds"] {
        assert_eq!(problem[field], waiting[field], "{field}");
    }
    assert_eq!(check_in(&theatre, &kim, &first).await.with(202), called);
    let admitted = let_in(&theatre, &kim, &first).await;
    assert_eq!(instant(&admitted["expires"]), theatre.clock.now() + Duration::from_mins(3));
    assert_eq!(instant(&admitted["max_until"]), theatre.clock.now() + Duration::from_mins(10));
    let availability = Ask::get(format!("/v1/performances/{PERFORMANCE}/availability")).by(&kim);
    theatre.send(&availability).await.problem(403, "pass-missing");
    theatre.send(&availability.pass(admitted["pass"].as_str().unwrap())).await.with(200);
    theatre.verify().await;
}

#[actix_web::test]
async fn who_pays_makes_room_and_has_the_lost_answer_all_the_same() {
    let (theatre, [kim, lee], [first, second]) = kim_and_lee().await;
    let admitted = let_in(&theatre, &kim, &first).await;
    let pass = admitted["pass"].as_str().unwrap();
    let hold = holding(&kim, &["A-1-3"]);
    theatre.send(&hold).await.problem(403, "pass-missing");
    let held = theatre.send(&hold.clone().pass(pass)).await.with(201);
    assert_eq!(theatre.send(&hold).await.with(201), held, "a replay needs no pass");
    let id = held["id"].as_str().unwrap();
    let paid = pay(&theatre, &kim, id).await;
    assert_eq!(paid["reservation"]["status"], "confirmed");
    renew(&theatre, &kim, &json!({})).await.problem(403, "admission-ended");
    assert_eq!(pay(&theatre, &kim, id).await, paid);
    assert_eq!(theatre.send(&hold).await.with(201)["id"], held["id"]);
    theatre.send(&holding(&kim, &["A-1-4"]).pass(pass)).await.problem(403, "admission-ended");
    check_in(&theatre, &kim, &first).await.problem(410, "queue-entry-used");
    theatre.clock.advance(SECOND);
    theatre.tick().await;
    let_in(&theatre, &lee, &second).await;
    assert_eq!(try_join(&theatre, &kim, &json!({})).await.with(201)["number"], 3);
    theatre.verify().await;
}

#[actix_web::test]
async fn who_waits_checked_in_hears_of_it_when_they_are_admitted() {
    let theatre = Theatre::in_queue(json!({})).await;
    let kim = theatre.customer("kim").await;
    let token = join(&theatre, &kim).await;
    theatre.tick().await;
    let waiting = checking_in(&kim, &token).header("Prefer", "respond-async, wait=30");
    // The tick comes while they wait.
    let (answer, ()) = futures::join!(theatre.send(&waiting), theatre.tick());
    answer.with(201);
}

#[actix_web::test]
async fn an_admission_is_renewed_until_its_session_is_over() {
    let theatre = Theatre::in_queue(json!({})).await;
    let kim = theatre.customer("kim").await;
    admit(&theatre, &kim).await;
    let begun = theatre.clock.now();
    let closing = renew(&theatre, &kim, &json!({"closing": true})).await.with(200);
    assert_eq!(instant(&closing["until"]), begun + Duration::from_secs(45));
    for minutes in [0, 2, 4, 6] {
        theatre.clock.set(begun + Duration::from_mins(minutes));
        let renewed = renew(&theatre, &kim, &json!({})).await.with(200);
        assert_eq!(instant(&renewed["until"]), theatre.clock.now() + Duration::from_mins(3));
        theatre
            .send(&Ask::get(format!("/v1/performances/{PERFORMANCE}/seats")).pass(renewed["pass"].as_str().unwrap()))
            .await
            .with(200);
    }
    theatre.clock.set(begun + Duration::from_mins(8));
    let last = renew(&theatre, &kim, &json!({"closing": false})).await.with(200);
    assert_eq!(last["until"], last["max_until"]);
    assert_eq!(instant(&last["until"]), begun + Duration::from_mins(10));
    theatre.clock.set(begun + Duration::from_mins(10));
    renew(&theatre, &kim, &json!({})).await.problem(403, "admission-ended");
    theatre.verify().await;
}

#[actix_web::test]
async fn who_leaves_gives_the_admission_back_once() {
    let theatre = Theatre::in_queue(json!({"capacity": 1})).await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let pass = admit(&theatre, &kim).await;
    let waiting = join(&theatre, &lee).await;
    // Somebody is called ahead, and stands by.
    for _ in 0..2 {
        theatre.tick().await;
        check_in(&theatre, &lee, &waiting).await.with(202);
    }
    for _ in 0..2 {
        theatre.send(&Ask::delete(at("admission")).by(&kim)).await.with(204);
    }
    theatre.send(&holding(&kim, &["A-1-3"]).pass(&pass)).await.problem(403, "admission-ended");
    theatre.tick().await;
    check_in(&theatre, &lee, &waiting).await.with(201);
    theatre.verify().await;
}

#[actix_web::test]
async fn nobody_gets_in_with_the_token_of_another() {
    let theatre = Theatre::in_queue(json!({})).await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let token = join(&theatre, &kim).await;
    theatre.tick().await;
    check_in(&theatre, &lee, &token).await.problem(403, "queue-token-foreign");
    check_in(&theatre, &kim, "forged").await.problem(403, "queue-token-forged");
    let pass = admit(&theatre, &kim).await;
    check_in(&theatre, &kim, &pass).await.problem(403, "queue-token-forged");
    renew(&theatre, &lee, &json!({})).await.problem(403, "not-admitted");
    theatre.send(&Ask::get("/v1/queue-tokens/current")).await.problem(422, "invalid-input");
}

#[actix_web::test]
async fn who_does_not_come_for_a_quarter_of_an_hour_goes_to_the_end() {
    let theatre = Theatre::in_queue(json!({})).await;
    let kim = theatre.customer("kim").await;
    let token = join(&theatre, &kim).await;
    theatre.tick().await;
    assert_eq!(entry(&theatre, &token).await["status"], "called");
    // Only ticks make time pass in a queue.
    for _ in 0..16 * 60 {
        theatre.clock.advance(SECOND);
        theatre.tick().await;
    }
    let lapsed = entry(&theatre, &token).await;
    assert_eq!((&lapsed["status"], &lapsed["people_ahead"]), (&json!("lapsed"), &Value::Null));
    let kim = theatre.back("kim").await;
    check_in(&theatre, &kim, &token).await.problem(410, "queue-entry-lapsed");
    assert_eq!(try_join(&theatre, &kim, &json!({ "token": token })).await.with(201)["number"], 2);
}

#[actix_web::test]
async fn a_closed_queue_admits_nobody_and_says_so() {
    let theatre = Theatre::in_queue(json!({"capacity": 1})).await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    admit(&theatre, &kim).await;
    let token = join(&theatre, &lee).await;
    change(&theatre, &json!({"phase": "closed"})).await.with(200);
    check_in(&theatre, &lee, &token).await.problem(409, "queue-closed");
    renew(&theatre, &kim, &json!({})).await.with(200);
    assert_eq!(snapshot(&theatre).await["phase"], "closed");
}

#[actix_web::test]
async fn a_draw_is_published_step_by_step() {
    let mut theatre = Theatre::in_lobby(json!({"draw": true})).await;
    let mut tokens = Vec::new();
    for name in ["kim", "lee", "ann", "bob"] {
        tokens.push(join(&theatre, &theatre.customer(name).await).await);
    }
    let before = snapshot(&theatre).await["draw"].clone();
    for unknown in ["lists", "value", "secret", "seed"] {
        assert_eq!(before[unknown], Value::Null, "{unknown}");
    }
    // The list first.
    theatre.open().await;
    let listed = snapshot(&theatre).await["draw"].clone();
    assert_eq!(listed["lists"].as_array().unwrap().len(), 2);
    assert_eq!((&listed["secret"], &listed["seed"]), (&Value::Null, &Value::Null));
    assert_eq!(entry(&theatre, &tokens[0]).await["status"], "lobby");
    theatre.tick().await;
    let drawn = snapshot(&theatre).await["draw"].clone();
    assert_eq!((&drawn["lists"], &drawn["commitment"]), (&listed["lists"], &before["commitment"]));
    let secret = bytes(&drawn["secret"]);
    let digest = |bytes: &[u8]| <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes));
    assert_eq!(bytes(&drawn["commitment"]), digest(&secret));
    let mut text = secret;
    for count in [4_u64, 0] {
        text.extend(count.to_be_bytes());
    }
    text.extend(listed["lists"].as_array().unwrap().iter().flat_map(bytes));
    assert_eq!(bytes(&drawn["seed"]), digest(&text), "anybody can compute it");
    assert_eq!(snapshot(&theatre).await["groups"][0]["drawn"], 4);
    theatre.tick().await;
    for token in tokens {
        assert_eq!(entry(&theatre, &token).await["status"], "called");
    }
}

fn bytes(digits: &Value) -> Vec<u8> {
    hex::decode(digits.as_str().unwrap()).unwrap()
}

#[actix_web::test]
async fn buyers_see_that_there_is_a_queue_and_no_code() {
    let mut theatre = Theatre::in_lobby(json!({})).await;
    let path = format!("/v1/performances/{PERFORMANCE}");
    let shown = theatre.get(&path).await.with(200);
    assert_eq!(shown["sales"], json!([]));
    let sale = &shown["upcoming_sales"][0];
    assert_eq!(sale["id"], SALE);
    let groups = json!([{"name": "General", "needs_code": false}, {"name": "Fan club", "needs_code": true}]);
    let room = json!({"lobby_opens": "2026-12-31T23:00:00Z", "draw": false, "strict": false, "groups": groups});
    assert_eq!(sale["waiting_room"], room);
    theatre.open().await;
    let shown = theatre.get(&path).await.with(200);
    assert_eq!((&shown["sales"][0]["waiting_room"], &shown["upcoming_sales"]), (&room, &json!([])));
    for ask in [Ask::get(&path), Ask::get(at("queue")), Ask::get(at("waiting-room")).by(&theatre.operator)] {
        let body = String::from_utf8(theatre.send(&ask).await.body).unwrap();
        assert!(!body.contains("LARKS-2027"), "{body}");
    }
}
