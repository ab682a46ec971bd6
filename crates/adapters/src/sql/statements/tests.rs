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
            (texts.find::<seat::Entity>(Locking::Wait, &key).unwrap().remove(0), key[0].clone())
        };
        find(1);
        let (kept, key_values) = find(2);
        assert_eq!(kept, single::find::<seat::Entity>(dialect, Locking::Wait, &key_values).build(backend));

        let update = |number| texts.update(&[changed(number)], Some(seat::Column::Version)).unwrap().remove(0);
        update(1);
        let Changed { row, read } = changed(2);
        let built = single::update(row.clone(), Some((seat::Column::Version, read))).unwrap().build(backend);
        assert_eq!(update(2), built);

        let insert = |row| texts.insert(What::Insert, &[row], || Existing::Fails).unwrap().remove(0);
        insert(changed(1).row);
        assert_eq!(insert(row.clone()), single::insert(dialect, row, &Existing::Fails).build(backend));

        let live = [id(1).into(), id(2).into(), reservation::LIVE.into()];
        texts.reservations_of(&[vec![id(3).into(), id(4).into(), reservation::LIVE.into()]]).unwrap();
        let kept = texts.reservations_of(&[live.to_vec()]).unwrap().remove(0);
        assert_eq!(kept, single::reservations_of(&live).build(backend));

        let buyer = [id(1).into(), id(2).into()];
        texts.delete::<admission::Entity>(&[vec![id(3).into(), id(4).into()]]).unwrap();
        let kept = texts.delete::<admission::Entity>(&[buyer.to_vec()]).unwrap().remove(0);
        assert_eq!(kept, single::delete::<admission::Entity>(&buyer).build(backend));
    }
}

/// Rows that are written in different columns are different statements.
#[test]
fn a_text_is_kept_for_its_columns_alone() {
    let texts = full(POSTGRES);
    let issued = queue_counter::issued(SaleId::new(id(1)), Group::FIRST, 7);
    let leased = queue_counter::leased(SaleId::new(id(1)), Group::FIRST, 7, 9);
    let one = texts.put(std::slice::from_ref(&issued)).unwrap().remove(0);
    let other = texts.put(std::slice::from_ref(&leased)).unwrap().remove(0);
    assert_ne!(one.sql, other.sql);
    assert!(matches!(texts.put(&[leased, issued]), Err(Failure::Bug(_))));
}

#[test]
fn rows_are_locked_in_the_words_of_each_database() {
    let locks = |dialect: &'static dyn Dialect, locking, rows| {
        let keys: Vec<_> = (0..rows).map(|number| vec![id(10).into(), number.into()]).collect();
        let sql = full(dialect).find::<seat::Entity>(locking, &keys).unwrap().remove(0).sql;
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
        let statement = many(dialect, Locking::Wait).unwrap().remove(0);
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
        let statement = full(dialect).reservations_of(&buyers).unwrap().remove(0);
        assert!(statement.sql.contains(joined), "{}", statement.sql);
        // Were it written there, `PostgreSQL` might begin with it.
        assert!(!statement.sql.ends_with("= 1"), "{}", statement.sql);
    }
}

/// One statement for each database in full; the others are made of the same parts.
#[test]
fn many_rows_are_updated_by_one_list() {
    let sql = |dialect| full(dialect).update(&[changed(1), changed(2)], Some(seat::Column::Version)).unwrap().remove(0);
    assert_eq!(
        sql(POSTGRES).sql,
        "UPDATE seat AS t SET \"state\" = k.c0, \"reservation_id\" = k.c1, \"held_until\" = k.c2, \"version\" = k.c3 \
         FROM ROWS FROM (json_to_recordset($1::json) AS (\"0\" bigint, \"1\" uuid, \"2\" bigint, \"3\" bigint, \
         \"4\" uuid, \"5\" bigint, \"6\" bigint)) WITH ORDINALITY k(c0, c1, c2, c3, c4, c5, c6, nth) \
         WHERE t.\"performance_id\" = k.c4 AND t.\"number\" = k.c5 AND t.\"version\" = k.c6"
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
        full(dialect).insert_placeholders::<wallet::Entity>(&rows).unwrap().remove(0).sql
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
        (POSTGRES, "k(c0, c1, nth) ON CONFLICT DO NOTHING"),
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
    fn items(row: serde_json::Value) -> Vec<serde_json::Value> {
        match row {
            serde_json::Value::Array(items) => items,
            named => (0..).map_while(|index: u32| named.get(index.to_string()).cloned()).collect(),
        }
    }
    fn list(statement: &Statement) -> Vec<Vec<serde_json::Value>> {
        match statement.values.as_ref().and_then(|values| values.0.first()) {
            Some(Value::String(Some(list))) => {
                let rows: Vec<serde_json::Value> = serde_json::from_str(list).unwrap();
                rows.into_iter().map(items).collect()
            }
            other => panic!("{other:?}"),
        }
    }
    fn column(statements: &[Statement], place: usize) -> Vec<i64> {
        list(&statements[0]).iter().map(|row| row[place].as_i64().unwrap()).collect()
    }
    const UNSORTED: [u32; 5] = [9, 10, 200, 1, 30];
    let sorted = [1, 9, 10, 30, 200];
    for dialect in DIALECTS {
        let texts = full(dialect);
        let keys = UNSORTED.map(|number| vec![id(10).into(), number.cast_signed().into()]);
        for locking in [Locking::Wait, Locking::Skip] {
            assert_eq!(column(&texts.find::<seat::Entity>(locking, &keys).unwrap(), 1), sorted);
        }
        assert_eq!(column(&texts.delete::<seat::Entity>(&keys).unwrap(), 1), sorted);
        let rows = UNSORTED.map(changed);
        let written = texts.update(&rows, Some(seat::Column::Version)).unwrap();
        let number = list(&written[0])[0].len() - 2;
        assert_eq!(column(&written, number), sorted);
        let rows = rows.map(|changed| changed.row);
        assert_eq!(column(&texts.insert(What::Insert, &rows, || Existing::Fails).unwrap(), 1), sorted);
        assert_eq!(column(&texts.put(&rows).unwrap(), 1), sorted);
    }
}

#[test]
fn what_no_list_can_carry_is_a_defect() {
    assert!(matches!(lists::json(SQLITE, &[vec![Value::Double(Some(0.5))]], 1), Err(Failure::Bug(_))));
}

#[test]
fn the_items_of_a_row_are_in_order_or_named_by_their_number() {
    let row = vec![
        Value::Uuid(Some(id(1))),
        7_i16.into(),
        Value::BigInt(Some(-8)),
        "\"a\"".into(),
        vec![0xf0_u8, 1].into(),
        Value::Uuid(None),
        Value::String(None),
    ];
    let id = "00000000000000000000000000000001";
    let rows = [row, vec![1.into()]];
    let list = format!(r#"[["{id}",7,-8,"\"a\"","f001",null,null],[1]]"#);
    assert_eq!(lists::json(SQLITE, &rows, usize::MAX).unwrap(), [list]);
    let list = format!(r#"[{{"0":"{id}","1":7,"2":-8,"3":"\"a\"","4":"f001","5":null,"6":null}},{{"0":1}}]"#);
    assert_eq!(lists::json(POSTGRES, &rows, usize::MAX).unwrap(), [list]);
}

#[test]
fn a_long_list_is_sent_in_parts() {
    let rows: Vec<Vec<Value>> = [1, 22, 333, 4].map(|number| vec![number.into()]).into();
    assert_eq!(lists::json(SQLITE, &rows, 11).unwrap(), ["[[1],[22]]", "[[333],[4]]"]);
    assert_eq!(lists::json(SQLITE, &rows, 9).unwrap(), ["[[1]]", "[[22]]", "[[333]]", "[[4]]"]);
    assert_eq!(lists::json(SQLITE, &[], 9).unwrap(), [""; 0]);
    let keys: Vec<_> = (1..=1000).map(|number| vec![id(1).into(), number.into()]).collect();
    for (dialect, several) in [(SQLITE, false), (MYSQL, true), (MARIADB, true), (POSTGRES, true)] {
        let statements = full(dialect).find::<seat::Entity>(Locking::Wait, &keys).unwrap();
        assert_eq!(statements.len() > 1, several, "{dialect:?}");
        assert!(statements.iter().all(|statement| statement.sql == statements[0].sql), "{dialect:?}");
    }
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
