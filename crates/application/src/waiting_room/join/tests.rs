//! Who gets a queue entry, and which one.

use super::*;
use crate::port::{
    Limited, MockEligibility, MockJoinLimits, MockNumberDispenser, MockQueueSigner, MockQueueStore, NotEligible,
    TooOften,
};
use crate::testing::{
    admitted, at, buyer, clock, entry, queue, queues, room, sale, sale_with_room, signs, token, user,
};
use frontrow_domain::waiting_room::{CheckIn, Phase, Queue, Rank, WaitingRoom};
use frontrow_domain::{Buyer, Sale};
use std::time::Duration;

const NOW: i64 = 100;

fn join_as(queue: Queue, sale: Sale, dispenser: MockNumberDispenser) -> JoinQueue {
    let mut eligibility = MockEligibility::new();
    eligibility.expect_check().returning(|_, _, _| Ok(Ok(())));
    let mut limits = MockJoinLimits::new();
    limits.expect_ask().returning(|_, _| Ok(Ok(Vec::new())));
    JoinQueue {
        queues: queues(queue, sale),
        dispenser: Arc::new(dispenser),
        store: Arc::new(MockQueueStore::new()),
        limits: Arc::new(limits),
        eligibility: Arc::new(eligibility),
        signer: Arc::new(signs(token(25))),
        clock: clock(NOW),
    }
}

fn join(dispenser: MockNumberDispenser) -> JoinQueue {
    join_as(queue(), sale_with_room(0), dispenser)
}

fn join_room(room: WaitingRoom, dispenser: MockNumberDispenser) -> JoinQueue {
    join_as(queue(), Sale { waiting_room: Some(room), ..sale(0) }, dispenser)
}

fn request() -> JoinRequest {
    JoinRequest { user: user(1), sale: sale(0).id, network: None, code: None, token: None }
}

fn with_code(code: &str) -> JoinRequest {
    JoinRequest { code: Some(code.into()), ..request() }
}

/// What the dispenser is asked by somebody who has nothing in hand.
fn asked() -> Join {
    Join { key: buyer(1).key, group: Group::FIRST, worthless: None, proved: None }
}

/// A dispenser that is asked that, once.
fn gives(asked: Join, entry: QueueEntry, is_new: bool) -> MockNumberDispenser {
    let mut dispenser = MockNumberDispenser::new();
    expect_join(&mut dispenser, asked, entry, is_new);
    dispenser
}

fn expect_join(dispenser: &mut MockNumberDispenser, asked: Join, entry: QueueEntry, is_new: bool) {
    dispenser
        .expect_join()
        .withf(move |join| *join == asked)
        .times(1)
        .return_once(move |_| Ok(Joined { entry, is_new }));
}

/// A dispenser that must not be asked.
fn no_dispenser() -> MockNumberDispenser {
    MockNumberDispenser::new()
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_not_found() {
    let unknown = JoinRequest { sale: sale(1).id, ..request() };
    assert_eq!(join(no_dispenser()).run(&unknown).await.unwrap_err(), Error::NotFound(Missing::Queue));
}

#[tokio::test]
async fn nobody_joins_before_the_lobby_opens() {
    let early = WaitingRoom { lobby_opens: at(NOW + 1), ..room() };
    let refused = join_room(early, no_dispenser()).run(&request()).await.unwrap_err();
    assert_eq!(refused, Conflict::LobbyNotOpen { opens: at(NOW + 1) }.into());
    let on_time = WaitingRoom { lobby_opens: at(NOW), ..room() };
    assert!(join_room(on_time, gives(asked(), entry(31), true)).run(&request()).await.is_ok());
}

#[tokio::test]
async fn a_queue_is_joined_until_it_drains() {
    for phase in [Phase::Draining, Phase::Closed] {
        let join = join_as(Queue { phase, ..queue() }, sale_with_room(0), no_dispenser());
        assert_eq!(join.run(&request()).await.unwrap_err(), Conflict::QueueClosed.into());
    }
    for phase in [Phase::Lobby, Phase::Open, Phase::Paused] {
        let join = join_as(Queue { phase, ..queue() }, sale_with_room(0), gives(asked(), entry(31), true));
        assert!(join.run(&request()).await.is_ok());
    }
}

#[tokio::test]
async fn a_code_chooses_the_group() {
    let second = QueueEntry { group: Group::new(1).unwrap(), number: entry(1).number };
    let dispenser = gives(Join { group: second.group, ..asked() }, second, true);
    let JoinedQueue { entry: view, .. } = join(dispenser).run(&with_code("early")).await.unwrap();
    assert_eq!((view.token.group, view.token.number), (second.group, second.number));
}

#[tokio::test]
async fn who_has_an_entry_hears_what_became_of_the_code() {
    let second = QueueEntry { group: Group::new(1).unwrap(), number: entry(25).number };
    let in_second = Join { group: second.group, ..asked() };
    for (has, is_new, said) in
        [(second, true, CodeUse::Used), (second, false, CodeUse::Used), (entry(25), false, CodeUse::NotUsed)]
    {
        let joined = join(gives(in_second, has, is_new)).run(&with_code("early")).await.unwrap();
        assert_eq!((joined.entry.token.group, joined.code), (has.group, Some(said)));
    }
    assert_eq!(join(gives(asked(), entry(25), false)).run(&request()).await.unwrap().code, None);
}

#[tokio::test]
async fn a_code_that_opens_nothing_is_a_flaw_and_so_is_none_where_each_group_has_one() {
    for wrong in ["", "late", "earl", "early!", "Early"] {
        let refused = join(no_dispenser()).run(&with_code(wrong)).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        assert_eq!((flaws[0].pointer.as_str(), flaws[0].code, flaws.len()), ("/code", "code", 1));
    }
    let closed = WaitingRoom { groups: room().groups.split_off(1), ..room() };
    let refused = join_room(closed, no_dispenser()).run(&request()).await;
    let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
    assert_eq!(flaws[0].pointer, "/code");
}

#[tokio::test]
async fn who_asks_too_often_is_heard_no_further() {
    let network = Network::of("192.0.2.1".parse().unwrap());
    let too_often = TooOften { whose: Limited::Network, a_minute: 600, retry_after: Duration::from_secs(1) };
    for code in [None, Some("a guess".to_owned())] {
        let mut limits = MockJoinLimits::new();
        let asked = (user(1), network);
        limits
            .expect_ask()
            .withf(move |user, network| (*user, *network) == asked)
            .times(1)
            .return_once(move |_, _| Ok(Err(too_often)));
        let eligibility = Arc::new(MockEligibility::new());
        let join = JoinQueue { limits: Arc::new(limits), eligibility, ..join(no_dispenser()) };
        let refused = join.run(&JoinRequest { network, code, ..request() }).await;
        assert_eq!(refused.unwrap_err(), Error::TooOften(too_often));
    }
}

#[tokio::test]
async fn who_comes_before_the_lobby_opens_is_not_counted() {
    let early = WaitingRoom { lobby_opens: at(NOW + 1), ..room() };
    let join = JoinQueue { limits: Arc::new(MockJoinLimits::new()), ..join_room(early, no_dispenser()) };
    assert_eq!(join.run(&request()).await.unwrap_err(), Conflict::LobbyNotOpen { opens: at(NOW + 1) }.into());
}

#[tokio::test]
async fn who_may_not_join_gets_no_number() {
    let mut eligibility = MockEligibility::new();
    eligibility
        .expect_check()
        .withf(|who, sale, group| (*who, sale, *group) == (user(1), &sale_with_room(0), Group::FIRST))
        .times(1)
        .return_once(|_, _, _| Ok(Err(NotEligible("members only".into()))));
    let join = JoinQueue { eligibility: Arc::new(eligibility), ..join(no_dispenser()) };
    assert_eq!(join.run(&request()).await.unwrap_err(), Denied::NotEligible("members only".into()).into());
}

#[tokio::test]
async fn a_new_entry_is_signed_with_the_queues_epoch_and_looked_up_nowhere() {
    let expected = QueueToken { issued: at(NOW), ..token(31) };
    let mut signer = MockQueueSigner::new();
    signer.expect_sign_token().withf(move |token| *token == expected).times(1).return_const("theirs");
    let join = JoinQueue { signer: Arc::new(signer), ..join(gives(asked(), entry(31), true)) };
    let JoinedQueue { entry: view, token: signed, is_new, .. } = join.run(&request()).await.unwrap();
    assert_eq!((view.token, signed.as_str(), is_new), (expected, "theirs", true));
    assert_eq!(view.status, EntryStatus::Waiting { ahead: 11 });
}

#[tokio::test]
async fn who_waits_already_gets_the_entry_that_they_have() {
    let JoinedQueue { entry: view, is_new, .. } = join(gives(asked(), entry(25), false)).run(&request()).await.unwrap();
    assert_eq!((view.token.number, is_new), (entry(25).number, false));
    let lobby = join_as(Queue { phase: Phase::Lobby, ..queue() }, sale_with_room(0), gives(asked(), entry(5), false));
    let JoinedQueue { entry: view, is_new, .. } = lobby.run(&request()).await.unwrap();
    assert_eq!((view.token.number, is_new), (entry(5).number, false));
}

/// The number that somebody gets who has that one in the queue, and is where the store says.
async fn number_after(number: u64, found: BuyerPresence) -> u64 {
    let mut dispenser = gives(asked(), entry(number), false);
    // Asked only if the first one is worth nothing.
    let again = Join { worthless: Some(entry(number)), ..asked() };
    let new = Joined { entry: entry(31), is_new: true };
    dispenser.expect_join().withf(move |join| *join == again).returning(move |_| Ok(new));
    let mut store = MockQueueStore::new();
    store.expect_whereabouts().withf(|key| *key == buyer(1).key).times(1).return_once(move |_| Ok(found));
    let join = JoinQueue { store: Arc::new(store), ..join(dispenser) };
    let JoinedQueue { entry: view, is_new, .. } = join.run(&request()).await.unwrap();
    assert_eq!(is_new, view.token.number != entry(number).number);
    view.token.number.get()
}

fn present(number: u64) -> BuyerPresence {
    let QueueEntry { group, number } = entry(number);
    let (rank, seen_at) = (Rank::new(number.get()), at(NOW - 60));
    let check_in = CheckIn { key: buyer(1).key, group, number, rank, checked_in_at: seen_at, seen_at };
    BuyerPresence { buyer: None, check_in: Some(check_in) }
}

fn used(number: u64, buyer: Buyer) -> BuyerPresence {
    let mut used_numbers = buyer.used_numbers;
    used_numbers[0] = number;
    BuyerPresence { buyer: Some(Buyer { used_numbers, ..buyer }), check_in: None }
}

#[tokio::test]
async fn an_entry_that_has_lapsed_is_replaced_unless_they_checked_in() {
    assert_eq!(number_after(5, BuyerPresence::default()).await, 31);
    assert_eq!(number_after(5, BuyerPresence { buyer: Some(buyer(1)), check_in: None }).await, 31);
    assert_eq!(number_after(5, present(4)).await, 31);
    assert_eq!(number_after(5, present(5)).await, 5);
    let missed = |number| Buyer { admitted_by: Some(entry(number)), ..buyer(1) };
    for (number, joined) in [(4, 31), (5, 5)] {
        let found = BuyerPresence { buyer: Some(missed(number)), check_in: None };
        assert_eq!(number_after(5, found).await, joined, "an admission by entry {number} was not picked up");
    }
    assert_eq!(number_after(5, used(5, missed(5))).await, 31);
}

#[tokio::test]
async fn an_entry_that_is_used_up_is_replaced_once_the_admission_is_over() {
    assert_eq!(number_after(15, BuyerPresence::default()).await, 15);
    assert_eq!(number_after(15, used(14, buyer(1))).await, 15);
    assert_eq!(number_after(15, used(15, buyer(1))).await, 31);
    assert_eq!(number_after(15, used(15, admitted(1, NOW))).await, 31);
    assert_eq!(number_after(15, used(15, admitted(1, NOW + 1))).await, 15);
    assert_eq!(number_after(5, used(5, admitted(1, NOW + 1))).await, 5);
}

/// What the dispenser hears of somebody who shows that token.
async fn proved_by(token: QueueToken, text: &str, proved: Option<QueueEntry>) {
    let dispenser = gives(Join { proved, ..asked() }, entry(25), false);
    let join = JoinQueue { signer: Arc::new(signs(token)), ..join(dispenser) };
    let shown = JoinRequest { token: Some(text.into()), ..request() };
    assert!(join.run(&shown).await.is_ok());
}

#[tokio::test]
async fn an_entry_is_proved_by_a_token_of_theirs_and_by_no_other() {
    proved_by(token(25), "token", Some(entry(25))).await;
    proved_by(token(25), "forged", None).await;
    proved_by(QueueToken { user: user(2), ..token(25) }, "token", None).await;
    proved_by(QueueToken { sale: sale(1).id, ..token(25) }, "token", None).await;
    proved_by(token(5), "token", None).await;
}

#[tokio::test]
async fn an_entry_that_is_worth_nothing_is_not_proved_again() {
    let mut dispenser = gives(Join { proved: Some(entry(15)), ..asked() }, entry(15), false);
    expect_join(&mut dispenser, Join { worthless: Some(entry(15)), ..asked() }, entry(31), true);
    let mut store = MockQueueStore::new();
    let found = used(15, buyer(1));
    store.expect_whereabouts().times(1).return_once(move |_| Ok(found));
    let signer = Arc::new(signs(token(15)));
    let join = JoinQueue { store: Arc::new(store), signer, ..join(dispenser) };
    let JoinedQueue { entry: view, .. } =
        join.run(&JoinRequest { token: Some("token".into()), ..request() }).await.unwrap();
    assert_eq!(view.token.number, entry(31).number);
}
