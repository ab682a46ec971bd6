//! Who has which queue number. Redis stores that by user, in buckets; a draw needs it by number, once a sale. So all buckets
//! are read then, and Redis keeps no second map.

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

/// How long the roster is kept for whoever reads the next page.
const LASTS: Duration = Duration::from_secs(30);
/// How long what is kept of a queue that is over can still be read.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// How many buckets are read in one call: it takes some milliseconds, for which joins wait.
const TOGETHER: u64 = 512;

impl SaleNumbers {
    /// Who has the numbers of a group above `after`. The first page reads everything, and what was read is kept for
    /// those that follow: whoever joins in between has a higher number than is asked for then.
    pub(super) async fn entries(
        self: &Arc<Self>,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, Trouble> {
        let known = if after == 0 { None } else { self.known_roster(group) };
        let entries = match known {
            // More people may have joined since it was read.
            Some(entries) if entries.last().is_some_and(|(last, _)| last.get() > after) => entries,
            _ => self.read_roster(group).await?,
        };
        let first = entries.partition_point(|(number, _)| number.get() <= after);
        Ok(entries.iter().skip(first).take(limit as usize).copied().collect())
    }

    pub(super) fn drop_old_roster(&self) {
        let mut roster = self.roster.lock();
        roster.take_if(|roster| roster.read.elapsed() >= LASTS);
    }

    fn known_roster(&self, group: Group) -> Option<Arc<Vec<(QueueNumber, UserId)>>> {
        self.drop_old_roster();
        let roster = self.roster.lock();
        roster.as_ref().filter(|roster| roster.group == group).map(|roster| Arc::clone(&roster.entries))
    }

    async fn read_roster(self: &Arc<Self>, group: Group) -> Result<Arc<Vec<(QueueNumber, UserId)>>, Trouble> {
        // Makes sure that this is the queue's epoch: an older copy of the data could be behind.
        self.give_entries(&[]).await?;
        let link = self.context.server.link().await?;
        let mut entries = match self.read_buckets(&mut link.connection.clone(), group).await {
            Ok(entries) => entries,
            Err(error) => return Err(self.trouble_of(&link, &error).await),
        };
        entries.sort_unstable();
        entries.dedup();
        let entries = Arc::new(entries);
        let roster = NumberIndex { group, read: Instant::now(), entries: Arc::clone(&entries) };
        *self.roster.lock() = Some(roster);
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
                let end = buckets.min(next + TOGETHER);
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

    /// Gives all that is kept of the sale a time to run out. Every instance says that a queue is over, and an operator may
    /// look at it again: that gives it no more time.
    pub(super) async fn forget(&self) -> Result<(), Trouble> {
        let expire = |ask: &mut Pipeline, name: String| {
            ask.cmd("EXPIRE").arg(name).arg(KEPT.as_secs()).arg("NX").ignore();
        };
        let link = self.context.server.link().await?;
        match self.tell_all_keys(&mut link.connection.clone(), expire).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.trouble_of(&link, &error).await),
        }
    }

    /// Takes that time away again, if there is one: a queue that was over may have been opened again.
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

    /// Some hundreds at a time, so that nobody else waits for long. How many buckets there are comes after them, and
    /// outlasts them; the epoch comes last, so that whoever was interrupted begins anew.
    async fn tell_all_keys(
        &self,
        connection: &mut MultiplexedConnection,
        tell: impl Fn(&mut Pipeline, String),
    ) -> RedisResult<()> {
        let buckets = self.count_buckets(connection).await?;
        let mut next = 0;
        while next < buckets {
            let end = buckets.min(next + TOGETHER);
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
