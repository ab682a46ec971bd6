//! Whether what was answered to everybody is what could have happened: one thing after the other, each at some moment of
//! the time for which its answer was waited for.

use crate::driver::{CUSTOMERS, Show, TestAccounts};
use crate::records::{Answer, Asked, Record, Seats, look_up, number};
use crate::test_server::{TestServer, until};
use anyhow::{Context, Result, bail, ensure};
use frontrow_domain::{Instant, ReservationId, TAKEOVER_GRACE};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How the performance is sold.
#[derive(Clone, Copy)]
pub struct Terms {
    pub seats: usize,
    pub price: i64,
    pub limit: usize,
}

/// How late an instance may know that seats have come free at another one.
const LATE: Duration = Duration::from_millis(250);

/// All that happened.
pub struct History {
    terms: Terms,
    lives: BTreeMap<ReservationId, Life>,
    /// The owners of each seat, in the order in which they got it.
    owners: Vec<Vec<Spell>>,
}

/// What became of a reservation.
struct Life {
    customer: usize,
    seats: Seats,
    held: Instant,
    until: Instant,
    paid: Option<Instant>,
    end: Option<End>,
}

/// A moment as far as it is known.
#[derive(Clone, Copy, Debug)]
struct End {
    earliest: Instant,
    latest: Instant,
    /// From then on everybody sees it, even readers that take no lock.
    seen: Instant,
}

/// For how long somebody had something.
#[derive(Clone, Copy, Debug)]
struct Spell {
    owner: ReservationId,
    from: Instant,
    end: End,
}

/// How much of what a history has to have was in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub paid_late: usize,
    pub taken_over: usize,
    pub refused_late: usize,
    pub seats_taken: usize,
    pub limit_reached: usize,
    pub nothing_left: usize,
    pub busy: usize,
}

/// Whether all answers together are possible, and lead to the final state.
pub async fn judge(server: &TestServer, show: Show, terms: Terms, mut records: Vec<Record>) -> Result<Seen> {
    look_up(server, &mut records).await?;
    let history = History::of(terms, &records)?;
    let seen = history.explain(&records)?;
    eprintln!("{} answers: {seen:?}", records.len());
    let left = u64::try_from(terms.seats - history.sold())?;
    until("all holds have lapsed", async || Ok((server.stranger()?.available(show).await? == left).then_some(())))
        .await?;
    for customer in 0..CUSTOMERS {
        let (balance, points) = (server.customer(customer)?.balance().await?, history.points(customer, &records)?);
        ensure!(balance == points, "customer {customer} has {balance} points instead of {points}");
    }
    Ok(seen)
}

const NEVER: Instant = Instant::from_micros(i64::MAX);

impl End {
    const fn at(moment: Instant) -> Self {
        Self { earliest: moment, latest: moment, seen: moment }
    }

    fn or(self, other: Self) -> Self {
        Self {
            earliest: self.earliest.min(other.earliest),
            latest: self.latest.min(other.latest),
            seen: self.seen.min(other.seen),
        }
    }
}

impl Spell {
    fn certainly(&self, at: Instant) -> bool {
        self.from < at && at < self.end.earliest
    }

    fn possibly(&self, at: Instant) -> bool {
        self.from <= at && at <= self.end.latest
    }
}

impl Life {
    /// From being held until the end, with a gap if it lapsed and was paid late.
    fn spells(&self, owner: ReservationId, lapse: End) -> Vec<Spell> {
        let end = self.end.unwrap_or(End::at(NEVER));
        match self.paid {
            None => vec![Spell { owner, from: self.held, end: end.or(lapse) }],
            Some(paid) if paid < lapse.earliest => vec![Spell { owner, from: self.held, end }],
            Some(paid) => vec![Spell { owner, from: self.held, end: lapse }, Spell { owner, from: paid, end }],
        }
    }

    /// When nobody else could have its seats.
    fn has_seats(&self, owner: ReservationId) -> Vec<Spell> {
        self.spells(owner, End::at(self.until + TAKEOVER_GRACE))
    }

    /// When its seats count against the limit; it may stop at any moment between its lapse and the takeover.
    fn counts(&self, owner: ReservationId) -> Vec<Spell> {
        let free = self.until + TAKEOVER_GRACE;
        self.spells(owner, End { earliest: self.until, latest: free, seen: free })
    }
}

impl History {
    /// Puts together what succeeded, and checks that it was possible.
    pub fn of(terms: Terms, records: &[Record]) -> Result<Self> {
        let mut lives = BTreeMap::new();
        for record in records {
            if let (Answer::Held { id, seats, until }, Some(at)) = (&record.answer, record.at) {
                wished(record, seats).with_context(|| format!("{record:?}"))?;
                let life = Life {
                    customer: record.customer,
                    seats: seats.clone(),
                    held: at,
                    until: *until,
                    paid: None,
                    end: None,
                };
                ensure!(lives.insert(*id, life).is_none(), "it was there before: {record:?}");
            }
        }
        for record in records.iter().filter(|record| matches!(record.answer, Answer::Done)) {
            went_on(&mut lives, record).with_context(|| format!("{record:?}"))?;
        }
        let mut owners = vec![Vec::new(); terms.seats];
        for (id, life) in &lives {
            for seat in &life.seats {
                owners.get_mut(*seat).context("no such seat")?.extend(life.has_seats(*id));
            }
        }
        for spells in &mut owners {
            spells.sort_by_key(|spell| spell.from);
        }
        let history = Self { terms, lives, owners };
        history.nobody_shares()?;
        history.nobody_exceeds()?;
        Ok(history)
    }

    /// No seat has two owners at a time.
    fn nobody_shares(&self) -> Result<()> {
        for (seat, spells) in self.owners.iter().enumerate() {
            let mut last: Option<&Spell> = None;
            for spell in spells {
                if let Some(before) = last {
                    ensure!(before.end.earliest <= spell.from, "seat {seat} has two owners: {before:?} and {spell:?}");
                }
                if last.is_none_or(|last| last.end.earliest < spell.end.earliest) {
                    last = Some(spell);
                }
            }
        }
        Ok(())
    }

    /// Nobody has more seats than the sale allows, when they hold some or pay late.
    fn nobody_exceeds(&self) -> Result<()> {
        for (id, life) in &self.lives {
            let late = life.paid.filter(|paid| life.until <= *paid);
            for moment in [Some(life.held), late].into_iter().flatten() {
                let used = self.used(life.customer, Some(*id), moment, Spell::certainly);
                let all = used + life.seats.len();
                ensure!(all <= self.terms.limit, "customer {} has {all} seats at {moment:?}: {id}", life.customer);
            }
        }
        Ok(())
    }

    fn used(
        &self,
        customer: usize,
        without: Option<ReservationId>,
        at: Instant,
        counts: fn(&Spell, Instant) -> bool,
    ) -> usize {
        let theirs = self.lives.iter().filter(|(id, life)| life.customer == customer && Some(**id) != without);
        let counted = theirs.filter(|(id, life)| life.counts(**id).iter().any(|spell| counts(spell, at)));
        counted.map(|(_, life)| life.seats.len()).sum()
    }

    /// Every refusal was right at some moment at which it may have been decided.
    pub fn explain(&self, records: &[Record]) -> Result<Seen> {
        let mut seen = Seen::default();
        for record in records {
            if let Answer::Refused { problem, body } = &record.answer {
                self.explain_one(record, problem, body, &mut seen).with_context(|| format!("{record:?}"))?;
            }
        }
        for life in self.lives.values() {
            seen.paid_late += usize::from(life.paid.is_some_and(|paid| life.until <= paid));
        }
        let late = |spell: &Spell| {
            self.lives.get(&spell.owner).is_some_and(|life| spell.end.earliest == life.until + TAKEOVER_GRACE)
        };
        for spells in &self.owners {
            seen.taken_over += spells.windows(2).filter(|two| late(&two[0]) && two[0].owner != two[1].owner).count();
        }
        Ok(seen)
    }

    fn explain_one(&self, record: &Record, problem: &str, body: &Value, seen: &mut Seen) -> Result<()> {
        match (problem, &record.asked) {
            ("seats-taken", Asked::Hold(asked)) => {
                seen.seats_taken += 1;
                self.were_taken(record, asked, body)
            }
            ("limit-reached", Asked::Hold(asked)) => {
                seen.limit_reached += 1;
                self.was_at_the_limit(record, None, asked.len(), body)
            }
            ("limit-reached", Asked::Best(count)) => {
                seen.limit_reached += 1;
                self.was_at_the_limit(record, None, *count, body)
            }
            ("limit-reached", Asked::Pay(id)) => {
                seen.refused_late += 1;
                let life = self.lives.get(id).context("nobody has it")?;
                ensure!(life.until <= record.to, "it has not lapsed");
                self.was_at_the_limit(record, Some(*id), life.seats.len(), body)
            }
            ("hold-lapsed", Asked::Pay(id)) => {
                seen.refused_late += 1;
                let life = self.lives.get(id).context("nobody has it")?;
                let others = life.seats.iter().flat_map(|seat| &self.owners[*seat]).filter(|spell| spell.owner != *id);
                let in_the_way = others.filter(|spell| spell.from <= record.to && record.from <= spell.end.latest);
                ensure!(in_the_way.count() > 0, "nobody else had any of its seats");
                Ok(())
            }
            ("sold-out", Asked::Best(_)) => {
                seen.nothing_left += 1;
                self.had_no_block(record, 1)
            }
            ("not-together", Asked::Best(count)) => {
                seen.nothing_left += 1;
                self.had_no_block(record, *count)
            }
            ("busy", Asked::Best(_)) => {
                seen.busy += 1;
                Ok(())
            }
            _ => bail!("there is no reason for it"),
        }
    }

    /// At some moment all seats that were named were somebody's, and all others that were asked for nobody's.
    fn were_taken(&self, record: &Record, asked: &Seats, body: &Value) -> Result<()> {
        let named = body["seats"].as_array().context("no seats are named")?;
        let named: Seats = named.iter().map(number).collect::<Result<_>>()?;
        ensure!(!named.is_empty() && named.is_subset(asked), "other seats are named");
        let spells = || asked.iter().flat_map(|seat| &self.owners[*seat]);
        let explains = |at: Instant| {
            asked.iter().all(|seat| {
                let mut spells = self.owners[*seat].iter();
                if named.contains(seat) {
                    spells.any(|spell| spell.possibly(at))
                } else {
                    !spells.any(|spell| spell.certainly(at))
                }
            })
        };
        let moments = spells().flat_map(|spell| [spell.from, spell.end.earliest]);
        ensure!(moments_of(record, moments).any(explains), "there was no moment at which just these were taken");
        Ok(())
    }

    fn was_at_the_limit(
        &self,
        record: &Record,
        without: Option<ReservationId>,
        asked: usize,
        body: &Value,
    ) -> Result<()> {
        let number = |field: &str| body[field].as_u64().and_then(|n| usize::try_from(n).ok()).context("no number");
        let used = number("used")?;
        ensure!((number("limit")?, number("asked")?) == (self.terms.limit, asked), "it is about something else");
        ensure!(used + asked > self.terms.limit, "it is below the limit");
        let theirs = self.lives.iter().filter(|(_, life)| life.customer == record.customer);
        let spells: Vec<Spell> = theirs.flat_map(|(id, life)| life.counts(*id)).collect();
        let moments = spells.iter().flat_map(|spell| [spell.from, spell.end.earliest]);
        let explains = |at| {
            let least = self.used(record.customer, without, at, Spell::certainly);
            let most = self.used(record.customer, without, at, Spell::possibly);
            (least..=most).contains(&used)
        };
        ensure!(moments_of(record, moments).any(explains), "there was no moment at which they used {used}");
        Ok(())
    }

    /// Not that many adjacent seats were available all the time from shortly before the request until its answer. What an
    /// instance has done itself it knows at once, what came free elsewhere a little later. What it knows need not have been
    /// true at one moment: one pair may have come free elsewhere just before the last one that it knew of was taken here.
    fn had_no_block(&self, record: &Record, count: usize) -> Result<()> {
        let since = record.from - LATE;
        let taken = |seat: &Vec<Spell>| seat.iter().any(|spell| spell.from <= record.to && since <= spell.end.seen);
        let mut blocks = self.owners.chunks(100).flat_map(|row| row.windows(count));
        ensure!(blocks.all(|block| block.iter().any(taken)), "{count} seats could be had all the time");
        Ok(())
    }

    /// How many seats are sold in the end.
    pub fn sold(&self) -> usize {
        self.owners.iter().flatten().filter(|spell| spell.end.earliest == NEVER).count()
    }

    /// What the customer has in the end.
    pub fn points(&self, customer: usize, records: &[Record]) -> Result<i64> {
        let mut points = TestAccounts::POINTS;
        for record in records.iter().filter(|record| record.customer == customer) {
            let (Asked::Charge(amount), Answer::Done) = (&record.asked, &record.answer) else { continue };
            points += amount;
        }
        let theirs = self.lives.values().filter(|life| life.customer == customer);
        for life in theirs.filter(|life| life.paid.is_some() && life.end.is_none()) {
            points -= self.terms.price * i64::try_from(life.seats.len())?;
        }
        Ok(points)
    }
}

/// The first moment of the record, and those others that are in it: between two of them nothing becomes true.
fn moments_of(record: &Record, others: impl Iterator<Item = Instant>) -> impl Iterator<Item = Instant> {
    let others: BTreeSet<Instant> = others.filter(|at| record.from <= *at && *at <= record.to).collect();
    std::iter::once(record.from).chain(others)
}

/// They got what they had asked for.
fn wished(record: &Record, seats: &Seats) -> Result<()> {
    let fits = match &record.asked {
        Asked::Hold(asked) => asked == seats,
        Asked::Best(count) => {
            let (first, last) = (seats.first().context("no seats")?, seats.last().context("no seats")?);
            seats.len() == *count && last - first + 1 == *count && first / 100 == last / 100
        }
        _ => false,
    };
    ensure!(fits, "these are other seats");
    Ok(())
}

/// Paid, released, cancelled: each once, by whom it belongs to, in this order.
fn went_on(lives: &mut BTreeMap<ReservationId, Life>, record: &Record) -> Result<()> {
    let (Asked::Pay(id) | Asked::Release(id) | Asked::Cancel(id)) = record.asked else { return Ok(()) };
    let life = lives.get_mut(&id).context("nobody has held it")?;
    ensure!(life.customer == record.customer, "it is somebody else's");
    match (&record.asked, record.at) {
        (Asked::Pay(_), Some(at)) => {
            ensure!(life.held <= at && life.paid.replace(at).is_none(), "it can't be paid");
        }
        (Asked::Cancel(_), Some(at)) => {
            let end = End { seen: record.to, ..End::at(at) };
            ensure!(life.paid.is_some_and(|paid| paid <= at), "it is not paid");
            ensure!(life.end.replace(end).is_none(), "it has ended before");
        }
        (Asked::Release(_), None) => {
            let end = End { earliest: record.from, latest: record.to, seen: record.to };
            ensure!(life.paid.is_none() && life.end.replace(end).is_none(), "it can't be released");
        }
        _ => bail!("nobody knows when it happened"),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
