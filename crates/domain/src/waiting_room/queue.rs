//! The queue of a sale: one row, which only ticks and operators write.

use super::{
    DrawState, Ending, EntryStatus, Estimates, Gaps, NothingLeft, Phase, QueueNumber, Rank, Ranks, SaleDates, Skips,
};
use crate::catalogue::{Group, Sale, WaitingRoom};
use crate::id::SaleId;
use crate::record::Version;
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One group of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupQueue {
    /// How many are admitted for every one of a group of weight 1.
    pub weight: u32,
    /// Numbers that were drawn: those of the lobby.
    pub drawn: u64,
    /// Numbers that were handed out, as far as the last tick knows.
    pub issued: u64,
    /// The last rank that was called. May be above what was issued: then nobody waits.
    pub called: u64,
    /// The last rank whose call has lapsed.
    pub lapsed: u64,
    /// What the group has had so far of the admissions, divided by its weight; the least comes next.
    #[serde(alias = "served")]
    pub admission_turns: u64,
    /// What the group has had so far of the calls, divided by its weight; the least comes next.
    #[serde(default, alias = "summoned")]
    pub call_turns: u64,
    /// Ranks that nobody has.
    #[serde(default)]
    pub gaps: Gaps,
    /// Ranks that could not be admitted, because their buyer's row was locked.
    #[serde(default)]
    pub skips: Skips,
}

/// The state of a queue at one moment of open time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was, in open time.
    pub at: Duration,
    /// By group, the last rank that was called and issued.
    pub called: Vec<u64>,
    /// How many have checked in so far.
    pub checked_in: u64,
    /// How many have been admitted so far.
    pub admitted: u64,
}

/// The queue of a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// The sale whose queue it is.
    pub sale: SaleId,
    /// What the queue does, as it followed from all else at its last tick or change.
    pub phase: Phase,
    /// What an operator has ordered; `None` while it follows its sale.
    #[serde(default)]
    pub ordered: Option<Phase>,
    /// When its sale opens and closes; `None` in a queue of an older version, until its next tick.
    #[serde(default)]
    pub dates: Option<SaleDates>,
    /// Since when nothing is left to sell; `None` while there is something, or nobody has looked.
    #[serde(default)]
    pub nothing_left: Option<NothingLeft>,
    /// Since when it is closed, if it is.
    #[serde(default)]
    pub closed_since: Option<Instant>,
    /// How many may be admitted at a time.
    pub capacity: u32,
    /// How many are admitted a minute, at most.
    pub rate: u32,
    /// How many of them may come at once.
    pub burst: u32,
    /// Admissions that the rate allows now, in units of which one costs [`Queue::ADMISSION_COST`].
    pub allowance: u64,
    /// How long it has been open: it stands still in a pause and in an outage.
    pub open_time: Duration,
    /// When it last moved.
    pub last_tick: Instant,
    /// Counts the losses of the dispenser of numbers.
    pub epoch: u32,
    /// What the operator tells those who wait, or why there is a pause.
    pub message: Option<String>,
    /// Whether new holds are stopped.
    pub holds_stopped: bool,
    /// Why there is nothing left to wait for, if there is not.
    pub ending: Option<Ending>,
    /// How those of the lobby are drawn, if they are.
    pub draw: Option<DrawState>,
    /// Whether it is fixed who was in the lobby: the first tick after it does that, because only ticks know how many have
    /// joined.
    #[serde(default)]
    pub gathered: bool,
    /// Its groups.
    pub groups: Vec<GroupQueue>,
    /// Samples of the last minutes, the oldest first.
    pub trail: Vec<Sample>,
    /// How many have checked in so far.
    pub checked_in: u64,
    /// How many have been admitted so far.
    pub admitted: u64,
    /// How many seats are left to hold, by one digit: of 57 it says 50. `None` while nobody has looked.
    #[serde(default)]
    pub seats_left: Option<u64>,
    /// Until when nobody is admitted, because bookings have been turned away.
    #[serde(default)]
    pub held_back_until: Option<Instant>,
    /// Since when it has moved without a break; `None` while it does not, and until the first tick after a break.
    #[serde(default)]
    pub moving_since: Option<Instant>,
    /// Waits that people were shown, and how far off they were.
    #[serde(default)]
    pub estimates: Estimates,
    /// Goes up by one with every change.
    #[serde(skip, default = "first")]
    pub version: Version,
}

fn first() -> Version {
    Version::FIRST
}

impl Queue {
    /// What one admission takes of the allowance: a minute in microseconds, so that a rate a minute adds up without
    /// fractions.
    pub const ADMISSION_COST: u64 = 60_000_000;
    /// How long somebody who was called has to check in, in open time: 15 minutes. Then the call has lapsed.
    pub const CALL_LASTS: Duration = Duration::from_mins(15);
    /// Characters of a message.
    pub const MAX_MESSAGE: usize = 500;

    /// The queue of a sale that nobody has joined.
    pub fn new(sale: &Sale, room: &WaitingRoom, secret: [u8; 32], now: Instant) -> Self {
        let group = |weight| GroupQueue { weight, ..GroupQueue::default() };
        let drawing = DrawState { secret, round: None, lists: None, value: None, seed: None };
        Self {
            sale: sale.id,
            phase: Phase::Lobby,
            ordered: None,
            dates: Some(SaleDates::of(sale)),
            nothing_left: None,
            closed_since: None,
            capacity: room.capacity,
            rate: room.rate,
            burst: room.burst,
            allowance: u64::from(room.burst) * Self::ADMISSION_COST,
            open_time: Duration::ZERO,
            last_tick: now,
            epoch: 1,
            message: None,
            holds_stopped: false,
            ending: None,
            draw: room.draw.then_some(drawing),
            gathered: false,
            groups: room.groups.iter().map(|terms| group(terms.weight)).collect(),
            trail: Vec::new(),
            checked_in: 0,
            admitted: 0,
            seats_left: None,
            held_back_until: None,
            moving_since: None,
            estimates: Estimates::default(),
            version: Version::FIRST,
        }
    }

    /// Whether people are called and admitted, and time runs: while there is nothing that could be booked, a queue stands
    /// still as in a pause.
    pub fn moves(&self) -> bool {
        self.phase.moves() && !self.ending.is_some_and(Ending::stops_queue)
    }

    /// Whether ranks are known, so that somebody can be called.
    pub fn is_drawn(&self) -> bool {
        self.phase != Phase::Lobby && self.draw.as_ref().is_none_or(|draw| draw.seed.is_some())
    }

    /// The status of a queue entry with that rank. Who has checked in is not asked: [`EntryStatus::Lapsed`] says so.
    pub fn status(&self, group: Group, rank: Rank) -> EntryStatus {
        let Some(queue) = self.groups.get(group.index()).filter(|_| self.is_drawn()) else { return EntryStatus::Lobby };
        let rank = rank.get();
        if rank > queue.called {
            EntryStatus::Waiting { ahead: queue.gaps.people(rank).saturating_sub(queue.gaps.people(queue.called)) }
        } else if rank > queue.lapsed {
            EntryStatus::Called
        } else {
            EntryStatus::Lapsed
        }
    }

    /// The status of a queue entry, by the ranks of its group.
    pub fn status_of(&self, ranks: &Ranks, group: Group, number: QueueNumber) -> EntryStatus {
        self.status(group, ranks.rank(number))
    }

    /// Fixes who takes part in the draw.
    pub(super) fn gather(&mut self) {
        self.gathered = true;
        if self.draw.is_some() {
            for group in &mut self.groups {
                group.drawn = group.issued.min(Ranks::MAX);
                // The lots of numbers that nobody has lie among all others.
                group.gaps.forget_up_to(group.drawn);
            }
        }
    }

    /// For each group, what its next turn counts from, given what it has had so far; the lowest goes next (weighted
    /// fair queueing). A group that was empty for a while starts where the last turn began, so it can't catch up on
    /// turns that it missed.
    pub(super) fn turns(&self, so_far: impl Fn(&GroupQueue) -> u64) -> Vec<u64> {
        let last = self.groups.iter().map(|group| so_far(group).saturating_sub(group.turn())).max().unwrap_or(0);
        self.groups.iter().map(|group| so_far(group).max(last)).collect()
    }

    pub(super) fn max_allowance(&self) -> u64 {
        u64::from(self.burst) * Self::ADMISSION_COST
    }

    /// The last sample that is at least this old, in open time; `None` if there is none.
    pub(super) fn ago(&self, ago: Duration) -> Option<&Sample> {
        let at = self.open_time.checked_sub(ago)?;
        let later = self.trail.partition_point(|sample| sample.at <= at);
        later.checked_sub(1).and_then(|index| self.trail.get(index))
    }

    /// By group, the last rank that was called and issued.
    pub(super) fn called_and_issued(&self) -> Vec<u64> {
        self.groups.iter().map(|group| group.called.min(group.issued)).collect()
    }
}

impl GroupQueue {
    /// How many people have been called.
    pub(super) fn people_called(&self) -> u64 {
        self.gaps.people(self.called.min(self.issued))
    }

    /// How many people wait to be called.
    pub fn waiting(&self) -> u64 {
        self.gaps.people(self.issued) - self.people_called()
    }

    /// What one turn counts.
    pub(super) fn turn(&self) -> u64 {
        // Divisible by most weights.
        720_720 / u64::from(self.weight.max(1))
    }
}
