//! Ticks as they happen: alone, two at a time, with rows that others have locked, too late, cut off.

use super::*;

/// How things stood when a tick looked.
pub(super) struct Looked {
    pub tick: Tick,
    /// By its clock, but never before the last tick.
    pub now: Instant,
    pub check_ins: Vec<CheckIn>,
    pub queue: Queue,
}

pub(super) type Rows = BTreeMap<BuyerKey, Option<Buyer>>;

impl Simulation {
    pub(super) fn tick(&mut self) {
        let Some(now) = self.ticking_clock() else { return };
        let stock = self.stock();
        match self.below(40) {
            39 => self.ticks_past_a_spammer(now, stock),
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
        let queue = self.queue().clone();
        let input = self.rooms.input(&self.bookings, self.sale.id, stock, clock).unwrap();
        let tick = Tick::plan(&queue, &self.sale, SESSION, &input, clock);
        if clock < queue.last_tick {
            self.note("clock back");
        }
        Looked {
            tick,
            now: clock.max(queue.last_tick),
            check_ins: self.rooms.check_ins.values().copied().collect(),
            queue,
        }
    }

    pub(super) fn lock(&self, looked: &Looked, without: &BTreeSet<BuyerKey>) -> Rows {
        let keys = looked.tick.buyers().into_iter().filter(|key| !without.contains(key));
        keys.map(|key| (key, self.bookings.buyers.get(&key).copied())).collect()
    }

    /// Some rows are locked by somebody else; others have moved on since the tick looked.
    fn tick_past_locked_rows(&mut self, now: Instant, stock: Stock) {
        let looked = self.look(now, stock);
        let asked: Vec<u128> =
            self.model.admissions.keys().copied().filter(|n| looked.tick.buyers().contains(&key(*n))).collect();
        if let Some(n) = asked.first().copied().filter(|_| self.below(2) == 0) {
            self.leave(n);
            self.note("admission gone");
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

    /// Somebody's row is locked all the time: the others wait for a few ticks, and no longer.
    fn ticks_past_a_spammer(&mut self, now: Instant, stock: Stock) {
        let first = self.rooms.check_ins.values().min_by_key(|check_in| check_in.rank);
        let Some(spammer) = first.map(|check_in| check_in.key) else { return };
        for tick in 1..=20 {
            let looked = self.look(now + millis(100 * tick), stock);
            let without = if looked.tick.waits() { BTreeSet::new() } else { BTreeSet::from([spammer]) };
            let rows = self.lock(&looked, &without);
            self.store(looked, &rows, true);
        }
        self.now = self.now.max(now + seconds(2));
        self.note("spammed");
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
        let moved = *self.queue() != looked.queue
            || rows.iter().any(|(key, row)| self.bookings.buyers.get(key).map(|b| b.version) != row.map(|b| b.version));
        if moved {
            self.note("too late");
        }
        // Rows that it does not write may have moved on.
        let fits = *self.queue() == looked.queue && !moved;
        if fits {
            self.store(looked, &rows, true);
        } else if self.queue().version != looked.queue.version {
            self.store(looked, &rows, false);
        }
    }

    /// The steps of the draw, as an instance takes them after its tick.
    fn draw_on(&mut self) {
        let queue = self.queue().clone();
        let Some(draw) = queue.draw.as_ref().filter(|draw| draw.seed.is_none() && queue.gathered) else { return };
        let drawing = if let Some(lists) = &draw.lists {
            let counts: Vec<u64> = queue.groups.iter().map(|group| group.drawn).collect();
            let decides = seed(digest, &draw.secret, "", &counts, lists);
            DrawState { value: Some(String::new()), seed: Some(decides), ..draw.clone() }
        } else {
            DrawState { lists: Some(queue.groups.iter().map(|_| [1; 32]).collect()), ..draw.clone() }
        };
        let next = queue.update(&QueueUpdate::Draw(drawing)).unwrap();
        if let Some(seed) = next.draw.as_ref().and_then(|draw| draw.seed) {
            let groups = Group::all(next.groups.len()).zip(&next.groups);
            self.ranks = groups.map(|(group, of)| Ranks::draw(digest, &seed, group, of.drawn)).collect();
            let drawn: u64 = next.groups.iter().map(|group| group.drawn).sum();
            *self.seen.entry("drawn").or_default() += drawn;
        }
        self.rooms.queues.insert(self.sale.id, next);
    }
}
