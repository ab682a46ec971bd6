//! Holding the best seats that are left.

mod plan;

use crate::hold::{choose_sale, recorded_outcome, require_record};
use crate::port::{
    BookingError, BookingStore, Clock, IdSource, IdempotencyRecordReader, OnSale, OnSaleReader, SeatCooldown,
};
use crate::waiting_room::QueueViews;
use crate::{Conflict, Error, Missing, Outage, RequestKey};
use frontrow_domain::{
    Action, Hold, HoldBest, Invalid, LineItem, Operation, Outcome, PerformanceId, Rejection, Reservation,
    ReservationId, SaleId, SeatNumber, Violation, Wish,
};
use std::sync::Arc;
use std::time::Duration;

pub use plan::BestSeats;

/// How many seats somebody wants, whichever are the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldBestRequest {
    /// The performance that the seats are of.
    pub performance: PerformanceId,
    /// The sale to hold them under; can be left out while only one is open.
    pub sale: Option<SaleId>,
    /// How many (1 to [`Hold::MAX_SEATS`]), and of what kind.
    pub wish: Wish,
    /// Code of the price type of them all; the list's first type if none is named.
    pub price_type: Option<String>,
    /// The user who asks, and their key: a repetition under the same key gets the same reservation.
    pub request: RequestKey,
}

/// Holds the best seats that are left: so many side by side, or none.
pub struct HoldBestSeats {
    /// Carries it out.
    pub store: Arc<dyn BookingStore>,
    /// Finds the outcome of a request that was carried out before.
    pub idempotency_records: Arc<dyn IdempotencyRecordReader>,
    /// Knows where an operator has stopped new holds; [`QueueViews::default`] where there are no waiting rooms.
    pub queues: Arc<QueueViews>,
    /// Knows what is sold, and at what price.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Knows which seats they might be.
    pub best: BestSeats,
    /// Says who has to leave seats to others for a while.
    pub cooldown: Arc<dyn SeatCooldown>,
    /// Makes the reservation's id.
    pub ids: Arc<dyn IdSource>,
    /// Says which sale is open.
    pub clock: Arc<dyn Clock>,
}

/// How often a request is planned at most, if its seats are taken meanwhile.
const PLANS: u32 = 5;
/// From this plan on it waits for seats that others have locked.
const WAITS_FROM: u32 = 3;

impl HoldBestSeats {
    /// The reservation, and what is on sale, to name its seats by.
    pub async fn run(&self, request: HoldBestRequest) -> Result<(Reservation, Arc<OnSale>), Error> {
        let on_sale = self.on_sale.on_sale(request.performance).await?;
        let on_sale = on_sale.ok_or(Error::NotFound(Missing::Performance))?;
        let HoldBestRequest { performance, sale, .. } = request;
        if self.queues.holds_stopped(performance, sale, self.clock.now()) {
            require_record(&*self.idempotency_records, &request.request).await?;
        }
        let outcome = match self.without_plan(&request, &on_sale) {
            Ok(hold) => self.hold(&request, &on_sale, &hold).await?,
            Err(refusal) => recorded_outcome(&*self.idempotency_records, &request.request).await?.ok_or(refusal)?,
        };
        match outcome {
            Outcome::Held(reservation) => Ok((reservation, on_sale)),
            _ => Err(Rejection::KeyReused.into()),
        }
    }

    fn without_plan(&self, request: &HoldBestRequest, on_sale: &OnSale) -> Result<HoldBest, Error> {
        let line_item = line_item(request, on_sale)?;
        self.cooldown.check(request.request.user(), request.performance, &[])?;
        let now = self.clock.now();
        let sale = choose_sale(request.sale, on_sale, now)?;
        let terms = sale.terms_for(&on_sale.performance);
        terms.check(Action::Hold, now)?;
        Ok(HoldBest {
            reservation: ReservationId::new(self.ids.id()),
            performance: request.performance,
            user: request.request.user(),
            terms,
            count: request.wish.count,
            blocks: Vec::new(),
            line_item,
            wait: false,
        })
    }

    /// Asks the store even if no seat is left: the request may have been carried out before, or may be refused for a
    /// better reason.
    async fn hold(&self, request: &HoldBestRequest, on_sale: &OnSale, hold: &HoldBest) -> Result<Outcome, Error> {
        for number in 1..=PLANS {
            let plan = self.best.plan(on_sale, &request.wish, number > 1, number >= WAITS_FROM).await?;
            let hold = HoldBest { blocks: plan.blocks.clone(), wait: plan.wait, ..hold.clone() };
            match self.store.execute(request.request.command(Operation::HoldBest(hold))).await {
                Ok(Outcome::Held(reservation)) => {
                    plan.tried(Some(&reservation));
                    return Ok(Outcome::Held(reservation));
                }
                Ok(outcome) => return Ok(outcome),
                Err(BookingError::Replan) if plan.blocks.is_empty() => return Err(shortage(plan.left)),
                Err(BookingError::Replan) => plan.tried(None),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Outage(Outage::Busy { retry_after: Duration::from_secs(1) }))
    }
}

fn shortage(left: u32) -> Error {
    if left == 0 { Conflict::SoldOut.into() } else { Error::NotTogether { left } }
}

/// What each seat costs.
fn line_item(request: &HoldBestRequest, on_sale: &OnSale) -> Result<LineItem, Error> {
    let (wish, prices) = (&request.wish, &on_sale.performance.prices);
    let mut flaws = Vec::new();
    let mut flaw = |field: &str, code, detail: String| {
        flaws.push(Violation { pointer: format!("/best_available/{field}"), code, detail });
    };
    if !(1..=Hold::MAX_SEATS).contains(&wish.count) {
        flaw("count", "range", format!("1 to {} seats", Hold::MAX_SEATS));
    }
    let tiers = on_sale.layout.tiers();
    if !tiers.contains_key(&wish.tier) {
        let tiers: Vec<&str> = tiers.keys().map(String::as_str).collect();
        flaw("tier", "tier", format!("one of {}", tiers.join(", ")));
    }
    let types: Vec<&str> = prices.types.iter().map(|t| t.code.as_str()).collect();
    if request.price_type.as_deref().is_some_and(|named| !types.contains(&named)) {
        flaw("price_type", "price_type", format!("one of {}", types.join(", ")));
    }
    let line_item = prices.line_item(SeatNumber::FIRST, &wish.tier, request.price_type.as_deref());
    match line_item {
        Some(line_item) if flaws.is_empty() => Ok(line_item),
        _ => Err(Invalid(flaws).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockBookingStore, MockIdempotencyRecordReader, MockSeatSnapshots, NoCooldown, SeatSnapshot};
    use crate::testing::{
        at, clock, ids, on_sale, queue, queues, reads, request_key, reservation, sale, sale_with_room, seat,
        seat_number, user,
    };
    use frontrow_domain::waiting_room::Queue;
    use frontrow_domain::{BookingState, SeatState, Stop};
    use std::sync::Mutex;

    const NOW: i64 = 100;

    fn wish(count: u32) -> Wish {
        Wish { count, tier: "R".into(), accessible: false }
    }

    fn request(wish: Wish) -> HoldBestRequest {
        let (performance, request) = (on_sale().performance.id, request_key(user(1)));
        HoldBestRequest { performance, sale: None, wish, price_type: None, request }
    }

    /// Ten seats, some of them sold.
    fn bookings(sold: &[u32]) -> Arc<Mutex<BookingState>> {
        let mut bookings = BookingState::default();
        bookings.open_seats(on_sale().performance.id, (1..=10).map(seat_number));
        for number in sold {
            let sold = seat(*number, SeatState::Sold { to: reservation().id });
            bookings.seats.insert(sold.key, sold);
        }
        Arc::new(Mutex::new(bookings))
    }

    fn store(bookings: &Arc<Mutex<BookingState>>) -> MockBookingStore {
        let (mut store, bookings) = (MockBookingStore::new(), Arc::clone(bookings));
        store.expect_execute().returning(move |command| {
            bookings.lock().unwrap().execute(&command, at(NOW)).map_err(|refused| match refused {
                Stop::Rejected(rejection) => rejection.into(),
                Stop::Replan => BookingError::Replan,
                bug => panic!("{bug}"),
            })
        });
        store
    }

    /// The seats as they are remembered, and as they are.
    fn snapshots(recent: &[u32], bookings: &Arc<Mutex<BookingState>>) -> MockSeatSnapshots {
        let mut snapshots = MockSeatSnapshots::new();
        let rows: Vec<_> = recent.iter().map(|n| seat(*n, SeatState::Sold { to: reservation().id })).collect();
        let recent = Arc::new(SeatSnapshot::of(&rows, at(NOW)));
        snapshots.expect_recent().returning(move |_| Ok(Arc::clone(&recent)));
        let bookings = Arc::clone(bookings);
        snapshots.expect_fresh().returning(move |_, _| {
            let bookings = bookings.lock().unwrap();
            Ok(Arc::new(SeatSnapshot::of(bookings.seats.values(), at(NOW))))
        });
        snapshots
    }

    fn use_case(store: MockBookingStore, snapshots: MockSeatSnapshots) -> HoldBestSeats {
        let mut records = MockIdempotencyRecordReader::new();
        records.expect_idempotency_record().returning(|_| Ok(None));
        HoldBestSeats {
            store: Arc::new(store),
            idempotency_records: Arc::new(records),
            queues: Arc::default(),
            on_sale: reads(on_sale()),
            best: BestSeats::new(Arc::new(snapshots), clock(NOW), 0),
            cooldown: Arc::new(NoCooldown),
            ids: ids(),
            clock: clock(NOW),
        }
    }

    async fn run(recent: &[u32], sold: &[u32], count: u32) -> Result<Vec<u32>, Error> {
        let bookings = bookings(sold);
        let hold = use_case(store(&bookings), snapshots(recent, &bookings));
        let (held, _) = hold.run(request(wish(count))).await?;
        Ok(held.seats().map(SeatNumber::get).collect())
    }

    #[tokio::test]
    async fn the_best_seats_are_held_and_what_is_remembered_wrongly_is_planned_again() {
        assert_eq!(run(&[], &[], 2).await, Ok(vec![1, 2]));
        assert_eq!(run(&[1], &[1], 2).await, Ok(vec![2, 3]));
        assert_eq!(run(&[], &[1, 3, 5, 7, 9], 1).await, Ok(vec![2]));
        assert_eq!(run(&[], &[1, 2, 3, 4, 5, 6, 7, 8], 2).await, Ok(vec![9, 10]));
        let all: Vec<u32> = (1..=10).collect();
        assert_eq!(
            run(&all, &[1, 2], 4).await,
            Ok(vec![3, 4, 5, 6]),
            "what is remembered does not say that all is sold"
        );
    }

    #[tokio::test]
    async fn sold_out_and_not_together_are_said_apart() {
        let all: Vec<u32> = (1..=10).collect();
        for recent in [&[][..], &all] {
            assert_eq!(run(recent, &all, 2).await, Err(Conflict::SoldOut.into()));
            assert_eq!(run(recent, &[1, 3, 5, 7, 9], 2).await, Err(Error::NotTogether { left: 5 }));
        }
    }

    #[tokio::test]
    async fn the_limit_is_a_better_reason_than_no_seats() {
        let limit = Rejection::LimitReached { limit: 4, used: 0, asked: 5 };
        assert_eq!(run(&[], &(1..=10).collect::<Vec<_>>(), 5).await, Err(limit.into()));
    }

    #[tokio::test]
    async fn a_repetition_finds_what_was_done_even_if_nothing_is_left() {
        let bookings = bookings(&[3, 4, 5, 6, 7, 8, 9, 10]);
        let hold = use_case(store(&bookings), snapshots(&[], &bookings));
        let first = hold.run(request(wish(2))).await;
        assert_eq!(hold.run(request(wish(2))).await, first);
    }

    #[tokio::test]
    async fn who_is_always_too_late_is_told_to_come_back() {
        let bookings = bookings(&[]);
        let mut store = MockBookingStore::new();
        let mut plans = 0;
        store.expect_execute().times(5).returning(move |command| {
            plans += 1;
            let Operation::HoldBest(best) = &command.operation else { panic!("{command:?}") };
            assert_eq!(best.wait, plans >= 3);
            Err(BookingError::Replan)
        });
        let refused = use_case(store, snapshots(&[], &bookings)).run(request(wish(2))).await;
        assert!(matches!(refused, Err(Error::Outage(Outage::Busy { .. }))), "{refused:?}");
    }

    #[tokio::test]
    async fn while_holds_are_stopped_nothing_new_is_held() {
        let bookings = bookings(&[]);
        let queues = queues(Queue { holds_stopped: true, ..queue() }, sale_with_room(0));
        let hold = HoldBestSeats { queues, ..use_case(MockBookingStore::new(), snapshots(&[], &bookings)) };
        assert_eq!(hold.run(request(wish(2))).await, Err(Conflict::HoldsStopped.into()));
    }

    #[tokio::test]
    async fn every_flaw_is_named() {
        let bookings = bookings(&[]);
        let asked = HoldBestRequest {
            price_type: Some("senior".into()),
            ..request(Wish { count: 51, tier: "X".into(), accessible: false })
        };
        let refused = use_case(MockBookingStore::new(), snapshots(&[], &bookings)).run(asked).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        let found: Vec<_> = flaws.iter().map(|flaw| (flaw.pointer.as_str(), flaw.detail.as_str())).collect();
        let expected = [
            ("/best_available/count", "1 to 50 seats"),
            ("/best_available/tier", "one of R"),
            ("/best_available/price_type", "one of adult, child"),
        ];
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn prices_and_terms_come_from_the_servers_own_data() {
        let bookings = bookings(&[]);
        let hold = use_case(store(&bookings), snapshots(&[], &bookings));
        let asked = HoldBestRequest { price_type: Some("child".into()), ..request(wish(2)) };
        let (held, _) = hold.run(asked).await.unwrap();
        assert_eq!((held.sale, held.amount.amount()), (sale(0).id, 1000));
    }
}
