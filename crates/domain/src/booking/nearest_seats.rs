//! The seats nearest to those that somebody could not have.

use super::{Block, SeatsSeen, Wish};
use crate::catalogue::{PositionKind, SeatNumber, Span};
use std::ops::Range;

/// How far away a block is: rows, then seats along the row. Of two that are as far, the one nearer the front.
type Distance = (usize, usize, usize);

impl SeatsSeen<'_> {
    /// At most `most` blocks that could be had instead of these seats, as many together and of the same tier, the nearest
    /// first. They have no seat in common. None if the seats are of several tiers.
    ///
    /// Seats for people with needs, and those for their companions, are named to those alone who asked for one.
    pub fn nearest(&self, asked: &[SeatNumber], most: usize) -> Vec<Block> {
        let Some((wish, first)) = self.wish_for(asked) else { return Vec::new() };
        let rows = self.layout.rows();
        let own = rows.partition_point(|row| row.seats.end <= first);
        let along = first.saturating_sub(rows.get(own).map_or(0, |row| row.seats.start));
        let mut found: Vec<(Distance, Vec<usize>)> = Vec::new();
        for (away, row) in by_distance(rows, own) {
            // A row that is farther away has none that is nearer.
            if found.len() >= most && found.iter().filter(|((rows, ..), _)| *rows < away).count() >= most {
                break;
            }
            if self.layout.tier(row) == wish.tier && !self.taken.has_all(&row.seats) {
                found.extend(self.near_in_row(row, &wish, along, most).into_iter().map(|seats| {
                    let seats_away = (seats[0] - row.seats.start).abs_diff(along);
                    ((away, seats_away, seats[0]), seats)
                }));
            }
        }
        found.sort_unstable();
        let block =
            |(_, seats): (Distance, Vec<usize>)| seats.into_iter().filter_map(super::best_seats::seat).collect();
        found.into_iter().take(most).map(block).collect()
    }

    /// What was wished for, if it is of one tier, and the first of the seats, from 0.
    fn wish_for(&self, asked: &[SeatNumber]) -> Option<(Wish, usize)> {
        let positions: Vec<_> = asked.iter().map(|seat| self.layout.position(*seat)).collect::<Option<_>>()?;
        let tier = &positions.first()?.tier;
        let accessible = positions.iter().any(|position| position.kind == PositionKind::Accessible);
        let same = positions.iter().all(|position| position.tier == *tier);
        let wish = Wish { count: u32::try_from(asked.len()).ok()?, tier: tier.clone(), accessible };
        same.then_some((wish, asked.iter().min()?.index()))
    }

    /// At most `most` blocks of a row that have no seat in common: the nearest, and those beside it on both sides.
    fn near_in_row(&self, row: &Span, wish: &Wish, along: usize, most: usize) -> Vec<Vec<usize>> {
        let size = wish.count as usize;
        let mut free: Vec<usize> = row.seats.clone().filter(|seat| self.fits(*seat, wish)).collect();
        if row.standing {
            // Nobody stands beside anybody in particular.
            free.sort_by_key(|seat| (seat - row.seats.start).abs_diff(along));
            let sorted = |spots: &[usize]| {
                let mut spots = spots.to_vec();
                spots.sort_unstable();
                spots
            };
            return free.chunks_exact(size).take(most).map(sorted).collect();
        }
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for run in super::best_seats::runs(free.into_iter()) {
            blocks.extend(self.near_in_run(&run, wish, row.seats.start + along, most));
        }
        blocks
    }

    fn near_in_run(&self, run: &Range<usize>, wish: &Wish, from: usize, most: usize) -> Vec<Vec<usize>> {
        let size = wish.count as usize;
        let suits = |first: &usize| {
            !wish.accessible || (*first..first + size).any(|seat| self.layout.kind(seat) == PositionKind::Accessible)
        };
        let mut starts: Vec<usize> = (run.start..(run.end + 1).saturating_sub(size)).filter(suits).collect();
        // Strangers' seats only where there are none for companions.
        let strangers = |first: usize| {
            let seats = (first..first + size).filter(|_| wish.accessible);
            seats.filter(|seat| self.layout.kind(*seat) == PositionKind::Standard).count()
        };
        starts.sort_by_key(|first| (strangers(*first), first.abs_diff(from), *first));
        let mut chosen: Vec<usize> = Vec::new();
        for first in starts {
            if chosen.len() < most && chosen.iter().all(|other| first.abs_diff(*other) >= size) {
                chosen.push(first);
            }
        }
        chosen.into_iter().map(|first| (first..first + size).collect()).collect()
    }
}

/// The rows by how many rows they are away from that one, nearest first.
fn by_distance(rows: &[Span], own: usize) -> impl Iterator<Item = (usize, &Span)> {
    (0..rows.len()).flat_map(move |away| {
        let before = own.checked_sub(away).filter(|_| away > 0);
        let at = before.into_iter().chain(own.checked_add(away));
        at.filter_map(move |index| Some((away, rows.get(index)?)))
    })
}
