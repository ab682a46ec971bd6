//! Every answer that the document has can be had from the mock, by the header `Prefer`.

use crate::description::{Description, address};
use crate::house::{Answer, Ask, House};
use std::collections::BTreeSet;

fn preferring(ask: Ask, preference: &str) -> Ask {
    ask.header("Prefer", preference)
}

async fn get(house: &House, path: &str, preference: &str) -> Answer {
    house.send(preferring(Ask::get(path), preference)).await
}

#[actix_web::test]
async fn every_operation_answers_with_every_status_that_it_has_and_as_promised() {
    let house = House::new().await;
    let description = Description::of(&house).await;
    let (mut operations, mut answers) = (BTreeSet::new(), 0);
    for promise in description.promises() {
        let ask = Ask::new(promise.method.clone(), address(promise.path));
        let answer = house.send(preferring(ask, &format!("code={}", promise.status))).await;
        let flaws = description.flaws(&promise, &answer);
        assert!(flaws.is_empty(), "{} {} {}: {flaws:?}", promise.method, promise.path, promise.status);
        let applied = format!("code={}", promise.status);
        assert_eq!(answer.header("Preference-Applied"), Some(&*applied));
        operations.insert((promise.method.to_string(), promise.path.to_owned()));
        answers += 1;
    }
    assert_eq!(operations.len(), description.operations().len());
    assert!(operations.len() >= 47 && answers >= 400, "{} operations, {answers} answers", operations.len());
}

#[actix_web::test]
async fn every_named_example_can_be_had_and_every_problem_by_its_type() {
    let house = House::new().await;
    let description = Description::of(&house).await;
    let mut examples = 0;
    for promise in description.promises() {
        for (name, value) in description.named(promise.answer) {
            let mut wishes = vec![format!("code={}; example=\"{name}\"", promise.status)];
            if promise.status >= 400 {
                let kind = value["type"].as_str().unwrap().rsplit([':', '/', '#']).next().unwrap();
                wishes.push(format!("code={}; type={kind}", promise.status));
            }
            for wish in wishes {
                let ask = Ask::new(promise.method.clone(), address(promise.path));
                let answer = house.send(preferring(ask, &wish)).await;
                let flaws = description.flaws(&promise, &answer);
                assert!(flaws.is_empty(), "{} {} {wish}: {flaws:?}", promise.method, promise.path);
                let mut body = if promise.status >= 400 { answer.any_problem() } else { answer.json() };
                if promise.status >= 400 {
                    // That of this request, which no example knows.
                    body.as_object_mut().unwrap().remove("instance");
                }
                assert_eq!(body, *value, "{} {} {wish}", promise.method, promise.path);
                examples += 1;
            }
        }
    }
    assert!(examples >= 800, "{examples} examples");
}

#[actix_web::test]
async fn without_a_preference_every_operation_is_the_real_one() {
    let house = House::new().await;
    let description = Description::of(&house).await;
    for (method, path, _) in description.operations() {
        for preference in [None, Some("respond-async"), Some("handling=strict; x=\"code=200\"")] {
            let ask = Ask::new(method.clone(), format!("{}?nonsense=1", address(path)));
            let ask = if let Some(preference) = preference { preferring(ask, preference) } else { ask };
            let answer = house.send(ask).await;
            let problem = answer.problem(422, "invalid-input");
            let pointers: Vec<_> =
                problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
            assert!(pointers.iter().any(|pointer| **pointer == "/query/nonsense"), "{method} {path}: {problem}");
            assert_eq!(answer.header("Preference-Applied"), None, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_problem_is_found_without_its_status() {
    let house = House::new().await;
    let hold = || Ask::post("/v1/performances/whatever/reservations");
    house.send(preferring(hold(), "type=seats-taken")).await.problem(409, "seats-taken");
    house.send(preferring(hold(), "example=sold-out")).await.problem(409, "sold-out");
    house.send(preferring(hold(), "code=503; type=unknown-outcome")).await.problem(503, "unknown-outcome");
    let busy = house.send(preferring(hold(), "code=503")).await;
    assert!(busy.status == 503 && busy.header("Retry-After").is_some(), "{busy:?}");
    let denied = house.send(preferring(hold(), "code=401")).await;
    assert_eq!((denied.status, denied.header("WWW-Authenticate")), (401, Some("Bearer")));
}

#[actix_web::test]
async fn what_there_is_not_is_refused_with_what_there_is() {
    let house = House::new().await;
    for (preference, named) in [
        ("code=418", "200"),
        ("code=x", "code=100"),
        ("code=99", "code=100"),
        ("type=nothing", "busy"),
        ("code=503; type=seats-taken", "busy"),
        ("example=nothing", "busy"),
        ("wait=31", "wait=30"),
        ("code=200, code=500", "once"),
        ("code=200; wait=1.5", "wait=30"),
    ] {
        let answer = get(&house, "/v1/concerts", preference).await;
        let error = answer.problem(422, "invalid-input")["errors"][0].clone();
        assert_eq!(error["pointer"], "/headers/Prefer", "{preference}");
        assert!(error["detail"].as_str().unwrap().contains(named), "{preference}: {error}");
    }
    let problem = get(&house, "/v1/concerts", "code=418").await.problem(422, "invalid-input");
    let allowed = problem["errors"][0]["params"]["allowed"].as_array().unwrap();
    assert!(allowed.contains(&"200".into()) && !allowed.contains(&"418".into()), "{problem}");
    get(&house, "/v1/nothing", "code=200").await.problem(404, "not-found");
}

#[actix_web::test]
async fn an_answer_takes_as_long_as_somebody_likes() {
    let house = House::new().await;
    let begun = tokio::time::Instant::now();
    let answer = get(&house, "/v1/concerts", "wait=1").await;
    assert!(begun.elapsed().as_secs() >= 1);
    assert_eq!((answer.status, answer.header("Preference-Applied")), (200, Some("wait=1")));
    let begun = tokio::time::Instant::now();
    let answer = get(&house, "/v1/concerts", "code=500, wait=1").await;
    assert!(begun.elapsed().as_secs() >= 1);
    assert_eq!((answer.status, answer.header("Preference-Applied")), (500, Some("code=500, wait=1")));
}

/// A check-in knows `wait` itself, and answers sooner if there is something to say.
#[actix_web::test]
async fn an_operation_with_preferences_of_its_own_keeps_them() {
    let house = House::new().await;
    let path = format!("/v1/sales/{}/admission", house.sale("Northern Lights"));
    let ask = Ask::post(&path).by(&house.token("lee")).header("Frontrow-Queue-Token", "AQE");
    let answer = house.send(preferring(ask, "wait=30")).await;
    answer.problem(403, "queue-token-forged");
    assert_eq!(answer.header("Preference-Applied"), None);
    let ask = preferring(Ask::post(&path), "code=202, wait=0");
    assert_eq!(house.send(ask).await.with(202)["status"], "called");
}
