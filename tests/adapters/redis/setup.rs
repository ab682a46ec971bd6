//! A queue with its instances, and people who join it.

use crate::leases::Leases;
use frontrow_adapters::redis::{RedisDispenser, RedisSettings};
use frontrow_adapters::{SeededIds, UuidV7Source};
use frontrow_application::port::{IdSource, Join, Joined, NumberDispenser};
use frontrow_domain::waiting_room::{Group, QueueEntry, QueueNumber};
use frontrow_domain::{BuyerKey, SaleId, UserId};
use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub const BLOCK: u64 = 300;
/// A server that works may be slow where many tests share two cores: nothing that isn't about time fails for it.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Queue {
    pub sale: SaleId,
    pub leases: Arc<Leases>,
    pub settings: RedisSettings,
}

impl Queue {
    /// A queue of two groups that nobody has joined, with numbers on that server.
    pub fn on(url: &str) -> Self {
        let sale = SaleId::new(UuidV7Source.id());
        let leases = Arc::new(Leases::default());
        leases.open(sale, 2);
        let settings = RedisSettings {
            block: BLOCK,
            connect_within: PATIENCE,
            answer_within: PATIENCE,
            ..RedisSettings::new(url)
        };
        Self { sale, leases, settings }
    }

    /// One more instance.
    pub async fn instance(&self) -> RedisDispenser {
        let ids = Arc::new(SeededIds::new(1));
        RedisDispenser::open_with(self.settings.clone(), self.leases.clone(), ids).await.unwrap()
    }

    /// One that begins nothing.
    pub async fn reader(&self) -> RedisDispenser {
        let settings = RedisSettings { only_reads: true, ..self.settings.clone() };
        RedisDispenser::open_with(settings, self.leases.clone(), Arc::new(SeededIds::new(2))).await.unwrap()
    }

    pub fn epoch(&self) -> u32 {
        self.leases.known(self.sale).epoch
    }

    pub fn join(&self, person: u128) -> Join {
        let key = BuyerKey { sale: self.sale, user: user(person) };
        Join { key, group: Group::FIRST, worthless: None, proved: None }
    }

    /// A key of this sale.
    pub fn key(&self, name: &str) -> String {
        format!("frontrow:{{{}}}:{name}", self.sale)
    }
}

pub fn user(person: u128) -> UserId {
    UserId::new(Uuid::from_u128(person))
}

pub fn entry(group: u8, number: u64) -> QueueEntry {
    QueueEntry { group: Group::new(group).unwrap(), number: QueueNumber::new(number).unwrap() }
}

/// All at once; everybody has to get a queue entry.
pub async fn join_all_at(instance: &RedisDispenser, joins: impl IntoIterator<Item = Join>) -> Vec<Joined> {
    join_all(joins.into_iter().map(|join| instance.join(join))).await.into_iter().map(Result::unwrap).collect()
}

/// Tries until it is not busy any more.
pub async fn join_in_the_end(instance: &RedisDispenser, join: Join) -> Joined {
    let tries = async {
        loop {
            match instance.join(join).await {
                Ok(joined) => return joined,
                Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), tries).await.unwrap()
}

pub async fn connect(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}
