//! The texts of all statements of the hot path, in one dialect. A text never depends on how many rows there are, so that
//! the database prepares it once; one row, the usual case, needs no list.

use super::shape::{Column, Shape, Stored};
use crate::sql::dialect::{Dialect, Kind};
use crate::sql::entity::seat;
use frontrow_domain::waiting_room::Admission;
use frontrow_domain::{Buyer, Done, Payment, Reservation, Seat, Ticket, Transfer, Wallet};

/// A statement for one row, whose values are its parameters, and for many, whose one parameter is a JSON list of rows.
pub(in crate::sql) struct Text {
    pub one: String,
    pub many: String,
}

/// What keeps transactions apart. Everything, but for the negative controls of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Protection {
    /// Rows are locked before they are read.
    pub locks: bool,
    /// Version guards and unique keys are heeded.
    pub guards: bool,
}

impl Protection {
    pub(in crate::sql) const FULL: Self = Self { locks: true, guards: true };
}

/// What is done with the rows of one table.
pub(in crate::sql) struct TableTexts {
    /// Locks and reads rows by their keys.
    pub lock: Text,
    /// Inserts rows: key, fixed and changing columns.
    pub insert: Text,
    /// Updates rows: changing columns, key, guard.
    pub update: Text,
}

pub(in crate::sql) struct Texts {
    pub dialect: Dialect,
    pub protection: Protection,
    /// `None` where BEGIN locks everything, or nothing is to be locked.
    pub places: Option<PlaceTexts>,
    pub buyers: TableTexts,
    pub reservations: TableTexts,
    /// Those that count against the limit, by sale and user; after the buyers are locked.
    pub reservations_of_buyers: Text,
    pub payments: TableTexts,
    pub wallets: TableTexts,
    pub seats: TableTexts,
    /// Locks and reads those of a list of seats that can be had and that nobody has locked, in its order. Its parameters
    /// are the list, when a hold has to have lapsed, and how many are enough.
    pub candidates: String,
    pub done: Text,
    pub void_tickets: Text,
    pub free_slots: Text,
    pub new_tickets: Text,
    pub new_transfers: Text,
    pub new_done: Text,
}

/// Inserts rows of version 0, or waits for whoever has inserted or locked them: places for rows that are absent and may
/// be made, which their lock is on.
pub(in crate::sql) struct PlaceTexts {
    pub buyers: Text,
    pub wallets: Text,
}

impl Texts {
    pub(in crate::sql) fn new(dialect: Dialect, protection: Protection) -> Self {
        let writer = Writer { dialect, protection };
        let places = || PlaceTexts { buyers: writer.place::<Buyer>(), wallets: writer.place::<Wallet>() };
        Self {
            dialect,
            protection,
            places: (dialect.locks_rows() && protection.locks).then(places),
            buyers: writer.table::<Buyer>(),
            reservations: writer.table::<Reservation>(),
            reservations_of_buyers: writer.reservations_of_buyers(),
            payments: writer.table::<Payment>(),
            wallets: writer.table::<Wallet>(),
            seats: writer.table::<Seat>(),
            candidates: writer.candidates(),
            done: writer.read::<Done>(),
            void_tickets: writer.update::<Ticket>(),
            free_slots: writer.delete::<Admission>(),
            new_tickets: writer.insert::<Ticket>(),
            new_transfers: writer.insert::<Transfer>(),
            new_done: writer.insert::<Done>(),
        }
    }
}

/// Writes texts.
pub(in crate::sql) struct Writer {
    pub dialect: Dialect,
    pub protection: Protection,
}

impl Writer {
    fn table<R: Stored>(&self) -> TableTexts {
        TableTexts { lock: self.lock::<R>(), insert: self.insert::<R>(), update: self.update::<R>() }
    }

    pub(in crate::sql) fn lock<R: Stored>(&self) -> Text {
        let Text { one, many } = self.read::<R>();
        if !self.protection.locks {
            return Text { one, many };
        }
        let order = self.in_order_of_key::<R>();
        Text {
            one: format!("{one}{}", self.dialect.for_update(false)),
            many: format!("{many}{order}{}", self.dialect.for_update(true)),
        }
    }

    /// The list is sorted, and leads; only on `PostgreSQL` may the database join in another order.
    pub(in crate::sql) fn in_order_of_key<R: Stored>(&self) -> String {
        match self.dialect {
            Dialect::Postgres => format!(" ORDER BY {}", join(R::SHAPE.key, ", ", |_, name| self.column(name))),
            _ => String::new(),
        }
    }

    pub(in crate::sql) fn read<R: Stored>(&self) -> Text {
        let Shape { table, key, .. } = R::SHAPE;
        Text {
            one: format!("SELECT t.* FROM {table} t WHERE {}", self.named_by_parameters(key, 0, "t.")),
            many: format!("SELECT t.* FROM {}", self.join_list(table, key, 0, key)),
        }
    }

    fn candidates(&self) -> String {
        let Shape { table, key, .. } = Seat::SHAPE;
        let (free, held) = (seat::FREE, seat::HELD);
        let (lapsed, most) = (self.dialect.parameter(2), self.dialect.parameter(3));
        let in_order = self.dialect.in_order_of_list();
        let locked = if self.protection.locks { self.dialect.for_update_skipping_locked() } else { "" };
        format!(
            "SELECT t.* FROM {} WHERE t.state = {free} OR (t.state = {held} AND t.held_until <= {lapsed}) \
             {in_order}LIMIT {most}{locked}",
            self.join_list(table, key, 0, key)
        )
    }

    fn reservations_of_buyers(&self) -> Text {
        const KEY: &[Column] = &[("sale_id", Kind::Id), ("user_id", Kind::Id)];
        let table = Reservation::SHAPE.table;
        let list = self.dialect.list(&kinds(KEY));
        let leads = match self.dialect {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::Postgres => "JOIN",
            Dialect::MySql | Dialect::MariaDb => "STRAIGHT_JOIN",
        };
        let counts = "t.state IN ('held', 'confirmed')";
        Text {
            one: format!("SELECT t.* FROM {table} t WHERE {} AND {counts}", self.named_by_parameters(KEY, 0, "t.")),
            many: format!("SELECT t.* FROM {list} {leads} {table} t ON {} AND {counts}", self.named_by_list(KEY, 0)),
        }
    }

    pub(in crate::sql) fn insert<R: Stored>(&self) -> Text {
        let Shape { table, key, fixed, changing, .. } = R::SHAPE;
        let columns = [key, fixed, changing].concat();
        let names = join(&columns, ", ", |_, name| self.dialect.name(name));
        let (insert, otherwise) = match (self.protection.guards, self.dialect) {
            (true, _) => ("INSERT INTO", ""),
            (false, Dialect::Sqlite) => ("INSERT OR IGNORE INTO", ""),
            (false, Dialect::MySql | Dialect::MariaDb) => ("INSERT IGNORE INTO", ""),
            (false, Dialect::Postgres) => ("INSERT INTO", " ON CONFLICT DO NOTHING"),
        };
        let parameters = join(&columns, ", ", |index, _| self.dialect.parameter(index + 1));
        let list = self.dialect.list(&kinds(&columns));
        Text {
            one: format!("{insert} {table} ({names}) VALUES ({parameters}){otherwise}"),
            many: format!("{insert} {table} ({names}) SELECT {} FROM {list}{otherwise}", self.items(&columns)),
        }
    }

    pub(in crate::sql) fn update<R: Stored>(&self) -> Text {
        let Shape { table, key, changing, .. } = R::SHAPE;
        let guard = R::GUARD;
        let columns = [changing, key, &[(guard, Kind::Number)]].concat();
        let guarded = |value: String, of: &str| {
            let name = self.dialect.name(guard);
            if self.protection.guards { format!(" AND {of}{name} = {value}") } else { String::new() }
        };
        let set_to_parameters = join(changing, ", ", |index, name| {
            format!("{} = {}", self.dialect.name(name), self.dialect.parameter(index + 1))
        });
        let end = columns.len();
        let one = format!(
            "UPDATE {table} SET {set_to_parameters} WHERE {}{}",
            self.named_by_parameters(key, changing.len(), ""),
            guarded(self.dialect.parameter(end), "")
        );
        let guard_in_list = guarded(self.dialect.item(end - 1, Kind::Number), "t.");
        let set = |of: &str| {
            join(changing, ", ", |index, name| {
                format!("{of}{} = {}", self.dialect.name(name), self.dialect.item(index, changing[index].1))
            })
        };
        let list = self.dialect.list(&kinds(&columns));
        let named = self.named_by_list(key, changing.len());
        let many = match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => {
                format!("UPDATE {table} AS t SET {} FROM {list} WHERE {named}{guard_in_list}", set(""))
            }
            Dialect::MySql | Dialect::MariaDb => {
                let joined = self.join_list(table, key, changing.len(), &columns);
                format!("UPDATE {joined}{guard_in_list} SET {}", set("t."))
            }
        };
        Text { one, many }
    }

    /// Names the key and the guard; all else has a default.
    pub(in crate::sql) fn place<R: Stored>(&self) -> Text {
        let Shape { table, key, .. } = R::SHAPE;
        let guarded = [key, &[(R::GUARD, Kind::Number)]].concat();
        let names = join(&guarded, ", ", |_, name| self.dialect.name(name));
        // On MySQL a plain duplicate would take a shared lock, which two can have and neither can turn into an
        // exclusive one. What was there already shows in LAST_INSERT_ID, its version being above 0.
        let or_wait = match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => "ON CONFLICT DO NOTHING".to_owned(),
            Dialect::MySql | Dialect::MariaDb => {
                format!("ON DUPLICATE KEY UPDATE version = LAST_INSERT_ID({table}.version)")
            }
        };
        let parameters = join(key, ", ", |index, _| self.dialect.parameter(index + 1));
        let list = self.dialect.list(&kinds(key));
        Text {
            one: format!("INSERT INTO {table} ({names}) VALUES ({parameters}, 0) {or_wait}"),
            many: format!("INSERT INTO {table} ({names}) SELECT {}, 0 FROM {list} {or_wait}", self.items(key)),
        }
    }

    /// Deletes rows by their keys.
    pub(in crate::sql) fn delete<R: Stored>(&self) -> Text {
        let Shape { table, key, .. } = R::SHAPE;
        let names = join(key, ", ", |_, name| self.dialect.name(name));
        let (list, named) = (self.dialect.list(&kinds(key)), self.named_by_list(key, 0));
        let many = match self.dialect {
            Dialect::Sqlite => {
                format!("DELETE FROM {table} WHERE ({names}) IN (SELECT {} FROM {list})", self.items(key))
            }
            Dialect::Postgres => format!("DELETE FROM {table} t USING {list} WHERE {named}"),
            Dialect::MySql | Dialect::MariaDb => format!("DELETE t FROM {}", self.join_list(table, key, 0, key)),
        };
        Text { one: format!("DELETE FROM {table} WHERE {}", self.named_by_parameters(key, 0, "")), many }
    }

    /// The list and the table that it leads to; the list has `columns`, of which those of the key begin at `first`.
    pub(in crate::sql) fn join_list(&self, table: &str, key: &[Column], first: usize, columns: &[Column]) -> String {
        let list = self.dialect.list(&kinds(columns));
        format!("{list} {} ON {}", self.dialect.looks_up(table), self.named_by_list(key, first))
    }

    fn named_by_parameters(&self, key: &[Column], before: usize, of: &str) -> String {
        join(key, " AND ", |index, name| {
            format!("{of}{} = {}", self.dialect.name(name), self.dialect.parameter(before + index + 1))
        })
    }

    fn named_by_list(&self, key: &[Column], first: usize) -> String {
        join(key, " AND ", |index, name| {
            format!("{} = {}", self.column(name), self.dialect.item(first + index, key[index].1))
        })
    }

    pub(in crate::sql) fn items(&self, columns: &[Column]) -> String {
        join(columns, ", ", |index, _| self.dialect.item(index, columns[index].1))
    }

    fn column(&self, name: &str) -> String {
        format!("t.{}", self.dialect.name(name))
    }
}

pub(in crate::sql) fn kinds(columns: &[Column]) -> Vec<Kind> {
    columns.iter().map(|(_, kind)| *kind).collect()
}

pub(in crate::sql) fn join(columns: &[Column], between: &str, each: impl Fn(usize, &str) -> String) -> String {
    let each: Vec<String> = columns.iter().enumerate().map(|(index, (name, _))| each(index, name)).collect();
    each.join(between)
}
