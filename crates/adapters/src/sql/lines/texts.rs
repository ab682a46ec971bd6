//! The texts of the statements that only waiting rooms need, in one dialect.

use super::shape::{Counter, StoredLine, StoredPlace};
use crate::sql::dialect::Dialect;
use crate::sql::store::shape::{Shape, Stored};
use crate::sql::store::texts::{Protection, Text, Texts, Writer, join};
use frontrow_domain::Buyer;
use frontrow_domain::waiting_room::{Admission, Admitted, Claim};

/// What keeps ticks apart. Both, but for the negative controls of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineProtection {
    /// The line's row is locked before anything is read.
    pub lock: bool,
    /// The line's version is compared with what was read.
    pub guard: bool,
}

impl LineProtection {
    pub(super) const FULL: Self = Self { lock: true, guard: true };
}

pub(super) struct LineTexts {
    /// Those of the booking store, with all protections.
    pub base: Texts,
    pub protection: LineProtection,
    /// Locks and reads a line, unless somebody has locked it.
    pub line: Text,
    pub update_line: Text,
    /// Locks and reads those buyers whom nobody has locked.
    pub free_buyers: Text,
    pub buyers: Text,
    pub admit: Text,
    pub extend: Text,
    pub claims: Text,
    /// Inserts claims, or replaces them.
    pub put_claims: Text,
    pub leave_door: Text,
    pub log: Text,
    pub places: Text,
    pub new_places: Text,
    pub replace_places: Text,
    pub counters: Text,
    /// Hands numbers out: adds to what was issued or leased, or begins with it.
    pub issue: Text,
    pub count_door: String,
}

impl LineTexts {
    pub(super) fn new(dialect: Dialect, protection: LineProtection) -> Self {
        let all = Writer { dialect, protection: Protection::FULL };
        let unguarded = Writer { dialect, protection: Protection { locks: true, guards: false } };
        let line = if protection.lock { all.lock_free::<StoredLine>() } else { all.read::<StoredLine>() };
        let updates = if protection.guard { &all } else { &unguarded };
        Self {
            base: Texts::new(dialect, Protection::FULL),
            protection,
            line,
            update_line: updates.update::<StoredLine>(),
            free_buyers: all.lock_free::<Buyer>(),
            buyers: all.read::<Buyer>(),
            admit: all.insert::<Admission>(),
            // Its buyer's row is locked, and guards it.
            extend: unguarded.update::<Admission>(),
            claims: all.read::<Claim>(),
            put_claims: all.put::<Claim>(),
            leave_door: all.delete::<Claim>(),
            log: all.insert::<Admitted>(),
            places: all.read::<StoredPlace>(),
            new_places: all.insert::<StoredPlace>(),
            replace_places: all.update::<StoredPlace>(),
            counters: all.read::<Counter>(),
            issue: all.issue(),
            count_door: all.count_door(),
        }
    }
}

impl Writer {
    /// Locks and reads rows by their keys, but for those that somebody else has locked.
    fn lock_free<R: Stored>(&self) -> Text {
        let Text { one, many } = self.read::<R>();
        let order = self.in_order_of_key::<R>();
        let locked = self.dialect.for_update_skipping_locked();
        Text { one: format!("{one}{locked}"), many: format!("{many}{order}{locked}") }
    }

    /// Inserts rows; where one is there already, what changes is replaced.
    fn put<R: Stored>(&self) -> Text {
        let new = |name: &str| match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => format!("excluded.{name}"),
            Dialect::MySql | Dialect::MariaDb => format!("VALUES({name})"),
        };
        let set = join(R::SHAPE.changing, ", ", |_, name| {
            let name = self.dialect.name(name);
            format!("{name} = {}", new(&name))
        });
        self.insert_or::<R>(&set)
    }

    fn issue(&self) -> Text {
        // Never a number that was leased to another dispenser, whatever an instance is set to.
        let issued = match self.dialect {
            Dialect::Sqlite => "issued = MAX(counter.issued, counter.ceiling) + excluded.issued",
            Dialect::Postgres => "issued = GREATEST(counter.issued, counter.ceiling) + excluded.issued",
            Dialect::MySql | Dialect::MariaDb => "issued = GREATEST(counter.issued, counter.ceiling) + VALUES(issued)",
        };
        self.insert_or::<Counter>(issued)
    }

    fn insert_or<R: Stored>(&self, set: &str) -> Text {
        let Shape { key, .. } = R::SHAPE;
        let Text { one, many } = self.insert::<R>();
        let conflict = match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => {
                format!("ON CONFLICT ({}) DO UPDATE SET", join(key, ", ", |_, name| self.dialect.name(name)))
            }
            Dialect::MySql | Dialect::MariaDb => "ON DUPLICATE KEY UPDATE".to_owned(),
        };
        // Else SQLite would take the ON for that of a join.
        let no_join = if self.dialect == Dialect::Sqlite { " WHERE true" } else { "" };
        Text { one: format!("{one} {conflict} {set}"), many: format!("{many}{no_join} {conflict} {set}") }
    }

    /// What waits at the door, counted by group: who is present, and who has come since.
    fn count_door(&self) -> String {
        let [seen_after, claimed_from, sale] = [1, 2, 3].map(|number| self.dialect.parameter(number));
        format!(
            "SELECT grp, COUNT(CASE WHEN seen_at > {seen_after} THEN 1 END), \
             COUNT(CASE WHEN claimed_at > {claimed_from} THEN 1 END) FROM door WHERE sale_id = {sale} GROUP BY grp"
        )
    }
}
