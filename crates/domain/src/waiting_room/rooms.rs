//! All rows of the waiting rooms in plain maps: the smallest store there can be.

use super::{Admitted, Claim, Floor, Group, Line, Place, QueueNumber, Stock, Tick, Ticked};
use crate::books::{Books, Conflict};
use crate::locked::Record;
use crate::{Buyer, BuyerKey, Instant, Sale, SaleId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The rows of all waiting rooms but the admissions, which are in the [`Books`] because bookings end them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rooms {
    /// One a sale.
    pub lines: BTreeMap<SaleId, Line>,
    /// How many numbers were handed out.
    pub issued: BTreeMap<(SaleId, Group), u64>,
    /// One a user and sale.
    pub places: BTreeMap<BuyerKey, Place>,
    /// Who is called and has come.
    pub door: BTreeMap<BuyerKey, Claim>,
    /// Who was admitted, in their order.
    pub log: Vec<Admitted>,
}

/// What came of coming to the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// They are admitted.
    Admitted(Buyer),
    /// They stand at the door.
    AtDoor,
    /// The call has lapsed, and they never came.
    Lapsed,
    /// The place has been used up.
    Used,
    /// An operator keeps them out.
    Barred,
}

impl Claimed {
    /// What the buyer's row says of a place, before the door is looked at.
    pub fn by(buyer: Option<&Buyer>, group: Group, number: QueueNumber, now: Instant) -> Option<Self> {
        let buyer = buyer?;
        if buyer.barred {
            Some(Self::Barred)
        } else if buyer.live_slot(now).is_some() {
            Some(Self::Admitted(*buyer))
        } else if buyer.has_used(group, number) {
            Some(Self::Used)
        } else {
            None
        }
    }
}

impl Rooms {
    /// Adds a line, if the sale has none.
    pub fn open_line(&mut self, line: Line) {
        self.lines.entry(line.sale).or_insert(line);
    }

    /// The place that somebody has, or a new one at the end; also if the place that they have is the one that is worth
    /// nothing any more.
    pub fn join(&mut self, key: BuyerKey, group: Group, worthless: Option<Place>) -> Place {
        if let Some(place) = self.places.get(&key).filter(|place| Some(**place) != worthless) {
            return *place;
        }
        let issued = self.issued.entry((key.sale, group)).or_default();
        *issued += 1;
        let number = QueueNumber::new(*issued).unwrap_or_else(|| unreachable!("it was just raised"));
        let place = Place { group, number };
        self.places.insert(key, place);
        place
    }

    /// Somebody who is called comes to the door, or is seen there again. Who has come before never lapses.
    pub fn claim(&mut self, books: &Books, claim: Claim, lapsed: bool) -> Claimed {
        let now = claim.seen_at;
        if let Some(known) = Claimed::by(books.buyers.get(&claim.key), claim.group, claim.number, now) {
            return known;
        }
        let Some(stands) = claim.after(self.door.get(&claim.key), lapsed) else { return Claimed::Lapsed };
        self.door.insert(claim.key, stands);
        Claimed::AtDoor
    }

    /// What a tick finds.
    pub fn floor(&self, books: &Books, sale: SaleId, stock: Stock, now: Instant) -> Option<Floor> {
        let line = self.lines.get(&sale)?;
        let now = now.max(line.last_tick);
        let groups = line.groups.len();
        let mut door = vec![Vec::new(); groups];
        let mut arrived = 0;
        for claim in self.door.values().filter(|claim| claim.key.sale == sale) {
            arrived += u64::from(claim.claimed_at > line.last_tick);
            if Tick::is_present(claim.seen_at, now) {
                door[claim.group.index()].push(*claim);
            }
        }
        let present = door.iter().map(|claims| claims.len() as u64).collect();
        for claims in &mut door {
            claims.sort_by_key(|claim| claim.rank);
            claims.truncate(Tick::BATCH);
        }
        let issued = Group::all(groups).map(|group| self.issued.get(&(sale, group)).copied().unwrap_or(0)).collect();
        let admissions = books.admissions.values().filter(|admission| admission.key.sale == sale).copied().collect();
        Some(Floor { admissions, door, present, arrived, issued, stock, turned_away: false })
    }

    /// One tick, whole.
    pub fn tick(
        &mut self,
        books: &mut Books,
        sale: &Sale,
        session: Duration,
        stock: Stock,
        now: Instant,
    ) -> Result<(), Conflict> {
        let (Some(floor), Some(line)) = (self.floor(books, sale.id, stock, now), self.lines.get(&sale.id)) else {
            return Ok(());
        };
        let tick = Tick::plan(line, sale, session, &floor, now);
        let locked = tick.buyers().into_iter().map(|key| (key, books.buyers.get(&key).copied())).collect();
        self.store(books, tick.carry_out(&locked))
    }

    /// Writes what a tick has done: all of it, or nothing if a row has moved on since it was read.
    pub fn store(&mut self, books: &mut Books, ticked: Ticked) -> Result<(), Conflict> {
        let line = ticked.line.row;
        if self.lines.get(&line.sale).map(|line| line.version) != ticked.line.read {
            return Err(Conflict(format!("line {}", line.sale)));
        }
        let moved =
            ticked.buyers.iter().find(|write| books.buyers.get(&write.row.key).map(Record::version) != write.read);
        if let Some(write) = moved {
            return Err(Conflict(format!("{:?}", write.row.key)));
        }
        self.lines.insert(line.sale, line);
        books.buyers.extend(ticked.buyers.into_iter().map(|write| (write.row.key, write.row)));
        for key in &ticked.ended {
            books.admissions.remove(key);
        }
        let taken = ticked.extended.into_iter().chain(ticked.admitted);
        books.admissions.extend(taken.map(|admission| (admission.key, admission)));
        for key in &ticked.left_door {
            self.door.remove(key);
        }
        self.log.extend(ticked.log);
        Ok(())
    }
}
