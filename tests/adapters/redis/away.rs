//! Servers that are away, silent or slow, and people who don't wait.

use crate::setup::{Queue, connect, join_in_the_end};
use frontrow_adapters::redis::{RedisDispenser, RedisSettings, RedisSettingsError};
use frontrow_application::Outage;
use frontrow_application::port::{NumberDispenser, StoreError};
use frontrow_domain::waiting_room::Group;
use frontrow_test_databases::{private_redis, redis_server};
use futures::FutureExt;
use futures::future::join_all;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// Far less than 500 people would wait one after the other.
const SOON: Duration = Duration::from_secs(10);

/// Everything is refused for the moment, and soon.
async fn refuses(queue: &Queue, instance: &RedisDispenser) {
    let begun = Instant::now();
    let joins = join_all((1..=500).map(|person| instance.join(queue.join(person)))).await;
    assert!(
        joins.iter().all(|joined| matches!(joined, Err(StoreError::Outage(Outage::Unavailable { .. })))),
        "{joins:?}"
    );
    assert!(matches!(
        instance.entries(queue.sale, Group::FIRST, 0, 1).await,
        Err(StoreError::Outage(Outage::Unavailable { .. }))
    ));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_server_is_away_everybody_is_told_soon_and_then_it_goes_on_by_itself() {
    let test = "while_the_server_is_away_everybody_is_told_soon_and_then_it_goes_on_by_itself";
    let Some(mut server) = private_redis(test).await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    let entry = instance.join(queue.join(1)).await.unwrap().entry;
    for _ in 0..2 {
        server.kill().unwrap();
        refuses(&queue, &instance).await;
        server.start_again().await.unwrap();
        let again = join_in_the_end(&instance, queue.join(1)).await;
        assert_eq!((again.entry, again.is_new), (entry, false));
    }
    let late = Queue { settings: RedisSettings { url: "redis://127.0.0.1:1/".to_owned(), ..queue.settings }, ..queue };
    refuses(&late, &late.instance().await).await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut queue = Queue::on(&format!("redis://{}/", silent.local_addr().unwrap()));
    queue.settings.connect_within = Duration::from_millis(100);
    refuses(&queue, &queue.instance().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stops_answering_is_not_waited_for_either() {
    let Some(server) = private_redis("a_server_that_stops_answering_is_not_waited_for_either").await else { return };
    let mut queue = Queue::on(server.url());
    queue.settings.answer_within = Duration::from_millis(200);
    queue.settings.connect_within = Duration::from_millis(200);
    let instance = queue.instance().await;
    let first = instance.join(queue.join(1)).await.unwrap().entry;
    let mut connection = connect(server.url()).await;
    redis::cmd("CLIENT").arg("PAUSE").arg(6000).arg("ALL").exec_async(&mut connection).await.unwrap();
    refuses(&queue, &instance).await;
    let again = join_in_the_end(&instance, queue.join(1)).await;
    assert_eq!((again.entry, again.is_new), (first, false));
    assert_eq!(queue.epoch(), 2, "a server that was slow has lost nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_than_may_wait_are_sent_away_at_once_and_those_who_wait_get_their_numbers() {
    let test = "more_than_may_wait_are_sent_away_at_once_and_those_who_wait_get_their_numbers";
    let Some(server) = private_redis(test).await else { return };
    let mut queue = Queue::on(server.url());
    queue.settings.queue = 10;
    let instance = queue.instance().await;
    instance.join(queue.join(0)).await.unwrap();
    let mut connection = connect(server.url()).await;
    redis::cmd("CLIENT").arg("PAUSE").arg(500).arg("ALL").exec_async(&mut connection).await.unwrap();
    let told = join_all((1..=200).map(|person| instance.join(queue.join(person)))).await;
    let given = told.iter().filter(|told| told.is_ok()).count();
    assert!((10..=74).contains(&given), "{given}: those in the queue, and those who were being served");
    let busy = told.iter().filter(|told| matches!(told, Err(StoreError::Outage(Outage::Busy { .. })))).count();
    assert_eq!(busy + given, 200);
}

#[tokio::test]
async fn a_store_of_queues_that_is_away_is_not_waited_for_by_one_after_the_other() {
    let test = "a_store_of_lines_that_is_away_is_not_waited_for_by_one_after_the_other";
    let Some(server) = redis_server(test).await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    queue.leases.set_away(true);
    let begun = Instant::now();
    let told = join_all((1..=1000).map(|person| instance.join(queue.join(person)))).await;
    assert!(told.iter().all(|told| matches!(told, Err(StoreError::Outage(Outage::Busy { .. })))));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    queue.leases.set_away(false);
    assert!(instance.join(queue.join(1)).await.unwrap().is_new);
}

#[tokio::test]
async fn who_goes_away_gets_their_entry_all_the_same() {
    let Some(server) = redis_server("who_goes_away_gets_their_place_all_the_same").await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    for person in 1..=300 {
        // Asked once, and never again.
        assert!(instance.join(queue.join(person)).now_or_never().is_none());
    }
    let last = instance.join(queue.join(301)).await.unwrap();
    assert_eq!((last.entry.number.get(), last.is_new), (301, true));
    let third = instance.join(queue.join(3)).await.unwrap();
    assert_eq!((third.entry.number.get(), third.is_new), (3, false));
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_and_never_shown() {
    let settings = RedisSettings::new("redis://:secret@127.0.0.1:1/");
    assert!(!format!("{settings:?}").contains("secret"));
    for wrong in ["", "127.0.0.1:6379", "http://127.0.0.1/", "redis://:secret@"] {
        let queue = Queue::on(wrong);
        let opened = RedisDispenser::open(&queue.settings.url, queue.leases.clone()).await;
        assert_eq!(opened.err(), Some(RedisSettingsError::NotAnAddress), "{wrong}");
    }
}
