//! The story of a charge, with mocks.

use super::*;
use crate::port::{MockBookingStore, MockPaymentGateway, MockWalletReader};
use crate::testing::{at, clock, ids, request_key, user};
use crate::{FaultId, Outage};
use frontrow_domain::testing;
use mockall::Sequence;
use mockall::predicate::eq;
use uuid::Uuid;

const BEGUN: i64 = 100;

/// Begun at [`BEGUN`].
fn payment(state: PaymentState) -> Payment {
    testing::payment()
        .id(PaymentId::new(Uuid::from_u128(77)))
        .amount(testing::points(5000))
        .state(state)
        .at(at(BEGUN))
        .build()
}

fn request() -> ChargeWalletRequest {
    ChargeWalletRequest {
        amount: Points::new(5000).unwrap(),
        payment_token: "tok".into(),
        request: request_key(user(1)),
    }
}

fn gateway_request() -> ChargeRequest {
    ChargeRequest { payment: payment(PaymentState::Pending).id, amount: request().amount, payment_token: "tok".into() }
}

fn accepted() -> GatewayAnswer {
    GatewayAnswer::Accepted { provider_ref: "ref-1".into() }
}

fn gateway() -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_name().return_const("sandbox");
    gateway
}

fn settle_with(
    store: &Arc<MockBookingStore>,
    wallets: &Arc<MockWalletReader>,
    gateway: MockPaymentGateway,
    now: i64,
) -> SettleCharges {
    let (store, wallets) = (Arc::clone(store), Arc::clone(wallets));
    let gateway = Arc::new(gateway);
    SettleCharges { store, wallets, gateway, ids: ids(), clock: clock(now), progress: SettleProgress::default() }
}

fn charge_with(store: MockBookingStore, wallets: MockWalletReader, gateway: MockPaymentGateway) -> ChargeWallet {
    let store = Arc::new(store);
    let wallets = Arc::new(wallets);
    let settle = Arc::new(settle_with(&store, &wallets, gateway, BEGUN));
    ChargeWallet { store, wallets, settle, ids: ids() }
}

/// A store where a charge begins as it should, and its settlement ends like that.
fn store(settled: Option<Result<Outcome, BookingError>>) -> MockBookingStore {
    let mut store = MockBookingStore::new();
    let begins = |command: &Command| matches!(command.operation, Operation::Charge(_));
    let begun = Outcome::Charged(payment(PaymentState::Pending));
    store.expect_execute().withf(begins).times(1).return_once(|_| Ok(begun));
    if let Some(settled) = settled {
        let settles = |command: &Command| matches!(command.operation, Operation::Settle(_));
        store.expect_execute().withf(settles).times(1).return_once(|_| settled);
    }
    store
}

fn wallets(state: PaymentState) -> MockWalletReader {
    let mut wallets = MockWalletReader::new();
    wallets.expect_charge().returning(move |_| Ok(Some(payment(state))));
    wallets
}

fn settled(state: PaymentState) -> Outcome {
    Outcome::Charged(payment(state))
}

#[tokio::test]
async fn the_pending_row_comes_first_then_the_gateway_then_the_settlement() {
    let mut order = Sequence::new();
    let (mut store, mut gateway) = (MockBookingStore::new(), gateway());
    let begin = Charge {
        payment: PaymentId::new(Uuid::from_u128(1)),
        user: user(1),
        amount: request().amount,
        provider: "sandbox".into(),
    };
    let begin = request_key(user(1)).command(Operation::Charge(begin));
    let pending = Outcome::Charged(payment(PaymentState::Pending));
    store.expect_execute().with(eq(begin)).times(1).in_sequence(&mut order).return_once(|_| Ok(pending));
    let asked = gateway.expect_charge().with(eq(gateway_request()));
    asked.times(1).in_sequence(&mut order).return_once(|_| Ok(accepted()));
    let settle = Settle {
        payment: payment(PaymentState::Pending).id,
        user: user(1),
        settlement: Settlement::Accepted { provider_ref: "ref-1".into() },
        transfer: TransferId::new(Uuid::from_u128(1)),
    };
    let settle = Command::unkeyed(Operation::Settle(settle));
    let done = Outcome::Charged(payment(PaymentState::Succeeded));
    store.expect_execute().with(eq(settle)).times(1).in_sequence(&mut order).return_once(|_| Ok(done));

    let charge = charge_with(store, wallets(PaymentState::Pending), gateway);
    assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Succeeded)));
}

#[tokio::test]
async fn a_charge_that_is_refused_never_reaches_the_gateway() {
    let mut store = MockBookingStore::new();
    store.expect_execute().return_once(|_| Err(Rejection::BalanceTooHigh.into()));
    let charge = charge_with(store, MockWalletReader::new(), gateway());
    assert_eq!(charge.run(request()).await, Err(Rejection::BalanceTooHigh.into()));
}

#[tokio::test]
async fn a_repetition_after_the_settlement_does_not_ask_the_gateway() {
    for state in [PaymentState::Succeeded, PaymentState::Failed] {
        let charge = charge_with(store(None), wallets(state), gateway());
        assert_eq!(charge.run(request()).await, Ok(payment(state)));
    }
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_is_asked_once_more_and_then_later() {
    let mut silent = gateway();
    silent.expect_charge().with(eq(gateway_request())).times(2).returning(|_| Err(NoAnswer));
    let charge = charge_with(store(None), wallets(PaymentState::Pending), silent);
    assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Pending)));

    let mut slow = gateway();
    let mut order = Sequence::new();
    slow.expect_charge().times(1).in_sequence(&mut order).return_once(|_| Err(NoAnswer));
    slow.expect_charge().times(1).in_sequence(&mut order).return_once(|_| Ok(accepted()));
    let charge = charge_with(store(Some(Ok(settled(PaymentState::Succeeded)))), wallets(PaymentState::Pending), slow);
    assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Succeeded)));
}

#[tokio::test]
async fn a_charge_waits_while_the_gateway_has_not_decided() {
    let mut undecided = gateway();
    undecided.expect_charge().times(1).return_once(|_| Ok(GatewayAnswer::Pending));
    let charge = charge_with(store(None), wallets(PaymentState::Pending), undecided);
    assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Pending)));
}

#[tokio::test]
async fn a_charge_that_the_gateway_declines_has_failed() {
    let mut declining = gateway();
    declining.expect_charge().times(1).return_once(|_| Ok(GatewayAnswer::Declined));
    let charge = charge_with(store(Some(Ok(settled(PaymentState::Failed)))), wallets(PaymentState::Pending), declining);
    assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Failed)));
}

#[tokio::test]
async fn what_could_not_be_settled_stays_pending_and_a_fault_is_told() {
    let fault = FaultId(Uuid::nil());
    let endings = [
        (
            BookingError::Outage(Outage::Busy { retry_after: Duration::from_secs(1) }),
            Ok(payment(PaymentState::Pending)),
        ),
        (BookingError::Unknown(None), Ok(payment(PaymentState::Pending))),
        (BookingError::Fault(fault), Err(Error::Fault(fault))),
    ];
    for (error, expected) in endings {
        let mut accepting = gateway();
        accepting.expect_charge().times(1).return_once(|_| Ok(accepted()));
        let charge = charge_with(store(Some(Err(error))), wallets(PaymentState::Pending), accepting);
        assert_eq!(charge.run(request()).await, expected);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the use case returns it")]
fn ended(settled: u32) -> Result<SettleReport, Error> {
    Ok(SettleReport { settled, of_others: Vec::new() })
}

/// Settles the one charge that is unsettled, that many seconds after it was begun.
async fn settle_after(
    seconds: i64,
    gateway: MockPaymentGateway,
    to: Option<PaymentState>,
) -> Result<SettleReport, Error> {
    let mut wallets = MockWalletReader::new();
    let before = at(BEGUN + seconds) - SettleCharges::PATIENCE;
    let begin = Instant::from_micros(i64::MIN);
    let unsettled = wallets.expect_unsettled().with(eq(begin), eq(before), eq(SettleCharges::BATCH));
    unsettled.return_once(|_, _, _| Ok(vec![payment(PaymentState::Pending)]));
    let mut store = MockBookingStore::new();
    if let Some(state) = to {
        let wanted = move |command: &Command| {
            let Operation::Settle(settle) = &command.operation else { return false };
            (settle.settlement == Settlement::Declined) == (state == PaymentState::Failed)
        };
        let outcome = Outcome::Charged(payment(state));
        store.expect_execute().withf(wanted).times(1).return_once(|_| Ok(outcome));
    }
    settle_with(&Arc::new(store), &Arc::new(wallets), gateway, BEGUN + seconds).run().await
}

fn knowing(answer: Result<GatewayAnswer, NoAnswer>) -> MockPaymentGateway {
    let mut gateway = gateway();
    gateway.expect_status().with(eq(payment(PaymentState::Pending).id)).times(1).return_once(|_| answer);
    gateway
}

#[tokio::test]
async fn what_is_unsettled_is_asked_for_until_it_is_known() {
    assert_eq!(settle_after(10, knowing(Ok(accepted())), Some(PaymentState::Succeeded)).await, ended(1));
    assert_eq!(settle_after(10, knowing(Ok(GatewayAnswer::Declined)), Some(PaymentState::Failed)).await, ended(1));
    assert_eq!(settle_after(10, knowing(Ok(GatewayAnswer::Pending)), None).await, ended(0));
    assert_eq!(settle_after(10, knowing(Err(NoAnswer)), None).await, ended(0));
}

#[tokio::test]
async fn a_charge_that_the_gateway_never_heard_of_is_given_up_only_when_it_is_old() {
    assert_eq!(settle_after(59, knowing(Ok(GatewayAnswer::Unheard)), None).await, ended(0));
    // Asked to refuse it, the gateway says what is true by then: it may have arrived in between.
    let abandoned = [(Ok(GatewayAnswer::Declined), PaymentState::Failed), (Ok(accepted()), PaymentState::Succeeded)];
    for (answer, end) in abandoned {
        let mut gateway = knowing(Ok(GatewayAnswer::Unheard));
        gateway.expect_abandon().times(1).return_once(|_| answer);
        assert_eq!(settle_after(60, gateway, Some(end)).await, ended(1));
    }
}

#[tokio::test]
async fn a_charge_that_can_not_be_settled_does_not_keep_the_others_from_it() {
    let mut wallets = MockWalletReader::new();
    let broken = Payment { id: PaymentId::new(Uuid::from_u128(78)), ..payment(PaymentState::Pending) };
    let found = vec![broken.clone(), payment(PaymentState::Pending)];
    wallets.expect_unsettled().times(2).returning(move |_, _, _| Ok(found.clone()));
    let mut gateway = gateway();
    gateway.expect_status().times(4).returning(|_| Ok(accepted()));
    let mut store = MockBookingStore::new();
    let fault = FaultId(uuid::Uuid::nil());
    store.expect_execute().times(4).returning(move |command| match command.operation {
        Operation::Settle(settle) if settle.payment == broken.id => Err(BookingError::Fault(fault)),
        _ => Ok(Outcome::Charged(payment(PaymentState::Succeeded))),
    });
    let settle = settle_with(&Arc::new(store), &Arc::new(wallets), gateway, BEGUN + 10);
    assert_eq!(settle.run().await, Err(Error::Fault(fault)));
    assert_eq!(settle.run().await, ended(1), "what has been told is not told again and again");
}

#[tokio::test]
async fn charges_that_stay_open_for_long_do_not_hide_those_behind_them() {
    let mut order = Sequence::new();
    let mut wallets = MockWalletReader::new();
    let old = |n| Payment { id: PaymentId::new(Uuid::from_u128(n)), at: at(50), ..payment(PaymentState::Pending) };
    let full: Vec<Payment> = (0..SettleCharges::BATCH.into()).map(old).collect();
    let begin = Instant::from_micros(i64::MIN);
    for (from, found) in [(begin, full), (at(50), vec![payment(PaymentState::Pending)]), (begin, vec![])] {
        let asked = wallets.expect_unsettled().withf(move |asked, _, _| *asked == from);
        asked.times(1).in_sequence(&mut order).return_once(|_, _, _| Ok(found));
    }
    let mut gateway = gateway();
    gateway.expect_status().returning(|_| Ok(GatewayAnswer::Pending));
    let settle = settle_with(&Arc::new(MockBookingStore::new()), &Arc::new(wallets), gateway, BEGUN + 10);
    for _ in 0..3 {
        assert_eq!(settle.run().await, ended(0));
    }
}

/// A store that has no room for what the gateway took, and hears that or that not it has been given back.
fn store_without_room(order: &mut Sequence, settles: bool, returns: bool) -> MockBookingStore {
    let mut store = MockBookingStore::new();
    let is = |wanted: fn(&Settlement) -> bool| move |command: &Command| matches!(&command.operation, Operation::Settle(settle) if wanted(&settle.settlement));
    if settles {
        let accepts = store.expect_execute().withf(is(|s| matches!(s, Settlement::Accepted { .. })));
        accepts.times(1).in_sequence(order).return_once(|_| Ok(settled(PaymentState::Returning)));
    }
    if returns {
        let notes = store.expect_execute().withf(is(|s| *s == Settlement::Returned));
        notes.times(1).return_once(|_| Ok(settled(PaymentState::Returned)));
    }
    store
}

fn giving_back(answer: Result<ReturnAnswer, NoAnswer>) -> MockPaymentGateway {
    let mut gateway = gateway();
    gateway.expect_give_back().with(eq(payment(PaymentState::Pending).id)).times(1).return_once(move |_| answer);
    gateway
}

#[tokio::test]
async fn what_the_wallet_has_no_room_for_is_given_back_once_that_is_stored() {
    let endings = [
        (Ok(ReturnAnswer::Returned), PaymentState::Returned),
        (Ok(ReturnAnswer::Pending), PaymentState::Returning),
        (Err(NoAnswer), PaymentState::Returning),
    ];
    for (answer, end) in endings {
        let mut order = Sequence::new();
        let mut store = store_without_room(&mut order, true, end == PaymentState::Returned);
        let begun = Outcome::Charged(payment(PaymentState::Pending));
        store.expect_execute().withf(|c| matches!(c.operation, Operation::Charge(_))).return_once(|_| Ok(begun));
        let mut gateway = gateway();
        gateway.expect_charge().times(1).return_once(|_| Ok(accepted()));
        gateway.expect_give_back().times(1).in_sequence(&mut order).return_once(move |_| answer);
        let charge = charge_with(store, wallets(PaymentState::Pending), gateway);
        assert_eq!(charge.run(request()).await, Ok(payment(end)));
    }
}

#[tokio::test]
async fn a_sweep_asks_for_money_until_it_is_back_and_never_charges_for_it_again() {
    for (answer, returns, done) in
        [(Ok(ReturnAnswer::Returned), true, 1), (Ok(ReturnAnswer::Pending), false, 0), (Err(NoAnswer), false, 0)]
    {
        let mut wallets = MockWalletReader::new();
        wallets.expect_unsettled().return_once(|_, _, _| Ok(vec![payment(PaymentState::Returning)]));
        let store = store_without_room(&mut Sequence::new(), false, returns);
        let settle = settle_with(&Arc::new(store), &Arc::new(wallets), giving_back(answer), BEGUN + 10);
        assert_eq!(settle.run().await, ended(done));
    }
}

/// The mock would panic if it were asked: whoever never heard of a charge has it given up.
#[tokio::test]
async fn a_charge_of_another_gateway_is_left_alone_and_told_once() {
    let mut wallets = MockWalletReader::new();
    let (mut pending, mut returning) = (payment(PaymentState::Pending), payment(PaymentState::Returning));
    for theirs in [&mut pending, &mut returning] {
        theirs.provider = "former".into();
    }
    returning.id = PaymentId::new(Uuid::from_u128(78));
    let theirs = vec![pending.clone(), returning];
    let found = theirs.clone();
    wallets.expect_unsettled().times(2).returning(move |_, _, _| Ok(found.clone()));
    let years_later = BEGUN + 100_000_000;
    let settle = settle_with(&Arc::new(MockBookingStore::new()), &Arc::new(wallets), gateway(), years_later);
    assert_eq!(settle.run().await, Ok(SettleReport { settled: 0, of_others: theirs }));
    assert_eq!(settle.run().await, ended(0), "what has been told is not told again and again");

    let mut wallets = MockWalletReader::new();
    let found = pending.clone();
    wallets.expect_charge().return_once(|_| Ok(Some(found)));
    let charge = charge_with(store(None), wallets, gateway());
    assert_eq!(charge.run(request()).await, Ok(pending), "nor is it charged once more when it is repeated");
}

#[tokio::test]
async fn whoever_repeats_a_charge_whose_money_goes_back_is_told_so_and_asks_no_gateway() {
    let charge = charge_with(store(None), wallets(PaymentState::Returning), gateway());
    assert_eq!(charge.run(request()).await, Ok(payment(PaymentState::Returning)));
}

#[tokio::test]
async fn a_charge_out_of_range_names_the_field_and_what_is_allowed() {
    let mut store = MockBookingStore::new();
    store.expect_execute().return_once(|_| Err(Rejection::ChargeOutOfRange.into()));
    let charge = charge_with(store, MockWalletReader::new(), gateway());
    let Err(Error::Invalid(flaws)) = charge.run(request()).await else { panic!("it is out of range") };
    assert_eq!(flaws.to_string(), "/amount: 1 to 10000000");
}

#[tokio::test]
async fn somebody_elses_charge_is_not_found() {
    let show = ShowCharge { wallets: Arc::new(wallets(PaymentState::Pending)) };
    let id = payment(PaymentState::Pending).id;
    assert_eq!(show.run(user(1), id).await, Ok(payment(PaymentState::Pending)));
    assert_eq!(show.run(user(2), id).await, Err(Error::NotFound(Missing::Charge)));
}
