//! What is read, ticked and drawn, and when.

use super::*;
use crate::port::{
    BookingStore, MockBeacon, MockLineStore, MockNumberDispenser, MockSaleRepository, MockSeatReader, Revision, Stored,
};
use crate::testing::{
    at, clock, digest, drawing, line, line_drawn_by, lines, performance, place, reservation, sale, sale_with_room,
    seat, user,
};
use frontrow_domain::waiting_room::{Standing, WaitingRoom};
use frontrow_domain::{PerformanceId, Seat};
use uuid::Uuid;

const NOW: i64 = 100;

/// With that line in memory. Nothing can be asked but how many have joined, 31 and 4, and whether there are seats: yes.
fn ticks(lines: Arc<Lines>, store: MockLineStore) -> TickLines {
    TickLines {
        lines,
        store: Arc::new(store),
        dispenser: Arc::new(issues()),
        sales: Arc::new(MockSaleRepository::new()),
        seats: Arc::new(seats_left()),
        beacon: Arc::new(MockBeacon::new()),
        digest,
        clock: clock(NOW),
        lately: Lately::default(),
    }
}

fn issues() -> MockNumberDispenser {
    let mut dispenser = MockNumberDispenser::new();
    dispenser.expect_issued().returning(|_, _| Ok(vec![31, 4]));
    dispenser
}

fn seats_left() -> MockSeatReader {
    let mut seats = MockSeatReader::new();
    seats.expect_available().returning(|performances, _| Ok(vec![(performances[0], 3)]));
    seats
}

/// A store whose ticks change nothing but the version.
fn store_with(line: Line) -> MockLineStore {
    let mut store = MockLineStore::new();
    store.expect_tick().times(1).return_once(move |_| Ok(Some(report(line))));
    store
}

fn report(line: Line) -> TickReport {
    TickReport { line: ticked(line), admitted: Vec::new(), ended: 0, quiet: false }
}

fn ticked(line: Line) -> Line {
    Line { version: line.version.next(), ..line }
}

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError::Busy { retry_after: Duration::from_secs(1) })
}

fn board(ticks: &TickLines) -> Arc<Board> {
    ticks.lines.board(sale(0).id).unwrap()
}

#[tokio::test]
async fn lines_are_put_up_with_their_sales_which_are_read_once_a_second() {
    let mut store = MockLineStore::new();
    let orphan = Line { sale: sale(1).id, ..line() };
    store.expect_lines().times(2).returning(move || Ok(vec![line(), orphan.clone()]));
    let mut sales = MockSaleRepository::new();
    let stored = Stored { value: sale_with_room(0), revision: Revision(1) };
    sales.expect_sale().withf(|id| *id == sale(0).id).times(1).return_once(move |_| Ok(Some(stored)));
    sales.expect_sale().withf(|id| *id == sale(1).id).times(2).returning(|_| Ok(None));
    let ticks = TickLines { sales: Arc::new(sales), ..ticks(Arc::new(Lines::new(digest)), store) };
    assert_eq!(ticks.refresh().await, Ok(1));
    assert_eq!(ticks.refresh().await, Ok(1));
    let board = board(&ticks);
    assert_eq!((&board.line, &*board.sale, board.read_at), (&line(), &sale_with_room(0), at(NOW)));
    assert_eq!(ticks.lines.all().len(), 1);
}

/// Of sales 0 and 1, whose sales are known; reads these lines, one list after the other.
fn reads(up: &Arc<Lines>, lists: Vec<Vec<Line>>, dispenser: MockNumberDispenser) -> TickLines {
    let mut store = MockLineStore::new();
    let lists = Mutex::new(lists.into_iter());
    store.expect_lines().returning(move || Ok(lists.lock().unwrap().next().unwrap()));
    let mut sales = MockSaleRepository::new();
    let stored = |id| Stored { value: Sale { id, ..sale_with_room(0) }, revision: Revision(1) };
    sales.expect_sale().returning(move |id| Ok(Some(stored(id))));
    TickLines { sales: Arc::new(sales), dispenser: Arc::new(dispenser), ..ticks(Arc::clone(up), store) }
}

fn forgets(dispenser: &mut MockNumberDispenser, n: u128, answers: Vec<Result<(), StoreError>>) {
    let (times, answers) = (answers.len(), Mutex::new(answers.into_iter()));
    let forgets = dispenser.expect_forget().withf(move |id| *id == sale(n).id).times(times);
    forgets.returning(move |_| answers.lock().unwrap().next().unwrap());
}

#[tokio::test]
async fn the_numbers_of_a_line_that_is_over_are_forgotten_once() {
    let up = lines(line(), sale_with_room(0));
    let mut dispenser = MockNumberDispenser::new();
    forgets(&mut dispenser, 0, vec![Ok(())]);
    let other = Line { sale: sale(1).id, ..line() };
    let lists = vec![vec![line(), other.clone()], vec![other.clone()], vec![other]];
    let ticks = reads(&up, lists, dispenser);
    for count in [2, 1, 1] {
        assert_eq!(ticks.refresh().await, Ok(count));
    }
}

#[tokio::test]
async fn a_line_that_cant_be_forgotten_now_keeps_no_other_from_anything_and_is_tried_again() {
    let up = lines(line(), sale_with_room(0));
    let mut dispenser = MockNumberDispenser::new();
    forgets(&mut dispenser, 0, vec![away(), away(), Ok(())]);
    forgets(&mut dispenser, 1, vec![Ok(())]);
    let of = |n| Line { sale: sale(n).id, ..line() };
    up.put_up_one(of(1), Arc::new(sale_with_room(1)), at(NOW));
    let ticks = reads(&up, vec![vec![of(2)]; 4], dispenser);
    for _ in 0..2 {
        assert_eq!(ticks.refresh().await, Ok(1));
        assert_eq!(up.all().keys().copied().collect::<Vec<_>>(), [sale(2).id], "all others are read");
    }
    assert_eq!(ticks.refresh().await, Ok(1));
    assert_eq!(ticks.refresh().await, Ok(1));
}

#[tokio::test]
async fn what_fails_for_good_is_not_tried_again_and_a_line_that_goes_on_is_not_forgotten() {
    let up = lines(line(), sale_with_room(0));
    let fault = StoreError::Fault(crate::FaultId(Uuid::from_u128(9)));
    let mut dispenser = MockNumberDispenser::new();
    forgets(&mut dispenser, 0, vec![Err(fault.clone()), away()]);
    let ticks = reads(&up, vec![vec![], vec![], vec![line()], vec![], vec![line()]], dispenser);
    assert_eq!(ticks.refresh().await, Err(fault.into()));
    assert_eq!(ticks.refresh().await, Ok(0), "a fault stays one");
    assert_eq!(ticks.refresh().await, Ok(1), "opened again");
    assert_eq!(ticks.refresh().await, Ok(0), "and over again, while the dispenser is away");
    assert_eq!(ticks.refresh().await, Ok(1), "opened again before it was forgotten");
}

#[tokio::test]
async fn a_line_that_is_put_up_while_lines_are_read_is_not_over() {
    let up = Arc::new(Lines::new(digest));
    let meanwhile = Arc::clone(&up);
    let mut store = MockLineStore::new();
    store.expect_lines().times(1).returning(move || {
        meanwhile.put_up_one(line(), Arc::new(sale_with_room(0)), at(NOW));
        Ok(Vec::new())
    });
    // A dispenser that is not told to forget anything.
    assert_eq!(ticks(up, store).refresh().await, Ok(0));
}

#[tokio::test]
async fn what_was_read_a_second_ago_is_read_again() {
    let seen = Mutex::default();
    note(&seen, sale(0).id, (at(NOW), 1));
    let before = at(NOW + 1) - Duration::from_micros(1);
    assert_eq!((recent(&seen, sale(0).id, before), recent(&seen, sale(0).id, at(NOW + 1))), (Some(1), None));
}

/// A store that says, as often as it is asked, that a tick has found nobody.
fn quiet_store(line: &Line, times: usize) -> MockLineStore {
    let (mut store, line) = (MockLineStore::new(), line.clone());
    store.expect_tick().times(times).returning(move |_| Ok(Some(TickReport { quiet: true, ..report(line.clone()) })));
    store
}

#[tokio::test]
async fn a_line_in_which_nobody_is_rests_until_somebody_comes() {
    let ticks = ticks(lines(line(), sale_with_room(0)), quiet_store(&line(), 3));
    assert_eq!(ticks.run(false).await.unwrap().len(), 1);
    assert_eq!(ticks.run(false).await, Ok(Vec::new()));
    assert_eq!(ticks.run(true).await.unwrap().len(), 1, "it may be needed elsewhere");
    ticks.lines.pace.rouse(sale(0).id);
    assert_eq!(ticks.run(false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lobby_notes_now_and_then_how_many_have_joined_and_opens_at_once() {
    let lobby = Line { phase: Phase::Lobby, ..line() };
    let later = Sale { opens: at(NOW + 1), ..sale_with_room(0) };
    let early = ticks(lines(lobby.clone(), later), quiet_store(&lobby, 1));
    assert_eq!(early.run(false).await.unwrap().len(), 1);
    assert_eq!(early.run(false).await, Ok(Vec::new()));
    let now = Sale { opens: at(NOW), ..sale_with_room(0) };
    let opening = ticks(lines(lobby.clone(), now), quiet_store(&lobby, 1));
    opening.lines.pace.rest(sale(0).id, at(NOW));
    assert_eq!(opening.run(false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_tick_is_told_that_bookings_are_turned_away() {
    let mut store = MockLineStore::new();
    store.expect_tick().withf(|order| order.turned_away).times(1).return_once(|_| Ok(Some(report(line()))));
    let ticks = ticks(lines(line(), sale_with_room(0)), store);
    let mut bookings = crate::port::MockBookingStore::new();
    let busy = crate::port::BookingError::Busy { retry_after: Duration::from_secs(1) };
    bookings.expect_execute().return_once(move |_| Err(busy));
    let (bookings, lines) = (Arc::new(bookings), Arc::clone(&ticks.lines));
    let watched = crate::waiting_room::WatchedBookings { bookings, lines, clock: clock(NOW) };
    let leave = frontrow_domain::What::Leave(crate::testing::buyer(1).key);
    drop(watched.execute(frontrow_domain::Command::unkeyed(leave)).await);
    assert_eq!(ticks.run(false).await, Ok(vec![report(line())]));
}

#[tokio::test]
async fn a_tick_is_told_the_session_how_many_joined_and_what_is_left_and_its_line_put_up() {
    let mut store = MockLineStore::new();
    store
        .expect_tick()
        .withf(|order| {
            let told = (*order.sale == sale_with_room(0), order.session, order.issued.as_slice(), order.stock);
            told == (true, Duration::from_mins(10), &[31, 4][..], Stock::Left(3))
        })
        .times(1)
        .return_once(|_| Ok(Some(report(line()))));
    let ticks = ticks(lines(line(), sale_with_room(0)), store);
    assert_eq!(ticks.run(false).await, Ok(vec![report(line())]));
    assert_eq!(board(&ticks).line, ticked(line()));
}

#[tokio::test]
async fn a_line_that_somebody_else_ticks_stays_as_it_was_read() {
    let mut store = MockLineStore::new();
    store.expect_tick().times(1).return_once(|_| Ok(None));
    let ticks = ticks(lines(line(), sale_with_room(0)), store);
    let before = board(&ticks);
    assert_eq!(ticks.run(false).await, Ok(Vec::new()));
    assert!(Arc::ptr_eq(&before, &board(&ticks)));
}

#[tokio::test]
async fn while_the_dispenser_is_away_what_it_had_handed_out_is_called() {
    let mut dispenser = MockNumberDispenser::new();
    dispenser.expect_issued().times(1).returning(|_, _| away());
    let mut store = MockLineStore::new();
    store.expect_tick().withf(|order| order.issued == [30, 0]).times(1).return_once(|_| Ok(Some(report(line()))));
    let ticks = TickLines { dispenser: Arc::new(dispenser), ..ticks(lines(line(), sale_with_room(0)), store) };
    assert_eq!(ticks.run(false).await, Ok(vec![report(line())]));
}

#[tokio::test]
async fn a_line_that_cant_be_ticked_keeps_no_other_from_it() {
    let up = lines(line(), sale_with_room(0));
    let other = Line { sale: sale(1).id, ..line() };
    up.put_up_one(other.clone(), Arc::new(sale_with_room(1)), at(NOW));
    let mut store = MockLineStore::new();
    store.expect_tick().withf(|order| order.sale.id == sale(0).id).times(1).return_once(|_| away());
    let then = other.clone();
    store.expect_tick().withf(|order| order.sale.id == sale(1).id).times(1).return_once(|_| Ok(Some(report(then))));
    let ticks = ticks(up, store);
    assert_eq!(ticks.run(false).await, Err(Error::Busy { retry_after: Duration::from_secs(1) }));
    assert_eq!(ticks.lines.board(other.sale).unwrap().line, ticked(other));
}

/// What a tick is told of what is left, where these seats of two performances are not free.
async fn stock(first: Vec<Seat>, second: Vec<Seat>) -> Stock {
    let other = PerformanceId::new(Uuid::from_u128(7));
    let mut seats = MockSeatReader::new();
    let both = [performance().id, other];
    seats
        .expect_available()
        .withf(move |performances, now| (performances, *now) == (&both[..], at(NOW)))
        .times(1)
        .return_once(|_, _| Ok(vec![(performance().id, 0)]));
    let of = [(performance().id, first), (other, second)];
    seats.expect_not_free().returning(move |id| {
        let known = of.iter().find(|(known, _)| *known == id);
        Ok(known.map(|(_, seats)| seats.clone()).unwrap_or_default())
    });
    let two = Sale { performances: both.into(), ..sale_with_room(0) };
    let ticks = TickLines { seats: Arc::new(seats), ..ticks(lines(line(), two.clone()), MockLineStore::new()) };
    let stock = ticks.stock(&two).await.unwrap();
    assert_eq!(ticks.stock(&two).await, Ok(stock), "read once a second");
    stock
}

#[tokio::test]
async fn what_is_held_may_come_back_and_what_is_sold_does_not() {
    let held = || seat(1, SeatState::Held { by: reservation().id, until: at(310) });
    let sold = || seat(2, SeatState::Sold { to: reservation().id });
    let blocked = || seat(3, SeatState::Blocked);
    assert_eq!(stock(vec![held(), sold()], vec![]).await, Stock::AllHeld);
    assert_eq!(stock(vec![sold()], vec![sold(), held()]).await, Stock::AllHeld);
    assert_eq!(stock(vec![sold(), blocked()], vec![sold()]).await, Stock::SoldOut);
}

/// A sale whose lobby is drawn.
fn drawn_sale() -> Sale {
    let room = sale_with_room(0).waiting_room.map(|room| WaitingRoom { draw: true, ..room });
    Sale { waiting_room: room, ..sale_with_room(0) }
}

/// One tick of that line, whose draw goes on to exactly there.
fn draws(before: &Line, to: Option<Drawing>, beacon: MockBeacon, dispenser: MockNumberDispenser) -> TickLines {
    let mut store = store_with(before.clone());
    if let Some(to) = to {
        let (expected, line) = (LineUpdate::Draw(to), ticked(before.clone()));
        store
            .expect_update_line()
            .withf(move |id, update, action| *id == sale(0).id && *update == expected && action.is_none())
            .times(1)
            .return_once(move |_, update, _| Ok(Some(line.update(update))));
    }
    let ticks = ticks(lines(before.clone(), drawn_sale()), store);
    TickLines { beacon: Arc::new(beacon), dispenser: Arc::new(dispenser), ..ticks }
}

/// A beacon that says that of the round.
fn says(value: Option<&str>) -> MockBeacon {
    let (mut beacon, value) = (MockBeacon::new(), value.map(ToOwned::to_owned));
    beacon.expect_value().withf(|round| round.as_deref() == Some("round 7")).times(1).return_once(move |_| Ok(value));
    beacon
}

/// Number 2 of the lobby's 3 is nobody's any more.
fn lobby() -> MockNumberDispenser {
    let mut dispenser = issues();
    let everybody = |after: u64| {
        let places = [(place(1).number, user(1)), (place(3).number, user(3))];
        places.into_iter().filter(|(number, _)| number.get() > after).take(1).collect()
    };
    dispenser
        .expect_places()
        .withf(|id, group, _, _| (*id, *group) == (sale(0).id, Group::FIRST))
        .returning(move |_, _, after, _| Ok(everybody(after)));
    dispenser
}

fn lists() -> Vec<[u8; 32]> {
    let line = |n| list_line(digest, sale(0).id, user(n));
    vec![list_digest(digest, &[line(1), [0; 16], line(3)]), list_digest(digest, &[])]
}

#[tokio::test]
async fn first_the_lists_are_published_while_the_beacon_is_not_asked() {
    let listed = Drawing { lists: Some(lists()), ..drawing() };
    let ticks = draws(&line_drawn_by(drawing()), Some(listed.clone()), MockBeacon::new(), lobby());
    let reports = ticks.run(false).await.unwrap();
    assert_eq!(reports[0].line.draw, Some(listed));
    assert_eq!((&board(&ticks).line, board(&ticks).line.is_drawn()), (&reports[0].line, false));
}

#[tokio::test]
async fn then_the_draw_waits_for_the_value() {
    let listed = line_drawn_by(Drawing { lists: Some(lists()), ..drawing() });
    let ticks = draws(&listed, None, says(None), issues());
    assert_eq!(ticks.run(false).await, Ok(vec![report(listed)]));
    assert_eq!(board(&ticks).standing(Group::FIRST, place(1).number), Standing::Lobby);
}

#[tokio::test]
async fn then_the_value_decides_and_that_is_all() {
    let listed = Drawing { lists: Some(lists()), ..drawing() };
    let decides = seed(digest, &[3; 32], "cafe", &[3, 0], &lists());
    let decided = Drawing { value: Some("cafe".into()), seed: Some(decides), ..listed.clone() };
    let ticks = draws(&line_drawn_by(listed), Some(decided.clone()), says(Some("cafe")), issues());
    let reports = ticks.run(false).await.unwrap();
    assert_eq!(reports[0].line.draw.as_ref(), Some(&decided));
    assert!(board(&ticks).line.is_drawn());

    let over = line_drawn_by(decided);
    let again = draws(&over, None, MockBeacon::new(), issues());
    assert_eq!(again.run(false).await, Ok(vec![report(over)]));
}

#[tokio::test]
async fn a_lobby_is_not_drawn() {
    let lobby = Line { phase: Phase::Lobby, ..line_drawn_by(drawing()) };
    let ticks = draws(&lobby, None, MockBeacon::new(), issues());
    assert_eq!(ticks.run(false).await, Ok(vec![report(lobby)]));
}

#[tokio::test]
async fn a_list_ends_where_nobody_is_known_any_more() {
    let list = lobby_list(&lobby(), digest, sale(0).id, Group::FIRST, 5).await.unwrap();
    let line = |n| list_line(digest, sale(0).id, user(n));
    assert_eq!(list, [line(1), [0; 16], line(3), [0; 16], [0; 16]]);
    assert_eq!(lobby_list(&lobby(), digest, sale(0).id, Group::FIRST, 2).await.unwrap(), [line(1), [0; 16]]);
}
