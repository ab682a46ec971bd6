//! All rows of the waiting rooms in plain maps: the smallest store there can be.

use super::BookingState;
use crate::booking::Stale;
use crate::catalogue::{Group, Sale};
use crate::id::SaleId;
use crate::record::Record;
use crate::time::Instant;
use crate::waiting_room::{
    Admitted, BuyerKey, CheckIn, CheckInOutcome, Queue, QueueEntry, QueueNumber, Stock, Tick, TickInput, TickOutcome,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The rows of all waiting rooms but the admissions, which are in the [`BookingState`] because bookings end them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InMemoryQueues {
    /// One a sale.
    pub queues: BTreeMap<SaleId, Queue>,
    /// How many numbers were handed out.
    pub issued: BTreeMap<(SaleId, Group), u64>,
    /// One a user and sale.
    pub entries: BTreeMap<BuyerKey, QueueEntry>,
    /// Who is called and has come.
    pub check_ins: BTreeMap<BuyerKey, CheckIn>,
    /// Who was admitted, in their order.
    pub log: Vec<Admitted>,
}

impl InMemoryQueues {
    /// Adds a queue, if the sale has none.
    pub fn open_queue(&mut self, queue: Queue) {
        self.queues.entry(queue.sale).or_insert(queue);
    }

    /// The queue entry that somebody has, or a new one at the end; also if the entry that they have is the one that is
    /// worth nothing any more.
    pub fn join(&mut self, key: BuyerKey, group: Group, worthless: Option<QueueEntry>) -> QueueEntry {
        if let Some(entry) = self.entries.get(&key).filter(|entry| Some(**entry) != worthless) {
            return *entry;
        }
        let issued = self.issued.entry((key.sale, group)).or_default();
        *issued += 1;
        let number = QueueNumber::new(*issued).unwrap_or_else(|| unreachable!("it was just raised"));
        let entry = QueueEntry { group, number };
        self.entries.insert(key, entry);
        entry
    }

    /// Somebody who is called checks in, or is seen again. A check-in lasts until they are [gone](CheckIn::GONE).
    pub fn check_in(&mut self, bookings: &BookingState, check_in: CheckIn, lapsed: bool) -> CheckInOutcome {
        let buyer = bookings.buyers.get(&check_in.key);
        if let Some(known) = CheckInOutcome::by(buyer, check_in.group, check_in.number, check_in.seen_at) {
            return known;
        }
        let Some(stands) = check_in.after(self.check_ins.get(&check_in.key), buyer, lapsed) else {
            return CheckInOutcome::Lapsed;
        };
        self.check_ins.insert(check_in.key, stands);
        CheckInOutcome::Present
    }

    /// What a tick finds.
    pub fn input(&self, bookings: &BookingState, sale: SaleId, stock: Stock, now: Instant) -> Option<TickInput> {
        let queue = self.queues.get(&sale)?;
        let now = now.max(queue.last_tick);
        let groups = queue.groups.len();
        let mut check_ins = vec![Vec::new(); groups];
        let (mut arrived, mut any_gone) = (0, false);
        for check_in in self.check_ins.values().filter(|check_in| check_in.key.sale == sale) {
            arrived += u64::from(queue.last_tick < check_in.checked_in_at && check_in.checked_in_at <= now);
            any_gone |= check_in.seen_at + CheckIn::GONE < now;
            if CheckIn::is_present(check_in.seen_at, now) {
                check_ins[check_in.group.index()].push(*check_in);
            }
        }
        let present = check_ins.iter().map(|check_ins| check_ins.len() as u64).collect();
        for check_ins in &mut check_ins {
            check_ins.sort_by_key(|check_in| check_in.rank);
            check_ins.truncate(Tick::BATCH);
        }
        let issued = Group::all(groups).map(|group| self.issued.get(&(sale, group)).copied().unwrap_or(0)).collect();
        let admissions = bookings.admissions.values().filter(|admission| admission.key.sale == sale).copied().collect();
        Some(TickInput { admissions, check_ins, present, arrived, any_gone, issued, stock, turned_away: false })
    }

    /// One tick, whole.
    pub fn tick(
        &mut self,
        bookings: &mut BookingState,
        sale: &Sale,
        session: Duration,
        stock: Stock,
        now: Instant,
    ) -> Result<(), Stale> {
        let (Some(input), Some(queue)) = (self.input(bookings, sale.id, stock, now), self.queues.get(&sale.id)) else {
            return Ok(());
        };
        let tick = Tick::plan(queue, sale, session, &input, now);
        let locked = tick.buyers().into_iter().map(|key| (key, bookings.buyers.get(&key).copied())).collect();
        self.store(bookings, tick.carry_out(&locked))
    }

    /// Writes what a tick has done: all of it, or nothing if a row has moved on since it was read.
    pub fn store(&mut self, bookings: &mut BookingState, ticked: TickOutcome) -> Result<(), Stale> {
        let queue = ticked.queue.row;
        if self.queues.get(&queue.sale).map(|queue| queue.version) != ticked.queue.read {
            return Err(Stale(format!("queue {}", queue.sale)));
        }
        let moved =
            ticked.buyers.iter().find(|write| bookings.buyers.get(&write.row.key).map(Record::version) != write.read);
        if let Some(write) = moved {
            return Err(Stale(format!("{:?}", write.row.key)));
        }
        let sale = queue.sale;
        self.queues.insert(sale, queue);
        bookings.buyers.extend(ticked.buyers.into_iter().map(|write| (write.row.key, write.row)));
        for key in &ticked.ended {
            bookings.admissions.remove(key);
        }
        let taken = ticked.extended.into_iter().chain(ticked.admitted);
        bookings.admissions.extend(taken.map(|admission| (admission.key, admission)));
        for key in &ticked.left {
            self.check_ins.remove(key);
        }
        if let Some(before) = ticked.gone_before {
            self.check_ins.retain(|key, check_in| key.sale != sale || before <= check_in.seen_at);
        }
        self.log.extend(ticked.log);
        Ok(())
    }
}
