//! The tick: the only thing that admits anybody. It reads what is there, [plans](Tick::plan), locks the buyers that it
//! will change, and [carries out](Tick::carry_out) what can be with those it got.

use super::frontier;
use super::{Admission, Admitted, Claim, Ending, Line, Phase, Place};
use crate::decide::TAKEOVER_GRACE;
use crate::locked::{Version, Write};
use crate::{Buyer, BuyerKey, Ended, Instant, Sale, Slot};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What there is to sell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stock {
    /// Nobody knows.
    #[default]
    Unknown,
    /// So many seats.
    Left(u64),
    /// Every seat is held or sold.
    AllHeld,
    /// Every seat is sold.
    SoldOut,
}

/// What a tick finds, read under the lock of the line's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// All admissions of the sale.
    pub admissions: Vec<Admission>,
    /// By group, those at the door who are present ([`Tick::is_present`]): the lowest ranks, at most [`Tick::BATCH`].
    pub door: Vec<Vec<Claim>>,
    /// By group, how many are present at the door.
    pub present: Vec<u64>,
    /// How many have come to the door since the last tick, each counted once: later than [`Line::last_tick`].
    pub arrived: u64,
    /// By group, how many numbers were handed out.
    pub issued: Vec<u64>,
    /// What there is to sell.
    pub stock: Stock,
    /// Whether bookings have been turned away a moment ago, because there was too much to do.
    pub turned_away: bool,
}

/// What a tick would like to do.
#[derive(Clone, Debug)]
pub struct Tick {
    now: Instant,
    read: Version,
    line: Line,
    session: Duration,
    /// After an outage: what everybody who was admitted gets back.
    outage: Option<Duration>,
    admissions: usize,
    /// The admissions to look at.
    due: Vec<Admission>,
    chosen: Vec<Claim>,
    present: u64,
}

/// What a tick does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticked {
    /// The line as it is now, and the version that was read.
    pub line: Write<Line>,
    /// Buyers who are admitted, or no longer are.
    pub buyers: Vec<Write<Buyer>>,
    /// New slots.
    pub admitted: Vec<Admission>,
    /// Slots that go on, with when to look at them again.
    pub extended: Vec<Admission>,
    /// Slots that are free again.
    pub ended: Vec<BuyerKey>,
    /// Who no longer stands at the door.
    pub left_door: Vec<BuyerKey>,
    /// What the log says of it.
    pub log: Vec<Admitted>,
    /// Whether nobody is admitted, stands at the door, or could be called: the next tick can take its time.
    pub quiet: bool,
}

impl Tick {
    /// Admissions of one tick.
    pub const BATCH: usize = 64;
    /// How long somebody counts as present at the door after they were seen.
    pub const PRESENCE: Duration = Duration::from_secs(15);
    /// How long somebody who was admitted has to pick the pass up.
    pub const PICK_UP: Duration = Duration::from_secs(45);
    /// How long a pass, and the right to book, lasts until it has to be renewed.
    pub const RENEWAL: Duration = Duration::from_mins(3);
    /// A longer silence of ticks was an outage.
    pub const OUTAGE: Duration = Duration::from_secs(5);
    /// How long nobody is admitted after bookings have been turned away.
    pub const HOLDING_BACK: Duration = Duration::from_secs(1);
    /// Open time that one tick can add.
    const MOST_STEP: Duration = Duration::from_secs(1);

    /// Whether who was seen then counts as present.
    pub fn is_present(seen_at: Instant, now: Instant) -> bool {
        now < seen_at + Self::PRESENCE
    }

    /// Whether a slot is over: so long ago that no clock of any instance says otherwise.
    pub fn is_over(until: Instant, now: Instant) -> bool {
        until + TAKEOVER_GRACE < now
    }

    /// When to look at a slot again: a page that closes leaves it at least until then, so no slot outlasts its right.
    fn look_again(slot: Slot, now: Instant) -> Instant {
        slot.until.min(now + Self::PICK_UP)
    }

    /// Looks at everything, and says whose rows have to be locked.
    pub fn plan(line: &Line, sale: &Sale, session: Duration, floor: &Floor, now: Instant) -> Self {
        let now = now.max(line.last_tick);
        let silence = now.since(line.last_tick);
        let outage = (silence > Self::OUTAGE && line.phase != Phase::Lobby).then_some(silence);
        let is_over = |admission: &Admission| Self::is_over(admission.until + outage.unwrap_or_default(), now);
        let over = floor.admissions.iter().filter(|admission| is_over(admission)).count();
        let due = floor.admissions.iter().filter(|admission| outage.is_some() || is_over(admission));
        let mut next = advance(line, sale, floor, silence.min(Self::MOST_STEP), now);
        next.last_tick = now;
        let mut tick = Self {
            now,
            read: line.version,
            line: next,
            session,
            outage,
            admissions: floor.admissions.len(),
            due: due.copied().collect(),
            chosen: Vec::new(),
            present: floor.present.iter().sum(),
        };
        let room = tick.room(floor.admissions.len() - over);
        tick.chosen = choose(&tick.line, &floor.door, room);
        tick
    }

    /// The buyers to lock, sorted. Their rows exist: who comes to the door makes theirs.
    pub fn buyers(&self) -> BTreeSet<BuyerKey> {
        let admissions = self.due.iter().map(|admission| admission.key);
        admissions.chain(self.chosen.iter().map(|claim| claim.key)).collect()
    }

    /// Whether to wait for those buyers whose rows somebody else has locked, or to do without them.
    pub fn waits(&self) -> bool {
        self.outage.is_some()
    }

    /// Does what can be done with the buyers that were locked; whose row is but a place has `None`.
    pub fn carry_out(self, locked: &BTreeMap<BuyerKey, Option<Buyer>>) -> Ticked {
        let mut work = Work { locked, buyers: BTreeMap::new(), extended: Vec::new(), ended: Vec::new(), gone: 0 };
        let outage = self.outage.unwrap_or_default();
        self.due.iter().for_each(|admission| work.look_at(admission.key, outage, self.now));
        let active = self.admissions - work.gone;
        let (chosen, left_door) = self.admissible(&work, self.room(active));
        let mut line = self.line;
        let active_after = active + chosen.len();
        let tick = self.read.next().get();
        let mut admitted = Vec::with_capacity(chosen.len());
        let mut log = Vec::with_capacity(chosen.len());
        for claim in &chosen {
            let slot = Slot { until: self.now + Self::PICK_UP, max_until: self.now + self.session };
            work.admit(claim, slot);
            admitted.push(Admission { key: claim.key, until: Self::look_again(slot, self.now) });
            log.push(Admitted {
                key: claim.key,
                tick,
                group: claim.group,
                rank: claim.rank,
                claimed_at: claim.claimed_at,
                at: self.now,
                active_after: u32::try_from(active_after).unwrap_or(u32::MAX),
                capacity: line.capacity,
            });
            serve(&mut line, claim);
        }
        frontier::advance(&mut line, active_after, self.present.saturating_sub(left_door.len() as u64));
        line.version = self.read.next();
        let still = |line: &Line| !line.phase.moves() || line.groups.iter().all(|group| group.waiting() == 0);
        let quiet = active_after == 0 && self.present == 0 && still(&line);
        Ticked {
            line: Write { row: line, read: Some(self.read) },
            buyers: work.buyers.into_values().collect(),
            admitted,
            extended: work.extended,
            ended: work.ended,
            left_door,
            log,
            quiet,
        }
    }

    /// Those who are admitted, and all who no longer stand at the door. Whose row could not be locked waits for the next
    /// tick, and their whole group with them: nobody is admitted before them.
    fn admissible(&self, work: &Work<'_>, room: usize) -> (Vec<Claim>, Vec<BuyerKey>) {
        let (mut admitted, mut left) = (Vec::new(), Vec::new());
        let mut stopped = BTreeSet::new();
        for claim in &self.chosen {
            if stopped.contains(&claim.group) || admitted.len() >= room {
                continue;
            }
            match work.locked.get(&claim.key) {
                None => drop(stopped.insert(claim.group)),
                Some(buyer) => {
                    let current = work.buyers.get(&claim.key).map(|write| &write.row).or(buyer.as_ref());
                    let fine = current.is_none_or(|buyer| {
                        !buyer.barred && buyer.slot.is_none() && !buyer.has_used(claim.group, claim.number)
                    });
                    if fine {
                        admitted.push(*claim);
                    }
                    left.push(claim.key);
                }
            }
        }
        (admitted, left)
    }

    /// How many can be admitted while so many are.
    fn room(&self, active: usize) -> usize {
        if !self.line.phase.moves() || !self.line.is_drawn() || self.line.held_back_until.is_some() {
            return 0;
        }
        let free = (self.line.capacity as usize).saturating_sub(active);
        let allowed = usize::try_from(self.line.allowance / Line::ADMISSION_COST).unwrap_or(usize::MAX);
        free.min(allowed).min(Self::BATCH)
    }
}

/// What becomes of the line with time, before anybody is admitted.
fn advance(line: &Line, sale: &Sale, floor: &Floor, step: Duration, now: Instant) -> Line {
    let mut next = line.clone();
    for (group, issued) in next.groups.iter_mut().zip(&floor.issued) {
        group.issued = group.issued.max(*issued);
    }
    if next.phase == Phase::Lobby && sale.opens <= now {
        next.phase = Phase::Open;
    }
    if sale.closes <= now {
        next.phase = Phase::Closed;
    }
    if next.phase != Phase::Lobby && !next.gathered {
        next.gather();
    }
    (next.ending, next.seats_left) = match floor.stock {
        Stock::Unknown => (None, next.seats_left),
        Stock::Left(seats) => (None, Some(roughly(seats))),
        Stock::AllHeld => (Some(Ending::AllHeld), Some(0)),
        Stock::SoldOut => (Some(Ending::SoldOut), Some(0)),
    };
    next.held_back_until = match line.held_back_until {
        // Between two such seconds there is a tick that admits: a line must not stand still for as long as others ask too
        // much.
        Some(until) => Some(until).filter(|until| now < *until),
        None => floor.turned_away.then(|| now + Tick::HOLDING_BACK),
    };
    if next.ending == Some(Ending::SoldOut) && next.phase.moves() {
        next.phase = Phase::Closed;
    }
    // Only time in which it was open before counts.
    if line.phase.moves() && line.is_drawn() {
        next.open_time += step;
        let earned = u64::from(next.rate) * u64::try_from(step.as_micros()).unwrap_or(u64::MAX);
        next.allowance = next.allowance.saturating_add(earned).min(next.most_allowance());
    }
    next.claimed += floor.arrived;
    next
}

/// By its first digit, so that it does not change all the time.
fn roughly(count: u64) -> u64 {
    let unit = 10_u64.pow(count.checked_ilog10().unwrap_or(0));
    count / unit * unit
}

/// Who comes next, by weighted turns of the groups and ascending rank within each.
fn choose(line: &Line, door: &[Vec<Claim>], room: usize) -> Vec<Claim> {
    let mut served = line.turns(|group| group.served);
    let mut queues: Vec<_> = door.iter().map(|claims| claims.iter().peekable()).collect();
    let mut chosen = Vec::with_capacity(room);
    while chosen.len() < room {
        let present = queues.iter_mut().enumerate().filter_map(|(index, queue)| queue.peek().map(|_| index));
        let Some(next) = present.filter(|index| *index < served.len()).min_by_key(|index| served[*index]) else {
            break;
        };
        chosen.extend(queues[next].next());
        served[next] += line.groups[next].turn();
    }
    chosen
}

fn serve(line: &mut Line, claim: &Claim) {
    line.allowance = line.allowance.saturating_sub(Line::ADMISSION_COST);
    line.admitted += 1;
    let turn = line.turns(|group| group.served).get(claim.group.index()).copied().unwrap_or(0);
    if let Some(group) = line.groups.get_mut(claim.group.index()) {
        group.served = turn + group.turn();
    }
}

/// Buyers and slots, as the tick changes them.
struct Work<'a> {
    locked: &'a BTreeMap<BuyerKey, Option<Buyer>>,
    buyers: BTreeMap<BuyerKey, Write<Buyer>>,
    extended: Vec<Admission>,
    ended: Vec<BuyerKey>,
    /// Slots that are not taken any more.
    gone: usize,
}

impl Work<'_> {
    fn put(&mut self, key: BuyerKey, change: impl FnOnce(&mut Buyer)) {
        let read = self.locked.get(&key).and_then(Option::as_ref);
        let write = self
            .buyers
            .entry(key)
            .or_insert_with(|| Write { row: Buyer::next(key, read), read: read.map(|buyer| buyer.version) });
        change(&mut write.row);
    }

    fn admit(&mut self, claim: &Claim, slot: Slot) {
        self.put(claim.key, |buyer| {
            buyer.slot = Some(slot);
            buyer.ended = None;
            buyer.admitted_by = Some(Place { group: claim.group, number: claim.number });
            buyer.generation += 1;
        });
    }

    /// Whether a slot is over, after what an outage gives back. Its buyer's row has the last word.
    fn look_at(&mut self, key: BuyerKey, outage: Duration, now: Instant) {
        let Some(Some(Buyer { slot: Some(found), .. })) = self.locked.get(&key) else { return self.note_gone(key) };
        let slot = Slot { until: found.until + outage, max_until: found.max_until + outage };
        if Tick::is_over(slot.until, now) {
            self.put(key, |buyer| (buyer.slot, buyer.ended) = (None, Some(Ended::Expired)));
            self.ended.push(key);
            self.gone += 1;
            return;
        }
        if slot != *found {
            self.put(key, |buyer| buyer.slot = Some(slot));
        }
        self.extended.push(Admission { key, until: Tick::look_again(slot, now) });
    }

    /// A slot whose buyer has given it back since it was read.
    fn note_gone(&mut self, key: BuyerKey) {
        if self.locked.contains_key(&key) {
            self.gone += 1;
        }
    }
}
