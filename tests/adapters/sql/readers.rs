//! Bookings and wallets, as rows and as what they mean.

use crate::setup::{NOW, Setup, id, performance, sale, setup};
use frontrow_application::port::{
    Entry, HoldPosition, Housekeeping, IdempotencyRecordReader, ReservationReader, SeatReader, WalletReader,
};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::*;
use std::time::Duration;
use uuid::Uuid;

const USER: UserId = UserId::new(Uuid::from_u128(40));

fn hex(id: Uuid) -> String {
    format!("x'{}'", id.simple())
}

fn text(text: Option<&str>) -> String {
    text.map_or("NULL".into(), |text| format!("'{text}'"))
}

fn points(amount: i64) -> Points {
    Points::new(amount).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn reservation(n: u128, state: ReservationState, held_until: Instant) -> Reservation {
    let line_item = |number| LineItem {
        list_price: points(120_000),
        discount: points(20_000),
        fee: points(1_000),
        tax: points(9_181),
        paid: points(101_000),
        ..LineItem::free(SeatNumber::new(number).unwrap(), "R", "adult")
    };
    testing::reservation()
        .id(ReservationId::new(id(n)))
        .performance(performance().id)
        .sale(sale().id)
        .user(USER)
        .state(state)
        .held_until(held_until)
        .late_until(held_until + seconds(600))
        .cancel_until(held_until + seconds(700))
        .amount(points(202_000))
        .line_items(vec![line_item(1), line_item(3)])
        .refund_reason((state == ReservationState::Refunded).then(|| RefundReason::new("It rains.").unwrap()))
        .version(Version::new(2))
        .build()
}

async fn insert_reservation(setup: &Setup, r: &Reservation) {
    let reason = r.refund_reason.as_ref().map_or("NULL".to_owned(), |reason| format!("'{}'", reason.as_str()));
    let row = format!(
        "INSERT INTO reservation (id, performance_id, sale_id, user_id, state, held_until, late_until, cancel_until, amount, \
         line_items, refund_reason, version) VALUES ({}, {}, {}, {}, '{}', {}, {}, {}, {}, '{}', {reason}, {})",
        hex(r.id.uuid()),
        hex(r.performance.uuid()),
        hex(r.sale.uuid()),
        hex(r.user.uuid()),
        r.state.as_str(),
        r.held_until.micros(),
        r.late_until.micros(),
        r.cancel_until.micros(),
        r.amount,
        serde_json::to_string(&r.line_items).unwrap(),
        r.version.get(),
    );
    setup.tamper(&row).await;
}

fn charge(n: u128, state: PaymentState, at: Instant) -> Payment {
    testing::payment()
        .id(PaymentId::new(id(n)))
        .user(USER)
        .amount(points(50_000))
        .state(state)
        .provider_ref((state == PaymentState::Succeeded).then(|| format!("ref-{n}")))
        .at(at)
        .version(Version::new(3))
        .build()
}

async fn insert_payment(setup: &Setup, p: &Payment) {
    let row = format!(
        "INSERT INTO payment (id, kind, reservation_id, user_id, amount, state, provider, provider_ref, at, version) \
         VALUES ({}, '{}', {}, {}, {}, '{}', '{}', {}, {}, {})",
        hex(p.id.uuid()),
        p.kind.as_str(),
        p.reservation.map_or("NULL".into(), |id| hex(id.uuid())),
        hex(p.user.uuid()),
        p.amount,
        p.state.as_str(),
        p.provider,
        text(p.provider_ref.as_deref()),
        p.at.micros(),
        p.version.get(),
    );
    setup.tamper(&row).await;
}

fn transfer(n: u128, debit: AccountId, credit: AccountId, payment: PaymentId) -> Transfer {
    Transfer { id: TransferId::new(id(n)), debit, credit, amount: points(50_000), payment, at: NOW }
}

async fn insert_transfer(setup: &Setup, t: &Transfer) {
    let row = format!(
        "INSERT INTO transfer (id, debit, credit, amount, payment_id, at) VALUES ({}, {}, {}, {}, {}, {})",
        hex(t.id.uuid()),
        hex(t.debit.into()),
        hex(t.credit.into()),
        t.amount,
        hex(t.payment.uuid()),
        t.at.micros(),
    );
    setup.tamper(&row).await;
}

#[tokio::test]
async fn every_state_of_a_reservation_comes_back_as_it_was() {
    let setup = setup().await;
    for (n, state) in (1..).zip(ReservationState::ALL) {
        let reservation = reservation(n, state, NOW);
        insert_reservation(&setup, &reservation).await;
        assert_eq!(setup.readers.reservation(reservation.id).await, Ok(Some(reservation)));
    }
    assert_eq!(setup.readers.reservation(ReservationId::new(id(99))).await, Ok(None));
}

#[tokio::test]
async fn own_reservations_come_in_pages_the_newest_first() {
    let setup = setup().await;
    let mut all: Vec<_> = (1..=3).map(|n| reservation(n, ReservationState::Held, NOW)).collect();
    for reservation in &all {
        insert_reservation(&setup, reservation).await;
    }
    let somebody_elses = Reservation { user: UserId::new(id(41)), ..reservation(4, ReservationState::Held, NOW) };
    insert_reservation(&setup, &somebody_elses).await;
    all.reverse();
    let first = setup.readers.reservations_of(USER, PageRequest::new(2, None).unwrap()).await;
    assert_eq!(first, Ok(Page { items: all[..2].to_vec(), next: Some(all[1].id) }));
    let second = setup.readers.reservations_of(USER, PageRequest::new(2, Some(all[1].id)).unwrap()).await;
    assert_eq!(second, Ok(Page { items: all[2..].to_vec(), next: None }));
}

#[tokio::test]
async fn tickets_are_the_valid_ones_of_the_reservation() {
    let setup = setup().await;
    let own = reservation(1, ReservationState::Confirmed, NOW);
    insert_reservation(&setup, &own).await;
    let (performance, own_id) = (hex(performance().id.uuid()), hex(own.id.uuid()));
    let somebody_elses = hex(id(9));
    setup
        .tamper(&format!(
            "INSERT INTO ticket (performance_id, number, version, reservation_id, live) VALUES \
             ({performance}, 3, 5, {own_id}, 1), ({performance}, 3, 4, {somebody_elses}, NULL), \
             ({performance}, 1, 2, {own_id}, NULL), ({performance}, 1, 7, {own_id}, 1), \
             ({performance}, 2, 2, {somebody_elses}, 1)"
        ))
        .await;
    let ticket = |seat: SeatKey, version| Ticket {
        key: TicketKey { seat, version: Version::new(version) },
        reservation: own.id,
        valid: true,
    };
    let seats: Vec<SeatKey> = own.seat_keys().collect();
    assert_eq!(setup.readers.tickets(own.id).await, Ok(vec![ticket(seats[0], 7), ticket(seats[1], 5)]));
    assert_eq!(setup.readers.tickets(ReservationId::new(id(9))).await, Ok(vec![]));
}

#[tokio::test]
async fn lapsed_holds_come_the_oldest_first_until_they_are_marked() {
    let setup = setup().await;
    let hold = |n, ago| reservation(n, ReservationState::Held, NOW - seconds(ago));
    let holds = [hold(1, 0), hold(2, 7200), hold(3, 300)];
    for hold in &holds {
        insert_reservation(&setup, hold).await;
    }
    insert_reservation(&setup, &reservation(4, ReservationState::Held, NOW + Duration::from_micros(1))).await;
    insert_reservation(&setup, &reservation(5, ReservationState::Confirmed, NOW - seconds(60))).await;

    let lapsed = async |from, limit| {
        let page = setup.readers.lapsed(HoldPosition::before_all_at(from), NOW, limit).await.unwrap();
        assert!(page.items.iter().all(|hold| hold.buyer == holds[0].buyer()));
        let number = |position: HoldPosition| position.id.uuid().as_u128();
        let found: Vec<_> = page.items.iter().map(|hold| number(hold.position)).collect();
        (found, page.next.map(number))
    };
    let beginning = Instant::from_micros(i64::MIN);
    assert_eq!(lapsed(beginning, 2).await, (vec![2, 3], Some(3)));
    assert_eq!(lapsed(beginning, 10).await, (vec![2, 3, 1], None));
    assert_eq!(lapsed(NOW - seconds(7200), 10).await, (vec![2, 3, 1], None));
    assert_eq!(lapsed(NOW - seconds(7200) + Duration::from_micros(1), 10).await, (vec![3, 1], None));
    setup.tamper("UPDATE reservation SET state = 'expired' WHERE held_until <= 1799999999999999").await;
    assert_eq!(lapsed(beginning, 10).await, (vec![1], None));
    setup.tamper("UPDATE reservation SET state = 'expired'").await;
    assert_eq!(lapsed(beginning, 10).await, (vec![], None));
}

#[tokio::test]
async fn a_look_for_lapsed_holds_passes_by_a_bounded_number_of_sold_reservations() {
    let setup = setup().await;
    for n in 1..=25 {
        insert_reservation(&setup, &reservation(n, ReservationState::Confirmed, NOW - seconds(60))).await;
    }
    insert_reservation(&setup, &reservation(26, ReservationState::Held, NOW - seconds(60))).await;
    let (mut after, mut looks) = (HoldPosition::before_all_at(NOW - seconds(60)), Vec::new());
    loop {
        // One hold is wanted, so that ten reservations are looked at.
        let page = setup.readers.lapsed(after, NOW, 1).await.unwrap();
        looks.push(page.items.len());
        let Some(next) = page.next else { break };
        after = next;
    }
    assert_eq!(looks, [0, 0, 1]);
}

#[tokio::test]
async fn every_state_of_a_seat_comes_back_as_it_was() {
    let setup = setup().await;
    let key = |number| SeatKey { performance: performance().id, number: SeatNumber::new(number).unwrap() };
    let by = ReservationId::new(id(30));
    let states = [
        SeatState::Blocked,
        SeatState::Held { by, until: NOW - TAKEOVER_GRACE },
        SeatState::Held { by, until: NOW - TAKEOVER_GRACE + Duration::from_micros(1) },
        SeatState::Sold { to: by },
    ];
    let (performance, by) = (hex(performance().id.uuid()), hex(by.uuid()));
    let until = (NOW - TAKEOVER_GRACE).micros();
    setup
        .tamper(&format!(
            "INSERT INTO seat (performance_id, number, state, reservation_id, held_until, version) VALUES \
             ({performance}, 4, 3, {by}, NULL, 9), ({performance}, 1, 1, NULL, NULL, 9), \
             ({performance}, 2, 2, {by}, {until}, 9), ({performance}, 3, 2, {by}, {until} + 1, 9), \
             ({performance}, 5, 0, NULL, NULL, 9), ({by}, 1, 0, NULL, NULL, 9), ({by}, 2, 0, NULL, NULL, 9)"
        ))
        .await;
    let version = Version::new(9);
    let seats: Vec<Seat> = (1..).zip(states).map(|(n, state)| Seat { key: key(n), state, version }).collect();
    assert_eq!(setup.readers.not_free(key(1).performance).await, Ok(seats));

    let other = PerformanceId::new(id(30));
    assert_eq!(setup.readers.not_free(other).await, Ok(vec![]), "all are free");
}

#[tokio::test]
async fn a_charge_comes_back_as_it_was_and_other_payments_are_none() {
    let setup = setup().await;
    for (n, state) in (1..).zip(PaymentState::ALL) {
        let charge = charge(n, state, NOW);
        insert_payment(&setup, &charge).await;
        assert_eq!(setup.readers.charge(charge.id).await, Ok(Some(charge)));
    }
    let reservation = Some(ReservationId::new(id(30)));
    let paid = Payment { kind: PaymentKind::Reservation, reservation, ..charge(14, PaymentState::Pending, NOW) };
    insert_payment(&setup, &paid).await;
    assert_eq!(setup.readers.charge(paid.id).await, Ok(None));
    assert_eq!(setup.readers.charge(PaymentId::new(id(15))).await, Ok(None));
}

#[tokio::test]
async fn unsettled_charges_come_the_oldest_first() {
    use PaymentState::{Failed, Pending, Returned, Returning, Succeeded};
    let setup = setup().await;
    let charges = [
        charge(1, Pending, NOW - seconds(2)),
        charge(2, Pending, NOW - seconds(3)),
        charge(3, Succeeded, NOW - seconds(9)),
        charge(4, Failed, NOW - seconds(9)),
        charge(5, Pending, NOW),
        charge(6, Returning, NOW - seconds(1)),
        charge(7, Returned, NOW - seconds(9)),
    ];
    for charge in &charges {
        insert_payment(&setup, charge).await;
    }
    let found = [1, 0, 5].map(|index: usize| charges[index].clone());
    let begin = Instant::from_micros(i64::MIN);
    assert_eq!(setup.readers.unsettled(begin, NOW, 10).await, Ok(found.to_vec()));
    assert_eq!(setup.readers.unsettled(begin, NOW, 1).await, Ok(found[..1].to_vec()));
    assert_eq!(setup.readers.unsettled(found[1].at, NOW, 10).await, Ok(found[1..].to_vec()));
}

#[tokio::test]
async fn a_wallet_has_a_balance_and_a_history_in_pages() {
    let setup = setup().await;
    assert_eq!(setup.readers.balance(USER).await, Ok(Points::ZERO));
    setup.tamper(&format!("INSERT INTO wallet (user_id, balance, version) VALUES ({}, 7, 1)", hex(USER.uuid()))).await;
    assert_eq!(setup.readers.balance(USER).await, Ok(points(7)));

    let wallet = AccountId::Wallet(USER);
    let reservation = Some(ReservationId::new(id(30)));
    let payments = [
        charge(1, PaymentState::Succeeded, NOW),
        Payment { kind: PaymentKind::Reservation, reservation, ..charge(2, PaymentState::Succeeded, NOW) },
        Payment { kind: PaymentKind::Refund, reservation, ..charge(3, PaymentState::Succeeded, NOW) },
    ];
    let legs = [(AccountId::Gateway, wallet), (wallet, AccountId::Sales), (AccountId::Sales, wallet)];
    let mut entries = Vec::new();
    for (n, (payment, (debit, credit))) in (1..).zip(payments.into_iter().zip(legs)) {
        insert_payment(&setup, &payment).await;
        let transfer = transfer(n, debit, credit, payment.id);
        insert_transfer(&setup, &transfer).await;
        entries.push(Entry { transfer, kind: payment.kind, reservation: payment.reservation });
    }
    let somebody_else = AccountId::Wallet(UserId::new(id(41)));
    insert_transfer(&setup, &transfer(4, somebody_else, AccountId::Sales, PaymentId::new(id(1)))).await;

    entries.reverse();
    let first = setup.readers.entries(USER, PageRequest::new(2, None).unwrap()).await;
    let next = Some(entries[1].transfer.id);
    assert_eq!(first, Ok(Page { items: entries[..2].to_vec(), next }));
    let second = setup.readers.entries(USER, PageRequest::new(2, next).unwrap()).await;
    assert_eq!(second, Ok(Page { items: entries[2..].to_vec(), next: None }));
}

#[tokio::test]
async fn idempotency_records_come_back_as_they_were_and_are_forgotten_a_few_at_a_time() {
    let setup = setup().await;
    let record = |n: u32| IdempotencyRecord {
        key: CommandKey::new(USER, format!("Tap-{n}~")).unwrap(),
        request_hash: [7; 32],
        outcome: Outcome::Held(reservation(1, ReservationState::Held, NOW)),
        at: NOW + seconds(n.into()),
    };
    for record in (1..=4).map(record) {
        let outcome = serde_json::to_string(&record.outcome).unwrap();
        let (user, name, hash, at) = (hex(USER.uuid()), record.key.name(), "07".repeat(32), record.at.micros());
        let row = format!("INSERT INTO idempotency_record VALUES ({user}, '{name}', x'{hash}', '{outcome}', {at})");
        setup.tamper(&row).await;
        assert_eq!(setup.readers.idempotency_record(&record.key).await, Ok(Some(record)));
    }
    let in_other_letters = CommandKey::new(USER, "tap-1~").unwrap();
    assert_eq!(setup.readers.idempotency_record(&in_other_letters).await, Ok(None));

    let before = NOW + seconds(4);
    assert_eq!(setup.housekeeping.forget_idempotency_records(before, 2).await, Ok(2));
    assert_eq!(setup.readers.idempotency_record(&record(2).key).await, Ok(None));
    assert_eq!(setup.readers.idempotency_record(&record(3).key).await, Ok(Some(record(3))));
    assert_eq!(setup.housekeeping.forget_idempotency_records(before, 2).await, Ok(1));
    assert_eq!(setup.housekeeping.forget_idempotency_records(before, 2).await, Ok(0));
    assert_eq!(setup.readers.idempotency_record(&record(4).key).await, Ok(Some(record(4))));
}
