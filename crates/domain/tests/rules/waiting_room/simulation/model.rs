//! Who has which right, by the words of the protocol and nothing else.

use super::{HOLD, LIMIT};
use frontrow_domain::waiting_room::{QueueEntry, *};
use frontrow_domain::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is refused for want of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    NotAdmitted,
    Ended,
    Barred,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    Held,
    Paid,
    Over,
}

#[derive(Clone, Debug)]
pub struct HoldRow {
    pub by: u128,
    pub until: Instant,
    pub seats: u32,
    pub state: HoldState,
    pub row: Reservation,
}

pub struct Model {
    pub admissions: BTreeMap<u128, AdmissionPeriod>,
    pub spent: BTreeMap<(u128, Group), u64>,
    pub barred: BTreeSet<u128>,
    pub ever: BTreeSet<u128>,
    pub holds: BTreeMap<ReservationId, HoldRow>,
    pub given: BTreeSet<(Group, QueueNumber)>,
    pub entries: BTreeMap<u128, (QueueEntry, EntryStatus)>,
    /// Numbers by which somebody was admitted who picked it up, or left.
    pub used: BTreeSet<(Group, QueueNumber)>,
    /// By which queue entry they were admitted last.
    pub by: BTreeMap<u128, (Group, QueueNumber)>,
    /// Whose row was waited for in vain, and when last.
    pub passed_over: BTreeMap<(Group, Rank), Instant>,
    pub leave_on_payment: bool,
    pub capacity: u32,
    pub rate: u32,
    pub burst: u32,
    /// Millionths of a minute's admission, times a minute: what the rate has earned.
    pub earned: u64,
}

impl Model {
    pub fn new(room: &WaitingRoom) -> Self {
        Self {
            admissions: BTreeMap::new(),
            spent: BTreeMap::new(),
            barred: BTreeSet::new(),
            ever: BTreeSet::new(),
            holds: BTreeMap::new(),
            given: BTreeSet::new(),
            entries: BTreeMap::new(),
            used: BTreeSet::new(),
            by: BTreeMap::new(),
            passed_over: BTreeMap::new(),
            leave_on_payment: room.terms.leave_on_payment,
            capacity: room.capacity,
            rate: room.rate,
            burst: room.burst,
            earned: u64::from(room.burst) * 60_000_000,
        }
    }

    pub fn require(&self, n: u128, now: Instant) -> Result<AdmissionPeriod, Refusal> {
        if self.barred.contains(&n) {
            return Err(Refusal::Barred);
        }
        match self.admissions.get(&n) {
            Some(admission) if now < admission.until => Ok(*admission),
            _ if self.ever.contains(&n) => Err(Refusal::Ended),
            _ => Err(Refusal::NotAdmitted),
        }
    }

    pub fn may_hold(&self, n: u128, now: Instant) -> Result<(), Refusal> {
        let admission = self.require(n, now)?;
        if now < admission.max_until { Ok(()) } else { Err(Refusal::Ended) }
    }

    /// Until when their last live hold lasts.
    fn held_until(&self, n: u128, now: Instant) -> Option<Instant> {
        self.live(n, now).map(|hold| hold.until).max()
    }

    fn live(&self, n: u128, now: Instant) -> impl Iterator<Item = &HoldRow> {
        self.holds.values().filter(move |hold| hold.by == n && hold.state == HoldState::Held && now < hold.until)
    }

    /// The admission afterwards.
    pub fn renew(&mut self, n: u128, closing: bool, now: Instant) -> Result<AdmissionPeriod, Refusal> {
        let admission = self.require(n, now)?;
        let least = admission.until.min(now + Duration::from_secs(45));
        let renewed = (now + Duration::from_mins(3)).min(admission.max_until);
        let until = if closing || renewed < least { least } else { renewed };
        let until = self.held_until(n, now).map_or(until, |held| held.max(until));
        let admission = AdmissionPeriod { until, ..admission };
        self.admissions.insert(n, admission);
        Ok(admission)
    }

    /// The number by which they were admitted is worth nothing any more; whether it was worth something before.
    pub fn use_up(&mut self, n: u128) -> bool {
        let Some((group, number)) = self.by.get(&n).copied() else { return false };
        let spent = self.spent.entry((n, group)).or_default();
        *spent = number.get().max(*spent);
        self.used.insert((group, number))
    }

    pub fn hold(&mut self, n: u128, row: Reservation, now: Instant) {
        let (until, seats) = (now + HOLD, row.seat_count());
        if let Some(admission) = self.admissions.get_mut(&n) {
            admission.until = admission.until.max(until);
        }
        self.holds.insert(row.id, HoldRow { by: n, until, seats, state: HoldState::Held, row });
    }

    /// Whether it gives an admission back.
    pub fn pay(&mut self, id: ReservationId, now: Instant) -> bool {
        let Some(hold) = self.holds.get_mut(&id) else { return false };
        hold.state = HoldState::Paid;
        let n = hold.by;
        let bought = self.holds.values().filter(|hold| hold.by == n && hold.state == HoldState::Paid);
        let all = bought.map(|hold| hold.seats).sum::<u32>() >= LIMIT;
        let leaves = (all || self.leave_on_payment) && self.live(n, now).next().is_none();
        let left = leaves && self.admissions.remove(&n).is_some();
        if left {
            self.use_up(n);
        }
        left
    }

    pub fn set(&mut self, id: ReservationId, state: HoldState) {
        self.holds.entry(id).and_modify(|hold| hold.state = state);
    }
}
