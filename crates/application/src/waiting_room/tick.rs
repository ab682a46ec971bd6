//! The work that keeps queues moving: reading them, ticking them, drawing their lobbies.

mod cache;
mod stock;

use super::{QueueView, QueueViews};
use crate::port::{Clock, NumberDispenser, QueueStore, SaleRepository, StoreError, TickOrder, TickReport};
use crate::{Error, ShowAvailability};
pub use cache::TickCache;
use frontrow_domain::waiting_room::{
    Digest, DrawState, Group, Phase, Queue, QueueUpdate, SaleDates, Stock, Tick, list_digest, list_line,
};
use frontrow_domain::{Instant, Sale, SaleId};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Reads and ticks queues. Every instance does; which of them does a tick is decided by the row lock.
pub struct TickQueues {
    /// The queues of this instance, in memory.
    pub queues: Arc<QueueViews>,
    /// Keeps the queues.
    pub store: Arc<dyn QueueStore>,
    /// Knows how many have joined.
    pub dispenser: Arc<dyn NumberDispenser>,
    /// The sales of the queues.
    pub sales: Arc<dyn SaleRepository>,
    /// Knows what is left to sell, where people are admitted.
    pub seats: Arc<ShowAvailability>,
    /// The same for queues that are over: nobody waits for that, and it must not be in the way of those who book.
    pub browsed_seats: Arc<ShowAvailability>,
    /// SHA-256.
    pub digest: Digest,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
    /// What was read within the last second, and which ticks are running.
    pub cache: TickCache,
}

/// A tick that is due, or a draw. As long as there is one, [`TickQueues::due`] passes over its queue; but a queue is ticked
/// while its lobby is being drawn.
#[must_use = "the queue is not ticked before it is run"]
pub struct DueTick {
    queues: Arc<TickQueues>,
    sale: SaleId,
    is_draw: bool,
    /// Whether somebody else may tick the queue already.
    ended: bool,
}

/// What came of a [`DueTick`].
pub struct Ticked {
    /// `None` if another instance ticked the queue, it is over, or it was a draw.
    pub report: Result<Option<TickReport>, Error>,
    /// The next tick, if it has to come at once: this one admitted as many as a tick can, or an urgent one was asked for
    /// while it ran.
    pub next: Option<DueTick>,
}

impl DueTick {
    /// Whose queue it ticks.
    pub const fn sale(&self) -> SaleId {
        self.sale
    }

    /// Whether it may keep a processor busy for seconds: the lots of a million people are drawn. Then it has to run where
    /// nobody else waits for the thread.
    pub const fn keeps_busy(&self) -> bool {
        self.is_draw
    }

    /// Ticks the queue once, or takes a step of its draw.
    pub async fn run(self) -> Ticked {
        if self.is_draw {
            return Ticked { report: self.queues.draw(self.sale).await.map(|()| None), next: None };
        }
        let report = self.queues.tick(self.sale).await;
        let is_full = matches!(&report, Ok(Some(report)) if report.admitted.len() >= Tick::BATCH);
        Ticked { report, next: self.next(is_full) }
    }

    /// Whether there is a next one is decided in one step with the end of this one, so that no urgent tick is lost.
    fn next(mut self, is_full: bool) -> Option<Self> {
        {
            let mut running = self.queues.cache.running();
            let is_urgent = running.insert(self.sale, false) == Some(true);
            if !is_full && !is_urgent {
                running.remove(&self.sale);
                self.ended = true;
            }
        }
        if self.ended { None } else { Some(self) }
    }
}

impl Drop for DueTick {
    fn drop(&mut self) {
        if self.is_draw {
            self.queues.cache.drawing().remove(&self.sale);
        } else if !self.ended {
            self.queues.cache.running().remove(&self.sale);
        }
    }
}

/// What came of reading all queues.
struct ReadQueues {
    /// How many are not over.
    count: u32,
    /// Those that are over for good.
    ended: Vec<SaleId>,
    /// Those that were over long enough.
    old: Vec<Queue>,
    read_at: Instant,
}

/// How often queues that are over are read, all of them.
const OVER_CACHE_TIME: Duration = Duration::from_secs(5);
/// Entries that are read at once.
const PAGE: u32 = 10_000;

impl TickQueues {
    /// Reads all queues again, and forgets those that were over long enough; says how many there are that are not over.
    pub async fn refresh(&self) -> Result<u32, Error> {
        let ReadQueues { count, ended, old, read_at } = self.read_all().await?;
        let (told, forgotten) = (self.tell_dispenser(&ended).await, self.forget(&old, read_at).await);
        told.and(forgotten)?;
        Ok(count)
    }

    /// The same, but forgets nothing: for while nobody knows that the clock is right.
    pub async fn read(&self) -> Result<u32, Error> {
        Ok(self.read_all().await?.count)
    }

    async fn read_all(&self) -> Result<ReadQueues, Error> {
        let read_at = self.clock.now();
        // Before they are read: a queue that somebody else adds meanwhile is not over.
        let known = self.queues.all();
        let queues = self.store.queues().await?;
        let over = self.read_over(&known, &queues, read_at).await?;
        let mut with_sales = Vec::with_capacity(queues.len() + over.len());
        for queue in queues {
            if let Some(sale) = self.sale_or_known(queue.sale, &known).await? {
                with_sales.push((queue, sale));
            }
        }
        let count = u32::try_from(with_sales.len()).unwrap_or(u32::MAX);
        let has_ended = |queue: &&Queue| queue.phase == Phase::Closed && !queue.may_go_on(read_at);
        let ended: Vec<SaleId> = over.iter().filter(has_ended).map(|queue| queue.sale).collect();
        let (old, over): (Vec<Queue>, Vec<Queue>) = over.into_iter().partition(|queue| queue.is_forgotten(read_at));
        for queue in over {
            let stays = |sale: &Arc<Sale>| !queue.may_go_on(read_at) && queue.dates == Some(SaleDates::of(sale));
            let same = known.get(&queue.sale).map(|view| Arc::clone(&view.sale)).filter(stays);
            let sale = if same.is_some() { same } else { self.sale_or_known(queue.sale, &known).await? };
            with_sales.extend(sale.map(|sale| (queue, sale)));
        }
        self.queues.replace_all(with_sales, read_at);
        Ok(ReadQueues { count, ended, old, read_at })
    }

    /// The queues that are over. They hardly ever change, so all of them are read now and then only, and each when it has
    /// just become one of them.
    async fn read_over(
        &self,
        known: &BTreeMap<SaleId, Arc<QueueView>>,
        queues: &[Queue],
        now: Instant,
    ) -> Result<Vec<Queue>, StoreError> {
        let is_due = self.cache.over().read_at.is_none_or(|at| now < at || OVER_CACHE_TIME <= now.since(at));
        let (all_read_at, mut over): (_, BTreeMap<SaleId, Queue>) = if is_due {
            let read = self.store.over_queues().await?;
            (Some(now), read.into_iter().map(|queue| (queue.sale, queue)).collect())
        } else {
            let cached = self.cache.over();
            (cached.read_at, cached.queues.clone())
        };
        let going_on: BTreeSet<SaleId> = queues.iter().map(|queue| queue.sale).collect();
        // An operator may have opened one again, or it has gone on by itself.
        over.retain(|sale, _| !going_on.contains(sale));
        let mut others = Vec::new();
        for sale in known.keys().filter(|sale| !going_on.contains(*sale)) {
            if over.contains_key(sale) {
                continue;
            }
            match self.store.queue(*sale).await {
                Ok(Some(queue)) if queue.phase == Phase::Closed => drop(over.insert(*sale, queue)),
                // It went on between the two reads.
                Ok(queue) => others.extend(queue),
                // It can't be read, which the store has logged: it stays as it was known, and the others are read.
                Err(StoreError::Fault(_)) => others.extend(known.get(sale).map(|view| view.queue.clone())),
                Err(error) => return Err(error),
            }
        }
        others.extend(over.values().cloned());
        let mut cached = self.cache.over();
        cached.told.retain(|sale| over.contains_key(sale));
        (cached.read_at, cached.queues) = (all_read_at, over);
        Ok(others)
    }

    /// Lets the dispenser forget the numbers of queues that are over for good; those that it is too busy for, the next
    /// time. One that fails doesn't stop the others: its error comes after them.
    async fn tell_dispenser(&self, ended: &[SaleId]) -> Result<(), Error> {
        let mut failed = None;
        for sale in ended {
            if self.cache.over().told.contains(sale) {
                continue;
            }
            match self.dispenser.forget(*sale).await {
                Err(error) if error.is_transient() => {}
                told => {
                    self.cache.over().told.insert(*sale);
                    failed = failed.or(told.err());
                }
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Forgets queues that were over long enough; those that are too much for one step, or that the store is too busy for,
    /// the next time.
    async fn forget(&self, queues: &[Queue], now: Instant) -> Result<(), Error> {
        let mut failed = None;
        for queue in queues {
            match self.store.forget_queue(queue.sale, now).await {
                Ok(false) => {}
                Err(error) if error.is_transient() => {}
                forgotten => {
                    self.cache.over().queues.remove(&queue.sale);
                    failed = failed.or(forgotten.err());
                }
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The ticks that are due, with those of queues that rest if it is `urgent`, and the draws. Run each by itself, so that no
    /// queue waits for another one's: until a tick has ended, its queue isn't due again.
    pub fn due(self: &Arc<Self>, urgent: bool) -> Vec<DueTick> {
        let queues = self.queues.all();
        // A queue that is over waits for no admission.
        let due = queues.values().filter(|view| (urgent && !self.is_over(view.queue.sale)) || self.is_due(view));
        let ticks = due.filter_map(|view| self.begin(view.queue.sale, urgent));
        let draws =
            queues.values().filter(|view| self.has_to_draw(view)).filter_map(|view| self.begin_draw(view.queue.sale));
        ticks.chain(draws).collect()
    }

    /// Draws the ranks of all queues whose draw is decided. For the beginning, when nobody waits for it.
    pub fn draw_ranks(&self) {
        self.queues.all().keys().for_each(|sale| self.queues.draw_ranks(*sale));
    }

    /// Whoever has ticked the queue last makes the lists and decides the draw; the ranks are drawn by every instance.
    fn has_to_draw(&self, view: &QueueView) -> bool {
        let Some(draw) = view.queue.draw.as_ref().filter(|_| view.queue.gathered) else { return false };
        if draw.seed.is_some() {
            return !view.is_ranked();
        }
        let goes_on = draw.lists.is_none() || draw.round.is_none();
        goes_on && self.cache.ticked_here().contains(&view.queue.sale)
    }

    fn begin_draw(self: &Arc<Self>, sale: SaleId) -> Option<DueTick> {
        let is_new = self.cache.drawing().insert(sale);
        is_new.then(|| DueTick { queues: Arc::clone(self), sale, is_draw: true, ended: false })
    }

    fn begin(self: &Arc<Self>, sale: SaleId, urgent: bool) -> Option<DueTick> {
        match self.cache.running().entry(sale) {
            Entry::Vacant(new) => new.insert(false),
            Entry::Occupied(running) => {
                *running.into_mut() |= urgent;
                return None;
            }
        };
        Some(DueTick { queues: Arc::clone(self), sale, is_draw: false, ended: false })
    }

    /// Whether its opening has come, or it has something to do.
    fn is_due(&self, view: &QueueView) -> bool {
        let (now, queue) = (self.clock.now(), &view.queue);
        if self.is_over(queue.sale) && !queue.may_go_on(now) {
            return false;
        }
        let opens = queue.phase == Phase::Lobby && view.sale.opens <= now;
        opens || !self.queues.pace.rests(queue.sale, now)
    }

    async fn tick(&self, sale: SaleId) -> Result<Option<TickReport>, Error> {
        let Some(view) = self.queues.view(sale) else { return Ok(None) };
        let Some(room) = &view.sale.waiting_room else { return Ok(None) };
        if self.is_over(sale) && !view.queue.may_go_on(self.clock.now()) {
            return Ok(None);
        }
        let stock = self.stock(&view.sale).await;
        if self.is_over(sale) && !view.queue.goes_on(stock, self.clock.now()) {
            let now = self.clock.now();
            // Seats that could not be read are looked at again sooner: some may have been given back.
            if stock == Stock::Unknown {
                self.queues.pace.rest(sale, now);
            } else {
                self.queues.pace.rest_over(sale, now);
            }
            return Ok(None);
        }
        let issued = self.dispenser.issued(view.queue.sale, view.queue.groups.len()).await;
        // While the dispenser is away, what it had handed out is still called.
        let issued = issued.unwrap_or_default();
        let read_at = self.clock.now();
        let turned_away = self.queues.pace.turns_away(read_at);
        let order = TickOrder { sale: Arc::clone(&view.sale), session: room.session, issued, stock, turned_away };
        let ticked = self.store.tick(&order).await?;
        if ticked.is_some() {
            self.cache.ticked_here().insert(view.queue.sale);
        } else {
            self.cache.ticked_here().remove(&view.queue.sale);
        }
        let Some(report) = ticked else { return Ok(None) };
        if report.queue.phase != Phase::Closed {
            self.cache.over().queues.remove(&sale);
        }
        if report.quiet {
            self.queues.pace.rest(view.queue.sale, read_at);
        }
        self.queues.replace(report.queue.clone(), Arc::clone(&view.sale), read_at);
        Ok(Some(report))
    }

    /// Takes the next step of a draw, and draws the ranks once it is decided.
    async fn draw(&self, sale: SaleId) -> Result<(), Error> {
        let Some(view) = self.queues.view(sale) else { return Ok(()) };
        if let Some(next) = self.draw_on(&view.queue).await? {
            self.queues.replace(next, Arc::clone(&view.sale), self.clock.now());
        }
        self.queues.draw_ranks(sale);
        Ok(())
    }

    /// A step of the draw, if there is one to take. The lists come first, so that nobody can choose them to suit the
    /// seed. A draw that names a round then waits until an operator enters its value; without a round there is nothing
    /// to wait for. That is the weaker draw: whoever knows the secret before the lobby closes can work out the order of
    /// any list.
    async fn draw_on(&self, queue: &Queue) -> Result<Option<Queue>, Error> {
        let Some(draw) = queue.draw.as_ref().filter(|draw| draw.seed.is_none() && queue.phase != Phase::Lobby) else {
            return Ok(None);
        };
        if draw.lists.is_none() {
            let lists = Some(self.lists(queue).await?);
            return self.put_draw(queue, DrawState { lists, ..draw.clone() }).await;
        }
        if draw.round.is_some() {
            return Ok(None);
        }
        let Some(decided) = queue.decide_draw(self.digest, String::new()) else { return Ok(None) };
        self.put_draw(queue, decided).await
    }

    async fn put_draw(&self, queue: &Queue, drawing: DrawState) -> Result<Option<Queue>, Error> {
        let updated = self.store.update_queue(queue.sale, &QueueUpdate::Draw(drawing), None).await?;
        Ok(updated.and_then(Result::ok))
    }

    async fn lists(&self, queue: &Queue) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut digests = Vec::with_capacity(queue.groups.len());
        for (group, of) in Group::all(queue.groups.len()).zip(&queue.groups) {
            let lines = lobby_list(&*self.dispenser, self.digest, queue.sale, group, of.drawn).await?;
            digests.push(list_digest(self.digest, &lines));
        }
        Ok(digests)
    }

    async fn sale(&self, id: SaleId) -> Result<Option<Arc<Sale>>, Error> {
        let now = self.clock.now();
        if let Some(sale) = self.cache.recent_sale(id, now) {
            return Ok(Some(sale));
        }
        let Some(stored) = self.sales.sale(id).await? else { return Ok(None) };
        let sale = Arc::new(stored.value);
        self.cache.note_sale(id, now, Arc::clone(&sale));
        Ok(Some(sale))
    }

    /// One that can't be read, which the store has logged, stays as it was known: it must not keep the others from being
    /// read.
    async fn sale_or_known(
        &self,
        id: SaleId,
        known: &BTreeMap<SaleId, Arc<QueueView>>,
    ) -> Result<Option<Arc<Sale>>, Error> {
        match self.sale(id).await {
            Err(Error::Fault(_)) => Ok(known.get(&id).map(|view| Arc::clone(&view.sale))),
            read => read,
        }
    }

    fn is_over(&self, sale: SaleId) -> bool {
        self.cache.over().queues.contains_key(&sale)
    }
}

/// The list of a group at the opening: one line per number. A number that nobody has any more gets a line of zeros.
pub async fn lobby_list(
    dispenser: &dyn NumberDispenser,
    digest: Digest,
    sale: SaleId,
    group: Group,
    count: u64,
) -> Result<Vec<[u8; 16]>, StoreError> {
    let mut list = vec![[0; 16]; usize::try_from(count).unwrap_or(0)];
    let mut after = 0;
    while after < count {
        let page = dispenser.entries(sale, group, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.get();
        for (number, user) in page {
            let index = usize::try_from(number.get() - 1).ok();
            if let Some(line) = index.and_then(|index| list.get_mut(index)) {
                *line = list_line(digest, sale, user);
            }
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests;
