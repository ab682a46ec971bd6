//! The scripts: what they are asked, and what they answer.

use super::connection::RedisConnection;
use super::keys::{GROUPS, Keys, PEOPLE, read_entry, write_entry};
use frontrow_application::port::{Join, Joined, Lease};
use frontrow_domain::waiting_room::{Group, QueueEntry};
use redis::{ErrorKind, RedisResult, Script};

const LOST: i64 = 0;
const CEILING: i64 = 1;
const GIVEN: i64 = 2;

/// What is answered to those who join together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Everybody has a queue entry.
    Given {
        /// By group, how many numbers were handed out.
        issued: Vec<u64>,
        /// In the order in which they were named.
        entries: Vec<Joined>,
    },
    /// Nobody got one: Redis does not have the epoch, or is not the server that it began on.
    Lost,
    /// Nobody got one: more numbers have to be leased.
    Ceiling {
        /// The group whose numbers have run out.
        group: Group,
        /// Its last number that was handed out.
        issued: u64,
    },
}

/// Both scripts. A server that does not know them yet gets them by itself.
pub(super) struct Scripts {
    join: Script,
    begin: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let names = format!(
            "local PEOPLE, GROUPS = {PEOPLE}, {GROUPS}\n\
             local LOST, CEILING, GIVEN = {LOST}, {CEILING}, {GIVEN}\n"
        );
        Self { join: Script::new(&(names + include_str!("join.lua"))), begin: Script::new(include_str!("begin.lua")) }
    }

    /// Gives a queue entry to each; to nobody if that can't be done for all. With nobody it says how many numbers were
    /// handed out.
    pub(super) async fn join(
        &self,
        mut link: RedisConnection,
        keys: &Keys,
        lease: &Lease,
        joins: &[Join],
    ) -> RedisResult<Answer> {
        let groups = lease.ceiling.len();
        let mut script = self.join.prepare_invoke();
        script.key(keys.of_script(groups));
        script.arg(lease.epoch).arg(&*link.run).arg(keys.bucket_prefix()).arg(&lease.ceiling);
        let written =
            |entry: Option<QueueEntry>| entry.map(write_entry).map(|entry| entry.to_string()).unwrap_or_default();
        for Join { key, group, worthless, proved } in joins {
            script.arg(key.user.uuid().as_bytes().as_slice()).arg(group.get());
            script.arg(written(*worthless)).arg(written(*proved));
        }
        let answer: Vec<i64> = script.invoke_async(&mut link.connection).await?;
        read(&answer, groups, joins.len())
            .ok_or_else(|| (ErrorKind::UnexpectedReturnType, "what the script answered", format!("{answer:?}")).into())
    }

    /// Begins an epoch. `false`: there is one that is as late.
    pub(super) async fn begin(&self, mut link: RedisConnection, keys: &Keys, lease: &Lease) -> RedisResult<bool> {
        let mut script = self.begin.prepare_invoke();
        script.key(keys.of_script(lease.above.len()));
        script.arg(lease.epoch).arg(&*link.run).arg(&lease.above);
        script.invoke_async(&mut link.connection).await
    }
}

fn read(answer: &[i64], groups: usize, joining: usize) -> Option<Answer> {
    match *answer {
        [LOST] => Some(Answer::Lost),
        [CEILING, group, issued] => {
            Some(Answer::Ceiling { group: Group::new(u8::try_from(group).ok()?)?, issued: issued.try_into().ok()? })
        }
        [GIVEN, ref rest @ ..] if rest.len() == groups + joining => {
            let (issued, entries) = rest.split_at_checked(groups)?;
            let issued = issued.iter().map(|issued| u64::try_from(*issued).ok()).collect::<Option<_>>()?;
            let joined = |written: &i64| {
                Some(Joined { entry: read_entry(written.unsigned_abs())?, is_new: written.is_negative() })
            };
            Some(Answer::Given { issued, entries: entries.iter().map(joined).collect::<Option<_>>()? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontrow_domain::waiting_room::QueueNumber;

    #[test]
    fn an_answer_is_read_or_refused() {
        let entry =
            |group, number| QueueEntry { group: Group::new(group).unwrap(), number: QueueNumber::new(number).unwrap() };
        let entries = vec![Joined { entry: entry(1, 5), is_new: true }, Joined { entry: entry(0, 7), is_new: false }];
        assert_eq!(read(&[2, 7, 5, -21, 28], 2, 2), Some(Answer::Given { issued: vec![7, 5], entries }));
        assert_eq!(read(&[0], 2, 2), Some(Answer::Lost));
        let first = Group::FIRST;
        assert_eq!(read(&[1, 0, 9], 2, 2), Some(Answer::Ceiling { group: first, issued: 9 }));
        for nonsense in [&[][..], &[3], &[2, 7, 5, 21], &[2, -7, 5, 21, 28], &[2, 7, 5, 21, 0], &[1, 4, 9]] {
            assert_eq!(read(nonsense, 2, 2), None, "{nonsense:?}");
        }
    }
}
