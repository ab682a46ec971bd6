//! The public log of admissions, read and checked the way that any onlooker could.

use crate::driver::Client;
use anyhow::{Context, Result};
use frontrow_domain::CLOCK_TOLERANCE;
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use std::fmt;
use uuid::Uuid;

/// The admission log: who was admitted when, without names, in order.
pub struct AdmissionLog {
    pub entries: Vec<Entry>,
}

/// One admission.
#[derive(Clone, Debug)]
pub struct Entry {
    pub group: u64,
    pub rank: u64,
    /// Since when they had been checked in without a break.
    checked_in_at: Timestamp,
    pub admitted_at: Timestamp,
    active_after: u64,
    capacity: u64,
}

impl AdmissionLog {
    /// Reads all of it.
    pub async fn read(client: &mut Client, sale: Uuid) -> Result<Self> {
        let mut entries = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/sales/{sale}/admission-log?limit=100{cursor}");
            let page = client.ask(Method::GET, &path, None, None).await?.expect(StatusCode::OK)?;
            for item in page["items"].as_array().context("no items")? {
                entries.push(Entry::of(item).with_context(|| format!("no admission: {item}"))?);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(Self { entries }),
            }
        }
    }

    /// Admissions after which more were admitted than could be.
    pub fn overshoots(&self) -> Vec<String> {
        let over = self.entries.iter().filter(|entry| entry.active_after > entry.capacity);
        over.map(|entry| format!("{entry}: {} of {}", entry.active_after, entry.capacity)).collect()
    }

    /// Those who were let in while somebody of a lower rank in their group was checked in. Whoever came a moment before
    /// may have spoken to another server, whose clock differs, or their check-in was still being written.
    pub fn overtakings(&self) -> Vec<String> {
        let pairs = self.entries.iter().flat_map(|first| self.entries.iter().map(move |later| (first, later)));
        let overtaken = pairs.filter(|(first, later)| {
            first.group == later.group
                && later.rank < first.rank
                && first.admitted_at < later.admitted_at
                && later.checked_in_at + CLOCK_TOLERANCE < first.admitted_at
        });
        overtaken.map(|(first, later)| format!("{first} before {later}, there since {}", later.checked_in_at)).collect()
    }
}

impl Entry {
    fn of(item: &Value) -> Option<Self> {
        let time = |field: &str| item[field].as_str()?.parse().ok();
        Some(Self {
            group: item["group"].as_u64()?,
            rank: item["rank"].as_u64()?,
            checked_in_at: time("checked_in_at")?,
            admitted_at: time("admitted_at")?,
            active_after: item["active_after"].as_u64()?,
            capacity: item["capacity"].as_u64()?,
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of group {} at {}", self.rank, self.group, self.admitted_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who came and was admitted at these seconds.
    fn entry(rank: u64, checked_in: i64, admitted: i64) -> Entry {
        let at = |second| Timestamp::from_second(second).unwrap();
        Entry { group: 0, rank, checked_in_at: at(checked_in), admitted_at: at(admitted), active_after: 1, capacity: 1 }
    }

    #[test]
    fn who_is_let_in_before_a_lower_rank_that_stands_there_is_found() {
        let overtakings = |entries: [Entry; 2]| AdmissionLog { entries: entries.to_vec() }.overtakings().len();
        assert_eq!(overtakings([entry(2, 0, 10), entry(1, 5, 11)]), 1);
        assert_eq!(overtakings([entry(2, 0, 10), entry(1, 9, 11)]), 0, "came a moment before");
        assert_eq!(overtakings([entry(2, 0, 10), entry(1, 5, 10)]), 0, "in the same tick");
        assert_eq!(overtakings([entry(1, 0, 10), entry(2, 5, 11)]), 0, "the higher rank came later");
        assert_eq!(overtakings([entry(2, 0, 10), Entry { group: 1, ..entry(1, 5, 11) }]), 0, "another group");
    }

    #[test]
    fn more_than_could_be_are_found() {
        let log = AdmissionLog { entries: vec![entry(1, 0, 1), Entry { active_after: 2, ..entry(2, 0, 2) }] };
        assert_eq!(log.overshoots().len(), 1);
    }
}
