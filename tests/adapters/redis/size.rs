//! What a person takes in Redis, and how fast they join.

use crate::setup::{Queue, connect, join_all_at};
use frontrow_adapters::redis::RedisDispenser;
use frontrow_application::port::NumberDispenser;
use frontrow_domain::waiting_room::Group;
use frontrow_test_databases::private_redis;
use tokio::time::Instant;

/// What the sale's keys take, as the server says.
async fn bytes_of(queue: &Queue) -> u64 {
    let mut connection = connect(&queue.settings.url).await;
    let keys: Vec<String> = redis::cmd("KEYS").arg(queue.key("*")).query_async(&mut connection).await.unwrap();
    let mut ask = redis::pipe();
    for key in keys {
        ask.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0);
    }
    let each: Vec<u64> = ask.query_async(&mut connection).await.unwrap();
    each.into_iter().sum()
}

/// What the server takes for everything: data, buffers, scripts.
async fn bytes_in_all(queue: &Queue) -> u64 {
    let mut connection = connect(&queue.settings.url).await;
    let about: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await.unwrap();
    let used = about.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    used.trim().parse().unwrap()
}

/// How long the script takes, in microseconds.
async fn script_takes(queue: &Queue) -> f64 {
    let mut connection = connect(&queue.settings.url).await;
    let about: String = redis::cmd("INFO").arg("commandstats").query_async(&mut connection).await.unwrap();
    redis::cmd("CONFIG").arg("RESETSTAT").exec_async(&mut connection).await.unwrap();
    let script = about.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:")).unwrap();
    script.split(',').find_map(|field| field.strip_prefix("usec_per_call=")).unwrap().parse().unwrap()
}

/// Lets people join up to that one, thousands at a time.
async fn fill(queue: &Queue, instance: &RedisDispenser, people: std::ops::Range<u128>) {
    let mut next = people.start;
    while next < people.end {
        let end = (next + 4096).min(people.end);
        join_all_at(instance, (next..end).map(|person| queue.join(person))).await;
        next = end;
    }
}

async fn measure(sizes: &[u32], test: &str) -> Option<Vec<f64>> {
    let server = private_redis(test).await?;
    let mut queue = Queue::on(server.url());
    queue.settings.block = 10_000;
    let instance = queue.instance().await;
    instance.issued(queue.sale, 1).await.unwrap();
    let empty = bytes_in_all(&queue).await;
    let (mut there, mut bytes_each) = (0, Vec::new());
    for &size in sizes {
        let begun = Instant::now();
        fill(&queue, &instance, there.into()..size.into()).await;
        let rate = f64::from(size - there) / begun.elapsed().as_secs_f64();
        let each = |bytes: u64| f64::from(u32::try_from(bytes).unwrap()) / f64::from(size);
        let (theirs, in_all) = (each(bytes_of(&queue).await), each(bytes_in_all(&queue).await - empty));
        let (last, takes) = (size - there, script_takes(&queue).await);
        eprintln!("{size} people: {theirs:.1} bytes each, {in_all:.1} in all");
        eprintln!("    the last {last} joined at {rate:.0}/s; 64 at once took Redis {takes:.0} us");
        bytes_each.push(theirs);
        there = size;
    }
    let begun = Instant::now();
    let page = instance.entries(queue.sale, Group::FIRST, 0, 10).await.unwrap();
    assert_eq!(page.len(), 10);
    eprintln!("all {there} by number: {:?}", begun.elapsed());
    Some(bytes_each)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_takes_at_most_64_bytes() {
    let sizes = [1000, 3000, 10_000, 30_000, 100_000];
    let Some(bytes_each) = measure(&sizes, "a_person_takes_at_most_64_bytes").await else { return };
    assert!(bytes_each.iter().all(|bytes| *bytes <= 64.0), "{bytes_each:?}");
}

/// `cargo test --release -p frontrow-adapters --test redis -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute"]
async fn a_million_people() {
    let sizes = [1000, 100_000, 200_000, 1_000_000];
    let Some(bytes_each) = measure(&sizes, "a_million_people").await else { return };
    assert!(bytes_each.iter().all(|bytes| *bytes <= 64.0), "{bytes_each:?}");
}
