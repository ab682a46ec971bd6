//! What keeps lines going: reading them, ticking them, drawing their lobbies.

use super::{Board, Lines};
use crate::Error;
use crate::port::{
    Beacon, Clock, LineStore, NumberDispenser, SaleRepository, SeatReader, StoreError, TickOrder, TickReport,
};
use frontrow_domain::waiting_room::{
    Digest, Drawing, Group, Line, LineUpdate, Phase, Stock, list_digest, list_line, seed,
};
use frontrow_domain::{Instant, Sale, SaleId, SeatState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Reads and ticks lines. Every instance does; which of them does a tick is decided by the row lock.
pub struct TickLines {
    /// What is in memory.
    pub lines: Arc<Lines>,
    /// Keeps the lines.
    pub store: Arc<dyn LineStore>,
    /// Knows how many have joined.
    pub dispenser: Arc<dyn NumberDispenser>,
    /// The sales of the lines.
    pub sales: Arc<dyn SaleRepository>,
    /// What is left to sell.
    pub seats: Arc<dyn SeatReader>,
    /// What a draw waits for.
    pub beacon: Arc<dyn Beacon>,
    /// SHA-256.
    pub digest: Digest,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What was read lately.
    pub lately: Lately,
}

/// What was read lately, each with when it was.
#[derive(Default)]
pub struct Lately {
    sales: Mutex<BTreeMap<SaleId, (Instant, Arc<Sale>)>>,
    stocks: Mutex<BTreeMap<SaleId, (Instant, Stock)>>,
    /// Lines that are over, and whose numbers are not forgotten yet.
    over: Mutex<BTreeSet<SaleId>>,
}

impl Lately {
    fn over(&self) -> MutexGuard<'_, BTreeSet<SaleId>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How old what was read lately may be.
const LATELY: Duration = Duration::from_secs(1);
/// Places that are read at once.
const PAGE: u32 = 10_000;

impl TickLines {
    /// Reads all lines again; says how many there are. The numbers of those that are over may be forgotten.
    pub async fn refresh(&self) -> Result<u32, Error> {
        let read_at = self.clock.now();
        // Before they are read: a line that somebody else puts up meanwhile is not over.
        let known = self.lines.all();
        let lines = self.store.lines().await?;
        self.note_over(&known, &lines);
        let mut with_sales = Vec::with_capacity(lines.len());
        for line in lines {
            if let Some(sale) = self.sale(line.sale).await? {
                with_sales.push((line, sale));
            }
        }
        let count = u32::try_from(with_sales.len()).unwrap_or(u32::MAX);
        self.lines.put_up(with_sales, read_at);
        self.forget_over().await?;
        Ok(count)
    }

    fn note_over(&self, known: &BTreeMap<SaleId, Arc<Board>>, lines: &[Line]) {
        let going_on: BTreeSet<SaleId> = lines.iter().map(|line| line.sale).collect();
        let mut over = self.lately.over();
        over.extend(known.keys());
        // An operator may have opened one again.
        over.retain(|sale| !going_on.contains(sale));
    }

    /// Lets the dispenser forget lines that are over; those that it is too busy for, the next time. One that fails keeps
    /// no other from it: its error comes after them.
    async fn forget_over(&self) -> Result<(), Error> {
        let over = self.lately.over().clone();
        let mut failed = None;
        for sale in over {
            match self.dispenser.forget(sale).await {
                Err(error) if error.is_transient() => {}
                forgotten => {
                    self.lately.over().remove(&sale);
                    failed = failed.or(forgotten.err());
                }
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Ticks every line that is due, also those that rest if it is `urgent`; those that somebody else ticked have no report.
    /// A line that can't be ticked keeps no other from it: its error comes after them.
    pub async fn run(&self, urgent: bool) -> Result<Vec<TickReport>, Error> {
        let mut reports = Vec::new();
        let mut failed = None;
        for board in self.lines.all().values().filter(|board| urgent || self.is_due(board)) {
            match self.tick(board).await {
                Ok(report) => reports.extend(report),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(reports), Err)
    }

    /// Whether its opening has come, or it has something to do.
    fn is_due(&self, board: &Board) -> bool {
        let (now, line) = (self.clock.now(), &board.line);
        let opens = line.phase == Phase::Lobby && board.sale.opens <= now;
        opens || !self.lines.pace.rests(line.sale, now)
    }

    async fn tick(&self, board: &Board) -> Result<Option<TickReport>, Error> {
        let Some(room) = &board.sale.waiting_room else { return Ok(None) };
        let issued = self.dispenser.issued(board.line.sale, board.line.groups.len()).await;
        // While the dispenser is away, what it had handed out is still called.
        let issued = issued.unwrap_or_else(|_| board.line.groups.iter().map(|group| group.issued).collect());
        let stock = self.stock(&board.sale).await?;
        let read_at = self.clock.now();
        let turned_away = self.lines.pace.turns_away(read_at);
        let order = TickOrder { sale: Arc::clone(&board.sale), session: room.session, issued, stock, turned_away };
        let Some(mut report) = self.store.tick(&order).await? else { return Ok(None) };
        if report.quiet {
            self.lines.pace.rest(board.line.sale, read_at);
        }
        if let Some(drawn) = self.draw(&report.line).await? {
            report.line = drawn;
        }
        self.lines.put_up_one(report.line.clone(), Arc::clone(&board.sale), read_at);
        Ok(Some(report))
    }

    /// A step of the draw, if there is one to take: the list is published before the round's value is known.
    async fn draw(&self, line: &Line) -> Result<Option<Line>, Error> {
        let Some(draw) = line.draw.as_ref().filter(|draw| draw.seed.is_none() && line.phase != Phase::Lobby) else {
            return Ok(None);
        };
        let Some(lists) = &draw.lists else {
            let lists = Some(self.lists(line).await?);
            return self.put_draw(line, Drawing { lists, ..draw.clone() }).await;
        };
        let Some(value) = self.beacon.value(draw.round.clone()).await? else { return Ok(None) };
        let counts: Vec<u64> = line.groups.iter().map(|group| group.drawn).collect();
        let decides = seed(self.digest, &draw.secret, &value, &counts, lists);
        self.put_draw(line, Drawing { value: Some(value), seed: Some(decides), ..draw.clone() }).await
    }

    async fn put_draw(&self, line: &Line, drawing: Drawing) -> Result<Option<Line>, Error> {
        let updated = self.store.update_line(line.sale, &LineUpdate::Draw(drawing), None).await?;
        Ok(updated.and_then(Result::ok))
    }

    async fn lists(&self, line: &Line) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut digests = Vec::with_capacity(line.groups.len());
        for (group, of) in Group::all(line.groups.len()).zip(&line.groups) {
            let lines = lobby_list(&*self.dispenser, self.digest, line.sale, group, of.drawn).await?;
            digests.push(list_digest(self.digest, &lines));
        }
        Ok(digests)
    }

    async fn sale(&self, id: SaleId) -> Result<Option<Arc<Sale>>, Error> {
        let now = self.clock.now();
        if let Some(sale) = recent(&self.lately.sales, id, now) {
            return Ok(Some(sale));
        }
        let Some(stored) = self.sales.sale(id).await? else { return Ok(None) };
        let sale = Arc::new(stored.value);
        note(&self.lately.sales, id, (now, Arc::clone(&sale)));
        Ok(Some(sale))
    }

    async fn stock(&self, sale: &Sale) -> Result<Stock, Error> {
        let now = self.clock.now();
        if let Some(stock) = recent(&self.lately.stocks, sale.id, now) {
            return Ok(stock);
        }
        let stock = self.look(sale, now).await?;
        note(&self.lately.stocks, sale.id, (now, stock));
        Ok(stock)
    }

    async fn look(&self, sale: &Sale, now: Instant) -> Result<Stock, Error> {
        let performances: Vec<_> = sale.performances.iter().copied().collect();
        let available = self.seats.available(&performances, now).await?;
        let left: u64 = available.iter().map(|(_, seats)| u64::from(*seats)).sum();
        if left > 0 {
            return Ok(Stock::Left(left));
        }
        for performance in performances {
            let not_free = self.seats.not_free(performance).await?;
            if not_free.iter().any(|seat| matches!(seat.state, SeatState::Held { .. })) {
                return Ok(Stock::AllHeld);
            }
        }
        Ok(Stock::SoldOut)
    }
}

/// The list of a group at the opening: a line for each number. One that nobody has any more has a line of zeros.
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
        let page = dispenser.places(sale, group, after, PAGE).await?;
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

type Seen<T> = Mutex<BTreeMap<SaleId, (Instant, T)>>;

fn recent<T: Clone>(seen: &Seen<T>, sale: SaleId, now: Instant) -> Option<T> {
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.get(&sale).filter(|(at, _)| now.since(*at) < LATELY).map(|(_, what)| what.clone())
}

fn note<T>(seen: &Seen<T>, sale: SaleId, what: (Instant, T)) {
    seen.lock().unwrap_or_else(PoisonError::into_inner).insert(sale, what);
}

#[cfg(test)]
mod tests;
