//! The tick: the only thing that admits anybody. It reads what is there, [plans](Tick::plan), locks the buyers that it
//! will change, and [carries out](Tick::carry_out) what can be with those it got.

use super::{
    Admission, AdmissionEnd, AdmissionPeriod, Admitted, Buyer, BuyerKey, CheckIn, Group, Phase, Queue, QueueEntry,
    Stock, frontier,
};
use crate::catalogue::Sale;
use crate::record::{Version, Write};
use crate::time::{CLOCK_SKEW, CLOCK_TOLERANCE, Instant};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a tick finds, read under the lock of the queue's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickInput {
    /// All admissions of the sale.
    pub admissions: Vec<Admission>,
    /// By group, the check-ins of people who are present ([`CheckIn::is_present`]): the lowest ranks, at most
    /// [`Tick::BATCH`].
    pub check_ins: Vec<Vec<CheckIn>>,
    /// By group, how many people are present.
    pub present: Vec<u64>,
    /// How many have checked in since the last tick: later than [`Queue::last_tick`], and no later than now. So each is
    /// counted by one tick, whichever instance it is of; whoever is admitted before that, by the tick that admits them.
    pub arrived: u64,
    /// Whether there are check-ins of people who [have gone](CheckIn::GONE).
    pub any_gone: bool,
    /// By group, how many numbers were handed out; empty if nobody knows at the moment.
    pub issued: Vec<u64>,
    /// The seats that can still be held.
    pub stock: Stock,
    /// Whether bookings have been turned away a moment ago, because there was too much to do.
    pub turned_away: bool,
}

/// What a tick plans to do.
#[derive(Clone, Debug)]
pub struct Tick {
    now: Instant,
    read: Version,
    queue: Queue,
    session: Duration,
    /// After an outage: what everybody who was admitted gets back.
    outage: Option<Duration>,
    admissions: usize,
    /// The admissions to look at.
    due: Vec<Admission>,
    chosen: Vec<CheckIn>,
    present: u64,
    any_gone: bool,
}

/// What a tick does. Rows that others may lock at the same time are sorted by key, as check-ins and bookings lock theirs, so
/// that a store that writes them as they come can't deadlock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickOutcome {
    /// The queue as it is now, and the version that was read.
    pub queue: Write<Queue>,
    /// Buyers who are admitted, or no longer are.
    pub buyers: Vec<Write<Buyer>>,
    /// New admissions.
    pub admitted: Vec<Admission>,
    /// Admissions that go on, with when to look at them again.
    pub extended: Vec<Admission>,
    /// Buyers whose admission has ended.
    pub ended: Vec<BuyerKey>,
    /// People who are no longer checked in.
    pub left: Vec<BuyerKey>,
    /// Check-ins of the sale that were last seen before then are to be removed: these people have gone. A store need not
    /// remove all of them at once. `None` while the queue has not moved for long enough: those who saw it stand still, or
    /// could not reach it, get the time to come back.
    pub gone_before: Option<Instant>,
    /// The rows for the admission log.
    pub log: Vec<Admitted>,
    /// Whether nobody is admitted or checked in, or could be called: the next tick can take its time.
    pub quiet: bool,
}

impl Tick {
    /// Admissions of one tick.
    pub const BATCH: usize = 64;
    /// How long somebody who was admitted has to pick the pass up.
    pub const PICK_UP: Duration = Duration::from_secs(45);
    /// How long a pass, and the right to book, lasts until it has to be renewed.
    pub const RENEWAL: Duration = Duration::from_mins(3);
    /// A longer silence of ticks was an outage.
    pub const OUTAGE: Duration = Duration::from_secs(5);
    /// How long nobody is admitted after bookings have been turned away.
    pub const HOLDING_BACK: Duration = Duration::from_secs(1);
    /// Open time that one tick can add.
    const MAX_STEP: Duration = Duration::from_secs(1);

    /// The instant of a tick, by the clock of the instance that makes it and the database's: never later than the database's;
    /// `None` if the instance's is more than [`CLOCK_SKEW`] ahead, and so can't be right. A clock that is behind does no harm: a
    /// queue's time never goes back.
    pub fn instant(ours: Instant, theirs: Instant) -> Option<Instant> {
        (ours.since(theirs) <= CLOCK_SKEW).then(|| ours.min(theirs))
    }

    /// Whether an admission is over: so long ago that no clock of any instance says otherwise.
    pub fn is_over(until: Instant, now: Instant) -> bool {
        until + CLOCK_TOLERANCE < now
    }

    /// When to look at an admission again: a page that closes leaves it at least until then, so no admission outlasts
    /// its right.
    fn look_again(period: AdmissionPeriod, now: Instant) -> Instant {
        period.until.min(now + Self::PICK_UP)
    }

    /// Looks at everything, and says whose rows have to be locked.
    pub fn plan(queue: &Queue, sale: &Sale, session: Duration, input: &TickInput, now: Instant) -> Self {
        let now = now.max(queue.last_tick);
        let silence = now.since(queue.last_tick);
        let outage = (silence > Self::OUTAGE && queue.phase != Phase::Lobby).then_some(silence);
        let is_over = |admission: &Admission| Self::is_over(admission.until + outage.unwrap_or_default(), now);
        let over = input.admissions.iter().filter(|admission| is_over(admission)).count();
        let due = input.admissions.iter().filter(|admission| outage.is_some() || is_over(admission));
        let mut next = catch_up(queue, sale, input, silence.min(Self::MAX_STEP), now);
        next.moving_since = match queue.moving_since.filter(|_| silence <= Self::OUTAGE) {
            _ if !next.phase.moves() || !next.is_drawn() => None,
            since => since.or(Some(now)),
        };
        next.last_tick = now;
        let mut tick = Self {
            now,
            read: queue.version,
            queue: next,
            session,
            outage,
            admissions: input.admissions.len(),
            due: due.copied().collect(),
            chosen: Vec::new(),
            present: input.present.iter().sum(),
            any_gone: input.any_gone,
        };
        let room = tick.room(input.admissions.len() - over);
        // Whoever is passed over takes nobody's turn.
        let overdue =
            if room == 0 { 0 } else { tick.queue.groups.iter().filter(|group| group.skips.is_any_overdue()).count() };
        tick.chosen = choose(&tick.queue, &input.check_ins, room + overdue);
        tick
    }

    /// The buyers whose rows the last ticks could not lock: wait for these, though not for long, before any other is locked.
    /// Whoever can't be locked even then is passed over once. That is nobody's fault but their own: only their own commands
    /// lock their row, one after the other.
    pub fn overdue(&self) -> BTreeSet<BuyerKey> {
        self.chosen.iter().filter(|check_in| self.is_overdue(check_in)).map(|check_in| check_in.key).collect()
    }

    fn is_overdue(&self, check_in: &CheckIn) -> bool {
        let group = self.queue.groups.get(check_in.group.index());
        group.is_some_and(|group| group.skips.is_overdue(check_in.rank))
    }

    /// The buyers to lock, sorted. Their rows exist: whoever checks in makes theirs.
    pub fn buyers(&self) -> BTreeSet<BuyerKey> {
        let admissions = self.due.iter().map(|admission| admission.key);
        admissions.chain(self.chosen.iter().map(|check_in| check_in.key)).collect()
    }

    /// Whether to wait for those buyers whose rows somebody else has locked, or to do without them.
    pub fn waits(&self) -> bool {
        self.outage.is_some()
    }

    /// Carries out what the locked buyers allow; `None` stands for a placeholder row.
    pub fn carry_out(self, locked: &BTreeMap<BuyerKey, Option<Buyer>>) -> TickOutcome {
        let mut work = Work { locked, buyers: BTreeMap::new(), extended: Vec::new(), ended: Vec::new(), gone: 0 };
        let outage = self.outage.unwrap_or_default();
        self.due.iter().for_each(|admission| work.look_at(admission.key, outage, self.now));
        let active = self.admissions - work.gone;
        let choice = self.admissible(&work, self.room(active));
        let came_early =
            self.chosen.iter().filter(|one| one.checked_in_at > self.now && choice.left.contains(&one.key));
        let came_early = came_early.count() as u64;
        let mut queue = self.queue;
        // By a clock that is ahead: no later tick finds them there to count.
        queue.checked_in += came_early;
        choice.note(&mut queue, self.now);
        let Choice { admitted: chosen, mut left, .. } = choice;
        let active_after = active + chosen.len();
        let tick = self.read.next().get();
        let mut admitted = Vec::with_capacity(chosen.len());
        let mut log = Vec::with_capacity(chosen.len());
        for check_in in &chosen {
            let period = AdmissionPeriod { until: self.now + Self::PICK_UP, max_until: self.now + self.session };
            work.admit(check_in, period);
            admitted.push(Admission { key: check_in.key, until: Self::look_again(period, self.now) });
            log.push(Admitted {
                key: check_in.key,
                tick,
                group: check_in.group,
                rank: check_in.rank,
                checked_in_at: waiting_since(&queue, check_in),
                at: self.now,
                active_after: u32::try_from(active_after).unwrap_or(u32::MAX),
                capacity: queue.capacity,
            });
            count_admission(&mut queue, check_in);
        }
        frontier::update(&mut queue, active_after, self.present.saturating_sub(left.len() as u64));
        queue.version = self.read.next();
        let still = |queue: &Queue| !queue.moves() || queue.groups.iter().all(|group| group.waiting() == 0);
        let quiet = active_after == 0 && self.present == 0 && still(&queue);
        work.extended.sort_unstable_by_key(|admission| admission.key);
        work.ended.sort_unstable();
        left.sort_unstable();
        let had_time = queue.moving_since.is_some_and(|since| since + CheckIn::GONE <= self.now);
        TickOutcome {
            queue: Write { row: queue, read: Some(self.read) },
            buyers: work.buyers.into_values().collect(),
            admitted,
            extended: work.extended,
            ended: work.ended,
            left,
            gone_before: (self.any_gone && had_time).then(|| self.now - CheckIn::GONE),
            log,
            quiet,
        }
    }

    /// If a row could not be locked it waits for the next tick, and their whole group with them: nobody is admitted before
    /// them. Unless they are overdue: then nobody waits for them this once.
    fn admissible(&self, work: &Work<'_>, room: usize) -> Choice {
        let mut choice = Choice::default();
        for check_in in &self.chosen {
            let is_stopped = choice.skipped.iter().any(|skipped| skipped.group == check_in.group);
            if is_stopped || choice.admitted.len() >= room {
                continue;
            }
            match work.locked.get(&check_in.key) {
                None if self.is_overdue(check_in) => choice.passed_over.push(*check_in),
                None => choice.skipped.push(*check_in),
                Some(buyer) => {
                    let current = work.buyers.get(&check_in.key).map(|write| &write.row).or(buyer.as_ref());
                    let fine = current.is_none_or(|buyer| {
                        !buyer.barred && buyer.admission.is_none() && !buyer.has_used(check_in.group, check_in.number)
                    });
                    if fine {
                        choice.admitted.push(*check_in);
                    }
                    choice.left.push(check_in.key);
                }
            }
        }
        choice
    }

    /// How many more can be admitted while `active` people are.
    fn room(&self, active: usize) -> usize {
        if !self.queue.moves() || !self.queue.is_drawn() || self.queue.held_back_until.is_some() {
            return 0;
        }
        let free = (self.queue.capacity as usize).saturating_sub(active);
        let allowed = usize::try_from(self.queue.allowance / Queue::ADMISSION_COST).unwrap_or(usize::MAX);
        free.min(allowed).min(Self::BATCH)
    }
}

/// What becomes of those whose turn it is.
#[derive(Default)]
struct Choice {
    admitted: Vec<CheckIn>,
    /// People who are no longer checked in, admitted or not.
    left: Vec<BuyerKey>,
    /// In each group, the first whose row could not be locked.
    skipped: Vec<CheckIn>,
    /// Whose row could not be locked although it was waited for.
    passed_over: Vec<CheckIn>,
}

impl Choice {
    fn note(&self, queue: &mut Queue, now: Instant) {
        for (group, of) in Group::all(queue.groups.len()).zip(&mut queue.groups) {
            let in_group = |check_in: &&CheckIn| check_in.group == group;
            let skipped = self.skipped.iter().find(in_group);
            let passed_over = self.passed_over.iter().find(in_group);
            if skipped.is_some() || passed_over.is_some() || self.admitted.iter().any(|one| one.group == group) {
                of.skips.note_skipped(skipped.map(|check_in| check_in.rank));
            }
            if let Some(check_in) = passed_over {
                of.skips.note_passed_over(check_in.rank, now);
            }
        }
    }
}

fn waiting_since(queue: &Queue, check_in: &CheckIn) -> Instant {
    let group = queue.groups.get(check_in.group.index());
    group.map_or(check_in.checked_in_at, |group| group.skips.waiting_since(check_in.rank, check_in.checked_in_at))
}

/// The queue brought up to `now`, before anybody is admitted.
fn catch_up(queue: &Queue, sale: &Sale, input: &TickInput, step: Duration, now: Instant) -> Queue {
    let mut next = queue.clone();
    for (group, issued) in next.groups.iter_mut().zip(&input.issued) {
        group.issued = group.issued.max(*issued);
    }
    let is_counted = !input.issued.is_empty();
    next.note_dates(sale);
    next.note_stock(input.stock, now);
    next.settle(now, is_counted);
    if next.phase != Phase::Lobby && !next.gathered && (is_counted || next.draw.is_none()) {
        next.gather();
    }
    next.held_back_until = match queue.held_back_until {
        // Between two such seconds there is a tick that admits: a queue must not stand still for as long as others ask too
        // much.
        Some(until) => Some(until).filter(|until| now < *until),
        None => input.turned_away.then(|| now + Tick::HOLDING_BACK),
    };
    // Only time in which the queue was already open counts.
    if queue.moves() && queue.is_drawn() {
        next.open_time += step;
        let earned = u64::from(next.rate) * u64::try_from(step.as_micros()).unwrap_or(u64::MAX);
        next.allowance = next.allowance.saturating_add(earned).min(next.max_allowance());
    }
    next.checked_in += input.arrived;
    next
}

/// Who comes next, by weighted turns of the groups and ascending rank within each.
fn choose(queue: &Queue, check_ins: &[Vec<CheckIn>], room: usize) -> Vec<CheckIn> {
    let mut turns = queue.turns(|group| group.admission_turns);
    let mut queues: Vec<_> = check_ins.iter().map(|check_ins| check_ins.iter().peekable()).collect();
    let mut chosen = Vec::with_capacity(room);
    while chosen.len() < room {
        let present = queues.iter_mut().enumerate().filter_map(|(index, queue)| queue.peek().map(|_| index));
        let Some(next) = present.filter(|index| *index < turns.len()).min_by_key(|index| turns[*index]) else {
            break;
        };
        chosen.extend(queues[next].next());
        turns[next] += queue.groups[next].turn();
    }
    chosen
}

/// Takes one admission from the allowance, and gives its group the turn for it.
fn count_admission(queue: &mut Queue, check_in: &CheckIn) {
    queue.allowance = queue.allowance.saturating_sub(Queue::ADMISSION_COST);
    queue.admitted += 1;
    let turn = queue.turns(|group| group.admission_turns).get(check_in.group.index()).copied().unwrap_or(0);
    if let Some(group) = queue.groups.get_mut(check_in.group.index()) {
        group.admission_turns = turn + group.turn();
    }
}

/// Buyers and admissions, as the tick changes them.
struct Work<'a> {
    locked: &'a BTreeMap<BuyerKey, Option<Buyer>>,
    buyers: BTreeMap<BuyerKey, Write<Buyer>>,
    extended: Vec<Admission>,
    ended: Vec<BuyerKey>,
    /// Admissions that are over.
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

    fn admit(&mut self, check_in: &CheckIn, period: AdmissionPeriod) {
        self.put(check_in.key, |buyer| {
            buyer.admission = Some(period);
            buyer.ended = None;
            buyer.admitted_by = Some(QueueEntry { group: check_in.group, number: check_in.number });
            buyer.generation += 1;
        });
    }

    /// Whether an admission is over, after what an outage gives back. Its buyer's row has the last word.
    fn look_at(&mut self, key: BuyerKey, outage: Duration, now: Instant) {
        let Some(Some(Buyer { admission: Some(found), .. })) = self.locked.get(&key) else {
            return self.note_gone(key);
        };
        let period = AdmissionPeriod { until: found.until + outage, max_until: found.max_until + outage };
        if Tick::is_over(period.until, now) {
            self.put(key, |buyer| (buyer.admission, buyer.ended) = (None, Some(AdmissionEnd::Expired)));
            self.ended.push(key);
            self.gone += 1;
            return;
        }
        if period != *found {
            self.put(key, |buyer| buyer.admission = Some(period));
        }
        self.extended.push(Admission { key, until: Tick::look_again(period, now) });
    }

    /// An admission whose buyer has given it back since it was read.
    fn note_gone(&mut self, key: BuyerKey) {
        if self.locked.contains_key(&key) {
            self.gone += 1;
        }
    }
}
