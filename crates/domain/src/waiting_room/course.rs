//! What a queue does follows from what is known of it: when its sale opens and closes, what an operator has ordered, and
//! what ticks have seen of the stock. So a queue that has closed by itself goes on by itself.

use super::{Ending, NothingLeft, Phase, Queue, SaleDates, Stock};
use crate::catalogue::Sale;
use crate::time::Instant;
use std::time::Duration;

/// What people are told when the sale gets other dates.
const OPENING_MOVED: &str = "The opening of the sale has been moved.";
const CLOSING_MOVED: &str = "The closing of the sale has been moved.";
const BOTH_MOVED: &str = "The opening and the closing of the sale have been moved.";

impl Queue {
    /// Two ticks so far apart, 1 second, have to see that nothing is left before the queue closes: one alone may have read
    /// some performances before a seat came back, and others after it was gone again.
    pub const NOTHING_LEFT_FOR: Duration = Duration::from_secs(1);
    /// How long a queue is shown after it has closed: 30 days.
    pub const REMEMBERED: Duration = Duration::from_hours(30 * 24);

    /// What it does at that instant.
    fn phase_at(&self, now: Instant) -> Phase {
        let Some(SaleDates { opens, closes }) = self.dates else { return self.phase };
        if self.ordered == Some(Phase::Closed) || closes <= now {
            return Phase::Closed;
        }
        let phase = match self.ordered {
            Some(ordered) => ordered,
            None if opens <= now => Phase::Open,
            // The opening was moved after it had come. The lobby is over, so people wait as in a pause.
            None if self.gathered => Phase::Paused,
            None => Phase::Lobby,
        };
        if phase.moves() && self.has_nothing_left() { Phase::Closed } else { phase }
    }

    fn has_nothing_left(&self) -> bool {
        self.nothing_left.is_some_and(|NothingLeft { since, seen }| since + Self::NOTHING_LEFT_FOR <= seen)
    }

    /// When its sale has closed, if it has: nobody opens it any more, unless the sale gets other dates.
    pub fn sale_closed(&self, now: Instant) -> Option<Instant> {
        self.dates.map(|dates| dates.closes).filter(|closes| *closes <= now)
    }

    /// Whether it may go on by itself although it is closed: no operator has closed it, and its sale isn't over.
    pub fn may_go_on(&self, now: Instant) -> bool {
        let is_over = self.dates.is_none_or(|dates| dates.closes <= now);
        self.phase == Phase::Closed && self.ordered != Some(Phase::Closed) && !is_over
    }

    /// Whether it goes on by itself, with that stock, although it is closed.
    pub fn goes_on(&self, stock: Stock, now: Instant) -> bool {
        let something = stock.left().is_some() && !stock.ending().is_some_and(Ending::ends_queue);
        self.may_go_on(now) && (something || !self.has_nothing_left())
    }

    /// Whether it has been over for so long that nobody is told of it any more. One that closed by itself may go on until its
    /// sale is over, and everybody has kept their place until then.
    pub fn is_forgotten(&self, now: Instant) -> bool {
        let closed = self.closed_since.unwrap_or(self.last_tick);
        let by_itself = self.dates.filter(|_| self.ordered != Some(Phase::Closed));
        let over = by_itself.map_or(closed, |dates| closed.max(dates.closes));
        self.phase == Phase::Closed && over + Self::REMEMBERED <= now
    }

    /// Notes the dates of the sale where that has not been done: an older version kept none, nor what was ordered.
    pub(super) fn note_dates(&mut self, sale: &Sale) {
        if self.dates.is_none() {
            let by_itself = self.ending == Some(Ending::SoldOut) || sale.closes <= self.last_tick;
            let ordered = match self.phase {
                Phase::Paused | Phase::Draining => true,
                Phase::Closed => !by_itself,
                Phase::Lobby | Phase::Open => false,
            };
            self.ordered = ordered.then_some(self.phase);
            self.dates = Some(SaleDates::of(sale));
        }
    }

    /// Notes what a tick has seen of the stock; nothing, if it doesn't know.
    pub(super) fn note_stock(&mut self, stock: Stock, now: Instant) {
        let Some(left) = stock.left() else { return };
        (self.ending, self.seats_left) = (stock.ending(), Some(roughly(left)));
        self.nothing_left = self.ending.filter(|ending| ending.ends_queue()).map(|_| {
            let since = self.nothing_left.map_or(now, |known| known.since);
            NothingLeft { since, seen: now }
        });
    }

    /// Does what follows at that instant. Who takes part in a draw is fixed by a count: as long as there is none, a lobby that
    /// is drawn stays one, because those who have joined since the last count would be drawn behind everybody else.
    pub(super) fn settle(&mut self, now: Instant, is_counted: bool) {
        let (phase, can_gather) = (self.phase_at(now), is_counted || self.draw.is_none() || self.gathered);
        let is_held_back = self.phase == Phase::Lobby && phase == Phase::Open && !can_gather;
        self.become_phase(if is_held_back { Phase::Lobby } else { phase }, now);
    }

    pub(super) fn become_phase(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.closed_since = (phase == Phase::Closed).then(|| self.closed_since.unwrap_or(now));
    }

    /// The queue after its sale was saved with these dates.
    pub(super) fn follow(&self, dates: SaleDates, now: Instant) -> Self {
        let Some(known) = self.dates.filter(|known| *known != dates) else { return self.clone() };
        let mut queue = Self { dates: Some(dates), version: self.version.next(), ..self.clone() };
        if known.opens < dates.opens {
            // It was opened for an opening that isn't any more.
            queue.ordered = queue.ordered.filter(|ordered| *ordered != Phase::Open);
        }
        let moved = match (known.opens == dates.opens, known.closes == dates.closes) {
            (false, true) => OPENING_MOVED,
            (true, _) => CLOSING_MOVED,
            (false, false) => BOTH_MOVED,
        };
        queue.message = Some(with_news(moved, self.message.as_deref()));
        queue.settle(now.max(self.last_tick), false);
        queue
    }
}

/// The news, and what the operator has had to say before, if there is room for both.
fn with_news(news: &str, message: Option<&str>) -> String {
    let known = [OPENING_MOVED, CLOSING_MOVED, BOTH_MOVED];
    let message = message.unwrap_or_default();
    let own = known.into_iter().find_map(|old| message.strip_prefix(old)).unwrap_or(message).trim_start();
    let both = format!("{news} {own}");
    if own.is_empty() || both.chars().count() > Queue::MAX_MESSAGE { news.to_owned() } else { both }
}

/// The count rounded down to its first digit, so that it doesn't change all the time.
fn roughly(count: u64) -> u64 {
    let unit = 10_u64.pow(count.checked_ilog10().unwrap_or(0));
    count / unit * unit
}
