//! The best seats that are left: beside each other, nearest the front, and such that nobody is left with a single seat
//! between strangers where it can be helped.

use crate::catalogue::{Layout, PositionKind, SeatNumber, SeatSet, Span};
use std::ops::Range;

/// What somebody wants who does not want to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Seats, side by side.
    pub count: u32,
    /// The price tier's code.
    pub tier: String,
    /// Whether one of them has to be accessible. Accessible seats, and those for companions, go to nobody else.
    pub accessible: bool,
}

/// Seats that fulfil a wish, by ascending number.
pub type Block = Vec<SeatNumber>;

/// The seats of a performance as somebody saw them.
#[derive(Clone, Copy)]
pub struct SeatsSeen<'a> {
    /// All seats.
    pub layout: &'a Layout,
    /// Those that can't be had.
    pub taken: &'a SeatSet,
}

impl SeatsSeen<'_> {
    /// Blocks that have no seat in common, the best first, until they have `most` seats in all.
    ///
    /// Those that leave no single seat come before those that do, and among these what is nearer the front comes first.
    /// Each is the best one if those before it are gone.
    pub fn best(&self, wish: &Wish, most: usize) -> Vec<Block> {
        self.best_from(wish, most, 0)
    }

    /// The same, but blocks of a row that are worth the same come in another order, depending on `start`. Instances with
    /// different starts rarely want the same seats first.
    pub fn best_from(&self, wish: &Wish, most: usize, start: u32) -> Vec<Block> {
        let size = wish.count.max(1) as usize;
        let wanted = most / size;
        let (mut blocks, mut with_orphans) = (Vec::new(), Vec::new());
        for row in self.rows(wish) {
            for block in self.blocks(row, wish, first_choice(row, start), wanted) {
                let list = if block.orphans == 0 { &mut blocks } else { &mut with_orphans };
                list.push(block.seats);
            }
            if blocks.len() >= wanted {
                break;
            }
        }
        blocks.append(&mut with_orphans);
        blocks.truncate(wanted);
        blocks.into_iter().map(|seats| seats.into_iter().filter_map(seat).collect()).collect()
    }

    /// Seats that could be part of a block if they were beside each other: none for a wheelchair user where no accessible seat is
    /// free.
    pub fn left(&self, wish: &Wish) -> u32 {
        let is_accessible = |seat: usize| self.layout.kind(seat) == PositionKind::Accessible && !self.taken.has(seat);
        if wish.accessible && !self.rows(wish).any(|row| row.seats.clone().any(is_accessible)) {
            return 0;
        }
        let left = self.rows(wish).map(|row| row.seats.clone().filter(|seat| self.fits(*seat, wish)).count());
        u32::try_from(left.sum::<usize>()).unwrap_or(u32::MAX)
    }

    fn rows(&self, wish: &Wish) -> impl Iterator<Item = &Span> {
        let rows = self.layout.rows().iter().filter(|row| !self.taken.has_all(&row.seats));
        rows.filter(move |row| self.layout.tier(row) == wish.tier)
    }

    /// Whether the seat (from 0) is one for somebody who has that wish.
    pub(super) fn fits(&self, seat: usize, wish: &Wish) -> bool {
        let kept_back = || matches!(self.layout.kind(seat), PositionKind::Accessible | PositionKind::Companion);
        !self.taken.has(seat) && (wish.accessible || !kept_back())
    }

    /// At most `wanted` of a row's, beginning with a good one at `from` or after it.
    fn blocks(&self, row: &Span, wish: &Wish, from: usize, wanted: usize) -> Vec<Choice> {
        let size = wish.count.max(1) as usize;
        let fitting = row.seats.clone().filter(|seat| self.fits(*seat, wish));
        if row.standing {
            // Nobody stands beside anybody in particular.
            let mut positions: Vec<usize> = if wish.accessible { Vec::new() } else { fitting.collect() };
            let first = positions.partition_point(|seat| *seat < from);
            positions.rotate_left(first);
            return positions.chunks_exact(size).take(wanted).map(Choice::of_spots).collect();
        }
        let mut choices: Vec<Choice> = runs(fitting).into_iter().flat_map(|run| self.divide(run, wish, size)).collect();
        if !wish.accessible {
            let first = choices.iter().position(|choice| choice.may_be_first() && choice.seats[0] >= from);
            choices.rotate_left(first.unwrap_or_default());
        }
        choices.truncate(wanted);
        choices
    }

    /// The blocks of a run of seats, each the best in what the ones before it leave.
    fn divide(&self, whole: Range<usize>, wish: &Wish, size: usize) -> Vec<Choice> {
        let (start, mut blocks, mut rest) = (whole.start, Vec::new(), vec![(whole, 0)]);
        while let Some((run, orphans_before)) = rest.pop() {
            let Some(first) = self.best_start(&run, wish, size) else { continue };
            let orphans = orphans_before + orphans(&run, first, size);
            blocks.push(Choice { seats: (first..first + size).collect(), orphans, before: first - start });
            rest.extend([(first + size..run.end, orphans), (run.start..first, orphans)]);
        }
        blocks
    }

    /// What leaves no single seat alone, and then what comes first. Of accessible seats as few as there have to be, and
    /// strangers' seats only where there are none for companions.
    fn best_start(&self, run: &Range<usize>, wish: &Wish, size: usize) -> Option<usize> {
        let mut starts = run.start..(run.end + 1).saturating_sub(size).max(run.start);
        if !wish.accessible {
            return starts.clone().find(|first| orphans(run, *first, size) == 0).or_else(|| starts.next());
        }
        let count = |first, kind| (first..first + size).filter(|seat| self.layout.kind(*seat) == kind).count();
        let with_accessible = starts.filter(|first| count(*first, PositionKind::Accessible) > 0);
        with_accessible.min_by_key(|first| {
            let of_use_to_others = (count(*first, PositionKind::Accessible), count(*first, PositionKind::Standard));
            (of_use_to_others, orphans(run, *first, size), *first)
        })
    }
}

/// How many single seats a block leaves of a run.
fn orphans(run: &Range<usize>, first: usize, size: usize) -> usize {
    usize::from(first - run.start == 1) + usize::from(run.end - first - size == 1)
}

/// A block, and how many single seats it and those before it leave.
struct Choice {
    seats: Vec<usize>,
    orphans: usize,
    /// Seats of its run before it.
    before: usize,
}

impl Choice {
    fn of_spots(spots: &[usize]) -> Self {
        let mut seats = spots.to_vec();
        seats.sort_unstable();
        Self { seats, orphans: 0, before: 0 }
    }

    /// Whether it leaves no single seat even if those before it are not gone.
    const fn may_be_first(&self) -> bool {
        self.orphans == 0 && self.before != 1
    }
}

/// Where in a row to begin: at another point in each row, so that two instances that begin close to each other in one of
/// them don't do so in the next.
fn first_choice(row: &Span, start: u32) -> usize {
    const SCATTER: u32 = 0x9E37_79B1;
    let row_start = u32::try_from(row.seats.start).unwrap_or_default();
    // Odd, so that no two starts become the same.
    let factor = (row_start.wrapping_mul(SCATTER) << 1) | 1;
    let turned = u64::from(start.wrapping_mul(factor));
    row.seats.start + usize::try_from((row.seats.len() as u64 * turned) >> 32).unwrap_or_default()
}

/// Seats beside each other, of seats in ascending order.
pub(super) fn runs(seats: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for seat in seats {
        match runs.last_mut() {
            Some(run) if run.end == seat => run.end += 1,
            _ => runs.push(seat..seat + 1),
        }
    }
    runs
}

pub(super) fn seat(index: usize) -> Option<SeatNumber> {
    SeatNumber::new(u32::try_from(index + 1).ok()?)
}
