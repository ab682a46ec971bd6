//! What an operator says of a waiting room before its sale opens.

use crate::Instant;
use crate::flaw::Flaws;
use crate::waiting_room::Group;
use serde::{Deserialize, Serialize};
use std::time::Duration;

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
    /// The lines within the sale.
    pub groups: Vec<GroupTerms>,
    /// Whether those in the lobby are drawn by lot at the opening, instead of coming in the order in which they joined.
    pub draw: bool,
    /// Whether every call about the sale's performances needs the pass, payment included.
    pub strict: bool,
    /// What ends an admission besides time.
    pub terms: AdmissionTerms,
}

/// A line of its own within a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTerms {
    /// For people, such as `Presale`.
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
    /// Admitted at a time.
    pub const MOST_CAPACITY: u32 = 100_000;
    /// Admitted a minute.
    pub const MOST_RATE: u32 = 1_000_000;
    /// An admission can't be shorter: nobody could choose.
    pub const SHORTEST_SESSION: Duration = Duration::from_mins(1);
    /// An admission can't be longer.
    pub const LONGEST_SESSION: Duration = Duration::from_hours(2);
    /// How much more of one group than of another.
    pub const MOST_WEIGHT: u32 = 100;
    /// Characters of a group's code.
    pub const MOST_CODE: usize = 64;

    pub(crate) fn check(&self, opens: Instant, flaws: &mut Flaws) {
        let at = |name: &str| format!("/waiting_room/{name}");
        flaws.unless(self.lobby_opens <= opens, &at("lobby_opens"), "order", "not later than the sale opens");
        let capacity = (1..=Self::MOST_CAPACITY).contains(&self.capacity);
        flaws.unless(capacity, &at("capacity"), "range", "1 to 100000");
        flaws.unless((1..=Self::MOST_RATE).contains(&self.rate), &at("rate_per_minute"), "range", "1 to 1000000");
        flaws.unless((1..=Self::MOST_CAPACITY).contains(&self.burst), &at("burst"), "range", "1 to 100000");
        let session = (Self::SHORTEST_SESSION..=Self::LONGEST_SESSION).contains(&self.session);
        flaws.unless(session, &at("session_seconds"), "range", "60 to 7200");
        flaws.unless((1..=Group::MOST).contains(&self.groups.len()), &at("groups"), "range", "1 to 4 groups");
        for (index, group) in self.groups.iter().enumerate() {
            group.check(&at(&format!("groups/{index}")), flaws);
            if self.groups[..index].iter().any(|other| other.code == group.code) {
                flaws.add(at(&format!("groups/{index}/code")), "duplicate", "another than the other groups'");
            }
        }
    }
}

impl GroupTerms {
    fn check(&self, at: &str, flaws: &mut Flaws) {
        flaws.check_text(&self.name, 100, &format!("{at}/name"));
        let weight = (1..=WaitingRoom::MOST_WEIGHT).contains(&self.weight);
        flaws.unless(weight, &format!("{at}/weight"), "range", "1 to 100");
        let code = self.code.as_ref().is_none_or(|code| {
            (1..=WaitingRoom::MOST_CODE).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_graphic())
        });
        flaws.unless(code, &format!("{at}/code"), "code", "1 to 64 visible ASCII characters");
    }
}
