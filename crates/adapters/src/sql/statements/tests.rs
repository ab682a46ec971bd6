//! What is said to each database.

use super::*;
use crate::sql::dialect::mysql::{MARIADB, MYSQL};
use crate::sql::dialect::postgres::POSTGRES;
use crate::sql::dialect::sqlite::SQLITE;
use crate::sql::dialect::{DIALECTS, Dialect};
use crate::sql::rows::{
    admission, buyer, idempotency_record, payment, queue_entry, refresh_token, sale_performance, wallet,
};
use frontrow_domain::waiting_room::{Admission, Group};
use frontrow_domain::{
    Buyer, Instant, PerformanceId, ReservationId, SaleId, Seat, SeatKey, SeatNumber, SeatState, UserId, Version, Wallet,
};
use sea_orm::ActiveValue::Set;
use std::time::Instant as Stopwatch;
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn seat(number: u32) -> Seat {
    let key = SeatKey { performance: PerformanceId::new(id(10)), number: SeatNumber::new(number).unwrap() };
    let by = ReservationId::new(id(30));
    Seat { key, state: SeatState::Held { by, until: Instant::from_micros(5) }, version: Version::new(2) }
}

fn changed(number: u32) -> Changed<seat::ActiveModel> {
    Changed { row: (&seat(number)).into(), read: 1i64.into() }
}

fn key() -> BuyerKey {
    BuyerKey { sale: SaleId::new(id(1)), user: UserId::new(id(2)) }
}

fn full(dialect: &'static dyn Dialect) -> Texts {
    Texts::new(dialect, Protection::FULL)
}

/// What comes from the cache is what `SeaORM` says of another row, down to the order of the parameters.
#[test]
fn a_text_that_is_kept_fits_the_values_of_other_rows() {
    for dialect in DIALECTS {
        let (texts, backend) = (full(dialect), dialect.backend());
        let find = |number| {
            let key = vec![vec![id(number).into(), 7.into()]];
            (texts.find::<seat::Entity>(Locking::Wait, &key).unwrap().unwrap(), key[0].clone())
        };
        find(1);
        let (kept, key_values) = find(2);
        assert_eq!(kept, single::find::<seat::Entity>(dialect, Locking::Wait, &key_values).build(backend));

        let update = |number| texts.update(&[changed(number)], Some(seat::Column::Version)).unwrap().unwrap();
        update(1);
        let Changed { row, read } = changed(2);
        let built = single::update(row.clone(), Some((seat::Column::Version, read))).unwrap().build(backend);
        assert_eq!(update(2), built);

        let insert = |row| texts.insert(What::Insert, &[row], || Existing::Fails).unwrap().unwrap();
        insert(changed(1).row);
        assert_eq!(insert(row.clone()), single::insert(dialect, row, &Existing::Fails).build(backend));

        let live = [id(1).into(), id(2).into(), reservation::LIVE.into()];
        texts.reservations_of(&[vec![id(3).into(), id(4).into(), reservation::LIVE.into()]]).unwrap();
        let kept = texts.reservations_of(&[live.to_vec()]).unwrap().unwrap();
        assert_eq!(kept, single::reservations_of(&live).build(backend));

        let buyer = [id(1).into(), id(2).into()];
        texts.delete::<admission::Entity>(&[vec![id(3).into(), id(4).into()]]).unwrap();
        let kept = texts.delete::<admission::Entity>(&[buyer.to_vec()]).unwrap().unwrap();
        assert_eq!(kept, single::delete::<admission::Entity>(&buyer).build(backend));
    }
}

/// Rows that are written in different columns are different statements.
#[test]
fn a_text_is_kept_for_its_columns_alone() {
    let texts = full(POSTGRES);
    let issued = queue_counter::issued(SaleId::new(id(1)), Group::FIRST, 7);
    let leased = queue_counter::leased(SaleId::new(id(1)), Group::FIRST, 7, 9);
    let one = texts.put(std::slice::from_ref(&issued)).unwrap().unwrap();
    let other = texts.put(std::slice::from_ref(&leased)).unwrap().unwrap();
    assert_ne!(one.sql, other.sql);
    assert!(matches!(texts.put(&[leased, issued]), Err(Failure::Bug(_))));
}

#[test]
fn rows_are_locked_in_the_words_of_each_database() {
    let locks = |dialect: &'static dyn Dialect, locking, rows| {
        let keys: Vec<_> = (0..rows).map(|number| vec![id(10).into(), number.into()]).collect();
        let sql = full(dialect).find::<seat::Entity>(locking, &keys).unwrap().unwrap().sql;
        sql.split_once(" FOR ").map(|(_, lock)| lock.to_owned())
    };
    for (dialect, wait, skip) in [
        (SQLITE, None, None),
        (MYSQL, Some("UPDATE"), Some("UPDATE SKIP LOCKED")),
        (MARIADB, Some("UPDATE"), Some("UPDATE SKIP LOCKED")),
        (POSTGRES, Some("NO KEY UPDATE"), Some("NO KEY UPDATE SKIP LOCKED")),
    ] {
        assert_eq!(locks(dialect, Locking::None, 1), None, "{dialect:?}");
        assert_eq!(locks(dialect, Locking::Wait, 1).as_deref(), wait, "{dialect:?}");
        assert_eq!(locks(dialect, Locking::Skip, 1).as_deref(), skip, "{dialect:?}");
    }
    let many = |dialect, locking| {
        full(dialect).find::<seat::Entity>(locking, &[vec![id(1).into(), 1.into()], vec![id(1).into(), 2.into()]])
    };
    for (dialect, end, wait) in [
        (SQLITE, "t.\"number\" = k.value->>1", None),
        (MYSQL, "t.`number` = k.c1", Some("UPDATE OF t")),
        (MARIADB, "t.`number` = k.c1", Some("UPDATE")),
        (POSTGRES, "ORDER BY t.\"performance_id\", t.\"number\"", Some("NO KEY UPDATE OF t")),
    ] {
        let statement = many(dialect, Locking::Wait).unwrap().unwrap();
        let (found, lock) = match statement.sql.split_once(" FOR ") {
            Some((found, lock)) => (found, Some(lock)),
            None => (statement.sql.as_str(), None),
        };
        assert!(found.ends_with(end), "{}", statement.sql);
        assert_eq!(lock, wait, "{}", statement.sql);
        assert_eq!(statement.values.unwrap().0.len(), 1, "the list is the one parameter");
    }
}

#[test]
fn reservations_of_many_buyers_are_found_by_their_index() {
    let buyers = [3, 4].map(|user| vec![id(1).into(), id(user).into(), reservation::LIVE.into()]);
    for (dialect, joined) in [
        (SQLITE, "CROSS JOIN reservation t ON"),
        (MYSQL, "STRAIGHT_JOIN reservation t FORCE INDEX (ix_reservation_user_id_sale_id_live) ON"),
        (MARIADB, "STRAIGHT_JOIN reservation t FORCE INDEX (ix_reservation_user_id_sale_id_live) ON"),
        (POSTGRES, "JOIN reservation t ON"),
    ] {
        let statement = full(dialect).reservations_of(&buyers).unwrap().unwrap();
        assert!(statement.sql.contains(joined), "{}", statement.sql);
        // Were it written there, `PostgreSQL` might begin with it.
        assert!(!statement.sql.ends_with("= 1"), "{}", statement.sql);
    }
}

/// One statement for each database in full; the others are made of the same parts.
#[test]
fn many_rows_are_updated_by_one_list() {
    let sql = |dialect| full(dialect).update(&[changed(1), changed(2)], Some(seat::Column::Version)).unwrap().unwrap();
    assert_eq!(
        sql(POSTGRES).sql,
        "UPDATE seat AS t SET \"state\" = (k.value->>0)::bigint, \"reservation_id\" = (k.value->>1)::uuid, \
         \"held_until\" = (k.value->>2)::bigint, \"version\" = (k.value->>3)::bigint \
         FROM json_array_elements($1::json) WITH ORDINALITY k(value, nth) \
         WHERE t.\"performance_id\" = (k.value->>4)::uuid AND t.\"number\" = (k.value->>5)::bigint \
         AND t.\"version\" = (k.value->>6)::bigint"
    );
    assert_eq!(
        sql(MYSQL).sql,
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS(c0 BIGINT PATH '$[0]', c1 CHAR(32) PATH '$[1]', c2 BIGINT PATH '$[2]', \
         c3 BIGINT PATH '$[3]', c4 CHAR(32) PATH '$[4]', c5 BIGINT PATH '$[5]', c6 BIGINT PATH '$[6]')) k \
         STRAIGHT_JOIN seat t FORCE INDEX (PRIMARY) ON t.`performance_id` = UNHEX(k.c4) AND t.`number` = k.c5 \
         AND t.`version` = k.c6 \
         SET t.`state` = k.c0, t.`reservation_id` = UNHEX(k.c1), t.`held_until` = k.c2, t.`version` = k.c3"
    );
    let list = sql(SQLITE).values.unwrap().0.remove(0);
    let row = |number| {
        let (reservation, performance) = (id(30).simple(), id(10).simple());
        format!("[2,\"{reservation}\",5,2,\"{performance}\",{number},1]")
    };
    assert_eq!(list, format!("[{},{}]", row(1), row(2)).into());
}

#[test]
fn a_placeholder_row_names_its_key_and_version_and_lets_the_row_that_is_there_be() {
    let sql = |dialect, rows| {
        let rows: Vec<_> = (0..rows).map(|n| placeholder::<wallet::Entity>([id(n).into()]).unwrap()).collect();
        full(dialect).insert_placeholders::<wallet::Entity>(&rows).unwrap().unwrap().sql
    };
    assert_eq!(
        sql(POSTGRES, 1),
        "INSERT INTO \"wallet\" (\"user_id\", \"version\") VALUES ($1, $2) ON CONFLICT  DO NOTHING"
    );
    assert_eq!(
        sql(MYSQL, 1),
        "INSERT INTO `wallet` (`user_id`, `version`) VALUES (?, ?) \
         ON DUPLICATE KEY UPDATE `version` = LAST_INSERT_ID(wallet.version)"
    );
    for (dialect, end) in [
        (POSTGRES, "k(value, nth) ON CONFLICT DO NOTHING"),
        (MARIADB, "k ON DUPLICATE KEY UPDATE `version` = LAST_INSERT_ID(wallet.version)"),
    ] {
        let sql = sql(dialect, 2);
        assert!(sql.ends_with(end), "{sql}");
    }
}

/// A text for each length would be prepared for each length, on every connection.
#[test]
fn whoever_is_not_a_worker_has_one_text_for_any_number_of_rows() {
    type Make = fn(&Texts, u32) -> Result<Option<Statement>, sea_orm::DbErr>;
    fn ids(count: u32) -> impl Iterator<Item = Uuid> {
        (0..count).map(|number| id(number.into()))
    }
    fn placed(number: u32) -> sale_performance::ActiveModel {
        sale_performance::ActiveModel { sale_id: Set(id(1)), performance_id: Set(id(number.into())) }
    }
    let statements: [(&str, Make); 9] = [
        ("payments", |texts, count| texts.reading::<payment::Entity>(ids(count))),
        ("buyers", |texts, count| texts.reading::<buyer::Entity>(ids(count).map(|user| (id(1), user)))),
        ("tickets", |texts, count| texts.reading_tickets(id(1), id(2), 1..=count.cast_signed())),
        ("performances of sales", |texts, count| texts.reading_performances_of(ids(count))),
        ("new seats", |texts, count| {
            texts.inserting(&(1..=count).map(|number| seat::ActiveModel::from(&seat(number))).collect::<Vec<_>>())
        }),
        ("new performances of a sale", |texts, count| texts.inserting(&(1..=count).map(placed).collect::<Vec<_>>())),
        ("old records", |texts, count| {
            let keys: Vec<_> = ids(count).map(|user| vec![user.into(), "key".into()]).collect();
            texts.deleting::<idempotency_record::Entity>(&keys)
        }),
        ("old refresh tokens", |texts, count| {
            let keys: Vec<_> = ids(count).map(|hash| vec![hash.as_bytes().to_vec().into()]).collect();
            texts.deleting::<refresh_token::Entity>(&keys)
        }),
        ("queue entries", |texts, count| texts.reading::<queue_entry::Entity>(ids(count).map(|user| (id(1), user)))),
    ];
    for dialect in DIALECTS {
        let texts = Texts::of_lists(dialect);
        for (name, make) in statements {
            assert!(make(&texts, 0).unwrap().is_none(), "{name}");
            let [one, two, hundred] = [1, 2, 100].map(|count| make(&texts, count).unwrap().unwrap());
            assert!(one.sql == two.sql && two.sql == hundred.sql, "{name}: {} and {}", one.sql, hundred.sql);
            assert_eq!(hundred.values.unwrap().0.len(), 1, "{name}: the list is the one parameter");
        }
    }
}

/// Whoever asks, in whatever order: two who lock, write or delete the same rows can't wait for each other.
#[test]
fn lists_that_lock_or_write_are_sorted_by_key() {
    fn list(statement: &Statement) -> Vec<Vec<serde_json::Value>> {
        match statement.values.as_ref().and_then(|values| values.0.first()) {
            Some(Value::String(Some(list))) => serde_json::from_str(list).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    fn column(statement: Option<Statement>, place: usize) -> Vec<i64> {
        list(&statement.unwrap()).iter().map(|row| row[place].as_i64().unwrap()).collect()
    }
    const UNSORTED: [u32; 5] = [9, 10, 200, 1, 30];
    let sorted = [1, 9, 10, 30, 200];
    for dialect in DIALECTS {
        let texts = full(dialect);
        let keys = UNSORTED.map(|number| vec![id(10).into(), number.cast_signed().into()]);
        for locking in [Locking::Wait, Locking::Skip] {
            assert_eq!(column(texts.find::<seat::Entity>(locking, &keys).unwrap(), 1), sorted);
        }
        assert_eq!(column(texts.delete::<seat::Entity>(&keys).unwrap(), 1), sorted);
        let rows = UNSORTED.map(changed);
        let written = texts.update(&rows, Some(seat::Column::Version)).unwrap();
        let number = list(written.as_ref().unwrap())[0].len() - 2;
        assert_eq!(column(written, number), sorted);
        let rows = rows.map(|changed| changed.row);
        assert_eq!(column(texts.insert(What::Insert, &rows, || Existing::Fails).unwrap(), 1), sorted);
        assert_eq!(column(texts.put(&rows).unwrap(), 1), sorted);
    }
}

#[test]
fn what_no_list_can_carry_is_a_defect() {
    assert!(matches!(lists::json(&[vec![Value::Double(Some(0.5))]]), Err(Failure::Bug(_))));
}

/// How long it takes to make the statements of a hold (one seat, a known buyer), with and without the cache. Prints it:
/// `cargo test … -- --ignored --nocapture what_the_statements_of_a_hold_cost`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
fn what_the_statements_of_a_hold_cost() {
    const HOLDS: u32 = 2000;
    let hold = |texts: &Texts| {
        let buyers = [vec![key().sale.uuid().into(), key().user.uuid().into()]];
        let seats = [vec![id(10).into(), 1.into()]];
        let record = [vec![id(2).into(), "key".into()]];
        texts.find::<buyer::Entity>(Locking::Wait, &buyers).unwrap();
        let live = [vec![key().sale.uuid().into(), key().user.uuid().into(), reservation::LIVE.into()]];
        texts.reservations_of(&live).unwrap();
        texts.find::<seat::Entity>(Locking::Wait, &seats).unwrap();
        texts.find::<idempotency_record::Entity>(Locking::None, &record).unwrap();
        let buyer = Changed { row: buyer::ActiveModel::from(&Buyer::next(key(), None)), read: 1i64.into() };
        texts.update(&[buyer], Some(buyer::Column::Version)).unwrap();
        texts.update(&[changed(1)], Some(seat::Column::Version)).unwrap();
        let wallet = wallet::ActiveModel::from(&Wallet::next(key().user, None));
        texts.insert(What::Insert, &[wallet], || Existing::Fails).unwrap();
        let admission = admission::ActiveModel::from(&Admission { key: key(), until: Instant::default() });
        texts.insert(What::Insert, &[admission], || Existing::Fails).unwrap();
    };
    for dialect in [SQLITE, POSTGRES] {
        let kept = full(dialect);
        let begun = Stopwatch::now();
        (0..HOLDS).for_each(|_| hold(&kept));
        let with = begun.elapsed() / HOLDS;
        let begun = Stopwatch::now();
        (0..HOLDS).for_each(|_| hold(&full(dialect)));
        let without = begun.elapsed() / HOLDS;
        println!("{dialect:?}: {with:?} with the cache, {without:?} without");
    }
}
