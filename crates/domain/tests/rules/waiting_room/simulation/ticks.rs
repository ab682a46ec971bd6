//! Ticks as they happen: alone, two at a time, with rows that others have locked, too late, cut off.

use super::*;

/// How things stood when a tick looked.
pub(super) struct Looked {
    pub tick: Tick,
    /// By its clock, but never before the last tick.
    pub now: Instant,
    pub door: Vec<Claim>,
    pub line: Line,
}

pub(super) type Rows = BTreeMap<BuyerKey, Option<Buyer>>;

impl Simulation {
    pub(super) fn tick(&mut self) {
        let now = self.clock();
        let stock = match self.below(400) {
            0 => Stock::SoldOut,
            1..=9 => Stock::AllHeld,
            _ => Stock::Unknown,
        };
        match self.below(40) {
            0..=3 => self.tick_past_locked_rows(now, stock),
            4..=6 => self.two_tickers(now, stock),
            7..=8 => self.tick_too_late(now, stock),
            9 => {
                let looked = self.look(now, stock);
                drop(looked.tick.carry_out(&BTreeMap::new()));
                self.note("crash");
            }
            _ => self.plain_tick(now, stock),
        }
        self.draw_on();
    }

    pub(super) fn plain_tick(&mut self, now: Instant, stock: Stock) {
        let looked = self.look(now, stock);
        let rows = self.lock(&looked, &BTreeSet::new());
        self.store(looked, &rows, true);
    }

    pub(super) fn look(&mut self, clock: Instant, stock: Stock) -> Looked {
        let line = self.line().clone();
        let floor = self.rooms.floor(&self.books, self.sale.id, stock, clock).unwrap();
        let tick = Tick::plan(&line, &self.sale, SESSION, &floor, clock);
        if clock < line.last_tick {
            self.note("clock back");
        }
        Looked { tick, now: clock.max(line.last_tick), door: self.rooms.door.values().copied().collect(), line }
    }

    pub(super) fn lock(&self, looked: &Looked, without: &BTreeSet<BuyerKey>) -> Rows {
        let keys = looked.tick.buyers().into_iter().filter(|key| !without.contains(key));
        keys.map(|key| (key, self.books.buyers.get(&key).copied())).collect()
    }

    /// Some rows are locked by somebody else; others have moved on since the tick looked.
    fn tick_past_locked_rows(&mut self, now: Instant, stock: Stock) {
        let looked = self.look(now, stock);
        let asked: Vec<u128> =
            self.model.slots.keys().copied().filter(|n| looked.tick.buyers().contains(&key(*n))).collect();
        if let Some(n) = asked.first().copied().filter(|_| self.below(2) == 0) {
            self.leave(n);
            self.note("slot gone");
        }
        let mut without = BTreeSet::new();
        if !looked.tick.waits() {
            without = looked.tick.buyers().into_iter().filter(|_| self.rng.random_range(0..3) == 0).collect();
        }
        if !without.is_empty() {
            self.note("row locked");
        }
        let rows = self.lock(&looked, &without);
        self.store(looked, &rows, true);
    }

    /// Two instances look at the same time; others go on meanwhile.
    fn two_tickers(&mut self, now: Instant, stock: Stock) {
        let first = self.look(now, stock);
        (0..3).for_each(|_| self.person());
        let now = self.clock();
        let second = self.look(now, stock);
        let (rows, others) = (self.lock(&first, &BTreeSet::new()), self.lock(&second, &BTreeSet::new()));
        self.store(first, &rows, true);
        self.store(second, &others, false);
        self.note("second ticker");
    }

    /// Something has changed by the time it writes, as if there were no locks.
    fn tick_too_late(&mut self, now: Instant, stock: Stock) {
        let looked = self.look(now, stock);
        let rows = self.lock(&looked, &BTreeSet::new());
        (0..5).for_each(|_| self.person());
        if self.below(4) == 0 {
            self.operate();
        }
        let moved = *self.line() != looked.line
            || rows.iter().any(|(key, row)| self.books.buyers.get(key).map(|b| b.version) != row.map(|b| b.version));
        if moved {
            self.note("too late");
        }
        // Rows that it does not write may have moved on.
        let fits = *self.line() == looked.line && !moved;
        if fits {
            self.store(looked, &rows, true);
        } else if self.line().version != looked.line.version {
            self.store(looked, &rows, false);
        }
    }

    /// The steps of the draw, as an instance takes them after its tick.
    fn draw_on(&mut self) {
        let line = self.line().clone();
        let Some(draw) = line.draw.as_ref().filter(|draw| draw.seed.is_none() && line.gathered) else { return };
        let drawing = if let Some(lists) = &draw.lists {
            let counts: Vec<u64> = line.groups.iter().map(|group| group.drawn).collect();
            let decides = seed(digest, &draw.secret, "", &counts, lists);
            Drawing { value: Some(String::new()), seed: Some(decides), ..draw.clone() }
        } else {
            Drawing { lists: Some(line.groups.iter().map(|_| [1; 32]).collect()), ..draw.clone() }
        };
        let next = line.update(&LineUpdate::Draw(drawing)).unwrap();
        if let Some(seed) = next.draw.as_ref().and_then(|draw| draw.seed) {
            let groups = Group::all(next.groups.len()).zip(&next.groups);
            self.ranks = groups.map(|(group, of)| Ranks::draw(digest, &seed, group, of.drawn)).collect();
            let drawn: u64 = next.groups.iter().map(|group| group.drawn).sum();
            *self.seen.entry("drawn").or_default() += drawn;
        }
        self.rooms.lines.insert(self.sale.id, next);
    }
}
