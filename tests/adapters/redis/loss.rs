//! Servers that have lost what they knew.

use crate::setup::{BLOCK, Queue, connect, entry, join_all_at, join_in_the_end};
use frontrow_application::port::{Join, Joined, NumberDispenser};
use frontrow_domain::waiting_room::QueueEntry;
use frontrow_test_databases::{private_redis, redis_server};
use futures::future::join_all;
use redis::AsyncCommands;
use std::collections::BTreeSet;

/// The queue entries of people 1 to 50.
async fn fifty(queue: &Queue, instance: &impl NumberDispenser) -> Vec<QueueEntry> {
    let joins = (1..=50).map(|person| instance.join(queue.join(person)));
    join_all(joins).await.into_iter().map(|joined| joined.unwrap().entry).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_flush_numbers_go_on_above_all_that_were_leased_and_tokens_prove_entries() {
    let test = "after_a_flush_numbers_go_on_above_all_that_were_leased_and_tokens_prove_places";
    let Some(server) = private_redis(test).await else { return };
    let queue = Queue::on(server.url());
    let instances = [queue.instance().await, queue.instance().await];
    let entries = fifty(&queue, &instances[0]).await;
    fifty(&queue, &instances[1]).await;
    let leased = queue.leases.known(queue.sale);
    redis::cmd("FLUSHALL").exec_async(&mut connect(server.url()).await).await.unwrap();

    // Odd people have their token, even ones have lost it; both instances notice at once.
    let asked = (1..=50_usize).map(|person| {
        let proved = (person % 2 == 1).then_some(entries[person - 1]);
        let join = Join { proved, ..queue.join(u128::try_from(person).unwrap()) };
        let instance = &instances[person / 2 % 2];
        async move { (person, instance.join(join).await.unwrap()) }
    });
    let mut new = BTreeSet::new();
    for (person, joined) in join_all(asked).await {
        if person % 2 == 1 {
            assert_eq!(joined, Joined { entry: entries[person - 1], is_new: false }, "of {person}");
        } else {
            assert!(joined.is_new && joined.entry.number.get() > leased.ceiling[0], "{person}: {joined:?}");
            new.insert(joined.entry.number);
        }
    }
    assert_eq!(new.len(), 25);
    assert_eq!(queue.epoch(), leased.epoch + 1, "one epoch, whoever noticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_was_killed_and_started_again_has_all_entries() {
    let test = "a_server_that_was_killed_and_started_again_has_all_places";
    let Some(mut server) = private_redis(test).await else { return };
    let queue = Queue::on(server.url());
    let instances = [queue.instance().await, queue.instance().await];
    let entries = fifty(&queue, &instances[0]).await;
    fifty(&queue, &instances[1]).await;
    let leased = queue.leases.known(queue.sale);
    for round in 1..=3_u32 {
        server.kill().unwrap();
        server.start_again().await.unwrap();
        let again = instances.iter().flat_map(|instance| (1..=50).map(move |person| (instance, person)));
        let again = again.map(|(instance, person)| join_in_the_end(instance, queue.join(person)));
        let again: Vec<_> = join_all(again).await;
        assert!(again.iter().all(|joined| !joined.is_new));
        assert!(again.iter().map(|joined| joined.entry).eq(entries.iter().chain(&entries).copied()));
        let new = instances[0].join(queue.join(1000 + u128::from(round))).await.unwrap();
        assert!(new.is_new && new.entry.number.get() > leased.ceiling[0], "{new:?}");
        assert_eq!(queue.epoch(), leased.epoch + round, "one epoch, whoever noticed");
    }
}

/// An older copy takes over: it names an older epoch, or the same one that began on another server.
#[tokio::test]
async fn an_older_copy_is_found_out() {
    let Some(server) = redis_server("an_older_copy_is_found_out").await else { return };
    let mut connection = connect(server.url()).await;
    for (name, value) in [("epoch", "1"), ("run", "0123456789012345678901234567890123456789")] {
        let queue = Queue::on(server.url());
        let instance = queue.instance().await;
        fifty(&queue, &instance).await;
        let before: u64 = connection.get(queue.key("n:0")).await.unwrap();
        assert_eq!(before, 50);
        let () = connection.set(queue.key(name), value).await.unwrap();
        let () = connection.set(queue.key("n:0"), 20).await.unwrap();

        let new = instance.join(queue.join(99)).await.unwrap();
        assert_eq!(new, Joined { entry: entry(0, BLOCK + 1), is_new: true }, "{name}");
        assert_eq!(queue.epoch(), 3, "{name}");
        let old = instance.join(queue.join(7)).await.unwrap();
        assert_eq!(old, Joined { entry: entry(0, 7), is_new: false }, "{name}: what the copy knows is right");
        assert_eq!(instance.issued(queue.sale, 1).await, Ok(vec![BLOCK + 1]), "{name}");
    }
}

#[tokio::test]
async fn asking_how_many_were_handed_out_notices_a_loss_too() {
    let Some(server) = redis_server("asking_how_many_were_handed_out_notices_a_loss_too").await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    fifty(&queue, &instance).await;
    for lost in ["epoch", "run", "n:1", "people"] {
        let epoch = queue.epoch();
        let ceiling = queue.leases.known(queue.sale).ceiling;
        let () = connect(server.url()).await.del(queue.key(lost)).await.unwrap();
        // A fresh instance, because a recent answer is good for a moment.
        assert_eq!(queue.instance().await.issued(queue.sale, 2).await, Ok(ceiling), "{lost}");
        assert_eq!(queue.epoch(), epoch + 1, "{lost}");
    }
    assert_eq!(join_all_at(&instance, [queue.join(7)]).await[0].entry, entry(0, 7));
}

/// A database that was put back from a copy leases numbers again that were handed out: those that Redis knows are not
/// given.
#[tokio::test]
async fn numbers_that_the_store_of_queues_has_forgotten_are_not_given_again() {
    let Some(server) = redis_server("numbers_that_the_store_of_lines_has_forgotten_are_not_given_again").await else {
        return;
    };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    let entries = fifty(&queue, &instance).await;
    // More than are leased until its epochs are later than the one that Redis knows.
    join_all_at(&instance, (1000..1500).map(|person| queue.join(person))).await;
    queue.leases.open(queue.sale, 2);
    let () = connect(server.url()).await.set(queue.key("run"), "another").await.unwrap();
    let fresh = queue.instance().await;
    let new = join_in_the_end(&fresh, queue.join(99)).await;
    assert_eq!((new.entry.number.get(), queue.epoch()), (551, 3));
    assert_eq!(fifty(&queue, &fresh).await, entries);
}
