//! Holding the best seats that are left.

use crate::ask::{Answer, Ask};
use crate::theatre::{PERFORMANCE, Theatre};
use serde_json::{Value, json};

async fn ask(theatre: &Theatre, who: &str, key: &str, body: &Value) -> Answer {
    let path = format!("/v1/performances/{PERFORMANCE}/reservations");
    theatre.send(&Ask::post(path).by(who).key(key).json(body)).await
}

fn best(count: u32) -> Value {
    json!({"best_available": {"count": count, "tier": "R"}})
}

fn seats(held: &Value) -> Vec<&str> {
    held["line_items"].as_array().unwrap().iter().map(|line_item| line_item["seat"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn the_best_seats_are_held_and_a_repetition_gets_the_same() {
    let theatre = Theatre::on_sale().await;
    let (kim, lee) = (theatre.customer("kim").await, theatre.customer("lee").await);
    let held = ask(&theatre, &kim, "tap", &best(2)).await.with(201);
    let next = ask(&theatre, &lee, "tap", &best(2)).await.with(201);
    assert_ne!(seats(&held), seats(&next));
    assert_eq!(ask(&theatre, &kim, "tap", &best(2)).await.with(201), held);
    let other = ask(&theatre, &kim, "tap", &best(1)).await.with(422);
    assert_eq!(other["type"], "/problems/idempotency-key-reused");
}

#[actix_web::test]
async fn accessible_seats_are_for_who_asks() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let wish = json!({"best_available": {"count": 2, "tier": "R", "accessible": true, "price_type": "child"}});
    let held = ask(&theatre, &kim, "tap", &wish).await.with(201);
    assert_eq!(seats(&held), ["A-1-1", "A-1-2"], "an accessible one and its companion's");
    assert!(held["line_items"].as_array().unwrap().iter().all(|line_item| line_item["price_type"] == "child"));
    let lee = theatre.customer("lee").await;
    let others = ask(&theatre, &lee, "tap", &best(1)).await.with(201);
    assert!(!["A-1-1", "A-1-2"].contains(&seats(&others)[0]), "{others}");
}

#[actix_web::test]
async fn what_is_sold_out_differs_from_what_is_not_together() {
    let theatre = Theatre::on_sale().await;
    let mut held = Vec::new();
    for n in 0.. {
        let who = theatre.customer(&format!("customer{n}")).await;
        let answer = ask(&theatre, &who, "tap", &best(1)).await;
        if answer.status == 409 {
            assert_eq!(answer.with(409)["type"], "/problems/sold-out");
            break;
        }
        held.push((who, answer.with(201)));
    }
    let sitting_at = |seat: &str| held.iter().find(|(_, reservation)| seats(reservation) == [seat]).unwrap();
    for (who, reservation) in ["A-1-3", "A-1-5"].map(sitting_at) {
        let path = format!("/v1/reservations/{}", reservation["id"].as_str().unwrap());
        theatre.send(&Ask::delete(path).by(who)).await.with(204);
    }
    let kim = theatre.customer("kim").await;
    let refused = ask(&theatre, &kim, "tap", &best(2)).await.with(409);
    assert_eq!((&refused["type"], &refused["left"]), (&json!("/problems/not-together"), &json!(2)));
    let one = ask(&theatre, &kim, "tap", &best(1)).await.with(201);
    assert!(["A-1-3", "A-1-5"].contains(&seats(&one)[0]), "{one}");
}

#[actix_web::test]
async fn a_request_names_seats_or_what_they_have_to_be() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let both = json!({"seats": ["A-1-3"], "best_available": {"count": 1, "tier": "R"}});
    let unknown = json!({"best_available": {"count": 1, "tier": "X", "price_type": "senior"}});
    for (body, pointers) in [
        (json!({}), vec!["/seats"]),
        (both, vec!["/best_available"]),
        (json!({"best_available": {"count": 0, "tier": ""}}), vec!["/best_available/count", "/best_available/tier"]),
        (json!({"best_available": {"count": 51, "tier": "R"}}), vec!["/best_available/count"]),
        (json!({"best_available": {"tier": "R"}}), vec!["/best_available/count"]),
        (json!({"best_available": {"count": 1, "tier": "R", "row": "1"}}), vec!["/best_available/row"]),
        (unknown, vec!["/best_available/tier", "/best_available/price_type"]),
    ] {
        let refused = ask(&theatre, &kim, "tap", &body).await.with(422);
        let found: Vec<_> =
            refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(found, pointers, "{body}");
    }
    ask(&theatre, &kim, "tap", &best(1)).await.with(201);
}
