//! Every table: what is written is what is read, and an update writes all that may change.
//!
//! Values are written out in full, without `..`, so that the compiler asks for a value of every new field.

use super::*;
use frontrow_application::port::{Credentials, MailKind, OperatorAction, PromisedMail};
use frontrow_domain::testing::{self, at, line_item, points, seat_number, user_id};
use frontrow_domain::waiting_room::{Admission, Admitted, CheckIn, Group, QueueEntry, QueueNumber, Rank};
use frontrow_domain::{
    AccountId, AdmissionEnd, AdmissionPeriod, Area, Buyer, BuyerKey, CodePurpose, CommandKey, IdempotencyRecord,
    MailCode, Outcome, Payment, PaymentId, PaymentKind, PaymentState, Performance, PerformanceId, PerformanceStatus,
    Record, RefreshToken, RefundReason, Reservation, ReservationId, ReservationState, ReturnedSeats, Role, Sale,
    SaleId, Seat, SeatKey, SeatState, Session, SessionId, Ticket, TicketKey, Transfer, TransferId, User, UserId,
    Version, Wallet,
};
use sea_orm::{ActiveModelTrait, IdenStatic, IntoActiveModel, TryIntoModel};
use std::fmt::Debug;
use uuid::Uuid;

type ModelOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

/// The row once it is written, with the revision that whoever saves it adds.
fn stored<A: ActiveModelTrait + TryIntoModel<ModelOf<A>>>(mut row: A) -> ModelOf<A> {
    for column in <A::Entity as EntityTrait>::Column::iter() {
        if row.get(column).is_not_set() {
            assert_eq!(column.as_str(), "revision", "whoever writes a row has to set it");
            row.set(column, 1i64.into());
        }
    }
    row.try_into_model().unwrap()
}

fn is_read_as_it_was_written<V, A>(value: &V, row: A)
where
    A: ActiveModelTrait + TryIntoModel<ModelOf<A>>,
    V: TryFrom<ModelOf<A>, Error: Debug> + PartialEq + Debug,
{
    assert_eq!(V::try_from(stored(row)).unwrap(), *value);
}

/// An update of the row of `from` by that of `to`, which differ in everything, leaves what the rules say that it leaves.
fn an_update_writes_what_may_change<V, A>(from: &V, to: &V)
where
    V: Record + TryFrom<ModelOf<A>, Error: Debug>,
    A: ActiveModelTrait + TryIntoModel<ModelOf<A>> + for<'a> TryFrom<&'a V, Error: Debug>,
    ModelOf<A>: IntoActiveModel<A>,
{
    let mut row: A = stored(A::try_from(from).unwrap()).into_active_model();
    let by = A::try_from(to).unwrap();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        if by.get(column).is_set() {
            row.set(column, by.get(column).into_value().unwrap());
        }
    }
    assert_eq!(V::try_from(row.try_into_model().unwrap()).unwrap(), from.changed_to(to));
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn buyer_key(n: u128) -> BuyerKey {
    BuyerKey { sale: SaleId::new(id(40 + n)), user: user_id(n) }
}

fn entry(n: u64) -> QueueEntry {
    QueueEntry { group: Group::new(u8::try_from(n).unwrap()).unwrap(), number: QueueNumber::new(70 + n).unwrap() }
}

fn buyer(n: u64) -> Buyer {
    let seconds = i64::try_from(n).unwrap();
    let mut used_numbers = [0; Group::MAX];
    used_numbers[0] = 10 + n;
    Buyer {
        key: buyer_key(n.into()),
        admission: Some(AdmissionPeriod { until: at(seconds), max_until: at(100 + seconds) }),
        ended: Some([AdmissionEnd::Paid, AdmissionEnd::Left][usize::try_from(n % 2).unwrap()]),
        generation: u32::try_from(n).unwrap(),
        used_numbers,
        admitted_by: Some(entry(n)),
        barred: n % 2 == 1,
        version: Version::new(seconds),
    }
}

fn reservation(n: u32) -> Reservation {
    let seconds = i64::from(n);
    Reservation {
        id: ReservationId::new(id(50 + u128::from(n))),
        performance: PerformanceId::new(id(60 + u128::from(n))),
        sale: SaleId::new(id(40 + u128::from(n))),
        user: user_id(n.into()),
        state: [ReservationState::Held, ReservationState::Refunded][usize::from(n % 2 == 1)],
        held_until: at(200 + seconds),
        late_until: at(300 + seconds),
        cancel_until: at(350 + seconds),
        amount: points(i64::from(n) * 7),
        line_items: vec![line_item(n, i64::from(n) * 7)],
        refund_reason: RefundReason::new(&format!("reason {n}")).ok(),
        returned: vec![ReturnedSeats {
            seats: [seat_number(n)].into(),
            reason: RefundReason::new(&format!("another reason {n}")).ok(),
        }],
        version: Version::new(seconds),
    }
}

fn payment(n: u32) -> Payment {
    let seconds = i64::from(n);
    Payment {
        id: PaymentId::new(id(80 + u128::from(n))),
        kind: [PaymentKind::Reservation, PaymentKind::Refund][usize::from(n % 2 == 1)],
        reservation: Some(ReservationId::new(id(50 + u128::from(n)))),
        ordinal: 5 + n,
        user: user_id(n.into()),
        amount: points(i64::from(n) * 11),
        state: [PaymentState::Pending, PaymentState::Succeeded][usize::from(n % 2 == 1)],
        provider: format!("provider {n}"),
        provider_ref: Some(format!("reference {n}")),
        at: at(seconds),
        version: Version::new(seconds),
    }
}

fn wallet(n: u32) -> Wallet {
    let (balance, pending) = (points(i64::from(n) * 13), points(i64::from(n) * 17));
    Wallet { user: user_id(n.into()), balance, pending, version: Version::new(n.into()) }
}

fn seat(n: u32, state: SeatState) -> Seat {
    let key = SeatKey { performance: PerformanceId::new(id(60)), number: seat_number(n) };
    Seat { key, state, version: Version::new(n.into()) }
}

fn seats() -> [Seat; 4] {
    let (by, to) = (ReservationId::new(id(51)), ReservationId::new(id(52)));
    let held = SeatState::Held { by, until: at(9) };
    [seat(1, SeatState::Free), seat(2, SeatState::Blocked), seat(3, held), seat(4, SeatState::Sold { to })]
}

#[test]
fn rows_that_commands_change_are_written_whole_but_for_what_never_changes() {
    an_update_writes_what_may_change::<_, super::buyer::ActiveModel>(&buyer(1), &buyer(2));
    an_update_writes_what_may_change::<_, super::reservation::ActiveModel>(&reservation(2), &reservation(1));
    an_update_writes_what_may_change::<_, super::payment::ActiveModel>(&payment(2), &payment(1));
    an_update_writes_what_may_change::<_, super::wallet::ActiveModel>(&wallet(1), &wallet(2));
    for from in seats() {
        for to in seats() {
            an_update_writes_what_may_change::<_, super::seat::ActiveModel>(&from, &to);
        }
    }
}

#[test]
fn rows_of_bookings_are_read_as_they_were_written() {
    is_read_as_it_was_written(&buyer(1), super::buyer::ActiveModel::from(&buyer(1)));
    is_read_as_it_was_written(&reservation(1), super::reservation::ActiveModel::try_from(&reservation(1)).unwrap());
    is_read_as_it_was_written(&payment(1), super::payment::ActiveModel::from(&payment(1)));
    is_read_as_it_was_written(&wallet(1), super::wallet::ActiveModel::from(&wallet(1)));
    for seat in seats() {
        is_read_as_it_was_written(&seat, super::seat::ActiveModel::from(&seat));
    }
    for valid in [true, false] {
        let key = TicketKey { seat: seats()[0].key, version: Version::new(3) };
        let ticket = Ticket { key, reservation: ReservationId::new(id(51)), valid };
        is_read_as_it_was_written(&ticket, ticket::ActiveModel::from(&ticket));
    }
    let transfer = Transfer {
        id: TransferId::new(id(90)),
        debit: AccountId::Gateway,
        credit: AccountId::Wallet(user_id(1)),
        amount: points(19),
        payment: PaymentId::new(id(81)),
        at: at(1),
    };
    is_read_as_it_was_written(&transfer, transfer::ActiveModel::from(&transfer));
    let record = IdempotencyRecord {
        key: CommandKey::new(user_id(1), "tap-1").unwrap(),
        request_hash: [7; 32],
        outcome: Outcome::Released(reservation(1)),
        at: at(2),
    };
    is_read_as_it_was_written(&record, idempotency_record::ActiveModel::try_from(&record).unwrap());
}

#[test]
fn rows_of_waiting_rooms_are_read_as_they_were_written() {
    let QueueEntry { group, number } = entry(2);
    is_read_as_it_was_written(&entry(2), queue_entry::ActiveModel::from((&buyer_key(1), &entry(2))));
    let (checked_in_at, seen_at) = (at(3), at(4));
    let check_in = CheckIn { key: buyer_key(1), group, number, rank: Rank::new(5), checked_in_at, seen_at };
    is_read_as_it_was_written(&check_in, check_in::ActiveModel::from(&check_in));
    let admission = Admission { key: buyer_key(1), until: at(5) };
    is_read_as_it_was_written(&admission, admission::ActiveModel::from(&admission));
    let admitted = Admitted {
        key: buyer_key(1),
        tick: 6,
        group,
        rank: Rank::new(7),
        checked_in_at,
        at: at(8),
        active_after: 9,
        capacity: 10,
    };
    is_read_as_it_was_written(&admitted, admission_log::ActiveModel::from(&admitted));
    let (sale, what) = (SaleId::new(id(1)), "paused".to_owned());
    let action = OperatorAction { id: id(11), by: user_id(2), at: at(12), sale, what };
    is_read_as_it_was_written(&action, operator_action::ActiveModel::from(action.clone()));
}

#[test]
fn rows_of_the_catalogue_and_of_accounts_are_read_as_they_were_written() {
    let venue = testing::venue_in_full();
    is_read_as_it_was_written(&venue, super::venue::ActiveModel::try_from(&venue).unwrap());
    let concert = testing::concert_in_full();
    is_read_as_it_was_written(&concert, super::concert::ActiveModel::from(&concert));
    let map = testing::seat_map().version(3).stage(Area { x: 1, y: 2, width: 3, depth: 4 }).build();
    is_read_as_it_was_written(&map, seat_map::ActiveModel::try_from(&map).unwrap());
    let performance = Performance { status: PerformanceStatus::Cancelled, ..testing::performance_in_full() };
    is_read_as_it_was_written(&performance, super::performance::ActiveModel::try_from(&performance).unwrap());
    let sale: Sale = testing::sale().waiting_room(testing::waiting_room().build()).published(true).build();
    let read = stored(super::sale::ActiveModel::try_from(&sale).unwrap()).into_sale(sale.performances.clone());
    assert_eq!(read.unwrap(), sale);

    let user = User {
        id: UserId::new(id(7)),
        email: "kim@example.com".parse().unwrap(),
        name: "Kim".into(),
        role: Role::Operator,
    };
    let credentials = Credentials { user, password_hash: "a hash".into() };
    is_read_as_it_was_written(&credentials, super::user::ActiveModel::from((&credentials, at(8))));
    let (session, user) = (SessionId::new(id(9)), user_id(1));
    let token = RefreshToken { hash: [8; 32], session, user, expires: at(9), replaced: Some(at(10)) };
    is_read_as_it_was_written(&token, refresh_token::ActiveModel::from(&token));
    let session = Session {
        id: token.session,
        user: token.user,
        started: at(1),
        last_used: at(2),
        expires: at(3),
        ends: at(4),
        access_until: at(5),
        user_agent: Some("curl/8".into()),
    };
    is_read_as_it_was_written(&session, super::session::ActiveModel::from(&session));
    let mail = PromisedMail { id: id(12), user, kind: MailKind::AccountExists, at: at(11), due: at(12), tries: 3 };
    is_read_as_it_was_written(&mail, outbox::ActiveModel::from(&mail));
    let code = MailCode { user, purpose: CodePurpose::VerifyEmail, hash: "a hash".into(), made: at(13), tries: 2 };
    is_read_as_it_was_written(&code, mail_code::ActiveModel::from(&code));
}
