//! Running a queue.

use crate::ask::Ask;
use crate::steps::{admit, at, change, check_in, entry, join, snapshot};
use crate::theatre::{NOTHING, SALE, Theatre, sale_with};
use frontrow_application::port::{Auditor, BookingStore, Clock};
use frontrow_domain::{Bar, BuyerKey, Command, Operation, Rule, SaleId, UserId};
use serde_json::{Value, json};
use std::time::Duration;

async fn report(theatre: &Theatre) -> Value {
    theatre.operate(Ask::get(at("waiting-room"))).await.with(200)
}

async fn open() -> Theatre {
    Theatre::in_queue(json!({"capacity": 1})).await
}

#[actix_web::test]
async fn an_operator_sees_who_waits_where() {
    let theatre = open().await;
    let (kim, lee, ann) = (theatre.customer("kim").await, theatre.customer("lee").await, theatre.customer("ann").await);
    admit(&theatre, &kim).await;
    join(&theatre, &lee).await;
    join(&theatre, &ann).await;
    let queue = report(&theatre).await;
    assert_eq!((&queue["sale_id"], &queue["phase"], &queue["capacity"]), (&json!(SALE), &json!("open"), &json!(1)));
    let figures = ["present", "active", "admitted", "admitted_a_minute"].map(|name| queue[name].as_u64());
    assert_eq!(figures, [Some(0), Some(1), Some(1), Some(1)]);
    let (group, waiting) = (&queue["groups"][0], queue["waiting"].as_u64().unwrap());
    assert_eq!((&group["issued"], &group["waiting"]), (&json!(3), &queue["waiting"]));
    assert_eq!(waiting, 3 - group["called"].as_u64().unwrap());
    assert!(waiting > 0, "{queue}");
    assert_eq!((queue["rate_per_minute"].as_u64(), queue["burst"].as_u64()), (Some(600), Some(10)));
    assert_eq!(queue["ended"], json!({"paid": 0, "left": 0, "barred": 0, "expired": 0}));
    theatre.send(&Ask::delete(at("admission")).by(&kim)).await.with(204);
    assert_eq!(report(&theatre).await["ended"]["left"], 1);
}

#[actix_web::test]
async fn what_is_left_out_of_a_change_stays() {
    let theatre = open().await;
    let before = report(&theatre).await;
    assert_eq!(change(&theatre, &json!({})).await.with(200), before);
    let all = json!({"capacity": 7, "rate_per_minute": 60, "burst": 2, "weights": [2, 5], "message": "Soon.",
        "holds_stopped": true, "phase": "paused"});
    let after = change(&theatre, &all).await.with(200);
    for (name, value) in all.as_object().unwrap().iter().filter(|(name, _)| *name != "weights") {
        assert_eq!(&after[name], value, "{name}");
    }
    assert_eq!((&after["groups"][0]["weight"], &after["groups"][1]["weight"]), (&json!(2), &json!(5)));
    let shown = snapshot(&theatre).await;
    for name in ["message", "holds_stopped", "phase"] {
        assert_eq!(shown[name], all[name], "{name}");
    }
    let silent = change(&theatre, &json!({"message": ""})).await.with(200);
    assert_eq!((&silent["message"], &silent["capacity"]), (&Value::Null, &json!(7)));
}

#[actix_web::test]
async fn a_queue_goes_on_from_where_it_stands() {
    let theatre = Theatre::in_lobby(json!({})).await;
    let problem = change(&theatre, &json!({"phase": "paused"})).await.problem(409, "queue-phase");
    assert_eq!((&problem["from"], &problem["to"]), (&json!("lobby"), &json!("paused")));
    for phase in ["open", "paused", "open", "draining", "closed", "open"] {
        assert_eq!(change(&theatre, &json!({ "phase": phase })).await.with(200)["phase"], phase);
    }
}

#[actix_web::test]
async fn every_flaw_of_a_change_is_named() {
    let theatre = open().await;
    for (body, pointers) in [
        (json!({"phase": "lobby"}), vec!["/phase"]),
        (json!({"weights": [1]}), vec!["/weights"]),
        (json!({"weights": [1, 0]}), vec!["/weights"]),
        (json!({"weights": []}), vec!["/weights"]),
        (
            json!({"capacity": 0, "rate_per_minute": 1_000_001, "burst": 0}),
            vec!["/burst", "/capacity", "/rate_per_minute"],
        ),
        (json!({"message": "a\u{7}"}), vec!["/message"]),
    ] {
        let answer = change(&theatre, &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.pointers(), pointers, "{answer}");
    }
}

#[actix_web::test]
async fn every_flaw_of_a_waiting_room_is_named() {
    let theatre = Theatre::on_sale().await;
    let five = ["a", "b", "c", "d", "e"].map(|code| json!({"name": "x", "code": code}));
    for (settings, pointer) in [
        (json!({"lobby_opens": "2027-01-01T00:00:01Z"}), "/waiting_room/lobby_opens"),
        (json!({"capacity": 0}), "/waiting_room/capacity"),
        (json!({"burst": 0}), "/waiting_room/burst"),
        (json!({"session_seconds": 59}), "/waiting_room/session_seconds"),
        (json!({"groups": []}), "/waiting_room/groups"),
        (json!({ "groups": five }), "/waiting_room/groups"),
        (json!({"groups": [{"name": "x", "weight": 101}]}), "/waiting_room/groups/0/weight"),
        (json!({"groups": [{"name": "x", "code": "two words"}]}), "/waiting_room/groups/0/code"),
        (json!({"groups": [{"name": " x"}]}), "/waiting_room/groups/0/name"),
    ] {
        let path = format!("/v1/sales/{}", crate::theatre::OTHER_SALE);
        let answer = theatre.operate(Ask::put(path).json(&sale_with(settings))).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.pointers(), [pointer], "{answer}");
    }
}

#[actix_web::test]
async fn a_waiting_room_has_defaults() {
    let least =
        json!({"lobby_opens": "2027-01-01T00:00:00Z", "capacity": 5, "rate_per_minute": 90, "session_seconds": 60});
    let theatre = Theatre::in_queue(json!({"groups": null, "burst": null})).await;
    assert_eq!(snapshot(&theatre).await["groups"].as_array().unwrap().len(), 1);
    assert_eq!(snapshot(&theatre).await["groups"][0]["name"], "General");
    assert_eq!(report(&theatre).await["burst"], 10, "those of a second");
    let mut sale = sale_with(json!({}));
    sale["waiting_room"] = least;
    theatre.operate(Ask::put(format!("/v1/sales/{}", crate::theatre::OTHER_SALE)).json(&sale)).await.with(201);
}

#[actix_web::test]
async fn once_a_sale_is_public_its_waiting_room_stays() {
    let theatre = open().await;
    let put = async |sale: Value| theatre.replace(&format!("/v1/sales/{SALE}"), &sale).await;
    put(sale_with(json!({"capacity": 1}))).await.with(200);
    put(sale_with(json!({"capacity": 2}))).await.problem(409, "sale-public");
    put(crate::theatre::sale_example()).await.problem(409, "sale-public");
}

#[actix_web::test]
async fn a_paused_queue_stands_still() {
    let theatre = open().await;
    let kim = theatre.customer("kim").await;
    let token = join(&theatre, &kim).await;
    theatre.tick().await;
    change(&theatre, &json!({"phase": "paused", "message": "The hall has no light."})).await.with(200);
    check_in(&theatre, &kim, &token).await.with(202);
    theatre.tick().await;
    assert_eq!(check_in(&theatre, &kim, &token).await.with(202)["phase"], "paused");
    change(&theatre, &json!({"phase": "open", "message": ""})).await.with(200);
    theatre.tick().await;
    check_in(&theatre, &kim, &token).await.with(201);
    assert_eq!(entry(&theatre, &token).await["phase"], "open");
}

#[actix_web::test]
async fn a_bar_on_nobody_is_not_made_and_one_that_was_made_is_lifted() {
    let theatre = open().await;
    let nobody = format!("barred/{NOTHING}");
    theatre.operate(Ask::put(at(&nobody))).await.problem(404, "not-found");
    theatre.operate(Ask::delete(at(&nobody))).await.problem(404, "not-found");
    theatre.verify().await;
    // As it once could be.
    let buyer = BuyerKey { sale: SaleId::new(SALE.parse().unwrap()), user: UserId::new(NOTHING.parse().unwrap()) };
    theatre.memory.execute(Command::unkeyed(Operation::Bar(Bar { buyer, barred: true }))).await.unwrap();
    let findings = theatre.memory.audit(theatre.clock.now()).await.unwrap();
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::NoOrphans]);
    theatre.operate(Ask::delete(at(&nobody))).await.with(204);
    theatre.verify().await;
    theatre.operate(Ask::delete(at(&nobody))).await.problem(404, "not-found");
}

#[actix_web::test]
async fn everything_that_operators_do_is_noted() {
    let theatre = open().await;
    theatre.customer("kim").await;
    let kim = theatre.user("kim").await;
    change(&theatre, &json!({"capacity": 2})).await.with(200);
    change(&theatre, &json!({"phase": "lobby"})).await.problem(422, "invalid-input");
    theatre.operate(Ask::put(at(&format!("barred/{kim}")))).await.with(204);
    theatre.operate(Ask::delete(at(&format!("barred/{kim}")))).await.with(204);
    let page = theatre.operate(Ask::get(at("waiting-room/actions?limit=2"))).await.with(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = theatre.operate(Ask::get(at(&format!("waiting-room/actions?limit=2&cursor={cursor}")))).await.with(200);
    assert_eq!(rest["next_cursor"], Value::Null);
    let actions = [&page, &rest].into_iter().flat_map(|page| page["items"].as_array().unwrap());
    let actions: Vec<&Value> = actions.collect();
    let done: Vec<&str> = actions.iter().map(|action| action["what"].as_str().unwrap()).collect();
    assert_eq!(done, [&format!("unbar {kim}"), &format!("bar {kim}"), "capacity 2"]);
    let operator = theatre.user("operator").await.to_string();
    assert!(
        actions.iter().all(|action| action["by"] == operator && action["at"] == "2027-01-01T00:00:00Z"),
        "{actions:?}"
    );
    let customer = theatre.back("kim").await;
    theatre.send(&Ask::get(at("waiting-room/actions")).by(&customer)).await.problem(403, "not-an-operator");
}

#[actix_web::test]
async fn who_was_admitted_when_is_public_and_who_they_are_is_not() {
    let theatre = Theatre::in_queue(json!({"capacity": 5})).await;
    let mut ids = Vec::new();
    for name in ["kim", "lee", "ann"] {
        admit(&theatre, &theatre.customer(name).await).await;
        ids.push(theatre.user(name).await.to_string());
        theatre.clock.advance(Duration::from_secs(1));
    }
    let first = theatre.get(at("admission-log?limit=2")).await.with(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = theatre.get(at(&format!("admission-log?limit=2&cursor={cursor}"))).await.with(200);
    assert_eq!(rest["next_cursor"], Value::Null);
    let entries: Vec<&Value> = [&first, &rest].into_iter().flat_map(|page| page["items"].as_array().unwrap()).collect();
    assert_eq!(entries.iter().map(|entry| entry["rank"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(entries.iter().map(|entry| entry["active_after"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let (text, one) = (format!("{first}{rest}"), entries[0]);
    assert_eq!((&one["group"], &one["capacity"]), (&json!(0), &json!(5)));
    assert!(ids.iter().all(|id| !text.contains(id)), "{text}");
}
