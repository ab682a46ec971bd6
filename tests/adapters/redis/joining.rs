//! Joining a queue whose server works.

use crate::setup::{BLOCK, Queue, connect, entry, join_all_at, user};
use frontrow_application::Outage;
use frontrow_application::port::{Join, Joined, NumberDispenser, StoreError};
use frontrow_domain::waiting_room::{Group, QueueNumber};
use frontrow_test_databases::redis_server;
use futures::future::join_all;
use redis::aio::MultiplexedConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_give_everybody_one_number_and_leave_none_out() {
    const PEOPLE: u128 = 1000;
    let Some(server) = redis_server("two_instances_give_everybody_one_number_and_leave_none_out").await else { return };
    let queue = Queue::on(server.url());
    let instances = [queue.instance().await, queue.instance().await];
    let asked = (0..PEOPLE * 4).map(|n| {
        let person = n % PEOPLE;
        let (join, instance) = (queue.join(person), &instances[usize::try_from(n % 3 % 2).unwrap()]);
        async move { (person, instance.join(join).await.unwrap()) }
    });
    let mut entries = BTreeMap::new();
    let mut new = 0;
    for (person, joined) in join_all(asked).await {
        assert_eq!(*entries.entry(person).or_insert(joined.entry), joined.entry, "of {person}");
        new += u128::from(joined.is_new);
    }
    let numbers: BTreeSet<_> = entries.values().map(|entry| u128::from(entry.number.get())).collect();
    assert!(numbers.into_iter().eq(1..=PEOPLE), "{entries:?}");
    assert_eq!(new, PEOPLE);
    assert_eq!(queue.epoch(), 2, "the first epoch begins once");
    for instance in &instances {
        let issued = instance.issued(queue.sale, 2).await.unwrap();
        assert!(issued[0] <= 1000 && issued[1] == 0, "{issued:?}");
    }
}

#[tokio::test]
async fn those_who_wait_get_their_numbers_in_the_order_in_which_they_came() {
    let Some(server) = redis_server("those_who_wait_get_their_numbers_in_the_order_in_which_they_came").await else {
        return;
    };
    let queue = Queue::on(server.url());
    let joined = join_all_at(&queue.instance().await, (0..500).map(|person| queue.join(person))).await;
    let numbers: Vec<_> = joined.iter().map(|joined| joined.entry.number.get()).collect();
    assert!(numbers.iter().copied().eq(1..=500), "{numbers:?}");
}

#[tokio::test]
async fn a_queue_that_nobody_has_joined_has_no_numbers_and_every_group_has_its_own() {
    let test = "a_line_that_nobody_has_joined_has_no_numbers_and_every_group_has_its_own";
    let Some(server) = redis_server(test).await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    assert_eq!(instance.issued(queue.sale, 3).await, Ok(vec![0, 0, 0]));
    let second = Group::new(1).unwrap();
    let to_second = |person| Join { group: second, ..queue.join(person) };
    let joined = join_all_at(&instance, [queue.join(1), to_second(2), queue.join(3), to_second(4), to_second(1)]).await;
    let entries: Vec<_> = joined.iter().map(|joined| joined.entry).collect();
    assert_eq!(
        entries,
        [entry(0, 1), entry(1, 1), entry(0, 2), entry(1, 2), entry(0, 1)],
        "one queue entry per person"
    );
    assert_eq!(instance.issued(queue.sale, 2).await, Ok(vec![2, 2]));
    let third = instance.join(Join { group: Group::new(2).unwrap(), ..queue.join(5) }).await;
    assert!(matches!(third, Err(StoreError::Fault(_))), "{third:?}");
}

#[tokio::test]
async fn an_entry_that_is_worth_nothing_is_replaced_once() {
    let Some(server) = redis_server("a_place_that_is_worth_nothing_is_replaced_once").await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    let first = instance.join(queue.join(1)).await.unwrap().entry;
    let again = Join { worthless: Some(first), ..queue.join(1) };
    let new = Joined { entry: entry(0, 2), is_new: true };
    // Proving it makes it worth no more.
    let told = join_all_at(&instance, [Join { proved: Some(first), ..again }, again]).await;
    assert_eq!(told, [new, Joined { is_new: false, ..new }]);
    assert_eq!(instance.entries(queue.sale, Group::FIRST, 0, 9).await.unwrap(), [(new.entry.number, user(1))]);
}

#[tokio::test]
async fn what_somebody_proves_counts_only_where_nothing_is_known() {
    let Some(server) = redis_server("what_somebody_proves_counts_only_where_nothing_is_known").await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    join_all_at(&instance, (1..=3).map(|person| queue.join(person))).await;
    let proving = |person, number| Join { proved: Some(entry(1, number)), ..queue.join(person) };
    let joined = |entry| Joined { entry, is_new: false };
    let told = join_all_at(&instance, [proving(2, 77), proving(4, 78), queue.join(4)]).await;
    assert_eq!(told, [joined(entry(0, 2)), joined(entry(1, 78)), joined(entry(1, 78))]);
    assert_eq!(instance.issued(queue.sale, 2).await, Ok(vec![3, 0]), "no number was given for it");
}

#[tokio::test]
async fn numbers_are_leased_ahead_and_none_is_given_that_is_not() {
    let Some(server) = redis_server("numbers_are_leased_ahead_and_none_is_given_that_is_not").await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    for person in 1..=240 {
        assert_eq!(instance.join(queue.join(person)).await.unwrap().entry.number.get(), u64::try_from(person).unwrap());
    }
    let leased = async {
        while queue.leases.known(queue.sale).ceiling[0] < 225 + BLOCK {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), leased).await.unwrap();
    queue.leases.set_away(true);
    let told = join_all((1000..1600).map(|person| instance.join(queue.join(person)))).await;
    let ceiling = queue.leases.known(queue.sale).ceiling[0];
    let (given, refused): (Vec<_>, Vec<_>) = told.into_iter().partition(Result::is_ok);
    assert!(given.iter().flatten().all(|joined| joined.entry.number.get() <= ceiling), "{given:?}");
    let busy = StoreError::Outage(Outage::Busy { retry_after: Duration::from_secs(7) });
    assert!(!refused.is_empty() && refused.iter().all(|told| *told == Err(busy.clone())), "{refused:?}");

    queue.leases.set_away(false);
    let told = join_all_at(&instance, (1000..1600).map(|person| queue.join(person))).await;
    let numbers: BTreeSet<_> = told.iter().map(|joined| joined.entry.number.get()).collect();
    assert!(numbers.into_iter().eq(241..=840));
    assert_eq!(queue.epoch(), 2);
}

#[tokio::test]
async fn who_has_which_number_is_read_page_by_page() {
    const PEOPLE: u32 = 12_000;
    let Some(server) = redis_server("who_has_which_number_is_read_page_by_page").await else { return };
    let queue = Queue::on(server.url());
    let instance = queue.instance().await;
    let second = Group::new(1).unwrap();
    let joins = (0..PEOPLE).map(|n| {
        let join = queue.join(u128::from(n));
        Join { group: if n % 5 == 0 { second } else { Group::FIRST }, ..join }
    });
    let expected: Vec<_> = join_all_at(&instance, joins.clone().take(8000)).await;
    let expected: Vec<_> = expected.into_iter().chain(join_all_at(&instance, joins.clone().skip(8000)).await).collect();
    for group in [Group::FIRST, second] {
        let mut by_number: Vec<(QueueNumber, _)> = Vec::new();
        loop {
            let after = by_number.last().map_or(0, |(number, _)| number.get());
            let page = instance.entries(queue.sale, group, after, 1000).await.unwrap();
            if page.is_empty() {
                break;
            }
            by_number.extend(page);
        }
        let theirs = joins.clone().zip(&expected).filter(|(join, _)| join.group == group);
        let theirs: Vec<_> = theirs.map(|(join, joined)| (joined.entry.number, join.key.user)).collect();
        assert!(by_number == theirs, "{} of {}", by_number.len(), theirs.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_read_while_others_join_is_read_once() {
    let Some(server) = redis_server("who_is_read_while_others_join_is_read_once").await else { return };
    let queue = Queue::on(server.url());
    let (instance, other) = (queue.instance().await, queue.instance().await);
    join_all_at(&instance, (1..=5000).map(|person| queue.join(person))).await;
    let joining = async { join_all_at(&other, (5001..=12_000).map(|person| queue.join(person))).await };
    let reading = async {
        for _ in 0..5 {
            let read = instance.entries(queue.sale, Group::FIRST, 0, 5000).await.unwrap();
            let numbers = read.iter().map(|(number, _)| number.get());
            assert!(numbers.eq(1..=5000), "{} were read", read.len());
        }
    };
    tokio::join!(joining, reading);
}

/// How many keys the sale has, and the shortest and the longest time after which one runs out; -1 for never.
async fn time_left(queue: &Queue, connection: &mut MultiplexedConnection) -> (usize, i64, i64) {
    let keys: Vec<String> = redis::cmd("KEYS").arg(queue.key("*")).query_async(connection).await.unwrap();
    let mut ask = redis::pipe();
    for key in &keys {
        ask.cmd("TTL").arg(key);
    }
    let left: Vec<i64> = ask.query_async(connection).await.unwrap();
    (keys.len(), left.iter().copied().min().unwrap(), left.iter().copied().max().unwrap())
}

#[tokio::test]
async fn what_may_be_forgotten_runs_out_in_a_month_and_not_before() {
    const PEOPLE: u64 = 20_000;
    const MONTH: i64 = 30 * 24 * 3600;
    let Some(server) = redis_server("what_may_be_forgotten_runs_out_in_a_month_and_not_before").await else { return };
    let queue = Queue::on(server.url());
    let mut connection = connect(server.url()).await;
    let instances = [queue.instance().await, queue.instance().await];
    for begin in (1..=PEOPLE).step_by(4000) {
        join_all_at(&instances[0], (begin..begin + 4000).map(|person| queue.join(person.into()))).await;
    }
    let (count, least, most) = time_left(&queue, &mut connection).await;
    assert!(count > 600 && (least, most) == (-1, -1), "{count} keys last while people join: {least} to {most}");

    for instance in &instances {
        instance.forget(queue.sale).await.unwrap();
        let (left, least, most) = time_left(&queue, &mut connection).await;
        assert_eq!(left, count);
        assert!((MONTH - 60..=MONTH).contains(&least) && most <= MONTH, "{least} to {most}");
    }
    let sooner: i64 = redis::cmd("EXPIRE").arg(queue.key("epoch")).arg(60).query_async(&mut connection).await.unwrap();
    instances[1].forget(queue.sale).await.unwrap();
    let (_, least, _) = time_left(&queue, &mut connection).await;
    assert!(sooner == 1 && least <= 60, "whoever says it again gives no more time: {least}");

    let read = instances[1].entries(queue.sale, Group::FIRST, 0, u32::MAX).await.unwrap();
    assert_eq!(read.len() as u64, PEOPLE, "who took part can be read until then");
    assert_eq!(queue.epoch(), 2, "and nothing was lost");
    let (_, least, most) = time_left(&queue, &mut connection).await;
    assert_eq!(
        (least, most),
        (-1, -1),
        "whoever asks for them again, such as when the queue is opened again, keeps them"
    );
}

#[tokio::test]
async fn who_only_reads_begins_no_epoch() {
    let Some(server) = redis_server("who_only_reads_begins_no_epoch").await else { return };
    let queue = Queue::on(server.url());
    let reader = queue.reader().await;
    assert!(reader.entries(queue.sale, Group::FIRST, 0, 10).await.is_err());
    assert_eq!(queue.epoch(), 1);
    join_all_at(&queue.instance().await, [queue.join(1)]).await;
    assert_eq!(reader.entries(queue.sale, Group::FIRST, 0, 10).await.unwrap().len(), 1);
    assert_eq!(queue.epoch(), 2);
}
