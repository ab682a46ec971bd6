//! Finding concerts, and what reservations show of theirs.

use crate::ask::Ask;
use crate::description::Description;
use crate::good::{hold, pay};
use crate::theatre::{CONCERT, PERFORMANCE, Theatre, VENUE};
use serde_json::{Value, json};
use std::time::Duration;

/// The same id with other last digits.
fn id(n: u32) -> String {
    format!("{}{n:03x}", &CONCERT[..33])
}

/// Another concert on the stage, called that, with a performance on that day of May 2027.
async fn add(theatre: &Theatre, n: u32, title: &str, day: u32) {
    let concert = json!({"title": title, "artist": "Beyoncé", "genre": "pop"});
    theatre.operate(Ask::put(format!("/v1/concerts/{}", id(n))).json(&concert)).await.with(201);
    let mut show = Description::new().operation("put", "/v1/performances/{id}").body_example();
    (show["concert_id"], show["doors_at"]) = (json!(id(n)), Value::Null);
    show["starts_at"] = json!(format!("2027-05-{day:02}T15:30:00Z"));
    let address = format!("/v1/performances/{}", id(n));
    theatre.operate(Ask::put(address.as_str()).json(&show)).await.with(201);
    theatre.operate(Ask::post(format!("{address}/publication"))).await.with(200);
}

/// The first words of the titles on the page, and the next cursor.
async fn titles(theatre: &Theatre, query: &str) -> (Vec<String>, Option<String>) {
    let page = theatre.get(format!("/v1/concerts?{query}")).await.with(200);
    let title = |item: &Value| item["title"].as_str().unwrap().split(' ').next().unwrap().to_owned();
    let titles = page["items"].as_array().unwrap().iter().map(title).collect();
    (titles, page["next_cursor"].as_str().map(str::to_owned))
}

#[actix_web::test]
async fn concerts_are_searched_sorted_and_turned_page_by_page() {
    let theatre = Theatre::on_sale().await;
    add(&theatre, 0xa01, "Étude", 3).await;
    add(&theatre, 0xa02, "Aurora", 2).await;
    for (query, expected) in [
        ("", vec!["First", "Aurora", "Étude"]),
        ("sort=date", vec!["First", "Aurora", "Étude"]),
        ("sort=-date", vec!["Étude", "Aurora", "First"]),
        ("sort=title", vec!["Aurora", "Étude", "First"]),
        ("q=ETUDE", vec!["Étude"]),
        ("q=larks%20light", vec!["First"]),
        ("q=larks%20aurora", vec![]),
        ("artist=beyonce&sort=title", vec!["Aurora", "Étude"]),
        ("genre=folk", vec!["First"]),
        ("status=on_sale", vec!["First"]),
        ("status=upcoming", vec!["Aurora", "Étude"]),
        ("city=seoul&from=2027-05-04", vec!["Étude"]),
        // It starts at half past midnight in Seoul.
        ("from=2027-05-03&to=2027-05-03", vec!["Aurora"]),
        ("city=busan", vec![]),
        ("from=2027-05-04&to=2027-05-03", vec![]),
    ] {
        assert_eq!(titles(&theatre, query).await.0, expected, "{query}");
    }
    let (first, cursor) = titles(&theatre, "sort=title&limit=1").await;
    assert_eq!(first, ["Aurora"]);
    let cursor = cursor.unwrap();
    // What the page before ended with goes, and what was before it comes.
    add(&theatre, 0xa03, "Abendlied", 9).await;
    let path = format!("/v1/concerts/{}", id(0xa02));
    let read = theatre.operate(Ask::get(Theatre::settings(&path))).await;
    let patch =
        Ask::patch(path.as_str()).json(&json!({"title": "Zenith"})).header("If-Match", read.header("etag").unwrap());
    theatre.operate(patch).await.with(200);
    let (rest, end) = titles(&theatre, &format!("sort=title&cursor={cursor}")).await;
    assert_eq!((rest, end), (["Étude", "First", "Zenith"].map(str::to_owned).to_vec(), None));
    let other = theatre.get(format!("/v1/concerts?sort=date&cursor={cursor}")).await;
    assert_eq!((other.status, other.pointers()), (422, vec!["/query/cursor".to_owned()]));
}

#[actix_web::test]
async fn a_search_that_can_not_be_says_why() {
    let theatre = Theatre::empty().await;
    let long = "x".repeat(201);
    for (query, pointer) in [
        ("q=".to_owned(), "/query/q"),
        (format!("q={long}"), "/query/q"),
        ("q=a%20b%20c%20d%20e%20f%20g%20h%20i%20j%20k".to_owned(), "/query/q"),
        ("artist=".to_owned(), "/query/artist"),
        (format!("artist={long}"), "/query/artist"),
        (format!("city={long}"), "/query/city"),
        ("genre=polka".to_owned(), "/query/genre"),
        ("status=sold_out".to_owned(), "/query/status"),
        ("sort=price".to_owned(), "/query/sort"),
        ("from=2027-02-29".to_owned(), "/query/from"),
        ("to=2027-05-01T10:00:00Z".to_owned(), "/query/to"),
    ] {
        let answer = theatre.get(format!("/v1/concerts?{query}")).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec![pointer.to_owned()]), "{query}: {answer}");
    }
    let all = theatre.get("/v1/concerts?genre=x&status=x&sort=x&from=x".to_owned()).await;
    assert_eq!(all.pointers(), ["/query/genre", "/query/status", "/query/from", "/query/sort"], "all at once");
}

#[actix_web::test]
async fn a_concert_follows_the_clock() {
    let theatre = Theatre::on_sale().await;
    let see = async || theatre.get(format!("/v1/concerts/{CONCERT}")).await.with(200);
    assert_eq!(see().await["next_performance"]["id"], PERFORMANCE);
    theatre.clock.advance(Duration::from_hours(130 * 24));
    let after = see().await;
    assert_eq!((&after["status"], &after["next_performance"]), (&json!("closed"), &Value::Null));
    assert_eq!(
        (&after["performance_count"], &after["price_range"], &after["cities"]),
        (&json!(0), &Value::Null, &json!([]))
    );
}

#[actix_web::test]
async fn a_reservation_shows_what_it_is_for_to_those_who_ask() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer_with("kim", 1_000_000).await;
    let id = hold(&theatre, &kim, &["A-1-3"]).await;
    pay(&theatre, &kim, &id).await;
    let performance = theatre.get(format!("/v1/performances/{PERFORMANCE}")).await.with(200);
    let concert = theatre.get(format!("/v1/concerts/{CONCERT}")).await.with(200);
    let see = async |path: String| theatre.send(&Ask::get(path).by(&kim)).await;
    let plain = see(format!("/v1/reservations/{id}")).await.with(200);
    assert_eq!((&plain["concert_id"], &plain["performance_id"]), (&json!(CONCERT), &json!(PERFORMANCE)));
    assert!(["performance", "concert", "venue"].iter().all(|name| plain.get(*name).is_none()), "{plain}");
    let all = "expand=performance,concert,venue";
    let one = see(format!("/v1/reservations/{id}?{all}")).await.with(200);
    let list = see(format!("/v1/reservations?{all}&limit=1")).await.with(200);
    let tickets = see(format!("/v1/reservations/{id}/tickets?{all}")).await.with(200);
    for shown in [&one, &list["items"][0], &tickets] {
        assert_eq!(shown["performance"], performance);
        assert_eq!(shown["concert"], concert);
        assert_eq!((&shown["venue"], &shown["venue"]["id"]), (&performance["venue"], &json!(VENUE)));
    }
    let venue = see(format!("/v1/reservations/{id}?expand=venue")).await.with(200);
    assert!(venue.get("concert").is_none() && venue.get("venue").is_some());
    for path in
        [format!("/v1/reservations/{id}"), "/v1/reservations".to_owned(), format!("/v1/reservations/{id}/tickets")]
    {
        let refused = see(format!("{path}?expand=venue,seats")).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/query/expand".to_owned()]), "{refused}");
    }
}
