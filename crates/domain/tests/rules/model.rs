//! The rules once more, as simply as can be, to hold the real ones against: who has which seat, who has how many points.

use frontrow_domain::*;
use std::collections::{BTreeMap, HashMap};

/// What a wallet can hold.
const MAX: i64 = 9_007_199_254_740_991;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Held,
    Expired,
    Paid,
    Ended,
}

#[derive(Clone, Debug)]
struct Booking {
    user: UserId,
    sale: SaleId,
    /// Those that it still has, and what each of them costs.
    seats: BTreeMap<SeatKey, i64>,
    until: Instant,
    late: Instant,
    cancel: Instant,
    status: Status,
}

impl Booking {
    fn amount(&self) -> i64 {
        self.seats.values().sum()
    }

    fn counts(&self, now: Instant) -> bool {
        self.status == Status::Paid || (self.status == Status::Held && now < self.until + TAKEOVER_GRACE)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charged {
    Pending,
    Owed,
    Over,
}

#[derive(Clone, Copy, Debug)]
enum Owner {
    Holder(ReservationId, Instant),
    Buyer,
}

/// What the model expects of a command: done, a repetition, or refused for a reason of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    Done(&'static str),
    Again,
    Refused(&'static str),
}

#[derive(Default)]
pub struct Model {
    owners: HashMap<SeatKey, Owner>,
    bookings: HashMap<ReservationId, Booking>,
    charges: HashMap<PaymentId, (UserId, i64, Charged)>,
    points: HashMap<UserId, i64>,
    keys: HashMap<CommandKey, [u8; 32]>,
}

impl Model {
    pub fn points(&self, user: UserId) -> i64 {
        self.points.get(&user).copied().unwrap_or(0)
    }

    pub fn users(&self) -> impl Iterator<Item = UserId> {
        self.points.keys().copied()
    }

    /// Seats that somebody has paid for in a sale.
    pub fn paid_by(&self, buyer: BuyerKey) -> usize {
        let theirs = self.bookings.values().filter(|b| b.user == buyer.user && b.sale == buyer.sale);
        theirs.filter(|b| b.status == Status::Paid).map(|b| b.seats.len()).sum()
    }

    /// What is to come of the command; and lets it come.
    pub fn run(&mut self, command: &Command, now: Instant) -> Expected {
        if let Some(hash) = command.key.as_ref().and_then(|key| self.keys.get(key)) {
            return if *hash == command.request_hash { Expected::Again } else { Expected::Refused("key") };
        }
        let expected = match &command.operation {
            Operation::Hold(hold) => self.hold(hold, now),
            Operation::HoldBest(best) => self.hold_best(best, now),
            Operation::Pay(pay) => self.pay(pay, now),
            Operation::Release(release) => self.release(release.reservation),
            Operation::Cancel(cancel) => {
                let promised = self.bookings.get(&cancel.reservation).map_or(cancel.terms.cancel_until, |b| b.cancel);
                let too_late = (promised.max(cancel.terms.cancel_until) <= now).then_some("deadline");
                let begun = (cancel.terms.bookable.starts_at <= now).then_some("begun");
                self.give_back(cancel, begun.or(too_late))
            }
            Operation::Refund(refund) => self.give_back(&refund.cancel, None),
            Operation::Expire(expire) => self.expire(expire.reservation, now),
            Operation::Charge(charge) => self.charge(charge),
            Operation::Settle(settle) => self.settle(settle),
            elsewhere => unreachable!("{} is no part of this simulation", elsewhere.name()),
        };
        if let (Expected::Done(_), Some(key)) = (expected, &command.key) {
            self.keys.insert(key.clone(), command.request_hash);
        }
        expected
    }

    fn free(&self, seat: &SeatKey, now: Instant) -> bool {
        match self.owners.get(seat) {
            None => true,
            Some(Owner::Holder(_, until)) => *until + TAKEOVER_GRACE <= now,
            Some(Owner::Buyer) => false,
        }
    }

    fn seats_of(&self, user: UserId, sale: SaleId, now: Instant) -> usize {
        let theirs = self.bookings.values().filter(|b| b.user == user && b.sale == sale);
        theirs.filter(|b| b.counts(now)).map(|b| b.seats.len()).sum()
    }

    fn hold(&mut self, hold: &Hold, now: Instant) -> Expected {
        let key = |number| SeatKey { performance: hold.performance, number };
        let cost = |line_item: &LineItem| (key(line_item.seat), line_item.paid.amount());
        let seats: BTreeMap<SeatKey, i64> = hold.line_items.iter().map(cost).collect();
        if let Some(refused) = self.refuses(&hold.terms, hold.user, seats.len(), now) {
            return refused;
        }
        if seats.keys().any(|seat| !self.free(seat, now)) {
            return Expected::Refused("taken");
        }
        let took_over = seats.keys().any(|seat| self.owners.contains_key(seat));
        self.book(hold.reservation, hold.user, &hold.terms, seats, now);
        Expected::Done(if took_over { "takeover" } else { "hold" })
    }

    fn hold_best(&mut self, best: &HoldBest, now: Instant) -> Expected {
        let count = best.count as usize;
        if let Some(refused) = self.refuses(&best.terms, best.user, count, now) {
            return refused;
        }
        let key = |number: &SeatNumber| SeatKey { performance: best.performance, number: *number };
        let free: Vec<SeatKey> = best.blocks.iter().flatten().map(key).filter(|seat| self.free(seat, now)).collect();
        let seen = if best.wait { free.len() } else { free.len().min(2 * count) };
        let whole = |block: &&Block| block.iter().all(|number| free[..seen].contains(&key(number)));
        let Some(block) = best.blocks.iter().find(whole) else { return Expected::Refused("gone") };
        let seats = block.iter().map(|number| (key(number), best.line_item.paid.amount())).collect();
        self.book(best.reservation, best.user, &best.terms, seats, now);
        Expected::Done("best")
    }

    fn refuses(&self, terms: &SaleTerms, user: UserId, asked: usize, now: Instant) -> Option<Expected> {
        if terms.bookable.sold_until <= now {
            return Some(Expected::Refused("begun"));
        }
        if now < terms.opens || terms.closes <= now {
            return Some(Expected::Refused("sale"));
        }
        let too_many = self.seats_of(user, terms.sale, now) + asked > terms.limit_per_person as usize;
        too_many.then_some(Expected::Refused("limit"))
    }

    fn book(
        &mut self,
        id: ReservationId,
        user: UserId,
        terms: &SaleTerms,
        seats: BTreeMap<SeatKey, i64>,
        now: Instant,
    ) {
        let late = terms.pay_until.min(terms.bookable.sold_until);
        let until = (now + terms.hold_duration).min(late);
        for seat in seats.keys() {
            self.owners.insert(*seat, Owner::Holder(id, until));
        }
        let cancel = terms.cancel_until;
        let booking = Booking { user, sale: terms.sale, seats, until, late, cancel, status: Status::Held };
        self.bookings.insert(id, booking);
    }

    fn pay(&mut self, pay: &Pay, now: Instant) -> Expected {
        let booking = self.bookings[&pay.reservation].clone();
        match booking.status {
            Status::Paid => return Expected::Refused("paid"),
            Status::Ended => return Expected::Refused("ended"),
            Status::Held | Status::Expired => {}
        }
        let late = booking.status == Status::Expired || booking.until <= now;
        let begun = pay.terms.bookable.sold_until <= now;
        let own =
            |seat: &SeatKey| matches!(self.owners.get(seat), Some(Owner::Holder(by, _)) if *by == pay.reservation);
        if booking.seats.keys().any(|seat| !own(seat) && !self.free(seat, now)) {
            return Expected::Refused("lapsed");
        }
        if begun {
            return Expected::Refused("begun");
        }
        let extended = pay.terms.pay_until.min(pay.terms.bookable.sold_until);
        if late && booking.late.max(extended) <= now {
            return Expected::Refused("lapsed");
        }
        let own_seats = if booking.counts(now) { booking.seats.len() } else { 0 };
        let others = self.seats_of(booking.user, booking.sale, now) - own_seats;
        if late && others + booking.seats.len() > pay.terms.limit_per_person as usize {
            return Expected::Refused("limit");
        }
        if self.points(booking.user) < booking.amount() {
            return Expected::Refused("points");
        }
        *self.points.entry(booking.user).or_default() -= booking.amount();
        for seat in booking.seats.keys() {
            self.owners.insert(*seat, Owner::Buyer);
        }
        self.set(pay.reservation, Status::Paid);
        Expected::Done(if late { "late" } else { "pay" })
    }

    fn release(&mut self, id: ReservationId) -> Expected {
        let booking = self.bookings[&id].clone();
        match booking.status {
            Status::Paid => return Expected::Refused("paid"),
            // Released, or cancelled: the real one tells them apart.
            Status::Ended => return Expected::Again,
            Status::Held | Status::Expired => {}
        }
        for seat in booking.seats.keys() {
            if matches!(self.owners.get(seat), Some(Owner::Holder(by, _)) if *by == id) {
                self.owners.remove(seat);
            }
        }
        self.set(id, Status::Ended);
        Expected::Done("release")
    }

    fn give_back(&mut self, cancel: &Cancel, too_late: Option<&'static str>) -> Expected {
        let id = cancel.reservation;
        let mut booking = self.bookings[&id].clone();
        match booking.status {
            Status::Paid => {
                if let Some(why) = too_late {
                    return Expected::Refused(why);
                }
            }
            Status::Ended => return Expected::Refused("ended"),
            Status::Held | Status::Expired => return Expected::Refused("unpaid"),
        }
        let key = |number: &SeatNumber| SeatKey { performance: cancel.performance, number: *number };
        let all = || booking.seats.keys().copied().collect();
        let wanted: Vec<SeatKey> = cancel.returned.as_ref().map_or_else(all, |seats| seats.iter().map(key).collect());
        let costs: Option<Vec<i64>> = wanted.iter().map(|seat| booking.seats.remove(seat)).collect();
        let Some(costs) = costs else { return Expected::Refused("returned") };
        let amount: i64 = costs.iter().sum();
        if self.points(booking.user) + self.pending(booking.user) + amount > MAX {
            return Expected::Refused("room");
        }
        *self.points.entry(booking.user).or_default() += amount;
        for seat in &wanted {
            self.owners.remove(seat);
        }
        if booking.seats.is_empty() {
            self.set(id, Status::Ended);
            return Expected::Done("give back");
        }
        self.bookings.insert(id, booking);
        Expected::Done("give some back")
    }

    fn expire(&mut self, id: ReservationId, now: Instant) -> Expected {
        let booking = &self.bookings[&id];
        if booking.status != Status::Held || now < booking.until {
            return Expected::Again;
        }
        self.set(id, Status::Expired);
        Expected::Done("expire")
    }

    fn settle(&mut self, settle: &Settle) -> Expected {
        let Some((user, amount, state)) = self.charges.get_mut(&settle.payment) else {
            return Expected::Refused("charge");
        };
        let balance = self.points.entry(*user).or_default();
        match (*state, &settle.settlement) {
            (Charged::Pending, Settlement::Accepted { .. }) if *balance + *amount > MAX => {
                *state = Charged::Owed;
                return Expected::Done("owe");
            }
            (Charged::Pending, Settlement::Accepted { .. }) => *balance += *amount,
            (Charged::Pending, Settlement::Declined) => {}
            (Charged::Owed, Settlement::Returned) => {
                *state = Charged::Over;
                return Expected::Done("return");
            }
            _ => return Expected::Again,
        }
        *state = Charged::Over;
        Expected::Done("settle")
    }

    fn charge(&mut self, charge: &Charge) -> Expected {
        let amount = charge.amount.amount();
        if !(1..=10_000_000).contains(&amount) {
            return Expected::Refused("bounds");
        }
        if self.points(charge.user) + self.pending(charge.user) + amount > MAX {
            return Expected::Refused("room");
        }
        self.begun(charge.payment, charge.user, amount);
        Expected::Done("charge")
    }

    /// A charge is pending, whether there was room for it or not.
    pub fn begun(&mut self, payment: PaymentId, user: UserId, amount: i64) {
        self.charges.insert(payment, (user, amount, Charged::Pending));
    }

    /// Somebody has so many points, wherever they come from.
    pub fn enrich(&mut self, user: UserId, amount: i64) {
        self.points.insert(user, amount);
    }

    fn pending(&self, user: UserId) -> i64 {
        let theirs = self.charges.values().filter(|(of, _, state)| *of == user && *state == Charged::Pending);
        theirs.map(|(_, amount, _)| amount).sum()
    }

    /// Charges whose money is to be given back.
    pub fn owed(&self) -> usize {
        self.charges.values().filter(|(.., state)| *state == Charged::Owed).count()
    }

    fn set(&mut self, id: ReservationId, status: Status) {
        if let Some(booking) = self.bookings.get_mut(&id) {
            booking.status = status;
        }
    }
}

/// The name of a real rejection.
pub fn name(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::KeyReused => "key",
        Rejection::SaleNotOpen { .. } | Rejection::SaleClosed { .. } => "sale",
        Rejection::LimitReached { .. } => "limit",
        Rejection::SeatsTaken { .. } => "taken",
        Rejection::AlreadyPaid => "paid",
        Rejection::ReservationEnded(_) => "ended",
        Rejection::HoldLapsed { .. } => "lapsed",
        Rejection::BalanceTooLow { .. } => "points",
        Rejection::NotPaid => "unpaid",
        Rejection::SeatsReturned { .. } => "returned",
        Rejection::TooLateToCancel { .. } => "deadline",
        Rejection::PaymentUnknown => "charge",
        Rejection::NotBookable(NotBookable::Begun { .. }) => "begun",
        Rejection::BalanceTooHigh => "room",
        Rejection::ChargeOutOfRange => "bounds",
        Rejection::NotAdmitted | Rejection::AdmissionEnded | Rejection::Barred => "admission",
        Rejection::SeatsUnknown(_) | Rejection::ReservationUnknown | Rejection::NotBookable(_) => "never",
    }
}
