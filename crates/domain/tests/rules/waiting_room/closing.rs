//! How a queue ends.

use super::test_room::*;
use crate::fixture::{at, just_before};
use frontrow_domain::waiting_room::*;

#[test]
fn a_queue_closes_with_its_sale() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.sale.closes = at(20);
    waiting_room.all_come([1]);
    waiting_room.tick_at(just_before(20));
    assert_eq!((waiting_room.queue().phase, waiting_room.active()), (Phase::Open, 1));
    waiting_room.all_come([2]);
    assert_eq!(waiting_room.tick_at(at(20)), []);
    assert_eq!((waiting_room.queue().phase, waiting_room.active()), (Phase::Closed, 1), "whoever is admitted finishes");
    waiting_room.renew(1).unwrap();
}

#[test]
fn a_queue_that_was_never_opened_closes_too() {
    let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
    waiting_room.join(1);
    waiting_room.sale.closes = at(20);
    waiting_room.tick_at(at(30));
    assert_eq!((waiting_room.queue().phase, waiting_room.group().drawn), (Phase::Closed, 1));
}

#[test]
fn in_a_closed_queue_admissions_still_end() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.all_come([1, 2]);
    waiting_room.tick();
    waiting_room.phase(Phase::Closed).unwrap();
    waiting_room.run(48, &[3]);
    assert_eq!((waiting_room.active(), waiting_room.rooms.log.len()), (0, 2));
}

#[test]
fn a_sold_out_queue_closes_and_one_that_is_all_held_waits() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.stock = Stock::AllHeld;
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Open, Some(Ending::AllHeld)));
    waiting_room.stock = Stock::Unknown;
    waiting_room.tick();
    assert_eq!(waiting_room.queue().ending, Some(Ending::AllHeld), "as far as is known");
    waiting_room.stock = Stock::Left(1);
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Open, None));
    waiting_room.stock = Stock::SoldOut;
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.tick(), []);
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Open, Some(Ending::SoldOut)));
    assert_eq!(waiting_room.run(1, &[1]), []);
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Closed, Some(Ending::SoldOut)));
}

#[test]
fn two_ticks_a_second_apart_have_to_see_that_nothing_is_left() {
    let open = |waiting_room: &TestRoom| waiting_room.queue().phase == Phase::Open;
    for came_back in [Stock::Left(1), Stock::AllHeld] {
        let mut waiting_room = TestRoom::open(room(), 3);
        let start = waiting_room.now;
        for (after, stock, is_open) in [
            (0, Stock::SoldOut, true),
            (999, Stock::SoldOut, true),
            // Who doesn't know has seen nothing.
            (1000, Stock::Unknown, true),
            (1500, came_back, true),
            (2000, Stock::SoldOut, true),
            (2999, Stock::SoldOut, true),
            (3000, Stock::SoldOut, false),
            (9000, Stock::Unknown, false),
        ] {
            waiting_room.stock = stock;
            waiting_room.tick_at(start + millis(after));
            assert_eq!(open(&waiting_room), is_open, "after {after} ms");
        }
    }
}

#[test]
fn a_queue_that_closed_by_itself_goes_on_by_itself_and_the_lowest_ranks_come_first() {
    for (stock, ending) in
        [(Stock::SoldOut, Ending::SoldOut), (Stock::Begun, Ending::Begun), (Stock::Cancelled, Ending::Cancelled)]
    {
        let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 2, ..room() }, 60);
        waiting_room.all_come([1, 2]);
        assert_eq!(waiting_room.tick(), [1, 2]);
        waiting_room.stock = stock;
        waiting_room.run(2, &[]);
        assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Closed, Some(ending)));
        assert_eq!(waiting_room.queue().closed_since, Some(at(OPENS + 2)));
        // Far longer than a call lasts.
        waiting_room.run(30 * 60, &[]);
        let (queue, now) = (waiting_room.queue(), waiting_room.now);
        let known = [Stock::Left(2), Stock::AllHeld, Stock::Postponed, Stock::Unknown, stock];
        assert_eq!(known.map(|stock| queue.goes_on(stock, now)), [true, true, true, false, false], "{ending:?}");
        waiting_room.stock = Stock::Left(2);
        assert_eq!(waiting_room.run(1, &[4, 3]), [3, 4], "they have kept their places");
        let queue = waiting_room.queue();
        assert_eq!((queue.phase, queue.ending, queue.closed_since), (Phase::Open, None, None));
    }
}

#[test]
fn a_queue_that_an_operator_closed_stays_closed() {
    for sold_out_before in [false, true] {
        let mut waiting_room = TestRoom::open(room(), 3);
        if sold_out_before {
            waiting_room.stock = Stock::SoldOut;
            waiting_room.run(2, &[]);
        }
        waiting_room.phase(Phase::Closed).unwrap();
        waiting_room.stock = Stock::Left(9);
        assert_eq!(waiting_room.run(5, &[1]), []);
        assert_eq!(waiting_room.queue().phase, Phase::Closed);
        assert!(!waiting_room.queue().goes_on(Stock::Left(9), waiting_room.now));
        waiting_room.phase(Phase::Open).unwrap();
        assert_eq!(waiting_room.run(1, &[1]), [1]);
    }
}

#[test]
fn a_queue_follows_the_closing_of_its_sale() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.sale.closes = at(20);
    waiting_room.tick_at(at(20));
    assert_eq!(waiting_room.queue().phase, Phase::Closed);
    assert_eq!(waiting_room.queue().message.as_deref(), Some("The closing of the sale has been moved."));
    waiting_room.change(QueueChange { message: Some("Sorry.".into()), ..QueueChange::default() }).unwrap();
    waiting_room.sale.closes = at(40);
    waiting_room.now = at(30);
    waiting_room.save_sale();
    let queue = waiting_room.queue();
    assert_eq!((queue.phase, queue.closed_since), (Phase::Open, None), "at once: nobody may tick what is over");
    assert_eq!(queue.message.as_deref(), Some("The closing of the sale has been moved. Sorry."));
    assert_eq!(waiting_room.run(1, &[1]), [1]);
    waiting_room.sale.closes = at(50);
    waiting_room.save_sale();
    let told = waiting_room.queue().clone();
    assert_eq!(told.message.as_deref(), Some("The closing of the sale has been moved. Sorry."), "once");
    waiting_room.save_sale();
    assert_eq!(*waiting_room.queue(), told, "it was not moved");
}

#[test]
fn a_queue_follows_the_opening_of_its_sale() {
    let mut waiting_room = TestRoom::new(room());
    waiting_room.all_join(1..=3, 0);
    waiting_room.sale.opens = at(100);
    waiting_room.tick_at(at(50));
    assert_eq!(waiting_room.queue().phase, Phase::Lobby);
    assert_eq!(waiting_room.queue().message.as_deref(), Some("The opening of the sale has been moved."));
    waiting_room.sale.opens = at(60);
    waiting_room.tick_at(at(60));
    assert_eq!(waiting_room.queue().phase, Phase::Open);
    waiting_room.all_come([1, 2]);

    // Later, after it has opened: those who were called keep their calls.
    (waiting_room.sale.opens, waiting_room.sale.closes) = (at(4000), at(9000));
    let called = waiting_room.group().called;
    assert_eq!(waiting_room.tick_at(at(61)), []);
    assert_eq!(waiting_room.queue().phase, Phase::Paused);
    assert_eq!(
        waiting_room.queue().message.as_deref(),
        Some("The opening and the closing of the sale have been moved.")
    );
    waiting_room.wait_until(at(4000));
    assert_eq!((waiting_room.group().called, waiting_room.status(1)), (called, EntryStatus::Called));
    assert_eq!(waiting_room.run(1, &[1, 2]), [1, 2]);
    assert_eq!(waiting_room.queue().phase, Phase::Open);
}

#[test]
fn an_early_opening_ends_if_the_sale_opens_later_than_was_known() {
    let mut waiting_room = TestRoom::new(room());
    waiting_room.sale.opens = at(100);
    waiting_room.tick();
    waiting_room.phase(Phase::Open).unwrap();
    waiting_room.tick();
    assert_eq!(waiting_room.queue().phase, Phase::Open);
    waiting_room.sale.opens = at(200);
    waiting_room.tick();
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ordered), (Phase::Paused, None));
    waiting_room.wait_until(at(200));
    waiting_room.tick();
    assert_eq!(waiting_room.queue().phase, Phase::Open);
}

/// Whoever has paused it may have had another reason than the sale's date: people are told that they wait, not let in.
#[test]
fn a_pause_outlasts_an_opening_that_is_moved() {
    for (phase, before, then) in [(Phase::Paused, vec![], vec![1, 2]), (Phase::Draining, vec![1], vec![2])] {
        let mut waiting_room = TestRoom::open(room(), 3);
        waiting_room.phase(phase).unwrap();
        waiting_room.save_sale();
        waiting_room.sale.opens = at(100);
        waiting_room.save_sale();
        assert_eq!(waiting_room.queue().message.as_deref(), Some("The opening of the sale has been moved."));
        waiting_room.wait_until(at(100));
        assert_eq!(waiting_room.run(2, &[1]), before, "{phase:?}");
        assert_eq!((waiting_room.queue().phase, waiting_room.queue().ordered), (phase, Some(phase)));
        waiting_room.phase(Phase::Open).unwrap();
        assert_eq!(waiting_room.run(2, &[2]), then);
    }
}

#[test]
fn an_operator_can_see_that_the_sale_of_a_queue_has_closed() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.sale.closes = at(20);
    waiting_room.save_sale();
    assert_eq!(waiting_room.queue().sale_closed(just_before(20)), None);
    assert_eq!(waiting_room.queue().sale_closed(at(20)), Some(at(20)));
    waiting_room.sale.closes = at(40);
    waiting_room.save_sale();
    assert_eq!(waiting_room.queue().sale_closed(at(20)), None, "it was moved");
}

#[test]
fn a_queue_of_an_older_version_keeps_what_an_operator_ordered() {
    for (phase, ending, then) in [
        (Phase::Paused, None, Phase::Paused),
        (Phase::Draining, None, Phase::Draining),
        (Phase::Closed, None, Phase::Closed),
        (Phase::Closed, Some(Ending::SoldOut), Phase::Open),
        (Phase::Open, None, Phase::Open),
        (Phase::Lobby, None, Phase::Open),
    ] {
        let mut waiting_room = TestRoom::open(room(), 3);
        *waiting_room.queue_mut() = Queue { phase, ending, dates: None, ..waiting_room.queue().clone() };
        waiting_room.stock = Stock::Left(3);
        waiting_room.run(2, &[]);
        assert_eq!(waiting_room.queue().phase, then, "{phase:?}");
    }
}

#[test]
fn a_queue_is_remembered_for_a_month_after_it_has_closed() {
    let mut waiting_room = TestRoom::open(room(), 3);
    let now = waiting_room.now;
    assert!(!waiting_room.queue().is_forgotten(now + Queue::REMEMBERED));
    waiting_room.phase(Phase::Closed).unwrap();
    waiting_room.run(60, &[]);
    let queue = waiting_room.queue();
    assert!(!queue.is_forgotten(now + Queue::REMEMBERED - millis(1)) && queue.is_forgotten(now + Queue::REMEMBERED));
}

#[test]
fn a_queue_that_may_go_on_is_remembered_until_a_month_after_its_sale() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.stock = Stock::SoldOut;
    waiting_room.run(3, &[]);
    let queue = waiting_room.queue();
    assert_eq!(queue.phase, Phase::Closed);
    let long_after = waiting_room.now + Queue::REMEMBERED * 3;
    let closing = |closes| {
        let dates = queue.dates.map(|dates| SaleDates { closes, ..dates });
        Queue { dates, ..queue.clone() }
    };
    assert!(!closing(long_after + millis(1)).is_forgotten(long_after), "its seats may come back");
    assert!(!closing(long_after - Queue::REMEMBERED + millis(1)).is_forgotten(long_after));
    assert!(closing(long_after - Queue::REMEMBERED).is_forgotten(long_after));
}

#[test]
fn a_draining_queue_takes_no_joins_and_admits_who_is_there() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.phase(Phase::Draining).unwrap();
    assert!(!waiting_room.queue().phase.takes_joins());
    waiting_room.all_come([1, 2]);
    assert_eq!(waiting_room.run(1, &[]), [1, 2]);
    assert!(waiting_room.queue().open_time > seconds(0));
    waiting_room.stock = Stock::SoldOut;
    waiting_room.run(2, &[]);
    assert_eq!(waiting_room.queue().phase, Phase::Closed);
}

#[test]
fn a_paused_queue_is_not_closed_by_what_is_sold() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.phase(Phase::Paused).unwrap();
    waiting_room.stock = Stock::SoldOut;
    waiting_room.run(2, &[]);
    assert_eq!((waiting_room.queue().phase, waiting_room.queue().ending), (Phase::Paused, Some(Ending::SoldOut)));
}

#[test]
fn a_queue_for_what_is_not_sold_stands_still_and_goes_on_when_it_is_sold_again() {
    for (stock, ending) in
        [(Stock::Postponed, Ending::Postponed), (Stock::Begun, Ending::Begun), (Stock::Cancelled, Ending::Cancelled)]
    {
        let mut waiting_room = TestRoom::open(room(), 50);
        let before = (waiting_room.group().called, waiting_room.queue().open_time);
        waiting_room.stock = stock;
        waiting_room.tick();
        assert_eq!((waiting_room.queue().ending, waiting_room.queue().seats_left), (Some(ending), Some(0)));
        // Longer than a call lasts.
        assert_eq!(waiting_room.run(20 * 60, &[1, 2]), [], "{ending:?}");
        assert_eq!((waiting_room.group().called, waiting_room.queue().open_time), before, "nobody is called");
        let phase = if ending == Ending::Postponed { Phase::Open } else { Phase::Closed };
        assert_eq!(waiting_room.queue().phase, phase);
        waiting_room.phase(Phase::Paused).unwrap();
        waiting_room.phase(Phase::Open).unwrap();
        waiting_room.stock = Stock::Unknown;
        assert_eq!(waiting_room.run(1, &[1, 2]), [], "an operator sells nothing by opening the queue");
        waiting_room.stock = Stock::Left(5);
        assert_eq!(waiting_room.run(1, &[1, 2]), [1, 2]);
        assert_eq!((waiting_room.queue().ending, waiting_room.queue().seats_left), (None, Some(5)));
    }
}

#[test]
fn what_each_phase_does() {
    let joins = Phase::ALL.map(Phase::takes_joins);
    let moves = Phase::ALL.map(Phase::moves);
    assert_eq!(joins, [true, true, true, false, false]);
    assert_eq!(moves, [false, true, false, true, false]);
    assert_eq!(Phase::ALL.map(Phase::as_str), ["lobby", "open", "paused", "draining", "closed"]);
}

#[test]
fn how_many_seats_are_left_is_said_by_one_digit() {
    let mut waiting_room = TestRoom::open(room(), 1);
    assert_eq!(waiting_room.queue().seats_left, None);
    for (left, said) in [(1, 1), (9, 9), (57, 50), (100, 100), (48_999, 40_000)] {
        waiting_room.stock = Stock::Left(left);
        waiting_room.tick();
        assert_eq!(waiting_room.queue().seats_left, Some(said));
    }
    waiting_room.stock = Stock::Unknown;
    waiting_room.tick();
    assert_eq!(waiting_room.queue().seats_left, Some(40_000), "as far as is known");
    waiting_room.stock = Stock::AllHeld;
    waiting_room.tick();
    assert_eq!(waiting_room.queue().seats_left, Some(0));
}
