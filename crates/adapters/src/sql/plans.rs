//! Lists and sweeps find what they look for by a key or an index, in its order.

use super::catalogue::performances;
use super::connect::connect_worker;
use super::dialect::sqlite::SQLITE;
use super::housekeeping::{oldest_idempotency_records, oldest_refresh_tokens, oldest_sessions};
use super::outbox::due;
use super::programme::counts;
use super::queues::{read, tick};
use super::readers::sales::published_sales;
use super::readers::{reservations, seats, wallets};
use super::rows::{
    buyer, concert, idempotency_record, payment, performance, refresh_token, reservation, transfer, user,
};
use super::sessions;
use super::statements::{Protection, Texts, reservations_of};
use super::testing::{Counter, database};
use super::{Database, DatabaseSettings};
use frontrow_application::PageRequest;
use frontrow_application::port::HoldPosition;
use frontrow_domain::waiting_room::Group;
use frontrow_domain::{
    ConcertId, Instant, PaymentState, PerformanceId, Reservation, ReservationId, ReservationState, SaleId, TransferId,
    UserId, testing,
};
use frontrow_test_databases::{Kind, database as server_database};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryTrait, Statement};
use std::sync::Arc;
use uuid::Uuid;

const NOW: Instant = Instant::from_micros(1_000_000);

/// How `SQLite` would look for the rows, and what it would have to sort.
async fn plan(connection: &impl ConnectionTrait, mut statement: Statement) -> Vec<String> {
    statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    let steps = rows.iter().map(|row| row.try_get::<String>("", "detail").unwrap());
    steps.filter(|step| ["SEARCH", "SCAN", "USE TEMP"].iter().any(|word| step.starts_with(word))).collect()
}

fn id() -> Uuid {
    Uuid::from_u128(7)
}

fn page<K>(after: K) -> PageRequest<K> {
    PageRequest::new(20, Some(after)).unwrap()
}

fn reservation() -> Reservation {
    testing::reservation()
        .id(ReservationId::new(id()))
        .performance(PerformanceId::new(id()))
        .sale(SaleId::new(id()))
        .user(UserId::new(id()))
        .state(ReservationState::Confirmed)
        .build()
}

macro_rules! plans {
    ($($name:ident: $query:expr => [$($step:literal),+];)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (database, _folder) = database().await;
            let statement = $query.build(DbBackend::Sqlite);
            assert_eq!(plan(database.booking_readers(), statement).await, [$($step),+]);
        }
    )+};
}

/// Those of a batch, which are named by a list.
#[tokio::test]
async fn live_reservations_of_many_buyers_are_found_by_buyer() {
    let (database, _folder) = database().await;
    let buyers = [1, 2].map(|user| vec![id().into(), Uuid::from_u128(user).into(), reservation::LIVE.into()]);
    let statement = Texts::new(SQLITE, Protection::FULL).reservations_of(&buyers).unwrap().remove(0);
    let expected = [
        "SCAN k VIRTUAL TABLE INDEX 1:",
        "SEARCH t USING INDEX ix_reservation_user_id_sale_id_live (user_id=? AND sale_id=? AND live=?)",
    ];
    assert_eq!(plan(database.booking_readers(), statement).await, expected);
}

/// A plan may last as long as its session, and was made when there were no rows: then `PostgreSQL` must not begin with the
/// table, which it would read as a whole for every item of the list.
#[tokio::test]
async fn the_list_leads_while_tables_are_empty() {
    let Some(test) = server_database(Kind::Postgres, "the_list_leads_while_tables_are_empty").await else { return };
    let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(test.url()) };
    let database = Database::open(&settings, Arc::new(Counter::default())).await.unwrap();
    database.migrate().await.unwrap();
    let (worker, _) = connect_worker(&test.url().parse().unwrap()).await.unwrap();
    let texts = database.texts();
    let key = || [id().into(), Uuid::from_u128(8).into()];
    let live = [1, 2].map(|user| vec![id().into(), Uuid::from_u128(user).into(), reservation::LIVE.into()]);
    let statements = [
        Texts::new(database.dialect(), Protection::FULL).reservations_of(&live).unwrap().pop(),
        texts.deleting::<buyer::Entity>(&[key().to_vec(), key().to_vec()]).unwrap(),
        texts.reading::<payment::Entity>([id()]).unwrap(),
        texts.reading_performances_of([id()]).unwrap(),
        reservations::valid_tickets(texts, &reservation()).unwrap(),
    ];
    for mut statement in statements.into_iter().flatten() {
        statement.sql = format!("EXPLAIN {}", statement.sql);
        let rows = worker.query_all_raw(statement).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        let first = steps.iter().find(|step| step.contains(" Scan ")).unwrap();
        assert!(first.contains("Function Scan"), "{steps:#?}");
    }
}

/// The same for statements of lists.
macro_rules! plans_of_lists {
    ($($name:ident: $statement:expr => [$($step:literal),+];)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (database, _folder) = database().await;
            let make: fn(&Texts) -> Result<Option<Statement>, DbErr> = $statement;
            let statement = make(database.texts()).unwrap().unwrap();
            assert_eq!(plan(database.booking_readers(), statement).await, [$($step),+]);
        }
    )+};
}

plans_of_lists! {
    performances_are_found_by_sale: |texts| texts.reading_performances_of([id()]) =>
        ["SCAN k VIRTUAL TABLE INDEX 1:", "SEARCH t USING PRIMARY KEY (sale_id=?)"];
    tickets_are_found_by_seat: |texts| reservations::valid_tickets(texts, &reservation()) =>
        [
            "SCAN k VIRTUAL TABLE INDEX 1:",
            "SEARCH t USING INDEX uq_ticket_performance_id_number_live (performance_id=? AND number=? AND live=?)"
        ];
    payments_are_found_by_id: |texts| texts.reading::<payment::Entity>([id()]) =>
        ["SCAN k VIRTUAL TABLE INDEX 1:", "SEARCH t USING INDEX sqlite_autoindex_payment_1 (id=?)"];
    records_are_deleted_by_key:
        |texts| texts.deleting::<idempotency_record::Entity>(&[vec![id().into(), "key".into()]]) =>
        [
            "SEARCH idempotency_record USING COVERING INDEX sqlite_autoindex_idempotency_record_1 (user_id=? AND key=?)",
            "SCAN k VIRTUAL TABLE INDEX 1:"
        ];
    refresh_tokens_are_deleted_by_key:
        |texts| texts.deleting::<refresh_token::Entity>(&[vec![vec![7_u8; 32].into()]]) =>
        ["SEARCH refresh_token USING PRIMARY KEY (hash=?)", "SCAN k VIRTUAL TABLE INDEX 1:"];
}

plans! {
    saved_concerts_are_counted_without_reading_them: counts::<concert::Entity>(DbBackend::Sqlite) =>
        ["SCAN concert USING COVERING INDEX ix_concert_revision"];
    saved_performances_are_counted_without_reading_them: counts::<performance::Entity>(DbBackend::Sqlite) =>
        ["SCAN performance USING COVERING INDEX ix_performance_revision"];
    performances_are_listed_by_concert:
        performances::list(ConcertId::new(id())) =>
        ["SEARCH performance USING INDEX ix_performance_concert_id_id (concert_id=?)"];
    sales_are_found_by_performance_with_all_of_theirs: published_sales(PerformanceId::new(id())) => [
        "SEARCH sale USING INDEX sqlite_autoindex_sale_1 (id=?)",
        "SEARCH sale_performance USING COVERING INDEX ix_sale_performance_performance_id (performance_id=?)",
        "SEARCH sale_performance USING PRIMARY KEY (sale_id=?) LEFT-JOIN",
        "USE TEMP B-TREE FOR ORDER BY"
    ];
    an_account_is_found_by_email: user::Entity::find().filter(user::Column::Email.eq("kim@example.com")) =>
        ["SEARCH users USING INDEX uq_users_email (email=?)"];
    seats_are_found_by_performance: seats::not_free(PerformanceId::new(id())) =>
        ["SEARCH seat USING PRIMARY KEY (performance_id=?)"];
    reservations_are_listed_by_user: reservations::list(UserId::new(id()), &page(ReservationId::new(id()))) =>
        ["SEARCH reservation USING INDEX ix_reservation_user_id_id (user_id=? AND id<?)"];
    the_last_reservations_of_a_user_are_found_in_order:
        reservations::list(UserId::new(id()), &PageRequest::new(20, None).unwrap()) =>
        ["SEARCH reservation USING INDEX ix_reservation_user_id_id (user_id=?)"];
    live_reservations_are_found_by_buyer: reservations_of(&[id().into(), id().into(), reservation::LIVE.into()]) =>
        ["SEARCH reservation USING INDEX ix_reservation_user_id_sale_id_live (user_id=? AND sale_id=? AND live=?)"];
    lapsed_holds_are_found_in_the_order_of_their_ends:
        reservations::ended_holds(HoldPosition::before_all_at(Instant::default()), NOW, 100) =>
        ["SEARCH reservation USING INDEX ix_reservation_held_until_id (held_until>? AND held_until<?)"];
    unsettled_charges_are_found_by_time: wallets::unsettled(PaymentState::Pending, NOW, NOW, 100) =>
        ["SEARCH payment USING INDEX ix_payment_state_at (state=? AND at>? AND at<?)"];
    points_given_are_found_by_giver:
        wallets::one_leg(transfer::Column::Debit, UserId::new(id()), &page(TransferId::new(id()))) =>
        ["SEARCH transfer USING INDEX ix_transfer_debit_id (debit=? AND id<?)"];
    credits_are_found_by_wallet:
        wallets::one_leg(transfer::Column::Credit, UserId::new(id()), &page(TransferId::new(id()))) =>
        ["SEARCH transfer USING INDEX ix_transfer_credit_id (credit=? AND id<?)"];
    queues_that_are_not_over_are_found_among_all: read::live_queues() =>
        ["SEARCH queue USING INDEX ix_queue_live (live=?)"];
    who_checks_in_first_is_found_in_order: tick::first_checked_in(SaleId::new(id()), Group::FIRST, NOW) =>
        ["SEARCH check_in USING INDEX ix_check_in_sale_id_group_index_queue_rank (sale_id=? AND group_index=?)"];
    entries_are_listed_by_number: read::entries_after(SaleId::new(id()), Group::FIRST, 7, 100) =>
        ["SEARCH queue_entry USING COVERING INDEX uq_queue_entry_sale_id_group_index_number (sale_id=? AND group_index=? AND number>?)"];
    the_admission_log_is_listed_in_order: read::log_page(SaleId::new(id()), &page((7, 0, 7))) =>
        ["SEARCH admission_log USING PRIMARY KEY (sale_id=? AND tick>?)"];
    how_admissions_ended_is_counted_by_sale: read::endings(SaleId::new(id())) =>
        ["SEARCH buyer USING PRIMARY KEY (sale_id=?)", "USE TEMP B-TREE FOR GROUP BY"];
    what_operators_did_is_listed_by_sale: read::actions_page(SaleId::new(id()), &page(id())) =>
        ["SEARCH operator_action USING INDEX ix_operator_action_sale_id_id (sale_id=? AND id<?)"];
    old_idempotency_records_are_found_by_time: oldest_idempotency_records(NOW, 100).find() =>
        ["SEARCH idempotency_record USING INDEX ix_idempotency_record_at (at<?)"];
    old_refresh_tokens_are_found_by_time: oldest_refresh_tokens(NOW, 100).find() =>
        ["SEARCH refresh_token USING INDEX ix_refresh_token_expires (expires<?)"];
    old_sessions_are_found_by_time: oldest_sessions(NOW, 100).find() =>
        ["SEARCH session USING INDEX ix_session_expires (expires<?)"];
    sessions_are_found_by_user: sessions::live(UserId::new(id()), NOW) =>
        ["SEARCH session USING INDEX ix_session_user_id (user_id=?)"];
    ended_sessions_are_found_by_time: sessions::ended(NOW, NOW, 100) =>
        ["SEARCH session USING INDEX ix_session_ended_at (ended_at>?)"];
    mails_that_are_due_are_found_by_time: due(NOW, 100) => ["SEARCH outbox USING INDEX ix_outbox_due (due<?)"];
}
