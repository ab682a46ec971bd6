//! What a check-in leads to.

use super::*;
use crate::port::{
    BookingError, BuyerPresence, MockAdmissionWatch, MockBookingStore, MockClock, MockNumberDispenser, MockQueueSigner,
    MockQueueStore, StoreError,
};
use crate::testing::{
    admitted, at, buyer, clock, digest, drawing, entry, queue, queue_drawn_by, queues, sale, sale_with_room, signs,
    token, user,
};
use crate::{FaultId, Outage};
use frontrow_domain::waiting_room::{DrawState, Group, Phase, Queue, QueueToken, Rank, Ranks};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

const NOW: i64 = 100;
const NO_TIME: Duration = Duration::ZERO;

fn check_in_in(queue: Queue, token: QueueToken, store: MockQueueStore) -> CheckInBuyer {
    CheckInBuyer {
        queues: queues(queue, sale_with_room(0)),
        store: Arc::new(store),
        dispenser: Arc::new(MockNumberDispenser::new()),
        watch: Arc::new(MockAdmissionWatch::new()),
        renew: Arc::new(renew(MockBookingStore::new(), signs(token))),
    }
}

fn check_in(number: u64, store: MockQueueStore) -> CheckInBuyer {
    check_in_in(queue(), token(number), store)
}

/// The same, for somebody who is admitted at the end.
fn check_in_well(number: u64, store: MockQueueStore, watch: MockAdmissionWatch) -> CheckInBuyer {
    let picked_up = Renew { buyer: buyer(1).key, entry: Some(entry(number)), closing: false };
    let renew = renew(renews(picked_up, NOW + 45), signs(token(number)));
    CheckInBuyer { watch: Arc::new(watch), renew: Arc::new(renew), ..check_in(number, store) }
}

fn renew(bookings: MockBookingStore, signer: MockQueueSigner) -> RenewAdmission {
    let store = Arc::new(finds(Some(admitted(1, NOW + 1))));
    let queues = queues(queue(), sale_with_room(0));
    RenewAdmission { queues, bookings: Arc::new(bookings), store, signer: Arc::new(signer), clock: clock(NOW) }
}

/// A store in which buyer 1 is as that.
fn finds(found: Option<Buyer>) -> MockQueueStore {
    let mut store = MockQueueStore::new();
    store
        .expect_whereabouts()
        .withf(|key| *key == buyer(1).key)
        .returning(move |_| Ok(BuyerPresence { buyer: found, check_in: None }));
    store
}

/// A booking store that is asked exactly that, once.
fn renews(expected: Renew, until: i64) -> MockBookingStore {
    let mut bookings = MockBookingStore::new();
    bookings
        .expect_execute()
        .withf(move |command| *command == Command::unkeyed(Operation::Renew(expected)))
        .times(1)
        .return_once(move |_| Ok(Outcome::Renewed(admitted(1, until))));
    bookings
}

/// A store that expects so many check-ins with that number and rank, and answers each with `answer`.
fn check_ins(number: u64, rank: u64, lapsed: bool, times: usize, answer: CheckInOutcome) -> MockQueueStore {
    let (key, rank, seen_at) = (buyer(1).key, Rank::new(rank), at(NOW));
    let QueueEntry { group, number } = entry(number);
    let expected = CheckIn { key, group, number, rank, checked_in_at: seen_at, seen_at };
    let mut store = MockQueueStore::new();
    store
        .expect_check_in()
        .withf(move |check_in, was_lapsed| (*check_in, *was_lapsed) == (expected, lapsed))
        .times(times)
        .returning(move |_, _| Ok(answer));
    store
}

/// A store that must not be asked.
fn no_store() -> MockQueueStore {
    MockQueueStore::new()
}

async fn run(check_in: &CheckInBuyer, wait: Duration) -> Result<CheckInAnswer, Error> {
    check_in.run(user(1), sale(0).id, "token", wait).await
}

#[tokio::test]
async fn a_token_that_is_forged_or_not_theirs_or_of_another_sale_is_refused() {
    let forged = check_in(15, no_store()).run(user(1), sale(0).id, "forged", NO_TIME).await;
    assert_eq!(forged.unwrap_err(), Denied::QueueTokenForged.into());
    for token in [QueueToken { user: user(2), ..token(15) }, QueueToken { sale: sale(1).id, ..token(15) }] {
        let foreign = run(&check_in_in(queue(), token, no_store()), NO_TIME).await;
        assert_eq!(foreign.unwrap_err(), Denied::QueueTokenForeign.into());
    }
}

/// Somebody with number 15 of the epoch before the last loss, of whom the dispenser says that.
async fn after_a_loss(known: Result<QueueEntry, StoreError>, store: MockQueueStore) -> Result<CheckInAnswer, Error> {
    let mut dispenser = MockNumberDispenser::new();
    let asked = move |key: &BuyerKey, proved: &QueueEntry| (*key, *proved) == (buyer(1).key, entry(15));
    dispenser.expect_entry_of().withf(asked).times(1).return_once(move |_, _| known);
    let lost = Queue { epoch: token(15).epoch + 1, ..queue() };
    let check_in = CheckInBuyer { dispenser: Arc::new(dispenser), ..check_in_in(lost, token(15), store) };
    run(&check_in, NO_TIME).await
}

#[tokio::test]
async fn after_a_loss_of_numbers_nobody_has_two_places() {
    let replaced = after_a_loss(Ok(entry(40)), no_store()).await;
    assert_eq!(replaced.unwrap_err(), Conflict::EntryReplaced.into());
    for known in [Ok(entry(15)), Err(Outage::Unavailable { retry_after: NO_TIME }.into())] {
        let present = after_a_loss(known, check_ins(15, 15, false, 1, CheckInOutcome::Present)).await.unwrap();
        assert!(matches!(present, CheckInAnswer::Present(_)), "{present:?}");
    }
    let fault = StoreError::Fault(FaultId(user(9).uuid()));
    assert_eq!(after_a_loss(Err(fault.clone()), no_store()).await.unwrap_err(), fault.into());
}

#[tokio::test]
async fn a_queue_that_is_over_is_not_found() {
    let other = QueueToken { sale: sale(1).id, ..token(15) };
    let gone = check_in_in(queue(), other, no_store()).run(user(1), sale(1).id, "token", NO_TIME).await;
    assert_eq!(gone.unwrap_err(), Error::NotFound(Missing::Queue));
}

#[tokio::test]
async fn who_is_not_called_yet_waits_elsewhere_and_the_store_hears_nothing_of_it() {
    let lobby = Queue { phase: Phase::Lobby, ..queue() };
    let far = 20 + Tick::BATCH as u64 + 1;
    let (farther, undrawn) = (EntryStatus::Waiting { ahead: far - 20 }, queue_drawn_by(drawing()));
    for (queue, number, expected) in
        [(queue(), far, farther), (lobby, 15, EntryStatus::Lobby), (undrawn, 15, EntryStatus::Lobby)]
    {
        let answer = run(&check_in_in(queue, token(number), no_store()), Duration::from_secs(20)).await.unwrap();
        let CheckInAnswer::NotYet(view) = answer else { panic!("{answer:?}") };
        assert_eq!(view.status, expected);
    }
}

/// A store that says of buyer 1 whether they are admitted.
fn looks(found: Vec<Buyer>) -> MockQueueStore {
    let mut store = MockQueueStore::new();
    store.expect_admitted().withf(|keys| keys == [buyer(1).key]).times(1).return_once(move |_| Ok(found));
    store
}

#[tokio::test]
async fn near_the_front_memory_may_be_a_moment_behind() {
    for number in [21, 20 + Tick::BATCH as u64] {
        let answer = run(&check_in(number, looks(Vec::new())), NO_TIME).await.unwrap();
        assert!(matches!(answer, CheckInAnswer::NotYet(_)), "{answer:?}");
        let store = looks(vec![admitted(1, NOW + 45)]);
        let answer = run(&check_in_well(number, store, MockAdmissionWatch::new()), NO_TIME).await.unwrap();
        assert!(matches!(answer, CheckInAnswer::Admitted(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn who_is_called_is_checked_in() {
    let answer = run(&check_in(15, check_ins(15, 15, false, 1, CheckInOutcome::Present)), NO_TIME).await.unwrap();
    let CheckInAnswer::Present(view) = answer else { panic!("{answer:?}") };
    assert_eq!((view.status, view.token), (EntryStatus::Called, token(15)));
}

#[tokio::test]
async fn they_stand_there_by_the_rank_that_was_drawn() {
    let (lists, value) = (Some(vec![[1; 32]; 2]), Some("cafe".to_owned()));
    let mut queue = queue_drawn_by(DrawState { lists, value, seed: Some([9; 32]), ..drawing() });
    queue.groups[0].lapsed = 0;
    let ranks = Ranks::draw(digest, &[9; 32], Group::FIRST, 3);
    let moved = (1..=3).find(|number| ranks.rank(entry(*number).number).get() != *number).unwrap();
    let rank = ranks.rank(entry(moved).number).get();
    let store = check_ins(moved, rank, false, 1, CheckInOutcome::Present);
    let answer = run(&check_in_in(queue, token(moved), store), NO_TIME).await.unwrap();
    assert!(matches!(answer, CheckInAnswer::Present(_)), "{answer:?}");
}

#[tokio::test]
async fn who_waits_checked_in_is_seen_there_every_eight_seconds() {
    let parts = Arc::new(Mutex::new(Vec::new()));
    let mut watch = MockAdmissionWatch::new();
    let noted = Arc::clone(&parts);
    watch.expect_admitted().withf(|key, _| *key == buyer(1).key).returning(move |_, within| {
        noted.lock().unwrap().push(within.as_secs());
        None
    });
    let store = check_ins(15, 15, false, 4, CheckInOutcome::Present);
    let check_in = CheckInBuyer { watch: Arc::new(watch), ..check_in(15, store) };
    let answer = run(&check_in, Duration::from_secs(20)).await.unwrap();
    assert!(matches!(answer, CheckInAnswer::Present(_)), "{answer:?}");
    assert_eq!(*parts.lock().unwrap(), [8, 8, 4]);
    assert!(CheckInBuyer::SEEN_EVERY * 3 / 2 < CheckIn::PRESENCE);
}

/// A check-in that takes five seconds uses up some of the wait.
#[tokio::test]
async fn whoever_is_in_front_of_a_check_in_makes_nobody_wait_longer_checked_in() {
    let now = Arc::new(AtomicI64::new(NOW));
    let passes = |seconds: i64| {
        let now = Arc::clone(&now);
        move || {
            now.fetch_add(seconds, Ordering::SeqCst);
        }
    };
    let (check_in_takes, parts) = (passes(5), Arc::new(Mutex::new(Vec::new())));
    let mut store = MockQueueStore::new();
    store.expect_check_in().times(2).returning(move |_, _| {
        check_in_takes();
        Ok(CheckInOutcome::Present)
    });
    let (noted, waits) = (Arc::clone(&parts), Arc::clone(&now));
    let mut watch = MockAdmissionWatch::new();
    watch.expect_admitted().returning(move |_, within| {
        waits.fetch_add(within.as_secs().cast_signed(), Ordering::SeqCst);
        noted.lock().unwrap().push(within.as_secs());
        None
    });
    let mut clock = MockClock::new();
    clock.expect_now().returning(move || at(now.load(Ordering::SeqCst)));
    let renew = RenewAdmission { clock: Arc::new(clock), ..renew(MockBookingStore::new(), signs(token(15))) };
    let check_in = CheckInBuyer { watch: Arc::new(watch), renew: Arc::new(renew), ..check_in(15, store) };
    let answer = run(&check_in, Duration::from_secs(12)).await.unwrap();
    assert!(matches!(answer, CheckInAnswer::Present(_)), "{answer:?}");
    assert_eq!(*parts.lock().unwrap(), [8], "five seconds, and eight: that is more than twelve");
}

#[tokio::test]
async fn every_port_hears_how_long_a_check_in_would_wait_and_one_second_more() {
    let heard = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&heard);
    let mut store = MockQueueStore::new();
    store.expect_check_in().times(1).return_once(move |_, _| {
        let begun = tokio::time::Instant::now().into_std();
        *noted.lock().unwrap() = deadline::ends(begun).map(|ends| ends - begun);
        Ok(CheckInOutcome::Used)
    });
    drop(run(&check_in(15, store), Duration::from_secs(12)).await);
    assert_eq!(*heard.lock().unwrap(), Some(Duration::from_secs(13)));
}

#[tokio::test]
async fn who_is_admitted_while_they_wait_picks_it_up_with_their_entry() {
    let mut watch = MockAdmissionWatch::new();
    watch.expect_admitted().times(1).return_once(|_, _| None);
    watch.expect_admitted().times(1).return_once(|_, _| Some(admitted(1, NOW + 45)));
    let store = check_ins(15, 15, false, 2, CheckInOutcome::Present);
    let answer = run(&check_in_well(15, store, watch), Duration::from_secs(20)).await.unwrap();
    let CheckInAnswer::Admitted(answer) = answer else { panic!("{answer:?}") };
    assert_eq!((answer.pass.as_str(), answer.until), ("signed", at(NOW + 45)));
}

#[tokio::test]
async fn who_was_admitted_before_picks_it_up_at_once() {
    for (number, lapsed) in [(15, false), (5, true)] {
        let store = check_ins(number, number, lapsed, 1, CheckInOutcome::Admitted(admitted(1, NOW + 45)));
        let check_in = check_in_well(number, store, MockAdmissionWatch::new());
        let answer = run(&check_in, Duration::from_secs(20)).await.unwrap();
        assert!(matches!(answer, CheckInAnswer::Admitted(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn an_entry_that_leads_nowhere_is_refused() {
    let wait = Duration::from_secs(20);
    let lapsed = run(&check_in(5, check_ins(5, 5, true, 1, CheckInOutcome::Lapsed)), wait).await;
    assert_eq!(lapsed.unwrap_err(), Conflict::EntryLapsed.into());
    let used = run(&check_in(15, check_ins(15, 15, false, 1, CheckInOutcome::Used)), wait).await;
    assert_eq!(used.unwrap_err(), Conflict::EntryUsed.into());
    let barred = run(&check_in(15, check_ins(15, 15, false, 1, CheckInOutcome::Barred)), wait).await;
    assert_eq!(barred.unwrap_err(), Rejection::Barred.into());
}

#[tokio::test]
async fn nobody_is_sent_back_to_a_queue_that_takes_nobody() {
    for (number, lapsed, answer) in [(5, true, CheckInOutcome::Lapsed), (15, false, CheckInOutcome::Used)] {
        let store = check_ins(number, number, lapsed, 1, answer);
        let check_in = check_in_in(Queue { phase: Phase::Draining, ..queue() }, token(number), store);
        assert_eq!(run(&check_in, NO_TIME).await.unwrap_err(), Conflict::QueueClosed.into(), "{answer:?}");
    }
}

#[tokio::test]
async fn from_a_closed_queue_only_those_go_on_who_were_admitted() {
    let closed = || Queue { phase: Phase::Closed, ..queue() };
    for number in [5, 15, 25] {
        let check_in = check_in_in(closed(), token(number), looks(Vec::new()));
        assert_eq!(run(&check_in, NO_TIME).await.unwrap_err(), Conflict::QueueClosed.into(), "{number}");
        let well = check_in_well(number, looks(vec![admitted(1, NOW + 45)]), MockAdmissionWatch::new());
        let check_in = CheckInBuyer { queues: queues(closed(), sale_with_room(0)), ..well };
        assert!(matches!(run(&check_in, NO_TIME).await, Ok(CheckInAnswer::Admitted(_))), "{number}");
    }
    for refused in [Rejection::NotAdmitted, Rejection::AdmissionEnded, Rejection::Barred] {
        let mut bookings = MockBookingStore::new();
        let answer = refused.clone();
        bookings.expect_execute().times(1).return_once(|_| Err(BookingError::Rejected(answer)));
        let renew = renew(bookings, MockQueueSigner::new());
        let renew = RenewAdmission { queues: queues(closed(), sale_with_room(0)), ..renew };
        let expected = if refused == Rejection::Barred { refused.into() } else { Conflict::QueueClosed.into() };
        assert_eq!(renew.run(user(1), sale(0).id, false).await, Err(expected));
    }
}

#[tokio::test]
async fn who_checked_in_in_time_stands_there_after_the_call_has_lapsed() {
    let answer = run(&check_in(5, check_ins(5, 5, true, 1, CheckInOutcome::Present)), NO_TIME).await.unwrap();
    assert!(matches!(answer, CheckInAnswer::Present(_)), "{answer:?}");
}

#[tokio::test]
async fn a_pass_expires_with_the_admission_or_in_three_minutes() {
    for (until, expires) in [(NOW + 60, NOW + 60), (NOW + 180, NOW + 180), (NOW + 700, NOW + 180)] {
        for closing in [false, true] {
            let asked = Renew { buyer: buyer(1).key, entry: None, closing };
            let expected = Pass { sale: sale(0).id, user: user(1), generation: 7, expires: at(expires) };
            let mut signer = MockQueueSigner::new();
            signer.expect_sign_pass().withf(move |pass| *pass == expected).times(1).return_const("signed");
            let renewed = renew(renews(asked, until), signer).run(user(1), sale(0).id, closing).await;
            let (expires, until, max_until) = (at(expires), at(until), at(900));
            assert_eq!(renewed, Ok(PassAnswer { pass: "signed".into(), expires, until, max_until }));
        }
    }
}

#[tokio::test]
async fn without_an_admission_there_is_no_pass() {
    let ended = Rejection::AdmissionEnded;
    let answers = [
        (Err(BookingError::Rejected(ended.clone())), ended),
        (Ok(Outcome::Renewed(buyer(1))), Rejection::NotAdmitted),
        (Ok(Outcome::Left(buyer(1).key)), Rejection::NotAdmitted),
    ];
    for (answer, expected) in answers {
        let mut bookings = MockBookingStore::new();
        bookings.expect_execute().times(1).return_once(|_| answer);
        let refused = renew(bookings, MockQueueSigner::new()).run(user(1), sale(0).id, false).await;
        assert_eq!(refused, Err(expected.into()));
    }
}

#[tokio::test]
async fn an_admission_is_given_back_as_often_as_they_like() {
    let mut bookings = MockBookingStore::new();
    bookings
        .expect_execute()
        .withf(|command| *command == Command::unkeyed(Operation::Leave(Leave { buyer: buyer(1).key })))
        .times(2)
        .returning(|_| Ok(Outcome::Left(buyer(1).key)));
    let store = Arc::new(finds(Some(admitted(1, NOW - 1))));
    let leave = LeaveAdmission { bookings: Arc::new(bookings), store };
    assert_eq!(leave.run(user(1), sale(0).id).await, Ok(()));
    assert_eq!(leave.run(user(1), sale(0).id).await, Ok(()), "the store need not know yet that it is over");
}

/// No command is sent: its lock would be in the way of ticks.
#[tokio::test]
async fn whoever_has_no_admission_locks_nothing() {
    let barred = Buyer { barred: true, ..buyer(1) };
    for (found, refused) in [
        (None, Rejection::NotAdmitted),
        (Some(buyer(1)), Rejection::NotAdmitted),
        (Some(Buyer { generation: 3, ..buyer(1) }), Rejection::AdmissionEnded),
        (Some(barred), Rejection::Barred),
    ] {
        let leave = LeaveAdmission { bookings: Arc::new(MockBookingStore::new()), store: Arc::new(finds(found)) };
        assert_eq!(leave.run(user(1), sale(0).id).await, Ok(()));
        let nothing = renew(MockBookingStore::new(), MockQueueSigner::new());
        let renew = RenewAdmission { store: Arc::new(finds(found)), ..nothing };
        assert_eq!(renew.run(user(1), sale(0).id, false).await, Err(refused.into()));
    }
}
