//! What is read, ticked and drawn, and when.

use super::*;
use crate::Outage;
use crate::port::{
    BookingStore, MockNumberDispenser, MockOnSaleReader, MockQueueStore, MockSaleRepository, MockSeatSnapshots,
    Revision, SeatSnapshot, Stored,
};
use crate::testing::{
    at, clock, digest, drawing, entry, on_sale, performance, queue, queue_drawn_by, queues, reservation, sale,
    sale_with_room, seat, seat_number, user,
};
use frontrow_domain::{PerformanceId, Seat, SeatState};
use std::sync::Mutex;
use uuid::Uuid;

mod draws;
mod due;
mod over;

const NOW: i64 = 100;

/// With that queue in memory. Nothing can be asked but how many have joined, 31 and 4, and whether there are seats: yes.
fn ticks(queues: Arc<QueueViews>, store: MockQueueStore) -> TickQueues {
    TickQueues {
        queues,
        store: Arc::new(store),
        dispenser: Arc::new(issues()),
        sales: Arc::new(MockSaleRepository::new()),
        seats: Arc::new(seats_left(10 - 3)),
        browsed_seats: Arc::new(knows(Vec::new())),
        digest,
        clock: clock(NOW),
        cache: TickCache::default(),
    }
}

fn issues() -> MockNumberDispenser {
    let mut dispenser = MockNumberDispenser::new();
    dispenser.expect_issued().returning(|_, _| Ok(vec![31, 4]));
    dispenser
}

/// The first seats of ten are sold.
fn seats_left(sold: u32) -> ShowAvailability {
    let taken = (1..=sold).map(seat_number).collect();
    let snapshot = SeatSnapshot { taken, count: sold, any_held: false };
    knows(vec![(performance().id, snapshot)])
}

/// These performances, of ten seats each.
fn knows(of: Vec<(PerformanceId, SeatSnapshot)>) -> ShowAvailability {
    let (mut performances, mut snapshots) = (MockOnSaleReader::new(), MockSeatSnapshots::new());
    performances.expect_on_sale().returning(|_| Ok(Some(Arc::new(on_sale()))));
    snapshots.expect_recent().returning(move |id| {
        let known = of.iter().find(|(known, _)| *known == id);
        known.map_or_else(away, |(_, snapshot)| Ok(Arc::new(snapshot.clone())))
    });
    ShowAvailability { on_sale: Arc::new(performances), snapshots: Arc::new(snapshots) }
}

/// A store whose ticks change nothing but the version.
fn store_with(queue: Queue) -> MockQueueStore {
    let mut store = MockQueueStore::new();
    store.expect_tick().times(1).return_once(move |_| Ok(Some(report(queue))));
    store
}

fn report(queue: Queue) -> TickReport {
    TickReport { queue: ticked(queue), admitted: Vec::new(), ended: 0, quiet: false }
}

fn ticked(queue: Queue) -> Queue {
    Queue { version: queue.version.next(), ..queue }
}

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) }))
}

/// The reports of the ticks that are due, one after the other, or the first error after all of them.
async fn run(ticks: &Arc<TickQueues>, urgent: bool) -> Result<Vec<TickReport>, Error> {
    let (mut reports, mut failed) = (Vec::new(), None);
    for due in ticks.due(urgent) {
        match due.run().await.report {
            Ok(report) => reports.extend(report),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(reports), Err)
}

fn view(ticks: &TickQueues) -> Arc<QueueView> {
    ticks.queues.view(sale(0).id).unwrap()
}

#[tokio::test]
async fn queues_have_views_with_their_sales_which_are_read_once_a_second() {
    let mut store = MockQueueStore::new();
    let orphan = Queue { sale: sale(1).id, ..queue() };
    store.expect_queues().times(2).returning(move || Ok(vec![queue(), orphan.clone()]));
    store.expect_over_queues().times(1).returning(|| Ok(Vec::new()));
    let mut sales = MockSaleRepository::new();
    let stored = Stored { value: sale_with_room(0), revision: Revision(1) };
    sales.expect_sale().withf(|id| *id == sale(0).id).times(1).return_once(move |_| Ok(Some(stored)));
    sales.expect_sale().withf(|id| *id == sale(1).id).times(2).returning(|_| Ok(None));
    let ticks = TickQueues { sales: Arc::new(sales), ..ticks(Arc::new(QueueViews::new(digest)), store) };
    assert_eq!(ticks.refresh().await, Ok(1));
    assert_eq!(ticks.refresh().await, Ok(1));
    let view = view(&ticks);
    assert_eq!((&view.queue, &*view.sale, view.read_at), (&queue(), &sale_with_room(0), at(NOW)));
    assert_eq!(ticks.queues.all().len(), 1);
}

#[tokio::test]
async fn what_was_read_a_second_ago_is_read_again() {
    let cache = TickCache::default();
    cache.note_sale(sale(0).id, at(NOW), Arc::new(sale(0)));
    let before = at(NOW + 1) - Duration::from_micros(1);
    let recent = |at| cache.recent_sale(sale(0).id, at).is_some();
    assert_eq!((recent(before), recent(at(NOW + 1))), (true, false));
}

/// A store that says, as often as it is asked, that a tick has found nobody.
fn quiet_store(queue: &Queue, times: usize) -> MockQueueStore {
    let (mut store, queue) = (MockQueueStore::new(), queue.clone());
    store.expect_tick().times(times).returning(move |_| Ok(Some(TickReport { quiet: true, ..report(queue.clone()) })));
    store
}

#[tokio::test]
async fn a_queue_in_which_nobody_is_rests_until_somebody_comes() {
    let ticks = Arc::new(ticks(queues(queue(), sale_with_room(0)), quiet_store(&queue(), 3)));
    assert_eq!(run(&ticks, false).await.unwrap().len(), 1);
    assert_eq!(run(&ticks, false).await, Ok(Vec::new()));
    assert_eq!(run(&ticks, true).await.unwrap().len(), 1, "it may be needed elsewhere");
    ticks.queues.pace.rouse(sale(0).id);
    assert_eq!(run(&ticks, false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lobby_notes_now_and_then_how_many_have_joined_and_opens_at_once() {
    let lobby = Queue { phase: Phase::Lobby, ..queue() };
    let later = Sale { opens: at(NOW + 1), ..sale_with_room(0) };
    let early = Arc::new(ticks(queues(lobby.clone(), later), quiet_store(&lobby, 1)));
    assert_eq!(run(&early, false).await.unwrap().len(), 1);
    assert_eq!(run(&early, false).await, Ok(Vec::new()));
    let now = Sale { opens: at(NOW), ..sale_with_room(0) };
    let opening = Arc::new(ticks(queues(lobby.clone(), now), quiet_store(&lobby, 1)));
    opening.queues.pace.rest(sale(0).id, at(NOW));
    assert_eq!(run(&opening, false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_tick_is_told_that_bookings_are_turned_away() {
    let mut store = MockQueueStore::new();
    store.expect_tick().withf(|order| order.turned_away).times(1).return_once(|_| Ok(Some(report(queue()))));
    let ticks = Arc::new(ticks(queues(queue(), sale_with_room(0)), store));
    let mut bookings = crate::port::MockBookingStore::new();
    let busy = crate::port::BookingError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) });
    bookings.expect_execute().return_once(move |_| Err(busy));
    let (bookings, queues) = (Arc::new(bookings), Arc::clone(&ticks.queues));
    let watched = crate::waiting_room::WatchedBookings { bookings, queues, clock: clock(NOW) };
    let leave = frontrow_domain::Operation::Leave(frontrow_domain::Leave { buyer: crate::testing::buyer(1).key });
    drop(watched.execute(frontrow_domain::Command::unkeyed(leave)).await);
    assert_eq!(run(&ticks, false).await, Ok(vec![report(queue())]));
}

#[tokio::test]
async fn a_tick_is_told_the_session_and_how_many_joined_and_replaces_the_view() {
    let mut store = MockQueueStore::new();
    store
        .expect_tick()
        .withf(|order| {
            let told = (*order.sale == sale_with_room(0), order.session, order.issued.as_slice());
            told == (true, Duration::from_mins(10), &[31, 4][..])
        })
        .times(1)
        .return_once(|_| Ok(Some(report(queue()))));
    let ticks = Arc::new(ticks(queues(queue(), sale_with_room(0)), store));
    assert_eq!(run(&ticks, false).await, Ok(vec![report(queue())]));
    assert_eq!(view(&ticks).queue, ticked(queue()));
}

#[tokio::test]
async fn a_queue_that_somebody_else_ticks_stays_as_it_was_read() {
    let mut store = MockQueueStore::new();
    store.expect_tick().times(1).return_once(|_| Ok(None));
    let ticks = Arc::new(ticks(queues(queue(), sale_with_room(0)), store));
    let before = view(&ticks);
    assert_eq!(run(&ticks, false).await, Ok(Vec::new()));
    assert!(Arc::ptr_eq(&before, &view(&ticks)));
}

#[tokio::test]
async fn while_the_dispenser_is_away_nobody_knows_how_many_have_joined() {
    let mut dispenser = MockNumberDispenser::new();
    dispenser.expect_issued().times(1).returning(|_, _| away());
    let mut store = MockQueueStore::new();
    store.expect_tick().withf(|order| order.issued.is_empty()).times(1).return_once(|_| Ok(Some(report(queue()))));
    let ticks = ticks(queues(queue(), sale_with_room(0)), store);
    let ticks = Arc::new(TickQueues { dispenser: Arc::new(dispenser), ..ticks });
    assert_eq!(run(&ticks, false).await, Ok(vec![report(queue())]));
}

#[tokio::test]
async fn a_queue_that_cant_be_ticked_keeps_no_other_from_it() {
    let views = queues(queue(), sale_with_room(0));
    let other = Queue { sale: sale(1).id, ..queue() };
    views.replace(other.clone(), Arc::new(sale_with_room(1)), at(NOW));
    let mut store = MockQueueStore::new();
    store.expect_tick().withf(|order| order.sale.id == sale(0).id).times(1).return_once(|_| away());
    let then = other.clone();
    store.expect_tick().withf(|order| order.sale.id == sale(1).id).times(1).return_once(|_| Ok(Some(report(then))));
    let ticks = Arc::new(ticks(views, store));
    assert_eq!(run(&ticks, false).await, Err(Error::Outage(Outage::Busy { retry_after: Duration::from_secs(1) })));
    assert_eq!(ticks.queues.view(other.sale).unwrap().queue, ticked(other));
}

/// What ticks are told of what is left, one after the other, of which these are this instance's.
async fn stocks(seats: ShowAvailability, sale: Sale, ticked_here: &[bool]) -> Vec<Stock> {
    let (told, mut store) = (Arc::<Mutex<Vec<Stock>>>::default(), MockQueueStore::new());
    let (tell, answers) = (Arc::clone(&told), Mutex::new(Vec::from(ticked_here).into_iter()));
    store.expect_tick().returning(move |order| {
        tell.lock().unwrap().push(order.stock);
        Ok(answers.lock().unwrap().next().unwrap().then(|| report(queue())))
    });
    let ticks = Arc::new(TickQueues { seats: Arc::new(seats), ..ticks(queues(queue(), sale), store) });
    for _ in ticked_here {
        run(&ticks, true).await.unwrap();
    }
    let told = told.lock().unwrap();
    told.clone()
}

#[tokio::test]
async fn whoever_ticked_last_counts_what_is_left() {
    use Stock::{Left, Unknown};
    let told = stocks(seats_left(7), sale_with_room(0), &[true, true, false, false, true, true]).await;
    assert_eq!(told, [Unknown, Left(3), Left(3), Unknown, Unknown, Left(3)]);
}

#[tokio::test]
async fn seats_that_cannot_be_read_stop_no_tick() {
    let told = stocks(knows(Vec::new()), sale_with_room(0), &[true, true]).await;
    assert_eq!(told, [Stock::Unknown, Stock::Unknown]);
}

/// What is left, where the first seats of two performances are in these states and the others sold.
async fn stock(first: &[SeatState], second: &[SeatState]) -> Stock {
    let other = PerformanceId::new(Uuid::from_u128(7));
    let snapshot = |states: &[SeatState]| {
        let sold = SeatState::Sold { to: reservation().id };
        let states = states.iter().copied().chain(std::iter::repeat(sold)).take(10);
        let seats: Vec<Seat> = states.zip(1..).map(|(state, number)| seat(number, state)).collect();
        SeatSnapshot::of(&seats, at(NOW))
    };
    let seats = knows(vec![(performance().id, snapshot(first)), (other, snapshot(second))]);
    let two = Sale { performances: [performance().id, other].into(), ..sale_with_room(0) };
    stocks(seats, two, &[true, true]).await[1]
}

#[tokio::test]
async fn what_is_held_may_come_back_and_what_is_sold_does_not() {
    let held = SeatState::Held { by: reservation().id, until: at(310) };
    assert_eq!(stock(&[held], &[]).await, Stock::AllHeld);
    assert_eq!(stock(&[], &[SeatState::Blocked, held]).await, Stock::AllHeld);
    assert_eq!(stock(&[SeatState::Blocked], &[]).await, Stock::SoldOut);
    assert_eq!(stock(&[SeatState::Free, held], &[SeatState::Free]).await, Stock::Left(2));
}
