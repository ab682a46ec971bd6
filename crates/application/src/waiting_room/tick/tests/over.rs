//! Queues that are over: shown, going on, and forgotten.

use super::*;
use frontrow_domain::waiting_room::{NothingLeft, SaleDates};

/// A queue of sale `n` that is over: it closed when it ticked last, so long ago.
fn over(n: u128, ago: Duration) -> Queue {
    let closed_since = Some(at(NOW) - ago);
    let ordered = Some(Phase::Closed);
    Queue { sale: sale(n).id, phase: Phase::Closed, ordered, closed_since, ..queue() }
}

/// Sales are known; reads these queues, one list after the other, and at first those that are over.
fn reads(
    store: MockQueueStore,
    lists: Vec<Vec<Queue>>,
    over: Vec<Queue>,
    dispenser: MockNumberDispenser,
) -> TickQueues {
    let mut store = store;
    let lists = Mutex::new(lists.into_iter());
    store.expect_queues().returning(move || Ok(lists.lock().unwrap().next().unwrap()));
    store.expect_over_queues().times(1).returning(move || Ok(over.clone()));
    let mut sales = MockSaleRepository::new();
    let stored = |id| Stored { value: Sale { id, ..sale_with_room(0) }, revision: Revision(1) };
    sales.expect_sale().returning(move |id| Ok(Some(stored(id))));
    let views = Arc::new(QueueViews::new(digest));
    TickQueues { sales: Arc::new(sales), dispenser: Arc::new(dispenser), ..ticks(views, store) }
}

/// A store that forgets the queue of sale `n` in so many steps.
fn forgets(store: &mut MockQueueStore, n: u128, answers: Vec<Result<bool, StoreError>>) {
    let (times, answers) = (answers.len(), Mutex::new(answers.into_iter()));
    let forgets = store.expect_forget_queue().withf(move |id, now| (*id, *now) == (sale(n).id, at(NOW)));
    forgets.times(times).returning(move |_, _| answers.lock().unwrap().next().unwrap());
}

fn forgets_numbers(dispenser: &mut MockNumberDispenser, n: u128, answers: Vec<Result<(), StoreError>>) {
    let (times, answers) = (answers.len(), Mutex::new(answers.into_iter()));
    let forgets = dispenser.expect_forget().withf(move |id| *id == sale(n).id).times(times);
    forgets.returning(move |_| answers.lock().unwrap().next().unwrap());
}

fn shown(ticks: &TickQueues) -> Vec<SaleId> {
    ticks.queues.all().keys().copied().collect()
}

#[tokio::test]
async fn a_queue_that_is_over_is_shown_for_a_month() {
    let month = Queue::REMEMBERED;
    let (mut store, mut dispenser) = (MockQueueStore::new(), MockNumberDispenser::new());
    forgets(&mut store, 1, vec![Ok(true)]);
    (0..3).for_each(|n| forgets_numbers(&mut dispenser, n, vec![Ok(())]));
    let ends = over(2, Duration::ZERO);
    store.expect_queue().withf(|id| *id == sale(2).id).times(1).return_once(move |_| Ok(Some(ends)));
    let still = Queue { sale: sale(2).id, ..queue() };
    let known = vec![over(0, month.checked_sub(Duration::from_micros(1)).unwrap()), over(1, month)];
    let ticks = reads(store, vec![vec![still], vec![], vec![]], known, dispenser);
    for (live, phase) in [(1, queue().phase), (0, Phase::Closed), (0, Phase::Closed)] {
        assert_eq!(ticks.refresh().await, Ok(live));
        assert_eq!(shown(&ticks), [sale(0).id, sale(2).id]);
        assert_eq!(ticks.queues.view(sale(2).id).unwrap().queue.phase, phase);
    }
}

#[tokio::test]
async fn a_queue_is_forgotten_in_steps_and_an_outage_ends_nothing() {
    let old = |n| over(n, Queue::REMEMBERED);
    let fault = StoreError::Fault(crate::FaultId(Uuid::from_u128(9)));
    let (mut store, mut dispenser) = (MockQueueStore::new(), MockNumberDispenser::new());
    (1..4).for_each(|n| forgets_numbers(&mut dispenser, n, vec![Ok(())]));
    forgets(&mut store, 1, vec![Ok(false), away(), Ok(true)]);
    forgets(&mut store, 2, vec![Err(fault.clone())]);
    forgets(&mut store, 3, vec![Ok(true)]);
    let ticks = reads(store, vec![vec![queue()]; 5], vec![old(1), old(2), old(3)], dispenser);
    assert_eq!(ticks.refresh().await, Err(fault.into()), "after all others");
    for _ in 0..4 {
        assert_eq!(ticks.refresh().await, Ok(1));
        assert_eq!(shown(&ticks), [sale(0).id]);
    }
}

#[tokio::test]
async fn numbers_are_forgotten_once_and_only_of_queues_that_are_over_for_good() {
    let fault = StoreError::Fault(crate::FaultId(Uuid::from_u128(9)));
    let mut dispenser = MockNumberDispenser::new();
    forgets_numbers(&mut dispenser, 0, vec![away(), away(), Ok(())]);
    forgets_numbers(&mut dispenser, 1, vec![Err(fault.clone())]);
    let ended = |n| over(n, Duration::ZERO);
    let goes_on = Queue { ordered: None, ..ended(2) };
    assert!(goes_on.may_go_on(at(NOW)));
    let ticks = reads(MockQueueStore::new(), vec![vec![]; 4], vec![ended(0), ended(1), goes_on], dispenser);
    assert_eq!(ticks.refresh().await, Err(fault.into()), "after all others");
    for _ in 0..3 {
        assert_eq!(ticks.refresh().await, Ok(0));
    }
}

#[tokio::test]
async fn while_nobody_knows_that_the_clock_is_right_nothing_is_forgotten() {
    // Neither the store nor the dispenser is told to forget anything.
    let (store, dispenser) = (MockQueueStore::new(), MockNumberDispenser::new());
    let ticks = reads(store, vec![vec![queue()]], vec![over(1, Queue::REMEMBERED)], dispenser);
    assert_eq!(ticks.read().await, Ok(1));
}

#[tokio::test]
async fn a_queue_that_goes_on_while_queues_are_read_is_not_over() {
    let mut store = MockQueueStore::new();
    store.expect_queue().withf(|id| *id == sale(0).id).times(1).return_once(|_| Ok(Some(queue())));
    let ticks = reads(store, vec![vec![queue()], vec![], vec![queue()]], Vec::new(), MockNumberDispenser::new());
    for _ in 0..3 {
        ticks.refresh().await.unwrap();
        assert_eq!((shown(&ticks), ticks.is_over(sale(0).id)), (vec![sale(0).id], false));
    }
}

#[tokio::test]
async fn a_queue_that_closed_by_itself_is_ticked_when_there_is_something_to_sell() {
    let nothing_left = NothingLeft { since: at(NOW - 9), seen: at(NOW - 5) };
    let closed = |ordered| Queue {
        phase: Phase::Closed,
        ordered,
        nothing_left: Some(nothing_left),
        dates: Some(SaleDates { opens: at(0), closes: at(NOW + 1) }),
        closed_since: Some(at(NOW)),
        ..queue()
    };
    for (sold, ordered, ticked) in [(7, None, 1), (10, None, 0), (7, Some(Phase::Open), 1), (7, Some(Phase::Closed), 0)]
    {
        let mut store = MockQueueStore::new();
        let report = report(queue());
        store
            .expect_tick()
            .withf(|order| order.stock == Stock::Left(3))
            .times(ticked)
            .returning(move |_| Ok(Some(report.clone())));
        let mut dispenser = issues();
        dispenser.expect_forget().returning(|_| Ok(()));
        let ticks = reads(store, vec![vec![]], vec![closed(ordered)], dispenser);
        // Whoever books has seats of their own to read.
        let (seats, browsed_seats) = (Arc::new(knows(Vec::new())), Arc::new(seats_left(sold)));
        let ticks = Arc::new(TickQueues { seats, browsed_seats, ..ticks });
        ticks.refresh().await.unwrap();
        assert_eq!(run(&ticks, true).await.unwrap().len(), ticked, "{sold} sold, {ordered:?}");
        let asks_again = ticks.due(true).len();
        assert_eq!(asks_again, ticked, "an admission that ends elsewhere is no reason to look again");
    }
}

#[tokio::test]
async fn a_queue_that_cant_be_read_is_in_no_other_ones_way() {
    let fault = || StoreError::Fault(crate::FaultId(Uuid::from_u128(9)));
    let mut store = MockQueueStore::new();
    store.expect_queue().withf(|id| *id == sale(1).id).times(1).return_once(move |_| Err(fault()));
    store.expect_queue().withf(|id| *id == sale(1).id).times(1).return_once(|_| away());
    let other = Queue { sale: sale(1).id, ..queue() };
    let lists = vec![vec![queue(), other.clone()], vec![queue()], vec![queue(), other], vec![queue()]];
    let ticks = reads(store, lists, Vec::new(), MockNumberDispenser::new());
    assert_eq!(ticks.refresh().await, Ok(2));
    assert_eq!(
        (ticks.refresh().await, shown(&ticks)),
        (Ok(1), vec![sale(0).id, sale(1).id]),
        "it stays as it was known"
    );
    // A store that has no time is another matter: it is asked again.
    assert_eq!(ticks.refresh().await, Ok(2));
    assert!(ticks.refresh().await.is_err());
    assert_eq!(shown(&ticks), [sale(0).id, sale(1).id]);
}

#[tokio::test]
async fn a_queue_that_is_added_while_queues_are_read_is_not_over() {
    let views = Arc::new(QueueViews::new(digest));
    let meanwhile = Arc::clone(&views);
    let mut store = MockQueueStore::new();
    store.expect_queues().times(1).returning(move || {
        meanwhile.replace(queue(), Arc::new(sale_with_room(0)), at(NOW));
        Ok(Vec::new())
    });
    store.expect_over_queues().times(1).returning(|| Ok(Vec::new()));
    // A dispenser that is not told to forget anything.
    assert_eq!(ticks(views, store).refresh().await, Ok(0));
}
