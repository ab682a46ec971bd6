//! Who has which number, by number. Redis keeps it by user, in buckets, so all of them are read. That happens once a
//! sale, too seldom to keep a second map in Redis.

use super::connection::RedisConnection;
use super::keys::{read_entry, read_user};
use super::numbers::{NumberIndex, SaleNumbers};
use super::trouble::Trouble;
use frontrow_domain::UserId;
use frontrow_domain::waiting_room::{Group, QueueNumber};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisResult};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the index is kept for the next page.
const TTL: Duration = Duration::from_secs(30);
/// How long the data of a queue that is over can still be read.
const RETENTION: Duration = Duration::from_hours(30 * 24);
/// Buckets that are read at once. It takes some milliseconds, for which joins wait.
const BUCKETS_AT_ONCE: u64 = 512;

impl SaleNumbers {
    /// Who has the numbers of a group above `after`. The first page reads everything, and what was read is kept for
    /// those that follow: whoever joins in between has a higher number than is asked for then.
    pub(super) async fn entries(
        self: &Arc<Self>,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, Trouble> {
        let known = if after == 0 { None } else { self.known_index(group) };
        let entries = match known {
            // More people may have joined since it was read.
            Some(entries) if entries.last().is_some_and(|(last, _)| last.get() > after) => entries,
            _ => self.read_index(group).await?,
        };
        let first = entries.partition_point(|(number, _)| number.get() <= after);
        Ok(entries.iter().skip(first).take(limit as usize).copied().collect())
    }

    pub(super) fn drop_old_index(&self) {
        let mut index = self.number_index.lock();
        index.take_if(|index| index.read_at.elapsed() >= TTL);
    }

    fn known_index(&self, group: Group) -> Option<Arc<Vec<(QueueNumber, UserId)>>> {
        self.drop_old_index();
        let index = self.number_index.lock();
        index.as_ref().filter(|index| index.group == group).map(|index| Arc::clone(&index.entries))
    }

    async fn read_index(self: &Arc<Self>, group: Group) -> Result<Arc<Vec<(QueueNumber, UserId)>>, Trouble> {
        // Makes sure that Redis has its data: an older copy must not be read.
        self.give_entries(&[]).await?;
        let link = self.context.server.link().await?;
        let mut entries = match self.read_buckets(&mut link.connection.clone(), group).await {
            Ok(entries) => entries,
            Err(error) => return Err(self.trouble_of(&link, &error).await),
        };
        entries.sort_unstable();
        entries.dedup();
        let entries = Arc::new(entries);
        let index = NumberIndex { group, read_at: Instant::now(), entries: Arc::clone(&entries) };
        *self.number_index.lock() = Some(index);
        Ok(entries)
    }

    /// A bucket that is split while others are read moves some of its people to a new bucket. So new buckets are read, too,
    /// until there are no more. Somebody who moved after they were read is found twice.
    async fn read_buckets(
        &self,
        connection: &mut MultiplexedConnection,
        group: Group,
    ) -> RedisResult<Vec<(QueueNumber, UserId)>> {
        let (mut entries, mut next) = (Vec::new(), 0);
        loop {
            let buckets = self.count_buckets(connection).await?;
            if next >= buckets {
                return Ok(entries);
            }
            while next < buckets {
                let end = buckets.min(next + BUCKETS_AT_ONCE);
                let mut ask = redis::pipe();
                for name in self.buckets(next..end) {
                    ask.cmd("HGETALL").arg(name);
                }
                let read: Vec<Vec<(Vec<u8>, u64)>> = ask.query_async(connection).await?;
                entries.extend(read.into_iter().flatten().filter_map(|person| of_group(&person, group)));
                next = end;
            }
        }
    }

    async fn count_buckets(&self, connection: &mut MultiplexedConnection) -> RedisResult<u64> {
        let buckets: Option<u64> = redis::cmd("GET").arg(self.keys.buckets()).query_async(connection).await?;
        Ok(buckets.unwrap_or(0))
    }

    fn buckets(&self, numbers: std::ops::Range<u64>) -> impl Iterator<Item = String> {
        let prefix = self.keys.bucket_prefix();
        numbers.map(move |number| format!("{prefix}{number}"))
    }

    /// Lets all data of the sale expire. Every instance says that a queue is over, and an operator may look at it again:
    /// that gives it no more time.
    pub(super) async fn forget(&self) -> Result<(), Trouble> {
        let expire = |ask: &mut Pipeline, name: String| {
            ask.cmd("EXPIRE").arg(name).arg(RETENTION.as_secs()).arg("NX").ignore();
        };
        let link = self.context.server.link().await?;
        match self.tell_all_keys(&mut link.connection.clone(), expire).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.trouble_of(&link, &error).await),
        }
    }

    /// Undoes that, if it was done: a queue that was over may have been opened again.
    pub(super) async fn keep(&self, link: &RedisConnection) -> Result<(), Trouble> {
        let mut connection = link.connection.clone();
        let kept = async {
            // The key that expires last, and that no join writes.
            let key = self.keys.epoch();
            let left: i64 = redis::cmd("TTL").arg(key).query_async(&mut connection).await?;
            if left < 0 {
                return Ok(());
            }
            let persist = |ask: &mut Pipeline, name: String| {
                ask.cmd("PERSIST").arg(name).ignore();
            };
            self.tell_all_keys(&mut connection, persist).await
        };
        match kept.await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.trouble_of(link, &error).await),
        }
    }

    /// Some hundreds of keys at a time, so that nobody else waits for long. The number of buckets comes after the buckets,
    /// so that it outlasts them; the epoch comes last, so that whoever was interrupted begins anew.
    async fn tell_all_keys(
        &self,
        connection: &mut MultiplexedConnection,
        tell: impl Fn(&mut Pipeline, String),
    ) -> RedisResult<()> {
        let buckets = self.count_buckets(connection).await?;
        let mut next = 0;
        while next < buckets {
            let end = buckets.min(next + BUCKETS_AT_ONCE);
            let mut ask = redis::pipe();
            for name in self.buckets(next..end) {
                tell(&mut ask, name);
            }
            ask.exec_async(connection).await?;
            next = end;
        }
        let mut names = self.keys.of_script(Group::MAX);
        names.sort_by_key(|name| *name == self.keys.epoch());
        let mut ask = redis::pipe();
        for name in names {
            tell(&mut ask, name);
        }
        ask.exec_async(connection).await
    }
}

fn of_group((field, written): &(Vec<u8>, u64), group: Group) -> Option<(QueueNumber, UserId)> {
    let entry = read_entry(*written).filter(|entry| entry.group == group)?;
    Some((entry.number, read_user(field)?))
}
