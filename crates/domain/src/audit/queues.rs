//! Whether the waiting rooms were fair, and kept within what they were told.

use super::{Finding, Rule};
use crate::booking::Reservation;
use crate::catalogue::{Group, Sale, SaleTerms};
use crate::id::{SaleId, UserId};
use crate::in_memory::{BookingState, InMemoryQueues};
use crate::time::{CLOCK_TOLERANCE, Instant};
use crate::waiting_room::{Admitted, BuyerKey, CheckIn, Queue, QueueEntry, QueueNumber, Rank};
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of all waiting rooms besides the books, of the same snapshot. Rows and not maps: what must be there once
/// may be there twice. In any order.
#[derive(Clone, Debug, Default)]
pub struct QueueRecords {
    /// Queues of all sales, over or not.
    pub queues: Vec<Queue>,
    /// The terms of the sales that have one, as they are now: an operator may have changed them since.
    pub terms: Vec<SaleTerms>,
    /// Who has which queue entry.
    pub entries: Vec<(BuyerKey, QueueEntry)>,
    /// People who are checked in.
    pub check_ins: Vec<CheckIn>,
    /// Who was admitted.
    pub log: Vec<Admitted>,
}

impl QueueRecords {
    /// Those of waiting rooms in memory.
    pub fn of(rooms: &InMemoryQueues, terms: Vec<SaleTerms>) -> Self {
        Self {
            queues: rooms.queues.values().cloned().collect(),
            terms,
            entries: rooms.entries.iter().map(|(key, entry)| (*key, *entry)).collect(),
            check_ins: rooms.check_ins.values().copied().collect(),
            log: rooms.log.clone(),
        }
    }
}

/// Everything that is wrong with the waiting rooms, sorted; nothing if they are right.
///
/// The log says when somebody was admitted and since when they had been checked in without a break, by the clock of
/// whichever instance they spoke to. So somebody was overtaken if, in an earlier tick, a higher rank of their group was
/// admitted [`CLOCK_TOLERANCE`] or more after they had come: less may be the difference of two clocks, or a check-in
/// that was still being written.
pub fn audit_queues(bookings: &BookingState, records: &QueueRecords) -> Vec<Finding> {
    let mut log = records.log.clone();
    log.sort_by_key(|row| (row.key.sale, row.tick));
    let mut audit = Audit { bookings, records, log, findings: Vec::new() };
    audit.check_entries();
    audit.check_numbers();
    audit.check_ranks();
    audit.check_capacity();
    audit.check_ticks();
    audit.check_order();
    audit.check_holds();
    audit.check_admissions();
    audit.check_queues();
    audit.findings.sort();
    audit.findings
}

struct Audit<'a> {
    bookings: &'a BookingState,
    records: &'a QueueRecords,
    /// By sale and tick.
    log: Vec<Admitted>,
    findings: Vec<Finding>,
}

impl Audit<'_> {
    fn report(&mut self, rule: Rule, row: String) {
        self.findings.push(Finding { rule, row });
    }

    fn check_entries(&mut self) {
        let mut of_user: BTreeMap<BuyerKey, u32> = BTreeMap::new();
        for (key, _) in &self.records.entries {
            *of_user.entry(*key).or_default() += 1;
        }
        for (key, entries) in of_user.into_iter().filter(|(_, entries)| *entries > 1) {
            self.report(Rule::OneQueueEntryEach, format!("{} has {entries} queue entries", name(key)));
        }
    }

    /// Wherever numbers come from, whoever has one shows it: in the list of entries, in a check-in, or by having been
    /// admitted.
    fn check_numbers(&mut self) {
        let entries = self.records.entries.iter().map(|(key, entry)| (*key, *entry));
        let check_ins = self.records.check_ins.iter();
        let check_ins =
            check_ins.map(|check_in| (check_in.key, QueueEntry { group: check_in.group, number: check_in.number }));
        let admitted = self.bookings.buyers.values().filter_map(|buyer| Some((buyer.key, buyer.admitted_by?)));
        let mut owners: BTreeMap<(SaleId, Group, QueueNumber), BTreeSet<UserId>> = BTreeMap::new();
        for (key, QueueEntry { group, number }) in entries.chain(check_ins).chain(admitted) {
            owners.entry((key.sale, group, number)).or_default().insert(key.user);
        }
        for ((sale, group, number), owners) in owners.into_iter().filter(|(_, owners)| owners.len() > 1) {
            let (group, number) = (group.get(), number.get());
            self.report(
                Rule::NumbersUnique,
                format!("sale {sale}, group {group}: number {number} is {}", all(&owners)),
            );
        }
    }

    /// In a group each rank comes from one number.
    fn check_ranks(&mut self) {
        let check_ins = self.records.check_ins.iter().map(|check_in| (check_in.key, check_in.group, check_in.rank));
        let admitted = self.log.iter().map(|row| (row.key, row.group, row.rank));
        let mut owners: BTreeMap<(SaleId, Group, Rank), BTreeSet<UserId>> = BTreeMap::new();
        for (key, group, rank) in check_ins.chain(admitted) {
            owners.entry((key.sale, group, rank)).or_default().insert(key.user);
        }
        for ((sale, group, rank), owners) in owners.into_iter().filter(|(_, owners)| owners.len() > 1) {
            let (group, rank) = (group.get(), rank.get());
            self.report(Rule::NumbersUnique, format!("sale {sale}, group {group}: rank {rank} is {}", all(&owners)));
        }
    }

    /// Only ticks admit, so no more can be admitted than the last tick that admitted somebody says.
    fn check_capacity(&mut self) {
        for row in self.log.clone().iter().filter(|row| row.active_after > row.capacity) {
            let (active, capacity) = (row.active_after, row.capacity);
            self.report(Rule::WithinCapacity, format!("{}: {active} were admitted, of {capacity}", tick(row)));
        }
        let mut active: BTreeMap<SaleId, u32> = BTreeMap::new();
        self.bookings.admissions.keys().for_each(|key| *active.entry(key.sale).or_default() += 1);
        let last: BTreeMap<SaleId, u32> = self.log.iter().map(|row| (row.key.sale, row.active_after)).collect();
        for (sale, active) in active {
            let last = last.get(&sale).copied().unwrap_or(0);
            if active > last {
                self.report(Rule::WithinCapacity, format!("sale {sale}: {active} are admitted, the log says {last}"));
            }
        }
    }

    /// Two ticks at once would leave two accounts of the same tick, and of one of them the queue would know nothing.
    fn check_ticks(&mut self) {
        let mut counts: BTreeMap<SaleId, u64> = BTreeMap::new();
        self.log.iter().for_each(|row| *counts.entry(row.key.sale).or_default() += 1);
        for queue in &self.records.queues {
            let logged = counts.get(&queue.sale).copied().unwrap_or(0);
            if queue.admitted != logged {
                let row = format!("sale {}: the queue has admitted {}, the log {logged}", queue.sale, queue.admitted);
                self.findings.push(Finding { rule: Rule::TicksOneByOne, row });
            }
        }
        for pair in self.log.clone().windows(2) {
            let [earlier, later] = pair else { continue };
            if earlier.key.sale != later.key.sale {
                continue;
            }
            let account = |row: &Admitted| (row.at, row.active_after, row.capacity);
            let same = earlier.tick == later.tick;
            if later.at < earlier.at || (same && account(earlier) != account(later)) {
                let row = format!("{}: {:?} after {:?}", tick(later), account(later), account(earlier));
                self.report(Rule::TicksOneByOne, row);
            }
        }
    }

    fn check_order(&mut self) {
        let mut groups: BTreeMap<(SaleId, Group), Vec<Admitted>> = BTreeMap::new();
        for row in &self.log {
            groups.entry((row.key.sale, row.group)).or_default().push(*row);
        }
        for rows in groups.into_values() {
            let mut before = Before(Vec::new());
            for ticked in rows.chunk_by(|a, b| a.tick == b.tick) {
                for row in ticked {
                    if let Some(overtook) = before.highest_since(row.checked_in_at + CLOCK_TOLERANCE)
                        && overtook.rank > row.rank
                    {
                        let (rank, higher) = (row.rank.get(), overtook.rank.get());
                        let text = format!("{}: rank {higher} before {rank}", tick(overtook));
                        self.report(Rule::NobodyOvertaken, text);
                    }
                }
                for row in ticked {
                    before.push(*row);
                }
            }
        }
    }

    fn check_holds(&mut self) {
        let mut first: BTreeMap<BuyerKey, Instant> = BTreeMap::new();
        for row in &self.log {
            first.entry(row.key).and_modify(|at| *at = row.at.min(*at)).or_insert(row.at);
        }
        let terms: BTreeMap<SaleId, &SaleTerms> = self.records.terms.iter().map(|terms| (terms.sale, terms)).collect();
        for reservation in self.bookings.reservations.values() {
            let Some(terms) = terms.get(&reservation.sale).filter(|terms| terms.admission.is_some()) else { continue };
            let made = made_by(reservation, terms);
            let admitted = first.get(&reservation.buyer()).is_some_and(|at| *at <= made + CLOCK_TOLERANCE);
            if !admitted {
                let row = format!("{} of {}", reservation.id, name(reservation.buyer()));
                self.report(Rule::HoldsAdmitted, row);
            }
        }
    }

    fn check_admissions(&mut self) {
        let with_admission =
            self.bookings.buyers.values().filter(|buyer| buyer.admission.is_some()).map(|buyer| buyer.key);
        let with_admission: BTreeSet<BuyerKey> = with_admission.collect();
        let admitted: BTreeSet<BuyerKey> = self.bookings.admissions.keys().copied().collect();
        for key in with_admission.difference(&admitted) {
            self.report(Rule::AdmissionsChecked, format!("{} is admitted without an admission row", name(*key)));
        }
        for key in admitted.difference(&with_admission) {
            let what = if self.bookings.buyers.contains_key(key) { "right to book" } else { "buyer row" };
            self.report(Rule::AdmissionsChecked, format!("{} has an admission row without a {what}", name(*key)));
        }
    }

    fn check_queues(&mut self) {
        let known: BTreeSet<SaleId> = self.records.queues.iter().map(|queue| queue.sale).collect();
        let mut used: BTreeSet<SaleId> = self.records.entries.iter().map(|(key, _)| key.sale).collect();
        used.extend(self.log.iter().map(|row| row.key.sale));
        used.extend(self.bookings.admissions.keys().map(|key| key.sale));
        for sale in used.difference(&known) {
            self.report(Rule::NoOrphans, format!("sale {sale} has no queue"));
        }
    }
}

/// When the hold was made, at the latest.
fn made_by(reservation: &Reservation, terms: &SaleTerms) -> Instant {
    // Holds end with the time for paying: then they may have been made until then.
    let shortened = reservation.held_until == reservation.late_until;
    if shortened {
        return reservation.held_until;
    }
    // Holds may be longer now than they were then; its id says when it was asked for, too.
    let by_terms = reservation.held_until - terms.hold_duration;
    asked_for(reservation).map_or(by_terms, |at| at.max(by_terms))
}

/// When the reservation got its id, if the id says so, and may be right.
fn asked_for(reservation: &Reservation) -> Option<Instant> {
    let (seconds, nanoseconds) = reservation.id.uuid().get_timestamp()?.to_unix();
    let at = i64::try_from(seconds).ok()?.checked_mul(1_000_000)? + i64::from(nanoseconds / 1000);
    let (at, held_until) = (Instant::from_micros(at), reservation.held_until);
    (held_until - Sale::LONGEST_HOLD <= at && at < held_until).then_some(at)
}

/// Those of a group who were admitted before: of these, in the order of their ticks, each that no later one outranks.
struct Before(Vec<Admitted>);

impl Before {
    fn push(&mut self, row: Admitted) {
        while self.0.pop_if(|known| known.rank <= row.rank).is_some() {}
        self.0.push(row);
    }

    /// The highest rank that was admitted then or later.
    fn highest_since(&self, at: Instant) -> Option<&Admitted> {
        self.0.get(self.0.partition_point(|known| known.at < at))
    }
}

fn name(key: BuyerKey) -> String {
    format!("user {} in sale {}", key.user, key.sale)
}

fn all(owners: &BTreeSet<UserId>) -> String {
    let owners: Vec<String> = owners.iter().map(|user| format!("user {user}'s")).collect();
    owners.join(" and ")
}

fn tick(row: &Admitted) -> String {
    format!("sale {}, tick {}", row.key.sale, row.tick)
}
