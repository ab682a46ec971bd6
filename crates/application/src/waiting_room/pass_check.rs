//! Who gets past the waiting room: what the interceptor in front of the booking routes asks.

use super::QueueViews;
use crate::port::{Clock, IdempotencyRecordReader, OnSaleReader, QueueSigner, ReservationReader, TokenFlaw};
use crate::{Error, PassFlaw, PassRefused};
use frontrow_domain::waiting_room::Pass;
use frontrow_domain::{CommandKey, PerformanceId, ReservationId, Sale, SaleId, UserId};
use std::sync::Arc;
use uuid::Uuid;

/// Checks passes. Whether somebody is really admitted is said by their buyer's row, which a hold locks anyway.
pub struct PassCheck {
    /// The queues of this instance, as the last tick left them.
    pub queues: Arc<QueueViews>,
    /// Knows which sales have a waiting room.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Knows which sale a reservation is of.
    pub reservations: Arc<dyn ReservationReader>,
    /// Finds the outcome of a request that was carried out before.
    pub idempotency_records: Arc<dyn IdempotencyRecordReader>,
    /// Reads passes.
    pub signer: Arc<dyn QueueSigner>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

/// The caller, with their pass and idempotency key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// Who, if they are logged in.
    pub user: Option<UserId>,
    /// The pass that they show.
    pub pass: Option<&'a str>,
    /// Their idempotency key: a request that was carried out before gets its old answer, even without a valid pass.
    pub key: Option<&'a CommandKey>,
}

/// A call that a waiting room may have a say in. Those about a performance come before a reservation, the others after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingCall {
    /// Which seats of a performance can be had.
    ShowAvailability,
    /// A list of a performance's seats.
    ListSeats,
    /// Holding seats, named ones or the best that are left.
    HoldSeats,
    /// A performance itself.
    ShowPerformance,
    /// A performance's prices.
    ShowPrices,
    /// Where a performance's seats are.
    ShowSeatMap,
    /// Paying a hold.
    PayReservation,
    /// Giving up a hold.
    ReleaseHold,
    /// Looking at one's reservations, tickets and wallet, and cancelling.
    Aftercare,
}

/// Which sales ask for a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassRequired {
    /// All that have a waiting room.
    WaitingRoom,
    /// Those that are strict.
    Strict,
    /// Those that are strict; for the others one's own reservation is proof enough.
    StrictReservation,
    /// No pass, in any sale.
    Never,
}

impl BookingCall {
    /// Which sales ask for a pass before this call.
    pub const fn pass(self) -> PassRequired {
        match self {
            Self::ShowAvailability | Self::ListSeats | Self::HoldSeats => PassRequired::WaitingRoom,
            Self::ShowPerformance | Self::ShowPrices | Self::ShowSeatMap => PassRequired::Strict,
            Self::PayReservation | Self::ReleaseHold => PassRequired::StrictReservation,
            Self::Aftercare => PassRequired::Never,
        }
    }
}

impl PassCheck {
    /// Before a call. `id` is that of the performance or the reservation that it is about.
    pub async fn before(&self, call: BookingCall, id: Uuid, caller: Caller<'_>) -> Result<(), Error> {
        match call.pass() {
            asks @ (PassRequired::WaitingRoom | PassRequired::Strict) => {
                self.performance(PerformanceId::new(id), asks, caller).await
            }
            PassRequired::StrictReservation => self.reservation(ReservationId::new(id), caller).await,
            PassRequired::Never => Ok(()),
        }
    }

    /// Before a call about a performance. It needs a pass if all sales that there are for it ask for one.
    pub async fn performance(&self, id: PerformanceId, asks: PassRequired, caller: Caller<'_>) -> Result<(), Error> {
        // Whether there is such a performance is said by whoever is asked for it.
        let Some(on_sale) = self.on_sale.on_sale(id).await? else { return Ok(()) };
        let now = self.clock.now();
        let mut sales: Vec<&Sale> = on_sale.sales.iter().filter(|sale| !sale.is_over(now)).collect();
        if sales.iter().any(|sale| sale.is_open(now)) {
            sales.retain(|sale| sale.is_open(now));
        }
        if sales.is_empty() || !sales.iter().all(|sale| asks.of(sale)) {
            return Ok(());
        }
        let sales: Vec<SaleId> = sales.iter().map(|sale| sale.id).collect();
        self.check(&sales, caller).await
    }

    /// Before a call about a reservation. One's own is proof enough, unless its sale is strict.
    pub async fn reservation(&self, id: ReservationId, caller: Caller<'_>) -> Result<(), Error> {
        if !self.queues.all().values().any(|view| PassRequired::Strict.of(&view.sale)) {
            return Ok(());
        }
        let Some(reservation) = self.reservations.reservation(id).await? else { return Ok(()) };
        if Some(reservation.user) != caller.user {
            return Ok(());
        }
        let Some(on_sale) = self.on_sale.on_sale(reservation.performance).await? else { return Ok(()) };
        match on_sale.sales.iter().find(|sale| sale.id == reservation.sale) {
            Some(sale) if PassRequired::Strict.of(sale) => self.check(&[sale.id], caller).await,
            _ => Ok(()),
        }
    }

    async fn check(&self, sales: &[SaleId], caller: Caller<'_>) -> Result<(), Error> {
        let Err(flaw) = self.read(sales, caller) else { return Ok(()) };
        match caller.key {
            Some(key) if self.idempotency_records.idempotency_record(key).await?.is_some() => Ok(()),
            _ => Err(Error::PassRefused(PassRefused { flaw, sales: sales.to_vec() })),
        }
    }

    fn read(&self, sales: &[SaleId], caller: Caller<'_>) -> Result<Pass, PassFlaw> {
        let text = caller.pass.ok_or(PassFlaw::Missing)?;
        let pass = self.signer.read_pass(text, self.clock.now()).map_err(|flaw| match flaw {
            TokenFlaw::Forged => PassFlaw::Forged,
            TokenFlaw::Expired => PassFlaw::Expired,
        })?;
        if !sales.contains(&pass.sale) {
            return Err(PassFlaw::OfOtherSale);
        }
        // The handler refuses callers who are not logged in.
        if caller.user.is_some_and(|user| user != pass.user) {
            return Err(PassFlaw::OfOther);
        }
        Ok(pass)
    }
}

impl PassRequired {
    fn of(self, sale: &Sale) -> bool {
        let Some(room) = &sale.waiting_room else { return false };
        match self {
            Self::WaitingRoom => true,
            Self::Strict | Self::StrictReservation => room.strict,
            Self::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockIdempotencyRecordReader, MockOnSaleReader, MockQueueSigner, MockReservationReader, OnSale};
    use crate::testing::{
        at, clock, digest, finds, on_sale, performance, queue, queues, reads, request_key, reservation, room, sale,
        sale_with_room, user,
    };
    use frontrow_domain::waiting_room::{Queue, WaitingRoom};
    use frontrow_domain::{IdempotencyRecord, Outcome};

    const NOW: i64 = 100;

    fn strict(n: u128) -> Sale {
        Sale { waiting_room: Some(WaitingRoom { strict: true, ..room() }), ..sale(n) }
    }

    /// A signer that reads `"pass"` as that.
    fn reads_pass(read: Result<Pass, TokenFlaw>) -> MockQueueSigner {
        let mut signer = MockQueueSigner::new();
        signer.expect_read_pass().withf(|text, now| (text, *now) == ("pass", at(NOW))).returning(move |_, _| read);
        signer
    }

    fn pass() -> Pass {
        Pass { sale: sale(0).id, user: user(1), generation: 1, expires: at(NOW + 60) }
    }

    /// In front of these sales; reads no reservation, and no idempotency record.
    fn pass_check(sales: Vec<Sale>) -> PassCheck {
        PassCheck {
            queues: Arc::new(QueueViews::new(digest)),
            on_sale: reads(OnSale { sales, ..on_sale() }),
            reservations: Arc::new(MockReservationReader::new()),
            idempotency_records: Arc::new(MockIdempotencyRecordReader::new()),
            signer: Arc::new(reads_pass(Ok(pass()))),
            clock: clock(NOW),
        }
    }

    const NOBODY: Caller<'static> = Caller { user: None, pass: None, key: None };

    fn caller() -> Caller<'static> {
        Caller { user: Some(user(1)), pass: Some("pass"), key: None }
    }

    /// What is said before a booking to somebody who shows nothing.
    async fn without_pass(sales: Vec<Sale>, asks: PassRequired) -> Result<(), Error> {
        pass_check(sales).performance(performance().id, asks, NOBODY).await
    }

    /// Of a pass for one of these sales.
    fn refused(flaw: PassFlaw, sales: &[u128]) -> Result<(), Error> {
        Err(Error::PassRefused(PassRefused { flaw, sales: sales.iter().map(|n| sale(*n).id).collect() }))
    }

    fn missing() -> Result<(), Error> {
        refused(PassFlaw::Missing, &[0])
    }

    #[tokio::test]
    async fn without_a_waiting_room_or_a_performance_nobody_needs_a_pass() {
        assert_eq!(without_pass(vec![sale(0)], PassRequired::WaitingRoom).await, Ok(()));
        assert_eq!(without_pass(vec![], PassRequired::WaitingRoom).await, Ok(()));
        let unknown = PerformanceId::new(Uuid::nil());
        assert_eq!(
            pass_check(vec![sale_with_room(0)]).performance(unknown, PassRequired::WaitingRoom, NOBODY).await,
            Ok(())
        );
    }

    #[tokio::test]
    async fn a_pass_is_needed_if_all_sales_that_there_are_ask_for_one() {
        let asks = PassRequired::WaitingRoom;
        assert_eq!(without_pass(vec![sale_with_room(0)], asks).await, missing());
        assert_eq!(
            without_pass(vec![sale_with_room(0), sale_with_room(1)], asks).await,
            refused(PassFlaw::Missing, &[0, 1])
        );
        assert_eq!(without_pass(vec![sale_with_room(0), sale(1)], asks).await, Ok(()));
        // While one is open only those that are open count; before that, all that will be.
        let later = |sale: Sale| Sale { opens: at(NOW + 1), ..sale };
        assert_eq!(without_pass(vec![sale_with_room(0), later(sale(1))], asks).await, missing());
        assert_eq!(without_pass(vec![later(sale_with_room(0)), sale(1)], asks).await, Ok(()));
        assert_eq!(without_pass(vec![later(sale_with_room(0))], asks).await, missing());
        assert_eq!(without_pass(vec![later(sale_with_room(0)), later(sale(1))], asks).await, Ok(()));
        let over = |sale: Sale| Sale { closes: at(NOW), ..sale };
        assert_eq!(without_pass(vec![sale_with_room(0), over(sale(1))], asks).await, missing());
        assert_eq!(without_pass(vec![over(sale_with_room(0))], asks).await, Ok(()));
    }

    #[tokio::test]
    async fn a_call_says_by_itself_whether_it_needs_a_pass() {
        let performance = performance().id.uuid();
        let needs = async |call, sale| pass_check(vec![sale]).before(call, performance, NOBODY).await;
        for call in [BookingCall::ShowAvailability, BookingCall::ListSeats, BookingCall::HoldSeats] {
            assert_eq!(needs(call, sale_with_room(0)).await, missing(), "{call:?}");
            assert_eq!(needs(call, sale(0)).await, Ok(()), "{call:?}");
        }
        for call in [BookingCall::ShowPerformance, BookingCall::ShowPrices, BookingCall::ShowSeatMap] {
            assert_eq!(needs(call, sale_with_room(0)).await, Ok(()), "{call:?}");
            assert_eq!(needs(call, strict(0)).await, missing(), "{call:?}");
        }
        assert_eq!(needs(BookingCall::Aftercare, strict(0)).await, Ok(()));
        let theirs = Caller { pass: None, ..caller() };
        for call in [BookingCall::PayReservation, BookingCall::ReleaseHold] {
            let pass_check = check_of_reservation(vec![strict(0)]);
            assert_eq!(pass_check.before(call, reservation().id.uuid(), theirs).await, missing(), "{call:?}");
        }
    }

    #[tokio::test]
    async fn only_strict_sales_ask_before_what_is_not_a_booking() {
        assert_eq!(without_pass(vec![sale_with_room(0)], PassRequired::Strict).await, Ok(()));
        assert_eq!(without_pass(vec![strict(0)], PassRequired::Strict).await, missing());
        assert_eq!(without_pass(vec![strict(0), sale_with_room(1)], PassRequired::Strict).await, Ok(()));
    }

    /// What is said of that pass to whoever shows it.
    async fn with_pass(read: Result<Pass, TokenFlaw>, caller: Caller<'_>) -> Result<(), Error> {
        let sales = vec![sale_with_room(0), sale_with_room(1)];
        let pass_check = PassCheck { signer: Arc::new(reads_pass(read)), ..pass_check(sales) };
        pass_check.performance(performance().id, PassRequired::WaitingRoom, caller).await
    }

    #[tokio::test]
    async fn a_pass_is_their_own_and_of_one_of_the_sales() {
        assert_eq!(with_pass(Ok(pass()), caller()).await, Ok(()));
        assert_eq!(with_pass(Ok(Pass { sale: sale(1).id, ..pass() }), caller()).await, Ok(()));
        let other_sale = Pass { sale: sale(2).id, ..pass() };
        assert_eq!(with_pass(Ok(other_sale), caller()).await, refused(PassFlaw::OfOtherSale, &[0, 1]));
        let other_user = Pass { user: user(2), ..pass() };
        assert_eq!(with_pass(Ok(other_user), caller()).await, refused(PassFlaw::OfOther, &[0, 1]));
        assert_eq!(with_pass(Err(TokenFlaw::Forged), caller()).await, refused(PassFlaw::Forged, &[0, 1]));
        assert_eq!(with_pass(Err(TokenFlaw::Expired), caller()).await, refused(PassFlaw::Expired, &[0, 1]));
        // Who they are is asked by somebody else.
        assert_eq!(with_pass(Ok(pass()), Caller { user: None, ..caller() }).await, Ok(()));
    }

    #[tokio::test]
    async fn what_was_done_before_is_answered_without_a_pass() {
        let key = request_key(user(1)).key().clone();
        for (was_done, expected) in [(true, Ok(())), (false, missing())] {
            let outcome = Outcome::Held(reservation());
            let record = IdempotencyRecord { key: key.clone(), request_hash: [7; 32], outcome, at: at(50) };
            let mut records = MockIdempotencyRecordReader::new();
            let known = key.clone();
            records
                .expect_idempotency_record()
                .withf(move |asked| *asked == known)
                .times(1)
                .return_once(move |_| Ok(Some(record).filter(|_| was_done)));
            let pass_check =
                PassCheck { idempotency_records: Arc::new(records), ..pass_check(vec![sale_with_room(0)]) };
            let caller = Caller { pass: None, key: Some(&key), ..caller() };
            assert_eq!(pass_check.performance(performance().id, PassRequired::WaitingRoom, caller).await, expected);
        }
        let with_pass = Caller { key: Some(&key), ..caller() };
        let pass_check = pass_check(vec![sale_with_room(0)]);
        assert_eq!(pass_check.performance(performance().id, PassRequired::WaitingRoom, with_pass).await, Ok(()));
    }

    /// In front of the reservation, which is of sale 0; there is a queue for each of these sales.
    fn check_of_reservation(sales: Vec<Sale>) -> PassCheck {
        let queues = QueueViews::new(digest);
        queues.replace_all(
            sales.iter().map(|sale| (Queue { sale: sale.id, ..queue() }, Arc::new(sale.clone()))).collect(),
            at(NOW),
        );
        PassCheck { queues: Arc::new(queues), reservations: finds(reservation()), ..pass_check(sales) }
    }

    #[tokio::test]
    async fn while_no_queue_is_strict_no_reservation_is_read() {
        let queues = queues(queue(), sale_with_room(0));
        let pass_check = PassCheck { queues, on_sale: Arc::new(MockOnSaleReader::new()), ..pass_check(vec![]) };
        assert_eq!(pass_check.reservation(reservation().id, NOBODY).await, Ok(()));
    }

    #[tokio::test]
    async fn ones_own_reservation_needs_a_pass_if_its_sale_is_strict() {
        let no_pass = Caller { pass: None, ..caller() };
        let pass_check = check_of_reservation(vec![strict(0)]);
        assert_eq!(pass_check.reservation(reservation().id, no_pass).await, missing());
        assert_eq!(pass_check.reservation(reservation().id, caller()).await, Ok(()));
        let another_is_strict = check_of_reservation(vec![sale_with_room(0), strict(1)]);
        assert_eq!(another_is_strict.reservation(reservation().id, no_pass).await, Ok(()));
    }

    #[tokio::test]
    async fn of_a_reservation_that_is_not_theirs_nothing_is_said() {
        let pass_check = check_of_reservation(vec![strict(0)]);
        let somebody_else = Caller { user: Some(user(2)), ..NOBODY };
        assert_eq!(pass_check.reservation(reservation().id, somebody_else).await, Ok(()));
        assert_eq!(pass_check.reservation(reservation().id, NOBODY).await, Ok(()));
        let unknown = ReservationId::new(Uuid::nil());
        assert_eq!(pass_check.reservation(unknown, Caller { pass: None, ..caller() }).await, Ok(()));
    }
}
