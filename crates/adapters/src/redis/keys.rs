//! What is called how in Redis, and how users and queue entries are written there.

use frontrow_domain::waiting_room::{Group, QueueEntry, QueueNumber};
use frontrow_domain::{SaleId, UserId};
use uuid::Uuid;

/// People for whom there is a bucket. Who has which queue entry stands in small hashes, which Redis keeps without
/// pointers: about 30 bytes a person, where one large hash takes 80. A bucket has at most twice as many on average,
/// which stays far below `hash-max-listpack-entries`.
pub(super) const PEOPLE: u32 = 32;
/// A queue entry is written as `number * GROUPS + group`: Redis keeps a small whole number in three to five bytes.
pub(super) const GROUPS: u64 = Group::MAX as u64;

/// The names of a sale's keys. They share a hash tag, so that a cluster keeps them together.
pub(super) struct Keys(String);

impl Keys {
    pub(super) fn of(prefix: &str, sale: SaleId) -> Self {
        Self(format!("{prefix}:{{{sale}}}:"))
    }

    /// What scripts get, with the counters of so many groups.
    pub(super) fn of_script(&self, groups: usize) -> Vec<String> {
        let counters = Group::all(groups).map(|group| format!("{}n:{}", self.0, group.get()));
        let before = ["epoch", "run", "buckets", "people"].map(|name| format!("{}{name}", self.0));
        before.into_iter().chain(counters).collect()
    }

    /// Which epoch it is.
    pub(super) fn epoch(&self) -> String {
        format!("{}epoch", self.0)
    }

    /// How many buckets there are.
    pub(super) fn buckets(&self) -> String {
        format!("{}buckets", self.0)
    }

    /// What the names of buckets begin with; their number follows, from 0.
    pub(super) fn bucket_prefix(&self) -> String {
        format!("{}u:", self.0)
    }
}

pub(super) fn write_entry(entry: QueueEntry) -> u64 {
    entry.number.get().saturating_mul(GROUPS).saturating_add(u64::from(entry.group.get()))
}

pub(super) fn read_entry(written: u64) -> Option<QueueEntry> {
    let group = Group::new(u8::try_from(written % GROUPS).ok()?)?;
    Some(QueueEntry { group, number: QueueNumber::new(written / GROUPS)? })
}

pub(super) fn read_user(field: &[u8]) -> Option<UserId> {
    Uuid::from_slice(field).ok().map(UserId::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        for (group, number) in [(0, 1), (3, 1), (2, 1_000_000), (1, 1 << 50)] {
            let entry = QueueEntry { group: Group::new(group).unwrap(), number: QueueNumber::new(number).unwrap() };
            assert_eq!(read_entry(write_entry(entry)), Some(entry));
        }
        assert_eq!(read_entry(0), None);
        assert_eq!(read_entry(3), None);
    }

    #[test]
    fn all_keys_of_a_sale_share_its_hash_tag() {
        let sale = SaleId::new(Uuid::from_u128(7));
        let keys = Keys::of("frontrow", sale);
        for name in keys.of_script(4).into_iter().chain([keys.buckets(), keys.bucket_prefix()]) {
            assert!(name.starts_with(&format!("frontrow:{{{sale}}}:")), "{name}");
        }
        assert!(keys.of_script(0).contains(&keys.buckets()));
    }
}
