//! Where a part of the crowd goes.

use crate::error::MockError;
use crate::programme::Show;
use crate::sample::Hall;
use frontrow_application::Error;
use frontrow_domain::{Layout, PerformanceId, SaleId, SeatLabel, SeatNumber};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// A sale, the first of its performances, and its line.
pub struct Place {
    /// What seats are taken of.
    pub performance: PerformanceId,
    /// What they are sold in.
    pub sale: SaleId,
    /// Whether one has to join its queue first.
    pub is_behind_a_queue: bool,
    /// Those who stand in line, from the front.
    pub line: VecDeque<usize>,
    /// Seats that the crowd has.
    pub taken: u32,
    layout: Layout,
}

/// Percent of the seats that the crowd takes at most: you shall find some.
const MOST_TAKEN: u32 = 60;

impl Place {
    /// Where nobody has come yet.
    pub fn new(show: &Show, hall: &Hall) -> Result<Self, MockError> {
        let without = || MockError::Written(format!("{} has no date", show.concert.title));
        Ok(Self {
            performance: show.performances.first().ok_or_else(without)?.id,
            sale: show.sale.id,
            is_behind_a_queue: show.sale.waiting_room.is_some(),
            line: VecDeque::new(),
            taken: 0,
            layout: hall.map.layout().map_err(Error::from)?,
        })
    }

    /// Whether the crowd has as many seats as it may.
    pub fn is_crowded(&self) -> bool {
        self.layout.seat_count() * MOST_TAKEN <= self.taken * 100
    }

    /// One seat, or two that are next to each other, wherever somebody happens to look.
    pub fn some_seats(&self, dice: &mut ChaCha8Rng) -> Vec<SeatLabel> {
        let (first, count) = (dice.random_range(1..=self.layout.seat_count()), dice.random_range(1..=2));
        let seats = (first..first + count).filter_map(|number| self.layout.position(SeatNumber::new(number)?));
        seats.map(|position| position.label.clone()).collect()
    }
}
