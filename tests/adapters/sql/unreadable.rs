//! A row that makes no sense is a fault, never a panic and never a guess.

use crate::setup::{NOW, Setup, id, performance, sale, setup, venue};
use frontrow_application::PageRequest;
use frontrow_application::port::{
    AccountRepository, CodeRepository, ConcertRepository, IdempotencyRecordReader, OnSaleReader, Outbox,
    PerformanceRepository, RefreshRotation, ReservationReader, SaleRepository, SeatReader, SessionRepository, SoldPage,
    StoreError, VenueRepository, WalletReader,
};
use frontrow_domain::*;

/// A database where each table has one good row, with `1` as its id.
async fn filled() -> Setup {
    let setup = setup().await;
    setup.on_sale().await;
    let one = format!("x'{}'", id(1).simple());
    let hash = "01".repeat(32);
    for row in [
        format!("users VALUES ({one}, 'kim@example.com', 'Kim', 'customer', 'hash', 0, NULL)"),
        format!("refresh_token VALUES (x'{hash}', {one}, {one}, {}, NULL)", i64::MAX),
        format!("session VALUES ({one}, {one}, 0, 0, {0}, {0}, {0}, NULL, NULL)", i64::MAX),
        format!("mail_code VALUES ({one}, 'verify_email', 'hash', 0, 0)"),
        format!("outbox VALUES ({one}, {one}, 'verify_email', 0, 0, 0)"),
        format!("reservation VALUES ({one}, {one}, {one}, {one}, 'held', 0, 0, 0, '[]', 1, NULL, 1, 0, NULL)"),
        format!("payment VALUES ({one}, 'charge', NULL, {one}, 5, 'pending', 'sandbox', NULL, 0, 1, 0)"),
        format!("transfer VALUES ({one}, {one}, x'{}', 5, {one}, 0)", id(2).simple()),
        format!("wallet VALUES ({one}, 5, 1, 5)"),
        format!("idempotency_record VALUES ({one}, 'tap', x'{hash}', '{{\"expired\":\"{}\"}}', 0)", id(1)),
    ] {
        setup.tamper(&format!("INSERT INTO {row}")).await;
    }
    setup
}

macro_rules! faults {
    ($($name:ident: $sql:literal, $setup:ident => $read:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let $setup = filled().await;
            $read.await.unwrap();
            let $setup = filled().await;
            $setup.tamper($sql).await;
            let read = $read.await;
            assert!(matches!(read, Err(StoreError::Fault(_))), "{read:?}");
        }
    )+};
}

fn user() -> UserId {
    UserId::new(id(1))
}

fn rotation() -> RefreshRotation {
    RefreshRotation { shown: [1; 32], successors: vec![[2; 32]], expires: NOW, access_until: NOW, now: NOW }
}

fn page<K>() -> PageRequest<K> {
    PageRequest::new(10, None).unwrap()
}

faults! {
    a_role: "UPDATE users SET role = 'king'", s => s.accounts.user(user());
    a_venue: "UPDATE venue SET name = x'ff'", s => s.catalogue.venue(venue().id);
    a_seat_map: "UPDATE seat_map SET sections = '[{}]'",
        s => s.catalogue.seat_map(venue().id, 1);
    a_seat_map_that_is_not_json: "UPDATE seat_map SET sections = '['",
        s => s.catalogue.seat_map(venue().id, 1);
    a_layout: "UPDATE seat_map SET sections = '[]'",
        s => s.catalogue.on_sale(performance().id);
    a_missing_venue: "DELETE FROM venue", s => s.catalogue.on_sale(performance().id);
    a_missing_seat_map: "DELETE FROM seat_map", s => s.catalogue.on_sale(performance().id);
    a_concert: "UPDATE concert SET title = x'ff'", s => s.catalogue.concert(crate::setup::concert(1).id);
    a_status: "UPDATE performance SET status = 'sold'",
        s => s.catalogue.performance(performance().id);
    a_version: "UPDATE performance SET seat_map_version = -1",
        s => s.catalogue.performance(performance().id);
    prices: "UPDATE performance SET prices = '{}'",
        s => s.catalogue.performance(performance().id);
    a_limit: "UPDATE sale SET limit_per_person = -1", s => s.catalogue.sale(sale().id);
    a_hold: "UPDATE sale SET hold_duration = -1", s => s.catalogue.sale(sale().id);
    a_seat_state: "UPDATE seat SET state = 7", s => s.readers.not_free(performance().id);
    a_seat_that_is_held_by_nobody: "UPDATE seat SET state = 2, held_until = 5",
        s => s.readers.not_free(performance().id);
    a_seat_number: "UPDATE seat SET number = 100001 WHERE number = 1",
        s => s.readers.not_free(performance().id);
    a_reservation_state: "UPDATE reservation SET state = 'lost'",
        s => s.readers.reservations_of(user(), page());
    line_items: "UPDATE reservation SET line_items = '[{}]'",
        s => s.readers.reservation(ReservationId::new(id(1)));
    returned_seats: "UPDATE reservation SET returned = '[{}]'",
        s => s.readers.reservation(ReservationId::new(id(1)));
    an_amount: "UPDATE reservation SET amount = -1",
        s => s.readers.reservation(ReservationId::new(id(1)));
    a_payment_state: "UPDATE payment SET state = 'lost'",
        s => s.readers.charge(PaymentId::new(id(1)));
    a_payment_ordinal: "UPDATE payment SET ordinal = -1",
        s => s.readers.charge(PaymentId::new(id(1)));
    a_payment_kind: "UPDATE payment SET kind = 'gift'", s => s.readers.entries(user(), page());
    a_missing_payment: "DELETE FROM payment", s => s.readers.entries(user(), page());
    an_unsettled_charge: "UPDATE payment SET amount = -1", s => s.readers.unsettled(Instant::default(), NOW, 9);
    a_transfer: "UPDATE transfer SET amount = 9223372036854775807",
        s => s.readers.entries(user(), page());
    a_balance: "UPDATE wallet SET balance = 9223372036854775807",
        s => s.readers.balance(user());
    a_refresh_token: "UPDATE refresh_token SET replaced = 'never'",
        s => s.sessions.rotate(&rotation());
    a_verification: "UPDATE users SET email_verified = 'never'", s => s.accounts.account(user());
    tries_of_a_code: "UPDATE mail_code SET tries = -1",
        s => s.codes.attempt(user(), CodePurpose::VerifyEmail, NOW);
    a_kind_of_mail: "UPDATE outbox SET kind = 'advertisement'", s => s.outbox.due(NOW, 9);
    a_session: "UPDATE session SET started_at = 'never'", s => s.sessions.sessions_of(user(), NOW);
    an_outcome: "UPDATE idempotency_record SET outcome = '{}'",
        s => s.readers.idempotency_record(&CommandKey::new(user(), "tap").unwrap());
    a_hash: "UPDATE idempotency_record SET request_hash = x'01'",
        s => s.readers.idempotency_record(&CommandKey::new(user(), "tap").unwrap());
}

/// As an older release stored them, whose rules were laxer.
#[tokio::test]
async fn what_todays_rules_refuse_is_read_all_the_same() {
    let setup = filled().await;
    setup.tamper("UPDATE users SET email = 'o\"k@localhost'").await;
    setup.tamper("UPDATE reservation SET refund_reason = 'one' || char(10) || 'two'").await;
    let account = setup.accounts.user(user()).await.unwrap().unwrap();
    assert_eq!(account.email.as_str(), "o\"k@localhost");
    let reservations = setup.readers.reservations_of(user(), page()).await.unwrap();
    let reason = reservations.items[0].refund_reason.as_ref().unwrap();
    assert_eq!(reason.as_str(), "one\ntwo");
    assert!("o\"k@localhost".parse::<Email>().is_err() && RefundReason::new("one\ntwo").is_err());
}

#[tokio::test]
async fn in_a_list_for_work_a_row_that_cant_be_read_is_left_out_and_named() {
    let setup = filled().await;
    let other = format!("x'{}'", id(7).simple());
    let one = format!("x'{}'", id(1).simple());
    for statement in [
        format!(
            "INSERT INTO reservation VALUES ({other}, {one}, {one}, {one}, 'held', 0, 0, 0, '[]', 1, NULL, 1, 0, NULL)"
        ),
        format!("UPDATE seat SET state = 3, reservation_id = {one} WHERE number = 1"),
        format!("UPDATE seat SET state = 3, reservation_id = {other} WHERE number = 2"),
    ] {
        setup.tamper(&statement).await;
    }
    let sold = async || setup.readers.sold(performance().id, None, 10).await.unwrap();
    let ids = |page: &SoldPage| page.reservations.iter().map(|found| found.id.uuid()).collect::<Vec<_>>();
    let page = sold().await;
    assert_eq!((ids(&page), page.unreadable), (vec![id(1), id(7)], vec![]));
    setup.tamper(&format!("UPDATE reservation SET state = 'lost' WHERE id = {one}")).await;
    let page = sold().await;
    assert_eq!(ids(&page), [id(7)]);
    let [(named, fault)] = &page.unreadable[..] else { panic!("{page:?}") };
    assert_eq!(named.uuid(), id(1));
    assert!(matches!(fault, StoreError::Fault(_)));
    assert_eq!(sold().await.unreadable, page.unreadable, "it is logged once");
}
