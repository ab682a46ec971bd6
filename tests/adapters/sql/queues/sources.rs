//! Numbers from two sources never meet, whatever instances are set to; and what all instances have to agree on.

use super::room::{Room, join};
use crate::store::testbed::{Testbed, on_every_database};
use frontrow_adapters::sql::SqlInstallation;
use frontrow_application::port::{
    InstallationStore, Lease, NumberDispenser, NumberLeases, QueueStore, StoreError, TickOrder,
};
use frontrow_domain::waiting_room::{Group, Phase, QueueChange, QueueUpdate};
use frontrow_domain::{
    Installation, InstallationChange, Instance, InstanceKeys, InstanceNumbers, KeyPrints, NumberSource, Ring,
};
use futures::future::{self, join_all};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const BLOCK: u64 = 10;

/// What another dispenser may hand out of a lease.
fn block(lease: &Lease) -> RangeInclusive<u64> {
    lease.above[0] + 1..=lease.ceiling[0]
}

async fn the_database_hands_out_no_number_that_was_leased(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let (queues, sale) = (room.instance().await, room.sale.id);
    let leased = queues.next_epoch(sale, 1, BLOCK).await.unwrap().unwrap();
    assert_eq!(block(&leased), 1..=10);
    assert_eq!(queues.join(join(1)).await.unwrap().entry.number.get(), 11, "above all that were leased");
    assert_eq!(queues.join(join(2)).await.unwrap().entry.number.get(), 12);
    assert_eq!(queues.extend(sale, leased.epoch, Group::FIRST, 9, BLOCK).await, Ok(None), "its block is over");
    let next = queues.lease(sale).await.unwrap().unwrap();
    assert_eq!((next.epoch, block(&next)), (leased.epoch + 1, 13..=22), "above all that were handed out");
    assert_eq!(queues.join(join(3)).await.unwrap().entry.number.get(), 23);
}

/// Both at once, as with an instance that was set to Redis and another one that was not.
async fn numbers_of_two_sources_never_meet(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let instances = [room.instance().await, room.instance().await];
    let sale = room.sale.id;
    let leasing = async {
        let queues = &instances[0];
        let mut leased: Vec<RangeInclusive<u64>> = Vec::new();
        let mut known = queues.lease(sale).await.unwrap().unwrap();
        for _ in 0..20 {
            let ceiling = known.ceiling[0];
            match queues.extend(sale, known.epoch, Group::FIRST, ceiling, BLOCK).await {
                Ok(Some(raised)) => {
                    leased.push(ceiling + 1..=raised);
                    known.ceiling[0] = raised;
                }
                Ok(None) => {
                    known = queues.lease(sale).await.unwrap().unwrap();
                    if let Some(begun) = queues.next_epoch(sale, known.epoch, BLOCK).await.unwrap() {
                        leased.push(block(&begun));
                        known = begun;
                    }
                }
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        }
        leased
    };
    let joining = async {
        let mut numbers = Vec::new();
        for n in (0..20).map(|n| n * 4 + 1) {
            let four = join_all((n..n + 4).map(|n| instances[1].join(join(n)))).await;
            numbers.extend(four.into_iter().map(|joined| joined.unwrap().entry.number.get()));
        }
        numbers
    };
    let (leased, given) = future::join(leasing, joining).await;
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), 80);
    let twice: Vec<_> = given.iter().filter(|number| leased.iter().any(|block| block.contains(number))).collect();
    assert!(twice.is_empty(), "{twice:?} were leased, too: {leased:?}");
    assert!(leased.len() > 3, "hardly anything was leased: {leased:?}");
}

fn instance(currency: &str) -> Instance {
    let keys = InstanceKeys { current: "a".into(), known: KeyPrints::from([("a".into(), "print".into())]) };
    Instance {
        currency: currency.into(),
        numbers: InstanceNumbers::Database,
        keys: Ring::ALL.map(|ring| (ring, keys.clone())).into(),
    }
}

fn installation(currency: &str) -> Installation {
    Installation::of(&instance(currency), NumberSource::Database)
}

async fn of_many_first_instances_one_says_what_the_installation_is(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let store = SqlInstallation::new(room.context.database.clone());
    assert_eq!(store.installation().await, Ok(None));
    let firsts: Vec<Installation> = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"].map(installation).into();
    let found: Vec<_> = join_all(firsts.iter().map(|first| store.found(first))).await;
    let winner = found[0].clone().unwrap();
    assert!(firsts.contains(&winner));
    for found in found {
        assert_eq!(found, Ok(winner.clone()), "all hear of the same one");
    }
    assert_eq!(store.installation().await, Ok(Some(winner)));
}

async fn of_two_who_change_the_installation_at_once_one_is_told(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let store = SqlInstallation::new(room.context.database.clone());
    let read = store.found(&installation("KRW")).await.unwrap();
    let next = |currency: &str| read.change(&InstallationChange::Currency(currency.into())).unwrap();
    assert_eq!(store.change(&read, &next("USD")).await, Ok(Ok(())));
    assert_eq!(store.change(&read, &next("EUR")).await, Err(StoreError::Stale));
    let known = store.installation().await.unwrap().unwrap();
    assert_eq!((known.currency.as_str(), known.version.get()), ("USD", 2));
}

async fn numbers_come_from_elsewhere_while_nobody_waits_and_go_on_above_all_that_were_leased(testbed: &Testbed) {
    let room = Room::new(testbed, 1).await;
    let (queues, sale) = (room.instance().await, room.sale.id);
    let store = SqlInstallation::new(room.context.database.clone());
    let redis = NumberSource::Redis { mark: "m".into() };
    let read = store.found(&Installation { numbers: redis, ..installation("KRW") }).await.unwrap();
    // As when Redis has handed out some of these, and a tick has noticed.
    let leased = queues.next_epoch(sale, 1, BLOCK).await.unwrap().unwrap();
    let order = TickOrder { issued: vec![3], ..room.order() };
    queues.tick(&order).await.unwrap().unwrap();
    let another = NumberSource::Redis { mark: "n".into() };
    let another = read.change(&InstallationChange::Numbers(another)).unwrap();
    assert_eq!(store.change(&read, &another).await, Ok(Ok(())), "queue tokens are enough for another Redis");
    let read = another;
    let database = read.change(&InstallationChange::Numbers(NumberSource::Database)).unwrap();
    assert_eq!(store.change(&read, &database).await, Ok(Err(vec![sale])), "somebody waits");
    assert_eq!(store.installation().await, Ok(Some(read.clone())), "nothing has changed");

    let close = QueueUpdate::Operator(QueueChange { phase: Some(Phase::Closed), ..QueueChange::default() });
    queues.update_queue(sale, &close, None).await.unwrap().unwrap().unwrap();
    assert_eq!(store.change(&read, &database).await, Ok(Ok(())));
    assert_eq!(store.installation().await, Ok(Some(database)));
    assert_eq!(queues.issued(sale, 1).await, Ok(vec![BLOCK]));
    let queue = queues.queue(sale).await.unwrap().unwrap();
    assert_eq!(queue.epoch, leased.epoch + 1);
    assert_eq!(queue.groups[0].gaps.people(BLOCK), 3, "what was not handed out is a gap");
    assert_eq!(queues.join(join(1)).await.unwrap().entry.number.get(), BLOCK + 1);
}

on_every_database! {
    the_database_hands_out_no_number_that_was_leased,
    numbers_of_two_sources_never_meet,
    of_many_first_instances_one_says_what_the_installation_is,
    of_two_who_change_the_installation_at_once_one_is_told,
    numbers_come_from_elsewhere_while_nobody_waits_and_go_on_above_all_that_were_leased,
}
