//! What an operator says of a waiting room before its sale opens.

use crate::time::Instant;
use crate::violation::Violations;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A queue of its own within a sale, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(u8);

impl Group {
    /// Groups of a sale.
    pub const MAX: usize = 4;
    /// The one that needs no code.
    pub const FIRST: Self = Self(0);

    /// The group with that index, if there can be one.
    pub fn new(index: u8) -> Option<Self> {
        (usize::from(index) < Self::MAX).then_some(Self(index))
    }

    /// From 0, below [`Group::MAX`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// As it is written.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The first so many groups.
    pub fn all(count: usize) -> impl Iterator<Item = Self> {
        (0..count.min(Self::MAX)).filter_map(|index| u8::try_from(index).ok().and_then(Self::new))
    }
}

/// The waiting room of a sale, as it begins. Capacity, rate and weights can be changed while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRoom {
    /// The first instant at which people can join; the sale's opening is the first at which they are called.
    pub lobby_opens: Instant,
    /// How many may be admitted at a time.
    pub capacity: u32,
    /// How many are admitted a minute, at most.
    pub rate: u32,
    /// How many of a minute's admissions may come at once.
    pub burst: u32,
    /// How long an admission lasts at most, however often it is renewed.
    pub session: Duration,
    /// The queues within the sale.
    pub groups: Vec<GroupTerms>,
    /// Whether those in the lobby are drawn by lot at the opening, instead of coming in the order in which they joined.
    pub draw: bool,
    /// Whether every call about the sale's performances needs the pass, payment included.
    pub strict: bool,
    /// What ends an admission besides time.
    pub terms: AdmissionTerms,
}

/// A queue of its own within a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTerms {
    /// Name for people, such as `Presale`.
    pub name: String,
    /// How many are admitted from it for every one of a group of weight 1.
    pub weight: u32,
    /// What one has to know to join it.
    pub code: Option<String>,
}

/// What a booking command needs to know of the waiting room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmissionTerms {
    /// Whether an admission ends with the first payment, even if more could be bought.
    pub leave_on_payment: bool,
}

impl WaitingRoom {
    /// Admitted at a time, and at once: 100,000 people.
    pub const MAX_CAPACITY: u32 = 100_000;
    /// Admitted a minute: 1,000,000 people.
    pub const MAX_RATE: u32 = 1_000_000;
    /// An admission lasts 1 minute at least: nobody could choose in less.
    pub const SHORTEST_SESSION: Duration = Duration::from_mins(1);
    /// An admission lasts 2 hours at most, however often it is renewed.
    pub const LONGEST_SESSION: Duration = Duration::from_hours(2);
    /// How many may be admitted from one group for every one of another: 100.
    pub const MAX_WEIGHT: u32 = 100;
    /// Characters of a group's code: 64.
    pub const MAX_CODE: usize = 64;
    /// Characters of a group's name: 100.
    pub const LONGEST_NAME: usize = 100;

    pub(crate) fn check(&self, opens: Instant, flaws: &mut Violations) {
        let at = |name: &str| format!("/waiting_room/{name}");
        flaws.unless(self.lobby_opens <= opens, &at("lobby_opens"), "order", "not later than the sale opens");
        flaws.check_range(self.capacity, 1..=Self::MAX_CAPACITY, "", &at("capacity"));
        flaws.check_range(self.rate, 1..=Self::MAX_RATE, "", &at("rate_per_minute"));
        flaws.check_range(self.burst, 1..=Self::MAX_CAPACITY, "", &at("burst"));
        let session = (Self::SHORTEST_SESSION..=Self::LONGEST_SESSION).contains(&self.session);
        let [least, most] = [Self::SHORTEST_SESSION, Self::LONGEST_SESSION].map(|session| session.as_secs());
        flaws.unless(session, &at("session_seconds"), "range", &format!("{least} to {most}"));
        flaws.check_range(self.groups.len(), 1..=Group::MAX, "groups", &at("groups"));
        for (index, group) in self.groups.iter().enumerate() {
            group.check(&at(&format!("groups/{index}")), flaws);
            if self.groups[..index].iter().any(|other| other.code == group.code) {
                flaws.add(at(&format!("groups/{index}/code")), "duplicate", "another than the other groups'");
            }
        }
    }
}

impl GroupTerms {
    fn check(&self, at: &str, flaws: &mut Violations) {
        flaws.check_text(&self.name, WaitingRoom::LONGEST_NAME, &format!("{at}/name"));
        flaws.check_range(self.weight, 1..=WaitingRoom::MAX_WEIGHT, "", &format!("{at}/weight"));
        let code = self.code.as_ref().is_none_or(|code| {
            (1..=WaitingRoom::MAX_CODE).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_graphic())
        });
        let detail = format!("1 to {} visible ASCII characters", WaitingRoom::MAX_CODE);
        flaws.unless(code, &format!("{at}/code"), "code", &detail);
    }
}
