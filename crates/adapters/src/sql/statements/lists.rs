//! Sorted key lists: the statements that `SeaORM` can't say. Keys, and rows to be written, travel as one parameter, a JSON
//! list that leads the join, so that the rows are looked up, and locked, in its order (`docs/adr/0008`).

use super::columns::key_columns;
use super::locking::Locking;
use crate::sql::connection::Failure;
use crate::sql::dialect::Dialect;
use crate::sql::rows::{reservation, sale_performance, seat, ticket};
use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnTrait, EntityTrait, Iterable, Value};
use serde::ser::{Error, Serialize, Serializer};
use uuid::Uuid;

/// What an insertion does where there is a row with that key.
pub(super) enum Existing<C> {
    /// It fails.
    Fails,
    /// Nothing.
    Stays,
    /// It sets these columns of the row that is there.
    Becomes(Vec<(C, String)>),
}

/// Writes texts: the list is `k`, the table `t`.
pub(super) struct Lists {
    pub dialect: &'static dyn Dialect,
}

impl Lists {
    pub(super) fn find<E: EntityTrait>(&self, locking: Locking) -> String {
        let key = key_columns::<E>();
        let found = format!("SELECT {} FROM {}", self.all::<E>(), self.look_up::<E>(&key, 0, &key));
        let order = self.dialect.in_order_of_key(&names(&key, |column| self.of_table(column)));
        match locking {
            Locking::None => found,
            Locking::Wait => format!("{found}{order}{}", self.dialect.lock_listed()),
            Locking::Skip => format!("{found}{order}{}", self.dialect.lock_listed_skipping()),
        }
    }

    /// The live reservations of sales and users, which may count against the limit. That they are live stands in the list:
    /// for a condition that does not hang on the list, `PostgreSQL` reads the whole index first, while it is short, and goes
    /// on with that plan when it is long.
    pub(super) fn reservations_of_buyers(&self) -> String {
        let joined = self.dialect.looks_up_by(table::<reservation::Entity>(), reservation::LIVE_BY_BUYER);
        self.find_by::<reservation::Entity>(&reservation::BY_BUYER, &joined)
    }

    /// The valid tickets of seats and their reservations, by the beginning of their key: there is no index by
    /// reservation.
    pub(super) fn tickets_of_seats(&self) -> String {
        let by = [
            ticket::Column::PerformanceId,
            ticket::Column::Number,
            ticket::Column::ReservationId,
            ticket::Column::Live,
        ];
        let joined = self.dialect.looks_up(table::<ticket::Entity>());
        self.find_by::<ticket::Entity>(&by, &joined)
    }

    /// The valid tickets of seats, by the beginning of their key.
    pub(super) fn valid_tickets(&self) -> String {
        let by = [ticket::Column::PerformanceId, ticket::Column::Number, ticket::Column::Live];
        let joined = self.dialect.looks_up(table::<ticket::Entity>());
        self.find_by::<ticket::Entity>(&by, &joined)
    }

    /// Which performances sales sell, by the beginning of their key.
    pub(super) fn performances_of_sales(&self) -> String {
        let joined = self.dialect.looks_up(table::<sale_performance::Entity>());
        self.find_by::<sale_performance::Entity>(&[sale_performance::Column::SaleId], &joined)
    }

    /// The rows of a table, `joined` to the list, in which these columns say what the list says.
    fn find_by<E: EntityTrait>(&self, by: &[E::Column], joined: &str) -> String {
        let (found, list, named) = (self.all::<E>(), self.list(by), self.named_by_list(by, 0));
        format!("SELECT {found} FROM {list} {joined} ON {named}")
    }

    /// The seats of a list that can be had, in its order. Its parameters are the list, when a hold has to have ended at
    /// the latest, and how many are enough.
    pub(super) fn candidates(&self, locking: Locking) -> String {
        let key = key_columns::<seat::Entity>();
        let (free, held) = (seat::FREE, seat::HELD);
        let (takeable_before, most) = (self.dialect.parameter(2), self.dialect.parameter(3));
        let in_order = self.dialect.in_order_of_list();
        let locked = if locking == Locking::Skip { self.dialect.lock_listed_skipping() } else { "" };
        format!(
            "SELECT {} FROM {} WHERE t.state = {free} OR (t.state = {held} AND t.held_until <= {takeable_before}) \
             {in_order}LIMIT {most}{locked}",
            self.all::<seat::Entity>(),
            self.look_up::<seat::Entity>(&key, 0, &key)
        )
    }

    pub(super) fn insert<E: EntityTrait>(&self, columns: &[E::Column], existing: &Existing<E::Column>) -> String {
        let table = table::<E>();
        let insert = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {}",
            names(columns, |column| self.name(column)),
            self.items(columns),
            self.list(columns)
        );
        let key = key_columns::<E>();
        let assign = |column: &E::Column, value: &str| format!("{} = {value}", self.name(column));
        let otherwise = match existing {
            Existing::Fails => return insert,
            Existing::Stays => {
                let stays = self.dialect.on_conflict_do_nothing().map(str::to_owned);
                let same = |column: &E::Column| assign(column, &format!("{table}.{}", self.name(column)));
                stays.unwrap_or_else(|| self.dialect.on_conflict_update("", &names(&key, same)))
            }
            Existing::Becomes(values) => {
                let set: Vec<String> = values.iter().map(|(column, value)| assign(column, value)).collect();
                self.dialect.on_conflict_update(&names(&key, |column| self.name(column)), &set.join(", "))
            }
        };
        format!("{insert}{} {otherwise}", self.dialect.ends_selection())
    }

    /// `changing` columns of the rows that key and guard name.
    pub(super) fn update<E: EntityTrait>(&self, changing: &[E::Column], guard: Option<E::Column>) -> String {
        let table = table::<E>();
        let key = key_columns::<E>();
        let columns = [changing, &key, guard.as_slice()].concat();
        let guarded =
            guard.map(|guard| format!(" AND {} = {}", self.of_table(&guard), self.item(columns.len() - 1, &guard)));
        let guarded = guarded.unwrap_or_default();
        let set = |of: &str| {
            let set = changing.iter().enumerate();
            let set = set.map(|(index, column)| format!("{of}{} = {}", self.name(column), self.item(index, column)));
            set.collect::<Vec<_>>().join(", ")
        };
        if self.dialect.updates_joins() {
            let joined = self.look_up::<E>(&key, changing.len(), &columns);
            format!("UPDATE {joined}{guarded} SET {}", set("t."))
        } else {
            let (list, named) = (self.list(&columns), self.named_by_list(&key, changing.len()));
            format!("UPDATE {table} AS t SET {} FROM {list} WHERE {named}{guarded}", set(""))
        }
    }

    pub(super) fn delete<E: EntityTrait>(&self) -> String {
        let key = key_columns::<E>();
        self.dialect.delete_listed(
            table::<E>(),
            &names(&key, |column| self.name(column)),
            &self.items(&key),
            &self.list(&key),
            &self.named_by_list(&key, 0),
        )
    }

    /// The list and the table that it leads to; the list has `columns`, of which those of the key begin at `first`.
    fn look_up<E: EntityTrait>(&self, key: &[E::Column], first: usize, columns: &[E::Column]) -> String {
        let (list, named) = (self.list(columns), self.named_by_list(key, first));
        format!("{list} {} ON {named}", self.dialect.looks_up(table::<E>()))
    }

    fn list<C: ColumnTrait>(&self, columns: &[C]) -> String {
        self.dialect.list(&columns.iter().map(kind).collect::<Vec<_>>())
    }

    fn items<C: ColumnTrait>(&self, columns: &[C]) -> String {
        let items = columns.iter().enumerate().map(|(index, column)| self.item(index, column));
        items.collect::<Vec<_>>().join(", ")
    }

    fn item(&self, index: usize, column: &impl ColumnTrait) -> String {
        self.dialect.item(index, &kind(column))
    }

    fn named_by_list<C: ColumnTrait>(&self, key: &[C], first: usize) -> String {
        let named = key.iter().enumerate();
        let named =
            named.map(|(index, column)| format!("{} = {}", self.of_table(column), self.item(first + index, column)));
        named.collect::<Vec<_>>().join(" AND ")
    }

    fn all<E: EntityTrait>(&self) -> String {
        names(&E::Column::iter().collect::<Vec<_>>(), |column| self.of_table(column))
    }

    fn of_table(&self, column: &impl ColumnTrait) -> String {
        format!("t.{}", self.name(column))
    }

    fn name(&self, column: &impl ColumnTrait) -> String {
        self.dialect.name(column.as_str())
    }
}

fn table<E: EntityTrait>() -> &'static str {
    E::default().table_name()
}

fn kind(column: &impl ColumnTrait) -> ColumnType {
    column.def().get_column_type().clone()
}

fn names<C>(columns: &[C], name: impl Fn(&C) -> String) -> String {
    columns.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Rows as [`Dialect::list`] expects them, in as many lists as it takes for none to have more than `most` bytes, but for one
/// with a single row.
pub(super) fn json(dialect: &dyn Dialect, rows: &[Vec<Value>], most: usize) -> Result<Vec<String>, Failure> {
    let named = dialect.names_items();
    let (mut lists, mut list) = (Vec::new(), String::new());
    for values in rows {
        let row = serde_json::to_string(&Row { values, named }).map_err(|error| Failure::Bug(error.to_string()))?;
        if !list.is_empty() && list.len() + row.len() + 2 > most {
            lists.push(std::mem::take(&mut list) + "]");
        }
        list.push(if list.is_empty() { '[' } else { ',' });
        list.push_str(&row);
    }
    if !list.is_empty() {
        lists.push(list + "]");
    }
    Ok(lists)
}

struct Row<'a> {
    values: &'a [Value],
    named: bool,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.values.iter().map(Item);
        if self.named { serializer.collect_map(items.enumerate()) } else { serializer.collect_seq(items) }
    }
}

/// A value as [`Dialect::item`] expects it.
struct Item<'a>(&'a Value);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Uuid(Some(id)) => serializer.serialize_str(id.simple().encode_lower(&mut Uuid::encode_buffer())),
            Value::Uuid(None) => serializer.serialize_none(),
            Value::SmallInt(number) => number.serialize(serializer),
            Value::Int(number) => number.serialize(serializer),
            Value::BigInt(number) => number.serialize(serializer),
            Value::String(text) => text.serialize(serializer),
            Value::Bytes(bytes) => bytes.as_ref().map(|bytes| hex(bytes)).serialize(serializer),
            other => Err(S::Error::custom(format_args!("no list can carry {other:?}"))),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    digits.map(char::from).collect()
}
