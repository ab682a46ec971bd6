//! What operators change, what they may say, and how a queue is kept.

use super::test_room::*;
use crate::fixture::at;
use frontrow_domain::waiting_room::{Queue, *};
use frontrow_domain::*;

fn phase_of(waiting_room: &TestRoom) -> Phase {
    waiting_room.queue().phase
}

#[test]
fn phases_follow_one_another_but_nothing_leads_back_to_the_lobby() {
    let may = |from, to| {
        let mut waiting_room = TestRoom::new(room());
        waiting_room.queue_mut().phase = from;
        waiting_room.phase(to)
    };
    for from in Phase::ALL {
        for to in Phase::ALL.into_iter().filter(|to| *to != from) {
            let refused = to == Phase::Lobby || (from == Phase::Lobby && matches!(to, Phase::Paused | Phase::Draining));
            assert_eq!(may(from, to), if refused { Err(NotNow { from, to }) } else { Ok(()) });
        }
        assert_eq!(may(from, from), Ok(()), "it is that already");
    }
    let text = NotNow { from: Phase::Lobby, to: Phase::Paused }.to_string();
    assert_eq!(text, "a queue that is lobby can't become paused");
}

#[test]
fn a_change_changes_what_it_names() {
    let mut waiting_room = TestRoom::open(room(), 1);
    let before = waiting_room.queue().clone();
    waiting_room.change(QueueChange::default()).unwrap();
    assert_eq!(*waiting_room.queue(), Queue { version: before.version.next(), ..before.clone() });
    let change = QueueChange {
        phase: Some(Phase::Paused),
        capacity: Some(7),
        rate: Some(8),
        burst: Some(9),
        weights: Some(vec![5]),
        message: Some("A moment, please".into()),
        holds_stopped: Some(true),
    };
    waiting_room.change(change).unwrap();
    let queue = waiting_room.queue();
    assert_eq!((queue.phase, queue.capacity, queue.rate, queue.burst), (Phase::Paused, 7, 8, 9));
    assert_eq!(
        (queue.groups[0].weight, queue.message.as_deref(), queue.holds_stopped),
        (5, Some("A moment, please"), true)
    );
    waiting_room.change(QueueChange { message: Some(String::new()), ..QueueChange::default() }).unwrap();
    assert_eq!((waiting_room.queue().message.as_deref(), waiting_room.queue().holds_stopped), (None, true));
    let refused =
        waiting_room.change(QueueChange { phase: Some(Phase::Lobby), capacity: Some(1), ..QueueChange::default() });
    assert!(refused.is_err());
    assert_eq!(waiting_room.queue().capacity, 7, "nothing of it");
}

#[test]
fn an_operator_opens_early() {
    let mut waiting_room = TestRoom::new(room());
    waiting_room.sale.opens = at(1000);
    waiting_room.join(1);
    waiting_room.tick();
    assert_eq!(phase_of(&waiting_room), Phase::Lobby);
    waiting_room.phase(Phase::Open).unwrap();
    assert_eq!(waiting_room.status(1), EntryStatus::Waiting { ahead: 1 });
    waiting_room.tick();
    assert_eq!(waiting_room.status(1), EntryStatus::Called);
}

#[test]
fn who_opens_early_draws_all_who_were_in_the_lobby() {
    // No tick has counted them: lobbies are not ticked.
    for through_closed in [false, true] {
        let mut waiting_room = TestRoom::new(WaitingRoom { draw: true, ..room() });
        waiting_room.sale.opens = at(1000);
        waiting_room.save_sale();
        waiting_room.all_join(1..=20, 0);
        if through_closed {
            waiting_room.phase(Phase::Closed).unwrap();
        }
        waiting_room.phase(Phase::Open).unwrap();
        waiting_room.tick();
        assert_eq!((waiting_room.group().drawn, waiting_room.queue().gathered), (20, true));
        waiting_room.join(21);
        waiting_room.tick();
        assert_eq!(waiting_room.group().drawn, 20, "fixed for good");
    }
}

#[test]
fn a_closed_queue_can_be_opened_again() {
    let mut waiting_room = TestRoom::open(room(), 3);
    waiting_room.stock = Stock::SoldOut;
    waiting_room.run(2, &[]);
    assert_eq!(phase_of(&waiting_room), Phase::Closed);
    waiting_room.stock = Stock::Unknown;
    waiting_room.phase(Phase::Open).unwrap();
    assert_eq!(waiting_room.queue().ending, None);
    waiting_room.all_come([1]);
    assert_eq!(waiting_room.tick(), [1]);
}

#[test]
fn an_epoch_ends_and_everything_else_stays() {
    let waiting_room = TestRoom::open(room(), 3);
    let next = waiting_room.queue().update(&QueueUpdate::NextEpoch { above: vec![10_000] }).unwrap();
    let mut queue = waiting_room.queue().clone();
    queue.groups[0].gaps.note(3, 10_000);
    assert_eq!(next, Queue { epoch: queue.epoch + 1, version: queue.version.next(), ..queue });
}

#[test]
fn a_tick_and_a_change_do_not_overwrite_each_other() {
    let mut waiting_room = TestRoom::open(room(), 3);
    let tick = waiting_room.plan();
    let locked = waiting_room.lock(&tick, &[]);
    waiting_room.change(QueueChange { capacity: Some(1), ..QueueChange::default() }).unwrap();
    assert!(waiting_room.rooms.store(&mut waiting_room.bookings, tick.carry_out(&locked)).is_err());
    assert_eq!(waiting_room.queue().capacity, 1);
}

fn pointers(result: Result<(), Invalid>) -> Vec<String> {
    result.err().map_or(Vec::new(), |invalid| invalid.0.into_iter().map(|flaw| flaw.pointer).collect())
}

#[test]
fn a_change_is_checked_and_all_that_is_wrong_is_said() {
    let all = |value: u32, weight: u32, message: &str| QueueChange {
        phase: None,
        capacity: Some(value),
        rate: Some(value),
        burst: Some(value),
        weights: Some(vec![weight, 1]),
        message: Some(message.into()),
        holds_stopped: None,
    };
    assert_eq!(all(1, 1, "").check(2), Ok(()));
    assert_eq!(all(100_000, 100, &"m".repeat(500)).check(2), Ok(()));
    let wrong = ["/capacity", "/rate_per_minute", "/burst", "/weights", "/message"];
    assert_eq!(pointers(all(0, 0, " m").check(2)), wrong);
    assert_eq!(pointers(all(1_000_001, 101, &"m".repeat(501)).check(2)), wrong);
    assert_eq!(pointers(all(100_001, 1, "").check(1)), ["/capacity", "/burst", "/weights"]);
    let back = QueueChange { phase: Some(Phase::Lobby), ..QueueChange::default() };
    assert_eq!(pointers(back.check(1)), ["/phase"]);
    assert_eq!(QueueChange::default().check(4), Ok(()));
}

#[test]
fn a_waiting_room_is_checked_with_its_sale() {
    let check = |room: WaitingRoom| pointers(sale_with(room).check());
    assert_eq!(check(room()), Vec::<String>::new());
    let least = WaitingRoom { lobby_opens: at(OPENS), capacity: 1, rate: 1, burst: 1, session: seconds(60), ..room() };
    assert_eq!(check(least), Vec::<String>::new());
    let groups = ["", "a", "b", "c"].map(|code| group(100, Some(code).filter(|code| !code.is_empty()))).to_vec();
    let most = WaitingRoom {
        capacity: 100_000,
        rate: 1_000_000,
        burst: 100_000,
        session: seconds(7200),
        groups: groups.clone(),
        ..room()
    };
    assert_eq!(check(most), Vec::<String>::new());
    let wrong = WaitingRoom {
        lobby_opens: at(OPENS + 1),
        capacity: 0,
        rate: 1_000_001,
        burst: 0,
        session: seconds(59),
        groups: Vec::new(),
        ..room()
    };
    let all = ["lobby_opens", "capacity", "rate_per_minute", "burst", "session_seconds", "groups"];
    assert_eq!(check(wrong), all.map(|name| format!("/waiting_room/{name}")));
    let five = WaitingRoom { groups: groups.into_iter().chain([group(1, Some("d"))]).collect(), ..room() };
    assert_eq!(check(five), ["/waiting_room/groups"]);
}

#[test]
fn groups_are_checked_one_by_one() {
    let check = |groups: Vec<GroupTerms>| pointers(sale_with(WaitingRoom { groups, ..room() }).check());
    let nameless = GroupTerms { name: String::new(), ..group(0, Some("a b")) };
    assert_eq!(
        check(vec![group(1, None), nameless]),
        ["name", "weight", "code"].map(|name| { format!("/waiting_room/groups/1/{name}") })
    );
    for code in ["", "é", &"k".repeat(65)] {
        assert_eq!(check(vec![group(1, Some(code))]), ["/waiting_room/groups/0/code"], "{code:?}");
    }
    let twice = |code| check(vec![group(1, Some("x")), group(1, code), group(2, code)]);
    assert_eq!(twice(None), ["/waiting_room/groups/2/code"], "nobody could join the second");
    assert_eq!(twice(Some("y")), ["/waiting_room/groups/2/code"]);
}

#[test]
fn a_queue_survives_being_kept() {
    let groups = vec![group(2, None), group(1, Some("x"))];
    let mut waiting_room = TestRoom::new(WaitingRoom { groups, draw: true, capacity: 2, ..room() });
    waiting_room.all_join(1..=5, 0);
    waiting_room.all_join(6..=9, 1);
    waiting_room.tick();
    let known = waiting_room.queue().draw.clone().unwrap();
    let drawn =
        DrawState { lists: Some(vec![[1; 32], [2; 32]]), value: Some(String::new()), seed: Some([3; 32]), ..known };
    let next = waiting_room.queue().update(&QueueUpdate::Draw(drawn)).unwrap();
    *waiting_room.queue_mut() = next;
    waiting_room.run(70, &[1, 2, 6]);
    let change = QueueChange { message: Some("Hello".into()), holds_stopped: Some(true), ..QueueChange::default() };
    waiting_room.change(change).unwrap();
    waiting_room.stock = Stock::AllHeld;
    waiting_room.run(1, &[]);
    let queue = waiting_room.queue();
    let text = serde_json::to_string(queue).unwrap();
    // The version has a column of its own.
    let read: Queue = serde_json::from_str(&text).unwrap();
    assert_eq!(read, Queue { version: Version::FIRST, ..queue.clone() });
    assert!(!queue.trail.is_empty() && queue.admitted > 0 && queue.ending.is_some());
    assert!(text.len() < 20_000, "{}", text.len());
}

#[test]
fn settings_survive_being_kept() {
    let sale = sale_with(WaitingRoom { groups: vec![group(2, Some("x"))], draw: true, strict: true, ..room() });
    let read: Sale = serde_json::from_str(&serde_json::to_string(&sale).unwrap()).unwrap();
    assert_eq!(read, sale);
}

#[test]
fn a_group_has_an_index_below_four_and_a_number_is_not_zero() {
    assert_eq!(Group::new(3).map(|group| (group.index(), group.get())), Some((3, 3)));
    assert_eq!(Group::new(4), None);
    assert_eq!(Group::all(2).collect::<Vec<_>>(), [0, 1].map(|index| Group::new(index).unwrap()));
    assert_eq!(Group::all(9).count(), Group::MAX);
    assert_eq!(QueueNumber::new(0), None);
}
