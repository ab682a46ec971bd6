//! A performance on sale, people with points, and what they do.

pub use frontrow_domain::testing::{at, line_item, points, seat_number as seat, user_id as user};
use frontrow_domain::*;
use std::time::Duration;
use uuid::Uuid;

pub const PRICE: i64 = 1000;
pub const HOLD_SECONDS: i64 = 300;
pub const CLOSES: i64 = 100_000;
pub const PAY_UNTIL: i64 = 200_000;
pub const CANCEL_UNTIL: i64 = 150_000;
pub const LIMIT: u32 = 4;

/// One microsecond before.
pub fn just_before(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000 - 1)
}

pub fn performance(n: u128) -> PerformanceId {
    PerformanceId::new(Uuid::from_u128(100 + n))
}

pub fn sale(n: u128) -> SaleId {
    SaleId::new(Uuid::from_u128(200 + n))
}

/// Opens at second 10.
pub fn terms(n: u128) -> SaleTerms {
    testing::sale_terms()
        .sale(sale(n))
        .opens(at(10))
        .closes(at(CLOSES))
        .pay_until(at(PAY_UNTIL))
        .cancel_until(at(CANCEL_UNTIL))
        .limit_per_person(LIMIT)
        .hold_duration(Duration::from_secs(HOLD_SECONDS.unsigned_abs()))
        .build()
}

/// The books, a clock that the test sets, and ids that count up.
pub struct World {
    pub bookings: BookingState,
    pub now: Instant,
    pub next_id: u128,
}

impl World {
    /// Twenty seats; users 1 to 5 with 10,000 points each; second 10, at which the sale opens.
    pub fn new() -> Self {
        let mut world = Self { bookings: BookingState::default(), now: at(10), next_id: 1_000_000 };
        world.bookings.open_seats(performance(1), (1..=20).map(seat));
        (1..=5).for_each(|n| world.fund(n, 10_000));
        world
    }

    pub fn id(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    pub fn fund(&mut self, n: u128, amount: i64) {
        let charge = self.charge(n, amount);
        let Ok(Outcome::Charged(payment)) = self.run(&charge) else { panic!("a charge can be begun") };
        let settle = self.accept(&payment);
        self.run(&settle).unwrap();
    }

    /// So much that no charge could bring it: a settled one from before there were bounds.
    pub fn enrich(&mut self, n: u128, amount: i64) {
        let id = PaymentId::new(self.id());
        let transfer = Transfer {
            id: TransferId::new(self.id()),
            debit: AccountId::Gateway,
            credit: AccountId::Wallet(user(n)),
            amount: points(amount),
            payment: id,
            at: self.now,
        };
        let wallet = Wallet { balance: points(amount), ..Wallet::next(user(n), None) };
        assert!(self.bookings.wallets.insert(wallet.user, wallet).is_none(), "only somebody new");
        self.bookings
            .payments
            .insert(id, Payment { state: PaymentState::Succeeded, ..old_charge(id, n, amount, self.now) });
        self.bookings.transfers.insert(transfer.id, transfer);
    }

    /// A pending charge from before wallets kept room, after its database was migrated.
    pub fn old_charge(&mut self, n: u128, amount: i64) -> Payment {
        let payment = old_charge(PaymentId::new(self.id()), n, amount, self.now);
        self.bookings.payments.insert(payment.id, payment.clone());
        let wallet = Wallet::next(user(n), self.bookings.wallets.get(&user(n)));
        let pending = wallet.pending.checked_add(payment.amount).unwrap_or(Points::MAX);
        self.bookings.wallets.insert(wallet.user, Wallet { pending, ..wallet });
        payment
    }

    pub fn run(&mut self, command: &Command) -> Result<Outcome, Stop> {
        self.bookings.execute(command, self.now)
    }

    /// Carries it out, sees that it is refused, and that nothing has changed.
    pub fn refused(&mut self, command: &Command) -> Rejection {
        let before = self.bookings.clone();
        let refused = self.run(command);
        assert!(self.bookings == before, "a rejection leaves nothing behind");
        match refused {
            Err(Stop::Rejected(rejection)) => rejection,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub fn held(&mut self, n: u128, seats: &[u32]) -> Reservation {
        let hold = self.hold(n, seats);
        match self.run(&hold) {
            Ok(Outcome::Held(reservation)) => reservation,
            other => panic!("not held: {other:?}"),
        }
    }

    pub fn paid(&mut self, reservation: &Reservation) -> (Reservation, Vec<Ticket>) {
        let pay = self.pay(reservation);
        match self.run(&pay) {
            Ok(Outcome::Paid { reservation, tickets, .. }) => (reservation, tickets),
            other => panic!("not paid: {other:?}"),
        }
    }

    pub fn pending(&self, n: u128) -> i64 {
        self.bookings.wallets.get(&user(n)).map_or(0, |wallet| wallet.pending.amount())
    }

    pub fn balance(&self, n: u128) -> i64 {
        self.bookings.wallets.get(&user(n)).map_or(0, |wallet| wallet.balance.amount())
    }

    pub fn seat_state(&self, number: u32) -> SeatState {
        self.bookings.seats[&SeatKey { performance: performance(1), number: seat(number) }].state
    }

    pub fn state(&self, reservation: &Reservation) -> ReservationState {
        self.bookings.reservations[&reservation.id].state
    }

    /// Everything that is there, so that only real faults are found.
    pub fn findings(&self) -> Vec<Finding> {
        self.findings_with([])
    }

    /// The same, if these performances were cancelled and owe nothing.
    pub fn findings_with<const N: usize>(&self, settled: [PerformanceId; N]) -> Vec<Finding> {
        let catalogue = Catalogue {
            performances: (1..=3).map(performance).collect(),
            sales: (1..=3).map(sale).collect(),
            users: (1..=20).map(user).collect(),
            settled: settled.into(),
        };
        frontrow_domain::audit(&self.bookings, &catalogue, self.now)
    }

    fn key(&mut self, n: u128) -> CommandKey {
        let name = format!("key-{}", self.id());
        CommandKey::new(user(n), name).unwrap()
    }

    pub fn keyed(&mut self, n: u128, what: Operation) -> Command {
        Command::keyed(self.key(n), [7; 32], what)
    }

    pub fn hold(&mut self, n: u128, seats: &[u32]) -> Command {
        let line_items = seats.iter().map(|number| line_item(*number, PRICE)).collect();
        self.hold_line_items(n, 1, line_items)
    }

    pub fn hold_line_items(&mut self, n: u128, in_sale: u128, line_items: Vec<LineItem>) -> Command {
        let reservation = ReservationId::new(self.id());
        let hold = Hold { reservation, performance: performance(1), user: user(n), terms: terms(in_sale), line_items };
        self.keyed(n, Operation::Hold(hold))
    }

    /// The first of the blocks that can be had.
    pub fn hold_best(&mut self, n: u128, blocks: &[&[u32]], wait: bool) -> Command {
        let block = |block: &&[u32]| block.iter().map(|number| seat(*number)).collect();
        let best = HoldBest {
            reservation: ReservationId::new(self.id()),
            performance: performance(1),
            user: user(n),
            terms: terms(1),
            count: blocks.first().map_or(2, |block| u32::try_from(block.len()).unwrap()),
            blocks: blocks.iter().map(block).collect(),
            line_item: line_item(1, PRICE),
            wait,
        };
        self.keyed(n, Operation::HoldBest(best))
    }

    pub fn pay(&mut self, reservation: &Reservation) -> Command {
        let pay = Pay {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            user: reservation.user,
            terms: SaleTerms { sale: reservation.sale, ..terms(1) },
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
        };
        let name = format!("key-{}", self.id());
        Command::keyed(CommandKey::new(reservation.user, name).unwrap(), [8; 32], Operation::Pay(pay))
    }

    pub fn cancel(&mut self, reservation: &Reservation) -> Command {
        let cancel = self.give_back(reservation);
        let name = format!("key-{}", self.id());
        Command::keyed(CommandKey::new(reservation.user, name).unwrap(), [9; 32], Operation::Cancel(cancel))
    }

    pub fn refund(&mut self, reservation: &Reservation) -> Command {
        let cancel = self.give_back(reservation);
        self.keyed(20, Operation::Refund(Refund { cancel, reason: None }))
    }

    pub fn cancel_seats(&mut self, reservation: &Reservation, seats: &[u32]) -> Command {
        of_seats(self.cancel(reservation), seats)
    }

    pub fn refund_seats(&mut self, reservation: &Reservation, seats: &[u32]) -> Command {
        of_seats(self.refund(reservation), seats)
    }

    fn give_back(&mut self, reservation: &Reservation) -> Cancel {
        Cancel {
            reservation: reservation.id,
            performance: reservation.performance,
            seats: reservation.seats().collect(),
            returned: None,
            user: reservation.user,
            terms: SaleTerms { sale: reservation.sale, ..terms(1) },
            payment: PaymentId::new(self.id()),
            transfer: TransferId::new(self.id()),
        }
    }

    pub fn charge(&mut self, n: u128, amount: i64) -> Command {
        let payment = PaymentId::new(self.id());
        let charge = Charge { payment, user: user(n), amount: points(amount), provider: "sandbox".into() };
        self.keyed(n, Operation::Charge(charge))
    }

    pub fn accept(&mut self, payment: &Payment) -> Command {
        self.settle(payment, Settlement::Accepted { provider_ref: payment.id.to_string() })
    }

    pub fn settle(&mut self, payment: &Payment, settlement: Settlement) -> Command {
        let transfer = TransferId::new(self.id());
        Command::unkeyed(Operation::Settle(Settle { payment: payment.id, user: payment.user, settlement, transfer }))
    }
}

/// A pending charge as it stood in books before wallets kept room.
pub fn old_charge(id: PaymentId, n: u128, amount: i64, at: Instant) -> Payment {
    testing::payment().id(id).user(user(n)).amount(points(amount)).at(at).build()
}

/// The same cancellation or refund, of these seats alone.
pub fn of_seats(mut command: Command, seats: &[u32]) -> Command {
    if let Operation::Cancel(cancel) | Operation::Refund(Refund { cancel, .. }) = &mut command.operation {
        cancel.returned = Some(seats.iter().map(|number| seat(*number)).collect());
    }
    command
}

pub fn release(reservation: &Reservation) -> Command {
    Command::unkeyed(Operation::Release(Release {
        reservation: reservation.id,
        performance: reservation.performance,
        seats: reservation.seats().collect(),
        buyer: reservation.buyer(),
    }))
}

pub fn expire(reservation: &Reservation) -> Command {
    Command::unkeyed(Operation::Expire(Expire { reservation: reservation.id, buyer: reservation.buyer() }))
}
