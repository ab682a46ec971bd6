//! Numbers that nobody has.

use serde::{Deserialize, Serialize};
/// The gaps in the numbers of a group: a dispenser that has lost what it knew goes on above all that it may have handed
/// out. Nobody has to wait for a number in a gap. Those few who have one, handed out just before the loss, are called as
/// soon as the gap is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gaps(Vec<Gap>);

/// The numbers above one, up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last number before it.
    pub above: u64,
    /// Its last number.
    pub to: u64,
}

impl Gaps {
    /// Losses of one sale. After so many, the last gap grows, and those in it are called together.
    pub const MAX: usize = 32;

    /// All of them, ascending; they don't touch.
    pub fn all(&self) -> &[Gap] {
        &self.0
    }

    /// Notes that the numbers above `above`, as far as is known, are not handed out up to `to`.
    pub fn note(&mut self, above: u64, to: u64) {
        let full = self.0.len() >= Self::MAX;
        match self.0.last_mut() {
            Some(last) if above <= last.to || full => last.to = last.to.max(to),
            _ if above < to => self.0.push(Gap { above, to }),
            _ => {}
        }
    }

    /// Keeps what of them comes after that number.
    pub fn forget_up_to(&mut self, number: u64) {
        self.0.retain(|gap| gap.to > number);
        for gap in &mut self.0 {
            gap.above = gap.above.max(number);
        }
    }

    /// How many of the ranks up to that one are somebody's.
    pub fn people(&self, rank: u64) -> u64 {
        let nobodys = self.0.iter().map(|gap| rank.min(gap.to).saturating_sub(gap.above)).sum();
        rank.saturating_sub(nobodys)
    }

    /// The rank up to which so many more people have one than up to `rank`, and past the gap that comes next.
    pub fn beyond(&self, rank: u64, people: u64) -> u64 {
        let wanted = self.people(rank) + people;
        let past =
            |rank: u64, gap: &Gap| if gap.above <= rank { rank + gap.to.saturating_sub(gap.above) } else { rank };
        self.0.iter().fold(wanted, past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps() -> Gaps {
        let mut gaps = Gaps::default();
        gaps.note(10, 100);
        gaps.note(110, 200);
        gaps
    }

    #[test]
    fn nobody_is_in_a_gap() {
        let counted = [0, 10, 11, 100, 101, 110, 150, 200, 205].map(|rank| gaps().people(rank));
        assert_eq!(counted, [0, 10, 10, 10, 11, 20, 20, 20, 25]);
        assert_eq!(Gaps::default().people(7), 7);
    }

    #[test]
    fn the_next_people_come_after_the_gap() {
        let gaps = gaps();
        assert_eq!(gaps.beyond(3, 5), 8);
        assert_eq!(gaps.beyond(3, 7), 100, "whoever has a number in it is called with those before");
        assert_eq!(gaps.beyond(50, 0), 100);
        assert_eq!(gaps.beyond(50, 1), 101);
        assert_eq!(gaps.beyond(9, 13), 202, "over both");
        assert_eq!(Gaps::default().beyond(7, 3), 10);
    }

    #[test]
    fn gaps_that_touch_are_one_and_empty_ones_none() {
        let mut gaps = gaps();
        gaps.note(150, 300);
        gaps.note(300, 400);
        assert_eq!(gaps.all(), [Gap { above: 10, to: 100 }, Gap { above: 110, to: 400 }]);
        let mut none = Gaps::default();
        none.note(5, 5);
        none.note(6, 5);
        assert_eq!(none, Gaps::default());
    }

    #[test]
    fn there_are_never_many() {
        let mut gaps = Gaps::default();
        for n in 1..100 {
            gaps.note(n * 100, n * 100 + 50);
        }
        assert_eq!((gaps.all().len(), gaps.people(9_950)), (Gaps::MAX, 3200 - 31 * 50));
    }

    #[test]
    fn those_before_a_number_are_forgotten() {
        let mut gaps = gaps();
        gaps.forget_up_to(100);
        assert_eq!(gaps.all(), [Gap { above: 110, to: 200 }]);
        gaps.forget_up_to(150);
        assert_eq!(gaps.all(), [Gap { above: 150, to: 200 }], "a part of one");
    }
}
