//! Putting on sale.

use crate::ask::{Answer, Ask};
use crate::description::Description;
use crate::theatre::{CONCERT, NOTHING, PERFORMANCE, SALE, Theatre, VENUE, sale_example};
use serde_json::{Value, json};

const MAP: &str = "/v1/venues/{id}/seat-maps/{version}";
const SALES: &str = "/v1/sales/{id}";
const PERFORMANCES: &str = "/v1/performances/{id}";

/// The description's own example; of a sale, what is public.
fn example(path: &str) -> Value {
    if path == SALES {
        return sale_example();
    }
    let description = Description::new();
    description.operation("put", path).body_example()
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

async fn put(theatre: &Theatre, path: &str, ids: [&str; 2], body: &Value) -> Answer {
    let path = path.replace("{id}", ids[0]).replace("{version}", ids[1]);
    theatre.replace(&path, body).await
}

#[actix_web::test]
async fn putting_and_publishing_the_same_again_changes_nothing() {
    let theatre = Theatre::on_sale().await;
    let before = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200);
    for (path, id) in [
        ("/v1/venues/{id}", VENUE),
        (MAP, VENUE),
        ("/v1/concerts/{id}", CONCERT),
        (PERFORMANCES, PERFORMANCE),
        (SALES, SALE),
    ] {
        put(&theatre, path, [id, "1"], &example(path)).await.with(200);
    }
    for path in [format!("/v1/performances/{PERFORMANCE}"), format!("/v1/sales/{SALE}")] {
        let published = theatre.operate(Ask::post(format!("{path}/publication"))).await.with(200);
        assert_eq!(published["status"], "published");
    }
    assert_eq!(theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200), before);
}

#[actix_web::test]
async fn what_is_public_keeps_its_promises() {
    let theatre = Theatre::on_sale().await;
    let more_seats = with(example(MAP), "/sections/1/spots", json!(101));
    put(&theatre, MAP, [VENUE, "1"], &more_seats).await.problem(409, "seat-map-frozen");
    put(&theatre, MAP, [VENUE, "2"], &more_seats).await.with(201);
    let other_seats = with(example(PERFORMANCES), "/seat_map_version", json!(2));
    put(&theatre, PERFORMANCES, [PERFORMANCE, ""], &other_seats).await.problem(409, "performance-public");
    let later = with(example(PERFORMANCES), "/starts_at", json!("2027-05-02T10:00:00+09:00"));
    put(&theatre, PERFORMANCES, [PERFORMANCE, ""], &later).await.with(200);
    let shown = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200);
    assert_eq!(shown["starts_at"], "2027-05-02T01:00:00Z");
    put(&theatre, PERFORMANCES, [NOTHING, ""], &example(PERFORMANCES)).await.with(201);
    let others = with(example(SALES), "/performances", json!([NOTHING]));
    put(&theatre, SALES, [SALE, ""], &others).await.problem(409, "sale-public");
    let more = with(example(SALES), "/performances", json!([PERFORMANCE, NOTHING]));
    put(&theatre, SALES, [SALE, ""], &more).await.problem(409, "performance-not-public");
}

#[actix_web::test]
async fn a_cancellation_is_final() {
    let theatre = Theatre::on_sale().await;
    let say = async |what: &str| theatre.operate(Ask::post(format!("/v1/performances/{PERFORMANCE}/{what}"))).await;
    for (what, status) in [("postponement", "postponed"), ("publication", "published"), ("cancellation", "cancelled")] {
        assert_eq!(say(what).await.with(200)["status"], status);
    }
    say("publication").await.problem(409, "performance-status");
}

#[actix_web::test]
async fn what_is_built_on_nothing_is_not_found() {
    let theatre = Theatre::on_sale().await;
    let nothing = || json!(NOTHING);
    for (path, body) in [
        (MAP, example(MAP)),
        (PERFORMANCES, with(example(PERFORMANCES), "/concert_id", nothing())),
        (PERFORMANCES, with(example(PERFORMANCES), "/venue_id", nothing())),
        (PERFORMANCES, with(example(PERFORMANCES), "/seat_map_version", json!(9))),
        (SALES, with(example(SALES), "/performances", json!([NOTHING]))),
    ] {
        put(&theatre, path, [NOTHING, "1"], &body).await.problem(404, "not-found");
    }
    for what in ["performances/{}/publication", "performances/{}/cancellation", "sales/{}/publication"] {
        let path = format!("/v1/{}", what.replace("{}", NOTHING));
        theatre.operate(Ask::post(path)).await.problem(404, "not-found");
    }
}

#[actix_web::test]
async fn every_flaw_of_a_description_is_named() {
    let theatre = Theatre::on_sale().await;
    let rows = json!([{"name": "1", "seats": 0, "tier": "R"}, {"name": "1", "seats": 5, "tier": "!"}]);
    let map = json!({"sections": [{"kind": "seated", "name": "A", "rows": rows},
        {"kind": "standing", "name": "A", "spots": 100_001, "tier": "S"}]});
    let row = "/sections/0/rows";
    let flaws = [
        (
            MAP,
            map,
            vec![
                format!("{row}/0/seats"),
                format!("{row}/1/name"),
                format!("{row}/1/tier"),
                "/sections/1/name".to_owned(),
                "/sections/1/spots".to_owned(),
                "/sections".to_owned(),
            ],
        ),
        (SALES, with(example(SALES), "/closes", json!("2026-12-31T00:00:00Z")), vec!["/closes".to_owned()]),
        ("/v1/venues/{id}", json!({"name": "Hall", "time_zone": "Europe/Atlantis"}), vec!["/time_zone".to_owned()]),
        (
            PERFORMANCES,
            with(example(PERFORMANCES), "/prices/tiers/1/code", json!("R")),
            vec!["/prices/tiers/1/code".to_owned(), "/prices/tiers".to_owned()],
        ),
    ];
    for (path, body, pointers) in flaws {
        let answer = put(&theatre, path, [VENUE, "3"], &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.pointers(), pointers, "{answer}");
    }
}

#[actix_web::test]
async fn a_sale_has_defaults() {
    let theatre = Theatre::on_sale().await;
    let short = json!({"name": "Presale", "performances": [PERFORMANCE], "opens": "2027-01-01T00:00:00Z",
        "closes": "2027-04-30T00:00:00Z"});
    put(&theatre, SALES, [SALE, ""], &short).await.with(200);
    let shown = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200)["sales"][0].clone();
    assert_eq!((&shown["limit_per_person"], &shown["hold_seconds"]), (&json!(4), &json!(300)));
    let ask = Ask::post(format!("/v1/performances/{PERFORMANCE}/reservations")).by(&theatre.customer("kim").await);
    let held = theatre.send(&ask.key("tap").json(&json!({"seats": ["A-1-1"]}))).await.with(201);
    assert_eq!(held["pay_until"], "2027-04-30T00:05:00Z");
}

#[actix_web::test]
async fn texts_for_people_can_be_seen_and_are_kept_composed() {
    let theatre = Theatre::on_sale().await;
    for (path, id, pointer) in [
        ("/v1/venues/{id}", VENUE, "/name"),
        ("/v1/concerts/{id}", CONCERT, "/title"),
        ("/v1/concerts/{id}", CONCERT, "/artist"),
        (PERFORMANCES, PERFORMANCE, "/prices/tiers/0/name"),
        (PERFORMANCES, PERFORMANCE, "/prices/types/1/name"),
        (SALES, SALE, "/name"),
    ] {
        for unseen in ["\u{200b}", "\u{3164}", "a\u{202e}b", "\u{2800}"] {
            let refused = put(&theatre, path, [id, "1"], &with(example(path), pointer, json!(unseen))).await;
            assert_eq!((refused.status, refused.pointers()), (422, vec![pointer.to_owned()]), "{path} {unseen:?}");
        }
        let apart = with(example(path), pointer, json!("e\u{301}".repeat(100)));
        put(&theatre, path, [id, "1"], &apart).await.with(200);
        let settings = Theatre::settings(&path.replace("{id}", id));
        let kept = theatre.operate(Ask::get(settings)).await.with(200);
        assert_eq!(kept.pointer(pointer), Some(&json!("\u{e9}".repeat(100))), "{path} {pointer}");
    }
}

#[actix_web::test]
async fn a_time_zone_is_kept_by_its_canonical_name() {
    let theatre = Theatre::on_sale().await;
    for (put_as, kept) in [("asia/seoul", "Asia/Seoul"), ("Asia/Calcutta", "Asia/Kolkata"), ("utc", "Etc/UTC")] {
        let body = json!({"name": "Hall", "time_zone": put_as});
        put(&theatre, "/v1/venues/{id}", [VENUE, ""], &body).await.with(200);
        let shown = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200);
        assert_eq!([&shown["time_zone"], &shown["venue"]["time_zone"]], [kept, kept]);
    }
    for unknown in ["localtime", "posixrules", "Factory", "EST", "right/Asia/Seoul", "Etc/Unknown", "Asia/Seoul\0"] {
        let refused =
            put(&theatre, "/v1/venues/{id}", [VENUE, ""], &json!({"name": "Hall", "time_zone": unknown})).await;
        assert!(refused.pointers().contains(&"/time_zone".to_owned()), "{unknown:?}: {refused}");
    }
}

#[actix_web::test]
async fn names_of_sections_and_rows_are_kept_composed() {
    /// `1층`, `가` and `É`, as a Mac writes the names of files, and as they are kept.
    const NAMES: [(&str, &str, &str); 3] = [
        ("/sections/0/name", "1\u{110e}\u{1173}\u{11bc}", "1\u{ce35}"),
        ("/sections/0/rows/0/name", "\u{1100}\u{1161}", "\u{ac00}"),
        ("/sections/1/name", "E\u{301}", "\u{c9}"),
    ];
    let theatre = Theatre::on_sale().await;
    let map = NAMES.iter().fold(example(MAP), |map, (pointer, decomposed, _)| with(map, pointer, json!(decomposed)));
    put(&theatre, MAP, [VENUE, "2"], &map).await.with(201);
    let performance = with(example(PERFORMANCES), "/seat_map_version", json!(2));
    put(&theatre, PERFORMANCES, [NOTHING, ""], &performance).await.with(201);
    theatre.operate(Ask::post(format!("/v1/performances/{NOTHING}/publication"))).await.with(200);
    let shown = theatre.get(format!("/v1/performances/{NOTHING}/seat-map/2")).await.with(200);
    for (pointer, _, composed) in NAMES {
        assert_eq!(shown.pointer(pointer), Some(&json!(composed)), "{pointer}");
    }
    // The map is frozen now: only the same one can be put again.
    put(&theatre, MAP, [VENUE, "2"], &map).await.with(200);
}
