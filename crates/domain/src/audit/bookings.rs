//! Whether the books are right.

use super::{Finding, Rule};
use crate::booking::{Reservation, ReservationState, SeatKey, SeatState, TicketKey};
use crate::catalogue::SeatNumber;
use crate::id::{PerformanceId, ReservationId, SaleId, UserId};
use crate::in_memory::BookingState;
use crate::money::{AccountId, Payment, PaymentKind, PaymentState, Points};
use crate::time::Instant;

use std::collections::{BTreeMap, BTreeSet};

/// The ids of everything that the books may point to.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// All performances.
    pub performances: BTreeSet<PerformanceId>,
    /// All sales.
    pub sales: BTreeSet<SaleId>,
    /// All users.
    pub users: BTreeSet<UserId>,
    /// Performances that were cancelled, and of which nobody is being given money back (any more).
    pub settled: BTreeSet<PerformanceId>,
}

/// Everything that is wrong with the books, sorted; nothing if they are right. `bookings` has to be one snapshot. (A
/// negative balance can't even be read into a [`Wallet`](crate::Wallet); stores report that one themselves.)
pub fn audit(bookings: &BookingState, catalogue: &Catalogue, now: Instant) -> Vec<Finding> {
    let mut audit = Audit { bookings, catalogue, findings: Vec::new() };
    audit.check_sold_once();
    audit.check_seats();
    audit.check_tickets();
    audit.check_wallets();
    audit.check_charges();
    audit.check_payments();
    audit.check_cancelled();
    audit.check_lapsed(now);
    audit.check_orphans();
    audit.findings.sort();
    audit.findings
}

struct Audit<'a> {
    bookings: &'a BookingState,
    catalogue: &'a Catalogue,
    findings: Vec<Finding>,
}

impl<'a> Audit<'a> {
    fn report(&mut self, rule: Rule, row: impl Into<String>) {
        self.findings.push(Finding { rule, row: row.into() });
    }

    fn unless(&mut self, fine: bool, rule: Rule, row: impl FnOnce() -> String) {
        if !fine {
            self.report(rule, row());
        }
    }

    fn confirmed(&self) -> impl Iterator<Item = &'a Reservation> + use<'a> {
        self.bookings.reservations.values().filter(|r| r.state == ReservationState::Confirmed)
    }

    fn check_sold_once(&mut self) {
        let mut owners: BTreeMap<SeatKey, Vec<ReservationId>> = BTreeMap::new();
        for reservation in self.confirmed() {
            reservation.seat_keys_left().for_each(|seat| owners.entry(seat).or_default().push(reservation.id));
        }
        for (seat, owners) in owners.into_iter().filter(|(_, owners)| owners.len() > 1) {
            self.report(Rule::SoldOnce, format!("{} is sold to {owners:?}", name(seat)));
        }
        let mut valid: BTreeMap<SeatKey, u32> = BTreeMap::new();
        for ticket in self.bookings.tickets.values().filter(|ticket| ticket.valid) {
            *valid.entry(ticket.key.seat).or_default() += 1;
        }
        for (seat, count) in valid.into_iter().filter(|(_, count)| *count > 1) {
            self.report(Rule::SoldOnce, format!("{} has {count} valid tickets", name(seat)));
        }
    }

    fn check_seats(&mut self) {
        let rule = Rule::SeatsTicketsReservations;
        for reservation in self.confirmed() {
            for key in reservation.seat_keys_left() {
                let state = self.bookings.seats.get(&key).map(|seat| seat.state);
                let sold = state == Some(SeatState::Sold { to: reservation.id });
                self.unless(sold, rule, || format!("{} is confirmed, {} is {state:?}", reservation.id, name(key)));
            }
        }
        for seat in self.bookings.seats.values() {
            let SeatState::Sold { to } = seat.state else { continue };
            let owner = self.bookings.reservations.get(&to);
            let confirmed = owner.is_some_and(|r| {
                r.state == ReservationState::Confirmed && r.seat_keys_left().any(|key| key == seat.key)
            });
            self.unless(confirmed, rule, || format!("{} is sold to {to}, which has not bought it", name(seat.key)));
            let ticket = self.bookings.tickets.get(&TicketKey { seat: seat.key, version: seat.version });
            let valid = ticket.is_some_and(|ticket| ticket.valid && ticket.reservation == to);
            self.unless(valid, rule, || format!("{} is sold to {to} without a valid ticket", name(seat.key)));
        }
    }

    fn check_tickets(&mut self) {
        for ticket in self.bookings.tickets.values().filter(|ticket| ticket.valid) {
            let seat = self.bookings.seats.get(&ticket.key.seat);
            let sold = seat.is_some_and(|seat| {
                seat.version == ticket.key.version && seat.state == SeatState::Sold { to: ticket.reservation }
            });
            self.unless(sold, Rule::SeatsTicketsReservations, || {
                format!(
                    "ticket {} version {} is valid, its seat is not sold",
                    name(ticket.key.seat),
                    ticket.key.version.get()
                )
            });
        }
    }

    fn check_wallets(&mut self) {
        let mut sums: BTreeMap<UserId, i128> = BTreeMap::new();
        for transfer in self.bookings.transfers.values() {
            if let AccountId::Wallet(user) = transfer.debit {
                *sums.entry(user).or_default() -= i128::from(transfer.amount.amount());
            }
            if let AccountId::Wallet(user) = transfer.credit {
                *sums.entry(user).or_default() += i128::from(transfer.amount.amount());
            }
        }
        for user in self.bookings.wallets.keys() {
            sums.entry(*user).or_default();
        }
        for (user, sum) in sums {
            let balance = self.bookings.wallets.get(&user).map_or(Points::ZERO, |wallet| wallet.balance);
            self.unless(i128::from(balance.amount()) == sum, Rule::WalletEqualsTransfers, || {
                format!("wallet {user} has {balance}, its transfers make {sum}")
            });
        }
    }

    fn check_charges(&mut self) {
        let mut pending: BTreeMap<UserId, i128> = self.bookings.wallets.keys().map(|user| (*user, 0)).collect();
        for payment in self.bookings.payments.values() {
            match payment.state {
                PaymentState::Pending => {
                    *pending.entry(payment.user).or_default() += i128::from(payment.amount.amount());
                }
                PaymentState::Returning => self.report(Rule::ChargesCredited, {
                    let Payment { id, amount, user, provider, .. } = payment;
                    format!(
                        "{provider} took {amount} for charge {id}, wallet {user} had no room, and they are not back"
                    )
                }),
                _ => {}
            }
        }
        for (user, sum) in pending {
            let kept = self.bookings.wallets.get(&user).map_or(Points::ZERO, |wallet| wallet.pending);
            // Charges from before wallets kept room may be more than any wallet can hold.
            let needed = sum.min(Points::MAX.amount().into());
            self.unless(i128::from(kept.amount()) == needed, Rule::RoomForCharges, || {
                format!("wallet {user} keeps room for {kept}, its pending charges make {sum}")
            });
        }
    }

    fn check_payments(&mut self) {
        let mut paid: BTreeMap<(ReservationId, PaymentKind), Vec<(u32, Points)>> = BTreeMap::new();
        for payment in self.bookings.payments.values().filter(|payment| payment.state == PaymentState::Succeeded) {
            if let Some(reservation) = payment.reservation {
                paid.entry((reservation, payment.kind)).or_default().push((payment.ordinal, payment.amount));
            }
        }
        for reservation in self.bookings.reservations.values() {
            let was_paid = reservation.state == ReservationState::Confirmed || reservation.state.is_given_back();
            let once = if was_paid { vec![reservation.amount] } else { Vec::new() };
            let refunds = reservation.refunds().into_iter().map(|refund| refund.amount).collect();
            for (kind, rule, amounts) in [
                (PaymentKind::Reservation, Rule::PaidOnce, once),
                (PaymentKind::Refund, Rule::RefundsEqualSeats, refunds),
            ] {
                let mut found = paid.remove(&(reservation.id, kind)).unwrap_or_default();
                found.sort_unstable();
                let expected: Vec<(u32, Points)> = (0..).zip(amounts).collect();
                self.unless(found == expected, rule, || {
                    let (id, state, kind) = (reservation.id, reservation.state.as_str(), kind.as_str());
                    format!("{id} is {state}, its payments of kind {kind} are {found:?} instead of {expected:?}")
                });
            }
            self.check_returned(reservation);
        }
        for (reservation, _) in paid.into_keys() {
            self.report(Rule::NoOrphans, format!("a payment is for {reservation}, which does not exist"));
        }
        self.check_transfers();
    }

    /// A payment that was begun before the cancellation may come a moment later: until then the performance owes money.
    fn check_cancelled(&mut self) {
        for seat in self.bookings.seats.values() {
            let SeatState::Sold { to } = seat.state else { continue };
            self.unless(!self.catalogue.settled.contains(&seat.key.performance), Rule::CancelledPaidBack, || {
                format!(
                    "{} is sold to {to}, though it does not take place and nobody gives the money back",
                    name(seat.key)
                )
            });
        }
    }

    /// Whether the seats that were returned one by one are seats of the reservation, each once, and others were kept.
    fn check_returned(&mut self, reservation: &Reservation) {
        let mut left: BTreeSet<SeatNumber> = reservation.seats().collect();
        let mut right = true;
        for returned in &reservation.returned {
            right &= !returned.seats.is_empty() && returned.seats.is_subset(&left);
            left.retain(|seat| !returned.seats.contains(seat));
        }
        let was_paid = reservation.state == ReservationState::Confirmed || reservation.state.is_given_back();
        right &= reservation.returned.is_empty() || (was_paid && !left.is_empty());
        self.unless(right, Rule::RefundsEqualSeats, || {
            format!("{} has returned {:?}, which it can't have", reservation.id, reservation.returned)
        });
    }

    fn check_transfers(&mut self) {
        let mut moved: BTreeMap<_, Vec<(AccountId, AccountId, Points)>> = BTreeMap::new();
        for transfer in self.bookings.transfers.values() {
            moved.entry(transfer.payment).or_default().push((transfer.debit, transfer.credit, transfer.amount));
        }
        for payment in self.bookings.payments.values() {
            let wallet = AccountId::Wallet(payment.user);
            let (debit, credit) = match payment.kind {
                PaymentKind::Reservation => (wallet, AccountId::Sales),
                PaymentKind::Refund => (AccountId::Sales, wallet),
                PaymentKind::Charge => (AccountId::Gateway, wallet),
            };
            let needed = payment.state == PaymentState::Succeeded && !payment.amount.is_zero();
            let expected = if needed { vec![(debit, credit, payment.amount)] } else { Vec::new() };
            let found = moved.remove(&payment.id).unwrap_or_default();
            self.unless(found == expected, Rule::PaidOnce, || {
                format!(
                    "payment {} is {} at {}, its transfers are {found:?}",
                    payment.id,
                    payment.state.as_str(),
                    payment.amount
                )
            });
        }
        for payment in moved.into_keys() {
            self.report(Rule::NoOrphans, format!("a transfer is for payment {payment}, which does not exist"));
        }
    }

    /// A hold ends when its reservation says, so its seats can be taken then; and no live hold has lost a seat.
    fn check_lapsed(&mut self, now: Instant) {
        for seat in self.bookings.seats.values() {
            let SeatState::Held { by, until } = seat.state else { continue };
            let right = self.bookings.reservations.get(&by).is_some_and(|r| {
                let unpaid = matches!(r.state, ReservationState::Held | ReservationState::Expired);
                unpaid && r.held_until == until && r.seat_keys().any(|key| key == seat.key)
            });
            self.unless(right, Rule::LapsedCanBeTaken, || {
                format!("{} is held by {by} until {}, which no hold says", name(seat.key), until.micros())
            });
        }
        for reservation in self.bookings.reservations.values() {
            if reservation.state != ReservationState::Held || reservation.has_lapsed(now) {
                continue;
            }
            for key in reservation.seat_keys() {
                let own = self.bookings.seats.get(&key).is_some_and(|seat| seat.state.is_held_by(reservation.id));
                self.unless(own, Rule::SeatsTicketsReservations, || {
                    format!("{} is held, {} does not point to it", reservation.id, name(key))
                });
            }
        }
    }

    fn check_orphans(&mut self) {
        let (bookings, catalogue) = (self.bookings, self.catalogue);
        let mut performances: BTreeSet<PerformanceId> = bookings.seats.keys().map(|key| key.performance).collect();
        performances.extend(bookings.reservations.values().map(|r| r.performance));
        for performance in performances.difference(&catalogue.performances) {
            self.report(Rule::NoOrphans, format!("performance {performance} does not exist"));
        }
        let buyers = || bookings.buyers.values().filter(|buyer| !buyer.is_blank()).map(|buyer| buyer.key);
        let mut sales: BTreeSet<SaleId> = buyers().map(|key| key.sale).collect();
        sales.extend(bookings.reservations.values().map(|r| r.sale));
        for sale in sales.difference(&catalogue.sales) {
            self.report(Rule::NoOrphans, format!("sale {sale} does not exist"));
        }
        let mut users: BTreeSet<UserId> = buyers().map(|key| key.user).collect();
        users.extend(bookings.wallets.keys());
        users.extend(bookings.reservations.values().map(|r| r.user));
        users.extend(bookings.payments.values().map(|p| p.user));
        for user in users.difference(&catalogue.users) {
            self.findings.push(Finding::missing_user(*user));
        }
        for reservation in bookings.reservations.values() {
            let known = bookings.buyers.contains_key(&reservation.buyer());
            self.unless(known, Rule::NoOrphans, || format!("{} has no buyer row", reservation.id));
        }
        for ticket in bookings.tickets.values() {
            let known = bookings.reservations.contains_key(&ticket.reservation);
            self.unless(known, Rule::NoOrphans, || format!("ticket {} has no reservation", name(ticket.key.seat)));
        }
    }
}

fn name(seat: SeatKey) -> String {
    format!("seat {} of performance {}", seat.number.get(), seat.performance)
}
