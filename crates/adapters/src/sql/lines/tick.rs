//! Ticks. The line's row is the lock between them, its version the guard; buyers come after it, and admissions last.

use super::desk::{Work, Works, end};
use super::shape::StoredLine;
use crate::sql::entity::{admission, buyer, door, line};
use crate::sql::store::cell::Cell;
use crate::sql::store::shape::buyer_key;
use crate::sql::store::statement::{Failure, Statements};
use crate::sql::store::texts::Text;
use crate::sql::store::write::{Rows, whole};
use crate::sql::transaction::Connection;
use frontrow_application::port::{TickOrder, TickReport};
use frontrow_domain::waiting_room::{Admission, Claim, Floor, Group, Line, Phase, Tick, Ticked};
use frontrow_domain::{Buyer, BuyerKey, Instant, SaleId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Statement};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Carries ticks out.
#[derive(Clone)]
pub(super) struct Ticks;

/// Rows of one statement: after an outage a tick may have everybody's to write.
const CHUNK: usize = 1000;

impl Work for Ticks {
    type Asked = TickOrder;
    type Answer = Option<TickReport>;
    const NAME: &'static str = "tick";
    // Each has a line of its own to lock.
    const MOST: usize = 1;

    async fn serve(
        &self,
        works: &Works,
        connection: &Connection,
        asked: &[TickOrder],
    ) -> Result<Vec<Option<TickReport>>, Failure> {
        let mut reports = Vec::with_capacity(asked.len());
        for order in asked {
            reports.push(Run { works, statements: works.statements(), order }.whole(connection).await?);
        }
        Ok(reports)
    }
}

/// What has to be read first: nobody else changes it as long as the line is locked.
struct Counted {
    line: Line,
    admissions: Vec<Admission>,
}

/// One tick.
struct Run<'a> {
    works: &'a Works,
    statements: Statements<'a>,
    order: &'a TickOrder,
}

impl Run<'_> {
    async fn whole(&self, connection: &Connection) -> Result<Option<TickReport>, Failure> {
        #[cfg(feature = "hooks")]
        let early = self.count_without_lock(connection).await?;
        #[cfg(not(feature = "hooks"))]
        let early = None;
        self.statements.before("begin")?;
        let transaction = connection.begin().await?;
        let ticked = self.tick(&*transaction, early).await;
        end(&self.statements, transaction, ticked).await
    }

    async fn tick(
        &self,
        connection: &impl ConnectionTrait,
        early: Option<Counted>,
    ) -> Result<Option<TickReport>, Failure> {
        let counted = match early {
            Some(counted) => Some(counted),
            None => self.count(connection).await?,
        };
        let Some(Counted { line, admissions }) = counted else { return Ok(None) };
        let (taken, now) = (admissions.len(), self.works.clock.now().max(line.last_tick));
        let floor = self.look(connection, &line, admissions, now).await?;
        let tick = calculate(|| Tick::plan(&line, &self.order.sale, self.order.session, &floor, now))?;
        let locked = self.lock_buyers(connection, &tick).await?;
        let ticked = calculate(|| tick.carry_out(&locked))?;
        self.write(connection, &ticked, taken).await?;
        Ok(Some(TickReport {
            admitted: ticked.admitted.iter().map(|admission| admission.key).collect(),
            ended: ticked.ended.len(),
            quiet: ticked.quiet,
            line: ticked.line.row,
        }))
    }

    /// Locks the line, then reads the admissions. In one statement `PostgreSQL` would read them as of before the lock.
    async fn count(&self, connection: &impl ConnectionTrait) -> Result<Option<Counted>, Failure> {
        let sale = self.order.sale.id.uuid();
        let text = &self.works.texts.line;
        let found = self.statements.read::<line::Entity>(connection, text, vec![vec![sale.into()]]).await?;
        let Some(row) = found.into_iter().next() else { return Ok(None) };
        let taken = admission::Entity::find().filter(admission::Column::SaleId.eq(sale));
        let admissions = self.all(connection, "read admissions", taken).await?;
        Ok(Some(Counted { line: row.try_into()?, admissions: admissions.into_iter().map(Into::into).collect() }))
    }

    /// The negative control: what is counted is not locked, so others may admit before this does.
    #[cfg(feature = "hooks")]
    async fn count_without_lock(&self, connection: &Connection) -> Result<Option<Counted>, Failure> {
        let Some(hook) = self.statements.hook.filter(|_| !self.works.texts.protection.lock) else { return Ok(None) };
        let counted = self.count(&**connection).await?;
        hook.counted().await;
        Ok(counted)
    }

    async fn look(
        &self,
        connection: &impl ConnectionTrait,
        line: &Line,
        admissions: Vec<Admission>,
        now: Instant,
    ) -> Result<Floor, Failure> {
        let groups = line.groups.len();
        let mut floor = Floor {
            admissions,
            door: vec![Vec::new(); groups],
            present: vec![0; groups],
            arrived: 0,
            issued: self.order.issued.clone(),
            stock: self.order.stock,
            turned_away: self.order.turned_away,
        };
        for (group, present, arrived) in self.count_door(connection, line, now).await? {
            floor.arrived += arrived;
            if let Some(counted) = floor.present.get_mut(group) {
                *counted = present;
            }
        }
        for (group, (door, present)) in Group::all(groups).zip(floor.door.iter_mut().zip(&floor.present)) {
            if *present > 0 {
                *door = self.first_at_door(connection, group, now).await?;
            }
        }
        Ok(floor)
    }

    /// By group: how many are present, and how many have come since the last tick.
    async fn count_door(
        &self,
        connection: &impl ConnectionTrait,
        line: &Line,
        now: Instant,
    ) -> Result<Vec<(usize, u64, u64)>, Failure> {
        let (seen_after, claimed_from) = (now - Tick::PRESENCE, line.last_tick);
        let values = [seen_after.micros().into(), claimed_from.micros().into(), line.sale.uuid().into()];
        let text = &self.works.texts.count_door;
        self.statements.before(text)?;
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), text, values);
        let rows = connection.query_all_raw(statement).await?.into_iter().map(|row| {
            let count = |index| row.try_get_by_index(index).map(|count: i64| u64::try_from(count).unwrap_or(0));
            let group: i16 = row.try_get_by_index(0)?;
            Ok((usize::try_from(group).unwrap_or(usize::MAX), count(1)?, count(2)?))
        });
        rows.collect()
    }

    async fn first_at_door(
        &self,
        connection: &impl ConnectionTrait,
        group: Group,
        now: Instant,
    ) -> Result<Vec<Claim>, Failure> {
        let rows = self.all(connection, "read the door", first_at_door(self.order.sale.id, group, now)).await?;
        rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
    }

    /// The buyers that could be locked; `None` stands for one whose row holds but a place, or need not be there.
    async fn lock_buyers(
        &self,
        connection: &impl ConnectionTrait,
        tick: &Tick,
    ) -> Result<BTreeMap<BuyerKey, Option<Buyer>>, Failure> {
        let texts = &self.works.texts;
        let text = if tick.waits() { &texts.base.buyers.lock } else { &texts.free_buyers };
        let keys: Vec<BuyerKey> = tick.buyers().into_iter().collect();
        let mut locked = BTreeMap::new();
        if !texts.base.dialect.locks_rows() {
            // All is locked, rows that are absent too.
            locked.extend(keys.iter().map(|key| (*key, None)));
        }
        for keys in keys.chunks(CHUNK) {
            let keys = keys.iter().map(buyer_key).collect();
            for row in self.statements.read::<buyer::Entity>(connection, text, keys).await? {
                let is_place = row.version == 0;
                let buyer: Buyer = row.try_into()?;
                locked.insert(buyer.key, (!is_place).then_some(buyer));
            }
        }
        Ok(locked)
    }

    /// All of it; a row that has moved on since it was read is a conflict. `taken` is how many slots were.
    async fn write(&self, connection: &impl ConnectionTrait, ticked: &Ticked, taken: usize) -> Result<(), Failure> {
        let texts = &self.works.texts;
        let left = taken + ticked.admitted.len() - ticked.ended.len();
        let line = &ticked.line;
        let live = line.row.phase != Phase::Closed || left > 0;
        let row = StoredLine::of(&line.row, live).map_err(|error| Failure::Bug(error.to_string()))?;
        let of_line = Rows { guarded: texts.protection.guard, placed: false };
        let read = line.read.ok_or_else(|| Failure::Bug("a tick makes no line".into()))?;
        self.statements.write(connection, &texts.update_line, vec![of_line.update(&row, read.get())]).await?;

        let of_buyers = Rows { guarded: true, placed: texts.base.places.is_some() };
        let unguarded = Rows { guarded: false, placed: false };
        let keys = |keys: &[BuyerKey]| keys.iter().map(buyer_key).collect();
        let writes = [
            (&texts.base.buyers.update, of_buyers.changed_or_placed(&ticked.buyers)),
            (&texts.base.buyers.insert, of_buyers.new_and_not_placed(&ticked.buyers)?),
            (&texts.base.free_slots, keys(&ticked.ended)),
            (&texts.extend, ticked.extended.iter().map(|admission| unguarded.update(admission, 0)).collect()),
            (&texts.admit, whole(&ticked.admitted)?),
            (&texts.log, whole(&ticked.log)?),
        ];
        for (text, rows) in writes {
            self.write_chunks(connection, text, &rows).await?;
        }
        // Who has gone from there already is gone.
        self.statements.execute(connection, &texts.leave_door, keys(&ticked.left_door)).await?;
        Ok(())
    }

    async fn write_chunks(
        &self,
        connection: &impl ConnectionTrait,
        text: &Text,
        rows: &[Vec<Cell>],
    ) -> Result<(), Failure> {
        for rows in rows.chunks(CHUNK) {
            self.statements.write(connection, text, rows.to_vec()).await?;
        }
        Ok(())
    }

    async fn all<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        name: &str,
        query: Select<E>,
    ) -> Result<Vec<E::Model>, Failure> {
        self.statements.before(name)?;
        Ok(query.all(connection).await?)
    }
}

/// A rule that panics must not take its desk along.
fn calculate<T>(rule: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(rule)).map_err(|_| Failure::Bug("a tick panicked".into()))
}

/// Those of a group who are present, the lowest ranks first, as many as one tick can admit.
pub(in crate::sql) fn first_at_door(sale: SaleId, group: Group, now: Instant) -> Select<door::Entity> {
    door::Entity::find()
        .filter(door::Column::SaleId.eq(sale.uuid()))
        .filter(door::Column::Grp.eq(i16::from(group.get())))
        .filter(door::Column::SeenAt.gt((now - Tick::PRESENCE).micros()))
        .order_by_asc(door::Column::Turn)
        .order_by_asc(door::Column::UserId)
        .limit(Tick::BATCH as u64)
}
