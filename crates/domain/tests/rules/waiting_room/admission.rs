//! The right to book: picked up, renewed, held on to, given back.

use super::test_room::*;
use crate::fixture::at;
use frontrow_domain::waiting_room::{QueueEntry, *};
use frontrow_domain::*;

/// Person 1 has just been admitted and has picked it up; person 2 waits checked in.
fn admitted(room: WaitingRoom) -> TestRoom {
    let mut waiting_room = TestRoom::new(WaitingRoom { capacity: 1, ..room });
    waiting_room.tick();
    waiting_room.admit(1);
    waiting_room.join(2);
    waiting_room.come(2);
    waiting_room
}

/// Ticks and renews until that instant.
fn renew_until(waiting_room: &mut TestRoom, until: Instant) {
    while waiting_room.now < until {
        waiting_room.wait_until((waiting_room.now + seconds(30)).min(until));
        waiting_room.tick();
        waiting_room.renew(1);
    }
}

#[test]
fn forty_five_seconds_to_pick_it_up() {
    let mut waiting_room = TestRoom::open(room(), 1);
    waiting_room.all_come([1]);
    waiting_room.tick();
    let admission = waiting_room.admission(1).unwrap();
    assert_eq!(
        admission,
        AdmissionPeriod { until: waiting_room.now + seconds(45), max_until: waiting_room.now + SESSION }
    );
    waiting_room.now = admission.until - millis(1);
    let picked = waiting_room.pick_up(1);
    assert_eq!(picked.until, waiting_room.now + Tick::RENEWAL);
    assert!(waiting_room.bookings.buyers[&key(1)].has_used(Group::FIRST, QueueNumber::new(1).unwrap()));
}

#[test]
fn who_is_too_late_to_pick_it_up_may_come_again() {
    let mut waiting_room = TestRoom::open(room(), 1);
    waiting_room.all_come([1]);
    waiting_room.tick();
    waiting_room.wait_until(waiting_room.admission(1).unwrap().until);
    let renew = Renew { buyer: key(1), entry: Some(waiting_room.rooms.entries[&key(1)]), closing: false };
    assert_eq!(waiting_room.rejected(Operation::Renew(renew)), Rejection::AdmissionEnded);
    assert_eq!(waiting_room.come(1), CheckInOutcome::Present);
}

#[test]
fn who_leaves_without_picking_it_up_is_not_let_in_by_a_check_in_that_was_on_its_way() {
    let mut waiting_room = TestRoom::open(WaitingRoom { capacity: 1, ..room() }, 2);
    waiting_room.all_come([1, 2]);
    let late = waiting_room.check_in_of(1);
    assert_eq!(waiting_room.tick(), [1]);
    waiting_room.rooms.check_ins.insert(key(1), late);
    waiting_room.leave(1);
    assert_eq!(waiting_room.tick(), [], "an admission that nobody wants");
    assert_eq!(waiting_room.tick(), [2]);
    assert_eq!(waiting_room.come(1), CheckInOutcome::Used);
}

#[test]
fn whoever_renews_has_picked_it_up_whether_they_checked_in_or_not() {
    let mut waiting_room = TestRoom::open(room(), 1);
    waiting_room.all_come([1]);
    waiting_room.tick();
    waiting_room.renew(1).unwrap();
    waiting_room.wait_until(waiting_room.admission(1).unwrap().until);
    assert_eq!(waiting_room.come(1), CheckInOutcome::Used);
}

#[test]
fn a_lower_number_picked_up_later_does_not_unspend() {
    let mut waiting_room = admitted(room());
    let entry = |number| Some(QueueEntry { group: Group::FIRST, number: QueueNumber::new(number).unwrap() });
    for number in [9, 3] {
        waiting_room
            .run_command(Operation::Renew(Renew { buyer: key(1), entry: entry(number), closing: false }))
            .unwrap();
    }
    assert_eq!(waiting_room.bookings.buyers[&key(1)].used_numbers, [9, 0, 0, 0]);
}

#[test]
fn three_minutes_a_renewal_and_never_beyond_the_session() {
    let mut waiting_room = admitted(room());
    let max_until = waiting_room.admission(1).unwrap().max_until;
    waiting_room.wait(seconds(100));
    assert_eq!(waiting_room.renew(1).unwrap().until, waiting_room.now + seconds(180));
    renew_until(&mut waiting_room, max_until - seconds(20));
    assert_eq!(waiting_room.admission(1), Some(AdmissionPeriod { until: max_until, max_until }));
    waiting_room.wait_until(max_until);
    assert_eq!(
        waiting_room.rejected(Operation::Renew(Renew { buyer: key(1), entry: None, closing: false })),
        Rejection::AdmissionEnded
    );
}

#[test]
fn nobody_without_an_admission_renews_or_holds() {
    let mut waiting_room = admitted(room());
    let hold = waiting_room.hold(2, &[1]);
    assert_eq!(waiting_room.rejected(hold), Rejection::NotAdmitted);
    assert_eq!(
        waiting_room.rejected(Operation::Renew(Renew { buyer: key(3), entry: None, closing: false })),
        Rejection::NotAdmitted
    );
    waiting_room.leave(1);
    let hold = waiting_room.hold(1, &[1]);
    assert_eq!(waiting_room.rejected(hold), Rejection::AdmissionEnded);
    waiting_room.bar(1, true);
    let hold = waiting_room.hold(1, &[1]);
    assert_eq!(waiting_room.rejected(hold), Rejection::Barred);
}

#[test]
fn a_hold_is_possible_until_just_before_the_right_ends() {
    for (before, possible) in [(1, true), (0, false)] {
        let mut waiting_room = admitted(room());
        waiting_room.wait_until(waiting_room.admission(1).unwrap().until - millis(before));
        let hold = waiting_room.hold(1, &[1]);
        assert_eq!(waiting_room.run_command(hold).is_ok(), possible);
    }
}

#[test]
fn a_page_that_closes_leaves_forty_five_seconds_unless_it_is_renewed() {
    let mut waiting_room = admitted(room());
    waiting_room.wait(seconds(10));
    assert_eq!(waiting_room.close_page(1).unwrap().until, waiting_room.now + seconds(45));
    waiting_room.wait(seconds(44));
    assert_eq!(waiting_room.close_page(1).unwrap().until, waiting_room.now + seconds(1), "closing never lengthens");
    assert_eq!(waiting_room.renew(1).unwrap().until, waiting_room.now + seconds(180));
}

#[test]
fn an_admission_does_not_outlast_a_closed_page() {
    let mut waiting_room = admitted(room());
    // The tick has seen by now that it was renewed.
    waiting_room.wait(Tick::PICK_UP + CLOCK_TOLERANCE + seconds(1));
    waiting_room.tick();
    waiting_room.renew(1);
    waiting_room.wait(seconds(47));
    waiting_room.tick();
    let ends = waiting_room.close_page(1).unwrap().until;
    waiting_room.wait_until(ends + CLOCK_TOLERANCE);
    waiting_room.come(2);
    assert_eq!(waiting_room.tick(), [], "within the tolerance");
    waiting_room.now = waiting_room.now + millis(1);
    assert_eq!(waiting_room.tick(), [2]);
}

#[test]
fn closing_never_cuts_a_live_hold() {
    let mut waiting_room = admitted(room());
    let held = waiting_room.held(1, &[1]);
    assert_eq!(waiting_room.close_page(1).unwrap().until, held.held_until);
    waiting_room.release(&held);
    assert_eq!(waiting_room.close_page(1).unwrap().until, waiting_room.now + seconds(45));
}

#[test]
fn a_hold_lengthens_the_admission_beyond_the_session_but_no_hold_follows() {
    let mut waiting_room = admitted(room());
    let max_until = waiting_room.admission(1).unwrap().max_until;
    renew_until(&mut waiting_room, max_until - seconds(10));
    let held = waiting_room.held(1, &[1]);
    assert_eq!(waiting_room.admission(1), Some(AdmissionPeriod { until: held.held_until, max_until }));
    waiting_room.wait_until(max_until + seconds(100));
    assert_eq!(waiting_room.tick(), []);
    assert_eq!(waiting_room.renew(1).unwrap().until, held.held_until, "it can be renewed: a pass is needed for paying");
    let another = waiting_room.hold(1, &[2]);
    assert_eq!(waiting_room.rejected(another), Rejection::AdmissionEnded);
    waiting_room.pay(&held);
    assert_eq!(
        waiting_room.admission(1).map(|admission| admission.until),
        Some(held.held_until),
        "two seats more could be had"
    );
}

#[test]
fn when_the_hold_that_outlived_the_session_is_no_more_a_renewal_leaves_forty_five_seconds() {
    let mut waiting_room = admitted(room());
    let max_until = waiting_room.admission(1).unwrap().max_until;
    renew_until(&mut waiting_room, max_until - seconds(10));
    let held = waiting_room.held(1, &[1]);
    waiting_room.wait_until(max_until + seconds(100));
    waiting_room.tick();
    waiting_room.release(&held);
    let ends = waiting_room.renew(1).unwrap().until;
    assert_eq!(ends, waiting_room.now + seconds(45));
    waiting_room.wait(seconds(30));
    assert_eq!(waiting_room.renew(1).unwrap().until, ends, "and no renewal more");
    waiting_room.wait_until(ends + CLOCK_TOLERANCE + millis(1));
    waiting_room.come(2);
    assert_eq!(waiting_room.tick(), [2]);
}

#[test]
fn an_admission_that_a_renewal_shortens_does_not_outlast_it() {
    // Two holds, of which the longer one is given up after the tick has seen it.
    let mut waiting_room = admitted(room());
    let max_until = waiting_room.admission(1).unwrap().max_until;
    renew_until(&mut waiting_room, max_until - seconds(100));
    let shorter = waiting_room.held(1, &[1]);
    waiting_room.wait(seconds(90));
    let longer = waiting_room.held(1, &[2]);
    waiting_room.wait_until(shorter.held_until - seconds(1));
    waiting_room.tick();
    waiting_room.release(&longer);
    let ends = waiting_room.renew(1).unwrap().until;
    assert_eq!(ends, waiting_room.now + seconds(45));
    waiting_room.wait_until(ends + CLOCK_TOLERANCE + millis(1));
    waiting_room.come(2);
    assert_eq!(waiting_room.tick(), [2]);
}

#[test]
fn an_admission_ends_after_the_tolerance_and_frees_room_for_another() {
    let mut waiting_room = admitted(room());
    let until = waiting_room.admission(1).unwrap().until;
    while waiting_room.now < until {
        waiting_room.wait_until((waiting_room.now + seconds(4)).min(until));
        waiting_room.come(2);
        assert_eq!(waiting_room.tick(), []);
    }
    waiting_room.wait_until(until + CLOCK_TOLERANCE);
    assert_eq!(waiting_room.tick(), []);
    waiting_room.now = waiting_room.now + std::time::Duration::from_micros(1);
    assert_eq!(waiting_room.tick(), [2]);
    assert_eq!(waiting_room.bookings.buyers[&key(1)].admission, None);
}

#[test]
fn the_buyers_row_has_the_last_word_about_an_admission() {
    let mut waiting_room = admitted(room());
    waiting_room.wait(seconds(45));
    waiting_room.held(1, &[1]);
    waiting_room.wait(seconds(10));
    assert_eq!(waiting_room.tick(), []);
    assert_eq!(waiting_room.active(), 1);
}

#[test]
fn paying_all_that_one_may_buy_gives_the_admission_back() {
    let mut waiting_room = admitted(room());
    let held = waiting_room.held(1, &[1, 2, 3, 4]);
    waiting_room.pay(&held);
    assert_eq!((waiting_room.admission(1), waiting_room.active()), (None, 0));
    assert_eq!(waiting_room.tick(), [2]);
}

#[test]
fn who_may_buy_more_keeps_the_admission_unless_the_sale_says_otherwise() {
    for (leave_on_payment, kept) in [(false, true), (true, false)] {
        let mut waiting_room = admitted(WaitingRoom { terms: AdmissionTerms { leave_on_payment }, ..room() });
        let held = waiting_room.held(1, &[1, 2]);
        waiting_room.pay(&held);
        assert_eq!(waiting_room.admission(1).is_some(), kept);
        assert_eq!(waiting_room.active() == 1, kept);
    }
}

#[test]
fn another_live_hold_keeps_the_admission_and_a_lapsed_one_does_not() {
    let mut waiting_room = admitted(WaitingRoom { terms: AdmissionTerms { leave_on_payment: true }, ..room() });
    let first = waiting_room.held(1, &[1, 2]);
    waiting_room.wait(seconds(10));
    let second = waiting_room.held(1, &[3, 4]);
    waiting_room.pay(&first);
    assert!(waiting_room.admission(1).is_some());
    waiting_room.pay(&second);
    assert_eq!((waiting_room.admission(1), waiting_room.active()), (None, 0));

    let mut waiting_room = admitted(WaitingRoom { terms: AdmissionTerms { leave_on_payment: true }, ..room() });
    let first = waiting_room.held(1, &[1, 2]);
    waiting_room.wait_until(first.held_until - seconds(1));
    waiting_room.renew(1);
    let second = waiting_room.held(1, &[3, 4]);
    waiting_room.wait_until(first.held_until);
    waiting_room.pay(&second);
    assert_eq!((waiting_room.admission(1), waiting_room.active()), (None, 0));
}

#[test]
fn a_hold_that_has_just_lapsed_was_not_bought() {
    let mut waiting_room = admitted(room());
    let first = waiting_room.held(1, &[1, 2]);
    waiting_room.wait_until(first.held_until - seconds(1));
    waiting_room.renew(1);
    let second = waiting_room.held(1, &[3, 4]);
    waiting_room.wait_until(first.held_until + seconds(1));
    waiting_room.pay(&second);
    assert!(waiting_room.admission(1).is_some(), "two more can be bought in a moment");
}

#[test]
fn a_late_payment_after_the_admission_has_ended_is_taken() {
    let mut waiting_room = admitted(room());
    let held = waiting_room.held(1, &[1, 2, 3, 4]);
    waiting_room.wait_until(held.held_until + seconds(10));
    waiting_room.tick();
    assert_eq!(waiting_room.admission(1), None);
    waiting_room.pay(&held);
    assert_eq!(waiting_room.active(), 0);
}

#[test]
fn a_payment_in_a_sale_without_a_waiting_room_touches_no_admission() {
    let mut waiting_room = admitted(room());
    let held = waiting_room.held(1, &[1, 2, 3, 4]);
    let with = waiting_room.sale.waiting_room.take();
    waiting_room.pay(&held);
    assert!(waiting_room.admission(1).is_some());
    waiting_room.sale.waiting_room = with;
}

#[test]
fn leaving_gives_the_admission_back_and_leaving_again_changes_nothing() {
    let mut waiting_room = admitted(room());
    waiting_room.leave(1);
    let before = waiting_room.bookings.clone();
    waiting_room.leave(1);
    waiting_room.leave(3);
    assert!(before == waiting_room.bookings);
    assert_eq!(waiting_room.tick(), [2]);
}

#[test]
fn barring_takes_the_admission_and_keeps_the_hold() {
    let mut waiting_room = admitted(room());
    let held = waiting_room.held(1, &[1]);
    waiting_room.bar(1, true);
    assert_eq!((waiting_room.admission(1), waiting_room.active()), (None, 0));
    let before = waiting_room.bookings.clone();
    waiting_room.bar(1, true);
    assert!(before == waiting_room.bookings);
    waiting_room.pay(&held);
    assert_eq!(waiting_room.tick(), [2]);
    waiting_room.bar(3, true);
    assert!(waiting_room.bookings.buyers[&key(3)].barred, "somebody who has never come, too");
}

#[test]
fn only_ticks_give_admissions_and_no_admission_is_freed_that_is_not_given_back() {
    let waiting_room = admitted(room());
    let command = Command::unkeyed(Operation::Leave(Leave { buyer: key(1) }));
    let admission = waiting_room.admission(1);
    let with = |buyer: Buyer, rows: Vec<Row>| {
        let mut locked = Locked::new(&command.scope());
        locked.found_buyer(buyer);
        let changes = Changes { rows, outcome: Outcome::Left(key(1)), events: Vec::new(), at: at(0) };
        locked.apply(&command, &changes).is_ok()
    };
    let without = Buyer::next(key(1), None);
    let next = Buyer { admission, ..Buyer::next(key(1), Some(&without)) };
    assert!(!with(without, vec![Row::Buyer(next)]));
    let kept = waiting_room.bookings.buyers[&key(1)];
    assert!(!with(kept, vec![Row::AdmissionEnded(key(1))]));
    let gone = Buyer { admission: None, ..Buyer::next(key(1), Some(&kept)) };
    assert!(with(kept, vec![Row::Buyer(gone), Row::AdmissionEnded(key(1))]));
    assert!(!with(kept, vec![Row::Buyer(gone), Row::AdmissionEnded(key(1)), Row::AdmissionEnded(key(1))]));
}
