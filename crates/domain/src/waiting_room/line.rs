//! The line of a sale: one row, which only ticks and operators write.

use super::estimates::Estimates;
use super::{Drawing, Gaps, Group, QueueNumber, Rank, Ranks, Standing, WaitingRoom};
use crate::locked::Version;
use crate::{Instant, Invalid, Sale, SaleId};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// What the line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// People join; nobody is called.
    Lobby,
    /// People join, are called and admitted.
    Open,
    /// People join; calls, admissions and deadlines stand still.
    Paused,
    /// Nobody joins any more; who is there is called and admitted.
    Draining,
    /// Nobody is admitted any more; who is admitted finishes.
    Closed,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Lobby, Self::Open, Self::Paused, Self::Draining, Self::Closed];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Closed => "closed",
        }
    }

    /// Whether one can join.
    pub const fn takes_joins(self) -> bool {
        matches!(self, Self::Lobby | Self::Open | Self::Paused)
    }

    /// Whether people are called and admitted, and time runs.
    pub const fn moves(self) -> bool {
        matches!(self, Self::Open | Self::Draining)
    }

    const fn may_become(self, next: Self) -> bool {
        !matches!(next, Self::Lobby) && !matches!((self, next), (Self::Lobby, Self::Paused | Self::Draining))
    }
}

/// Why there is nothing to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every seat is held or sold: some may come back.
    AllHeld,
    /// Every seat is sold.
    SoldOut,
}

/// One group of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLine {
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
    pub served: u64,
    /// What the group has had so far of the calls, divided by its weight; the least comes next.
    #[serde(default)]
    pub summoned: u64,
    /// Ranks that nobody has.
    #[serde(default)]
    pub gaps: Gaps,
}

/// How things stood at one moment of open time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When, in open time.
    pub at: Duration,
    /// By group, the last rank that was called and issued.
    pub called: Vec<u64>,
    /// How many have come to the door so far.
    pub claimed: u64,
    /// How many have been admitted so far.
    pub admitted: u64,
}

/// The line of a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which sale's.
    pub sale: SaleId,
    /// What it does.
    pub phase: Phase,
    /// How many may be admitted at a time.
    pub capacity: u32,
    /// How many are admitted a minute, at most.
    pub rate: u32,
    /// How many of them may come at once.
    pub burst: u32,
    /// Admissions that the rate allows now, in units of which one costs [`Line::ADMISSION_COST`].
    pub allowance: u64,
    /// How long it has been open: it stands still in a pause and in an outage.
    pub open_time: Duration,
    /// When it last moved.
    pub last_tick: Instant,
    /// Counts the losses of the dispenser of numbers.
    pub epoch: u32,
    /// What the operator tells who waits, or why there is a pause.
    pub message: Option<String>,
    /// Whether new holds are stopped.
    pub holds_stopped: bool,
    /// Why there is nothing to wait for.
    pub ending: Option<Ending>,
    /// How those of the lobby are drawn, if they are.
    pub draw: Option<Drawing>,
    /// Whether it is fixed who was in the lobby: the first tick after it does that, because only ticks know how many have
    /// joined.
    #[serde(default)]
    pub gathered: bool,
    /// Its groups.
    pub groups: Vec<GroupLine>,
    /// How things stood, the oldest first.
    pub trail: Vec<Sample>,
    /// How many have come to the door so far.
    pub claimed: u64,
    /// How many have been admitted so far.
    pub admitted: u64,
    /// How many seats are left to hold, by one digit: of 57 it says 50. `None` while nobody has looked.
    #[serde(default)]
    pub seats_left: Option<u64>,
    /// Until when nobody is admitted, because bookings have been turned away.
    #[serde(default)]
    pub held_back_until: Option<Instant>,
    /// What those who wait were told, and how right it was.
    #[serde(default)]
    pub estimates: Estimates,
    /// Goes up by one with every change.
    #[serde(skip, default = "first")]
    pub version: Version,
}

fn first() -> Version {
    Version::FIRST
}

/// What an operator does with a line; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineChange {
    /// Opens, pauses, drains or closes it.
    pub phase: Option<Phase>,
    /// See [`Line::capacity`].
    pub capacity: Option<u32>,
    /// See [`Line::rate`].
    pub rate: Option<u32>,
    /// See [`Line::burst`].
    pub burst: Option<u32>,
    /// By group, see [`GroupLine::weight`].
    pub weights: Option<Vec<u32>>,
    /// See [`Line::message`]; empty for none.
    pub message: Option<String>,
    /// See [`Line::holds_stopped`].
    pub holds_stopped: Option<bool>,
}

/// What becomes of a line besides its ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineUpdate {
    /// By an operator.
    Operator(LineChange),
    /// The draw goes on: by whoever sees first that it can.
    Draw(Drawing),
    /// The dispenser of numbers has lost what it knew.
    NextEpoch {
        /// By group, the number that it goes on above.
        above: Vec<u64>,
    },
}

/// The line can't go there from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a line that is {} can't become {}", .from.as_str(), .to.as_str())]
pub struct NotNow {
    /// What it is.
    pub from: Phase,
    /// What it was to become.
    pub to: Phase,
}

impl Line {
    /// What one admission takes of the allowance: a minute in microseconds, so that a rate a minute adds up without
    /// fractions.
    pub const ADMISSION_COST: u64 = 60_000_000;
    /// How long after its call a place lapses, in open time.
    pub const GRACE: Duration = Duration::from_mins(15);
    /// Characters of a message.
    pub const MOST_MESSAGE: usize = 500;

    /// The line of a sale that nobody has joined.
    pub fn new(sale: &Sale, room: &WaitingRoom, secret: [u8; 32], now: Instant) -> Self {
        let group = |weight| GroupLine { weight, ..GroupLine::default() };
        let drawing = Drawing { secret, round: None, lists: None, value: None, seed: None };
        Self {
            sale: sale.id,
            phase: Phase::Lobby,
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
            claimed: 0,
            admitted: 0,
            seats_left: None,
            held_back_until: None,
            estimates: Estimates::default(),
            version: Version::FIRST,
        }
    }

    /// Whether ranks are known, so that somebody can be called.
    pub fn is_drawn(&self) -> bool {
        self.phase != Phase::Lobby && self.draw.as_ref().is_none_or(|draw| draw.seed.is_some())
    }

    /// Of a place with that rank.
    pub fn standing(&self, group: Group, rank: Rank) -> Standing {
        let Some(line) = self.groups.get(group.index()).filter(|_| self.is_drawn()) else { return Standing::Lobby };
        let rank = rank.get();
        if rank > line.called {
            Standing::Waiting { ahead: line.gaps.people(rank).saturating_sub(line.gaps.people(line.called)) }
        } else if rank > line.lapsed {
            Standing::Called
        } else {
            Standing::Lapsed
        }
    }

    /// Of a number, by the ranks of its group.
    pub fn standing_of(&self, ranks: &Ranks, group: Group, number: QueueNumber) -> Standing {
        self.standing(group, ranks.rank(number))
    }

    /// The line after an update; the same if there is nothing to do.
    pub fn update(&self, update: &LineUpdate) -> Result<Self, NotNow> {
        match update {
            LineUpdate::Operator(change) => self.change(change),
            LineUpdate::Draw(drawing) => Ok(self.draw_on(drawing)),
            LineUpdate::NextEpoch { above } => Ok(self.begin_epoch(above)),
        }
    }

    fn begin_epoch(&self, above: &[u64]) -> Self {
        let mut line = Self { epoch: self.epoch + 1, version: self.version.next(), ..self.clone() };
        for (group, above) in line.groups.iter_mut().zip(above) {
            group.gaps.note(group.issued, *above);
        }
        line
    }

    /// What is known of a draw never changes. Its round is named before it is fixed who takes part, all else after.
    fn draw_on(&self, drawing: &Drawing) -> Self {
        let goes_on = |known: &Drawing| {
            let named = Drawing { round: drawing.round.clone(), ..known.clone() };
            if self.gathered {
                known.round == drawing.round && known.is_kept_by(drawing)
            } else {
                known.round.is_none() && named == *drawing
            }
        };
        match &self.draw {
            Some(known) if known != drawing && goes_on(known) => {
                Self { draw: Some(drawing.clone()), version: self.version.next(), ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    fn change(&self, change: &LineChange) -> Result<Self, NotNow> {
        let mut line = self.clone();
        if let Some(to) = change.phase.filter(|to| *to != self.phase) {
            if !self.phase.may_become(to) {
                return Err(NotNow { from: self.phase, to });
            }
            line.phase = to;
            line.ending = None;
        }
        line.capacity = change.capacity.unwrap_or(line.capacity);
        line.rate = change.rate.unwrap_or(line.rate);
        line.burst = change.burst.unwrap_or(line.burst);
        line.allowance = line.allowance.min(line.most_allowance());
        for (group, weight) in line.groups.iter_mut().zip(change.weights.iter().flatten()) {
            group.weight = *weight;
        }
        if let Some(message) = &change.message {
            line.message = Some(message.clone()).filter(|message| !message.is_empty());
        }
        line.holds_stopped = change.holds_stopped.unwrap_or(line.holds_stopped);
        line.version = line.version.next();
        Ok(line)
    }

    /// Fixes who was in the lobby.
    pub(super) fn gather(&mut self) {
        self.gathered = true;
        if self.draw.is_some() {
            for group in &mut self.groups {
                group.drawn = group.issued.min(Ranks::MOST);
                // The lots of numbers that nobody has lie among all others.
                group.gaps.forget_up_to(group.drawn);
            }
        }
    }

    /// By group, what its next turn begins at, given what each has had so far; the least comes next. Who had nobody there
    /// for a while begins where the last turn began: they do not get that time back, and nobody who was there loses any.
    pub(super) fn turns(&self, had: impl Fn(&GroupLine) -> u64) -> Vec<u64> {
        let last = self.groups.iter().map(|group| had(group).saturating_sub(group.turn())).max().unwrap_or(0);
        self.groups.iter().map(|group| had(group).max(last)).collect()
    }

    pub(super) fn most_allowance(&self) -> u64 {
        u64::from(self.burst) * Self::ADMISSION_COST
    }

    /// How things stood so long ago, in open time; the oldest that is known if that is younger.
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

impl GroupLine {
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

impl LineChange {
    /// Says everything that is wrong with it; `groups` is how many the line has.
    pub fn check(&self, groups: usize) -> Result<(), Invalid> {
        let mut flaws = crate::flaw::Flaws::default();
        let within = |value: Option<u32>, most: u32| value.is_none_or(|value| (1..=most).contains(&value));
        flaws.unless(within(self.capacity, WaitingRoom::MOST_CAPACITY), "/capacity", "range", "1 to 100000");
        flaws.unless(within(self.rate, WaitingRoom::MOST_RATE), "/rate_per_minute", "range", "1 to 1000000");
        flaws.unless(within(self.burst, WaitingRoom::MOST_CAPACITY), "/burst", "range", "1 to 100000");
        let weights = self.weights.as_ref().is_none_or(|weights| {
            weights.len() == groups && weights.iter().all(|weight| within(Some(*weight), WaitingRoom::MOST_WEIGHT))
        });
        flaws.unless(weights, "/weights", "range", "one for each group, 1 to 100");
        if let Some(message) = self.message.as_ref().filter(|message| !message.is_empty()) {
            flaws.check_text(message, Self::MOST_MESSAGE, "/message");
        }
        flaws.unless(self.phase != Some(Phase::Lobby), "/phase", "value", "open, paused, draining or closed");
        flaws.into_result()
    }

    const MOST_MESSAGE: usize = Line::MOST_MESSAGE;
}
