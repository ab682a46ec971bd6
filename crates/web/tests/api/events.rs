//! Streams of events: they say what polls say.

use crate::ask::Ask;
use crate::good::hold;
use crate::steps::{admit, at, change};
use crate::streams::{Event, EventReader, parse};
use crate::theatre::{EVENT_STREAMS, NOTHING, PERFORMANCE, Theatre};
use actix_web::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn of(what: &str) -> String {
    format!("/v1/performances/{PERFORMANCE}{what}")
}

fn watching() -> Ask {
    Ask::get(of("/events"))
}

/// What polls say: the availability, its tag, and the performance.
async fn polled(theatre: &Theatre) -> (Value, String, Value) {
    let availability = theatre.get(of("/availability")).await;
    let tag = availability.header("etag").unwrap().trim_matches('"').to_owned();
    (availability.with(200), tag, theatre.get(of("")).await.with(200))
}

fn event(name: &str, id: Option<&str>, data: &Value) -> Event {
    Event { name: name.to_owned(), id: id.map(str::to_owned), data: data.clone() }
}

/// The availability that these changes of it lead to.
fn applied(before: &Value, changes: &Value) -> Value {
    let mut bitmap = STANDARD.decode(before["bitmap"].as_str().unwrap()).unwrap();
    for (name, is_free) in [("taken", false), ("freed", true)] {
        for number in changes[name].as_array().unwrap() {
            let index = usize::try_from(number.as_u64().unwrap()).unwrap() - 1;
            assert_ne!(bitmap[index / 8] >> (index % 8) & 1 == 1, is_free);
            bitmap[index / 8] ^= 1 << (index % 8);
        }
    }
    let mut after = before.clone();
    after["bitmap"] = STANDARD.encode(bitmap).into();
    for count in ["available", "tiers"] {
        after[count] = changes[count].clone();
    }
    after
}

#[actix_web::test]
async fn a_stream_of_a_performance_says_what_polls_say() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let (first, first_tag, performance) = polled(&theatre).await;
    let mut stream = theatre.watch(&watching()).await;
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(stream.headers.get(name).unwrap(), value);
    }
    let sent = stream.sent().unwrap();
    assert!(sent.starts_with("retry: "), "{sent}");
    let whole = [event("availability", Some(&first_tag), &first), event("performance", None, &performance)];
    assert_eq!(parse(&sent), whole);

    hold(&theatre, &kim, &["A-1-3", "A-1-4"]).await;
    theatre.beat(SECOND).await;
    let (now, tag, performance) = polled(&theatre).await;
    let events = stream.events();
    assert_eq!((&events[0].name[..], &events[0].id), ("availability", &Some(tag.clone())));
    assert_eq!(events[1..], [event("performance", None, &performance)]);
    let changes = &events[0].data;
    assert_eq!((&changes["from"], &changes["to"], changes.get("bitmap")), (&json!(first_tag), &json!(tag), None));
    assert_eq!((&changes["taken"], &changes["freed"]), (&json!([3, 4]), &json!([])));
    assert_eq!(applied(&first, changes), now);
    let polled_since = theatre.get(of(&format!("/availability?since={first_tag}"))).await;
    assert_eq!((&polled_since.with(200), polled_since.header("etag")), (changes, Some(&*format!("\"{tag}\""))));

    // Whoever comes later gets all of it, and whoever comes back what has changed.
    let mut late = theatre.watch(&watching()).await;
    assert_eq!(late.events()[0], event("availability", Some(&tag), &now));
    for known in [first_tag.clone(), format!("\"{first_tag}\"")] {
        let mut back = theatre.watch(&watching().header("Last-Event-ID", known)).await;
        assert_eq!(
            back.events(),
            [event("availability", Some(&tag), changes), event("performance", None, &performance)]
        );
    }
    let mut back = theatre.watch(&watching().header("Last-Event-ID", &tag)).await;
    assert_eq!(back.events(), [event("performance", None, &performance)]);
    for unknown in ["0000000000000000", "nonsense", "\""] {
        let mut back = theatre.watch(&watching().header("Last-Event-ID", unknown)).await;
        assert_eq!(back.events()[0], event("availability", Some(&tag), &now), "{unknown}");
    }
}

#[actix_web::test]
async fn changes_since_an_answer_are_polled_by_its_tag() {
    let theatre = Theatre::on_sale().await;
    let (first, tag, _) = polled(&theatre).await;
    let since = async |tag: &str| theatre.get(of(&format!("/availability?since={tag}"))).await;
    for tag in [tag.clone(), format!("%22{tag}%22"), format!("W/%22{tag}%22")] {
        let unchanged = since(&tag).await;
        assert_eq!((unchanged.with(304), unchanged.header("etag").is_some()), (Value::Null, true));
    }
    for wrong in ["", "7", "%22", "0000000000000000/", "*"] {
        let refused = since(wrong).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.pointers(), ["/query/since"], "{wrong}");
    }
    assert_eq!(since("0000000000000000").await.with(200), first, "what is not known is answered in full");
    hold(&theatre, &theatre.customer("kim").await, &["A-1-3"]).await;
    let changes = since(&tag).await.with(200);
    let (now, now_tag, _) = polled(&theatre).await;
    assert_eq!((&changes["to"], applied(&first, &changes)), (&json!(now_tag), now));
    let known = Ask::get(of(&format!("/availability?since={tag}"))).header("If-None-Match", format!("\"{now_tag}\""));
    assert_eq!(theatre.send(&known).await.with(304), Value::Null);
}

#[actix_web::test]
async fn many_changes_within_a_second_become_one_event() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let (first, _, _) = polled(&theatre).await;
    let mut stream = theatre.watch(&watching()).await;
    stream.events();
    hold(&theatre, &kim, &["A-1-1"]).await;
    theatre.beat(SECOND / 4).await;
    assert_eq!(stream.events().len(), 2, "the first change is sent at once");
    let (before, _, _) = polled(&theatre).await;
    assert_ne!(before, first);
    for n in 2..=4 {
        hold(&theatre, &theatre.customer(&format!("lee{n}")).await, &[&format!("A-1-{n}")]).await;
        if n < 4 {
            theatre.beat(SECOND / 4).await;
            assert_eq!(stream.sent().as_deref(), Some(""), "after {n}");
        }
    }
    theatre.beat(SECOND / 2).await;
    let events = stream.events();
    assert_eq!((events.len(), &events[0].data["taken"]), (2, &json!([2, 3, 4])));
    assert_eq!(applied(&before, &events[0].data), polled(&theatre).await.0);
}

/// Somebody who reads nothing for a while is sent what has changed meanwhile, and nothing that was in between.
#[actix_web::test]
async fn a_slow_client_gets_the_newest_and_skips_the_rest() {
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let (first, _, _) = polled(&theatre).await;
    let (mut slow, mut quick) = (theatre.watch(&watching()).await, theatre.watch(&watching()).await);
    slow.events();
    quick.events();
    let mut seen = first.clone();
    for n in 1..=3 {
        hold(&theatre, &kim, &[&format!("A-1-{n}")]).await;
        theatre.beat(SECOND).await;
        seen = applied(&seen, &quick.events()[0].data);
    }
    let (now, _, performance) = polled(&theatre).await;
    assert_eq!(seen, now);
    let events = slow.events();
    assert_eq!((events.len(), applied(&first, &events[0].data)), (2, now));
    assert_eq!(events[1], event("performance", None, &performance));
}

#[actix_web::test]
async fn who_takes_nothing_for_half_a_minute_is_dropped() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let theatre = Theatre::on_sale().await;
    let kim = theatre.customer("kim").await;
    let counted = metrics::set_default_local_recorder(&recorder);
    let (mut stalled, mut quick) = (theatre.watch(&watching()).await, theatre.watch(&watching()).await);
    stalled.events();
    quick.events();
    assert!(recorder.handle().render().contains("frontrow_event_streams{of=\"performance\"} 2"));
    hold(&theatre, &kim, &["A-1-1"]).await;
    theatre.beat(SECOND).await;
    for _ in 0..29 {
        theatre.beat(SECOND).await;
        quick.sent().unwrap();
    }
    assert!(!recorder.handle().render().contains("frontrow_event_streams_dropped_total"));
    theatre.beat(SECOND).await;
    quick.sent().unwrap();
    let dropped = "frontrow_event_streams_dropped_total{of=\"performance\"} 1";
    assert!(recorder.handle().render().contains(dropped));
    assert!(stalled.has_ended());
    hold(&theatre, &kim, &["A-1-2"]).await;
    theatre.beat(SECOND).await;
    assert_eq!(quick.events()[0].data["taken"], json!([2]));
    drop((stalled, quick));
    let page = recorder.handle().render();
    assert!(page.contains("frontrow_event_streams{of=\"performance\"} 0") && page.contains(dropped), "{page}");
    drop(counted);
}

#[actix_web::test]
async fn while_nothing_changes_a_comment_is_sent_now_and_then() {
    let theatre = Theatre::on_sale().await;
    let mut stream = theatre.watch(&watching()).await;
    stream.events();
    for turn in 1..=45 {
        theatre.beat(SECOND).await;
        let expected = if turn % 15 == 0 { ":\n\n" } else { "" };
        assert_eq!(stream.sent().as_deref(), Some(expected), "after {turn} seconds");
    }
}

#[actix_web::test]
async fn a_stream_of_a_queue_says_what_polls_say() {
    let theatre = Theatre::in_queue(json!({})).await;
    let polled = async || {
        let answer = theatre.get(at("queue")).await;
        let tag = answer.header("etag").unwrap().trim_matches('"').to_owned();
        [event("queue", Some(&tag), &answer.with(200))]
    };
    let mut stream = theatre.watch(&Ask::get(at("queue/events"))).await;
    let first = polled().await;
    assert_eq!(stream.events(), first);
    theatre.beat(SECOND).await;
    assert_eq!(stream.events(), []);
    change(&theatre, &json!({"message": "Hello."})).await.with(200);
    theatre.beat(SECOND).await;
    let changed = polled().await;
    assert_eq!(stream.events(), changed);
    assert_ne!(changed, first);
    let back = Ask::get(at("queue/events")).header("Last-Event-ID", changed[0].id.clone().unwrap());
    assert_eq!(theatre.watch(&back).await.events(), []);
    // Nobody has read the store for a while: polls say so, too.
    theatre.clock.advance(Duration::from_secs(4));
    theatre.beat(SECOND).await;
    let stale = stream.events();
    assert_eq!((stale[0].data["stale"].clone(), &stale[..]), (json!(true), &polled().await[..]));
}

#[actix_web::test]
async fn what_is_not_there_can_not_be_watched() {
    let theatre = Theatre::on_sale().await;
    for path in [format!("/v1/performances/{NOTHING}/events"), format!("/v1/sales/{NOTHING}/queue/events")] {
        theatre.get(path).await.problem(404, "not-found");
    }
    assert_eq!(theatre.state.events.open(), 0);
}

#[actix_web::test]
async fn there_are_so_many_streams_at_a_time() {
    let theatre = Theatre::on_sale().await;
    let mut streams: Vec<EventReader> = Vec::new();
    for _ in 0..EVENT_STREAMS {
        streams.push(theatre.watch(&watching()).await);
    }
    let refused = theatre.send(&watching()).await;
    refused.problem(503, "busy");
    assert_eq!(refused.header("retry-after"), Some("5"));
    streams.pop();
    theatre.watch(&watching()).await.events();
    assert_eq!(theatre.state.events.open(), EVENT_STREAMS - 1);
}

#[actix_web::test]
async fn who_only_asks_for_the_head_is_not_kept() {
    let theatre = Theatre::on_sale().await;
    let head = theatre.send(&Ask::new(Method::HEAD, of("/events"))).await;
    assert_eq!((head.status, head.header("content-type"), head.body.len()), (200, Some("text/event-stream"), 0));
    assert_eq!(theatre.state.events.open(), 0);
}

#[actix_web::test]
async fn streams_end_when_the_server_stops() {
    let theatre = Theatre::on_sale().await;
    let mut stream = theatre.watch(&watching()).await;
    stream.events();
    // Somebody waits for the next event.
    assert_eq!(stream.text().now_or_never(), None);
    theatre.state.events.close();
    assert_eq!(stream.text().await, None);
    let refused = theatre.send(&watching()).await;
    refused.problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), Some("5"));
    drop(stream);
    assert_eq!(theatre.state.events.open(), 0);
}

#[actix_web::test]
async fn what_needs_a_pass_is_watched_with_one_and_until_it_expires() {
    let theatre = Theatre::in_queue(json!({})).await;
    theatre.send(&watching()).await.problem(403, "pass-missing");
    let pass = admit(&theatre, &theatre.customer("kim").await).await;
    let mut stream = theatre.watch(&watching().pass(&pass)).await;
    assert_eq!(stream.events().len(), 2);
    theatre.clock.advance(Duration::from_mins(1));
    theatre.beat(SECOND).await;
    stream.sent().unwrap();
    theatre.clock.advance(Duration::from_mins(3));
    theatre.beat(SECOND).await;
    assert!(stream.has_ended(), "polls would be refused, too");
    theatre.send(&watching().pass(&pass)).await.problem(403, "pass-expired");
}
