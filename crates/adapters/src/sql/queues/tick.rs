//! Ticks. A tick locks the queue's row, whose version guards it, then buyers, then admissions. So two ticks of a queue never
//! run at once.

use super::context::{QueueContext, note_seconds};
use crate::queue::Queued;
use crate::sql::connection::{Class, Failure};
use crate::sql::rows::{admission, admission_log, buyer, check_in, is_placeholder, queue};
use crate::sql::statements::{Changed, Statements};
use crate::sql::store::write::{changed_or_placed, new_and_not_placed, rows};
use crate::sql::worker::{Work, WorkerConnection};
use frontrow_application::port::{StoreError, TickOrder, TickReport};
use frontrow_domain::waiting_room::{Admission, CheckIn, Group, Phase, Queue, Tick, TickInput, TickOutcome};
use frontrow_domain::{Buyer, BuyerKey, Instant, SaleId};
use sea_orm::sea_query::{Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Statement};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// One worker at a time ticks a queue: a second one would only find it locked.
impl Queued for TickOrder {
    fn route(&self) -> Option<Uuid> {
        Some(self.sale.id.uuid())
    }
}

/// Carries ticks out.
pub(super) struct Ticks(pub Arc<QueueContext>);

/// How many rows one statement writes at most: after an outage a tick may have to write those of everybody.
const CHUNK: usize = 1000;
/// Check-ins of people who are gone that one tick removes.
const GONE_AT_ONCE: u64 = 256;

impl Work for Ticks {
    type Request = TickOrder;
    type Answer = Option<TickReport>;
    type Error = StoreError;

    fn name(_: &TickOrder) -> &'static str {
        "tick"
    }

    fn note_seconds(name: &'static str, seconds: f64) {
        note_seconds(name, seconds);
    }

    fn error(_: &TickOrder, error: StoreError) -> StoreError {
        error
    }

    async fn transact(
        &self,
        connection: &WorkerConnection,
        orders: &[TickOrder],
    ) -> Result<Vec<Option<Self::Answer>>, Failure> {
        let mut reports = Vec::with_capacity(orders.len());
        for order in orders {
            let run = Run { works: &self.0, statements: self.0.statements(), order, waits: AtomicBool::new(false) };
            reports.push(Some(run.whole(connection).await?));
        }
        Ok(reports)
    }
}

/// What has to be read first: nobody else changes it as long as the queue is locked.
struct Counted {
    queue: Queue,
    admissions: Vec<Admission>,
}

/// One tick.
struct Run<'a> {
    works: &'a QueueContext,
    statements: Statements<'a>,
    order: &'a TickOrder,
    /// It waits for an overdue buyer's row.
    waits: AtomicBool,
}

/// Whether to wait for an overdue buyer's row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overdue {
    /// For a moment.
    Wait,
    /// That was in vain.
    PassOver,
}

impl Run<'_> {
    async fn whole(&self, connection: &WorkerConnection) -> Result<Option<TickReport>, Failure> {
        match self.once(connection, Overdue::Wait).await {
            // An error has ended the transaction, so it begins anew.
            Err(failure) if failure.class() == Class::Retry && self.waits.load(Ordering::SeqCst) => {
                self.once(connection, Overdue::PassOver).await
            }
            done => done,
        }
    }

    async fn once(&self, connection: &WorkerConnection, overdue: Overdue) -> Result<Option<TickReport>, Failure> {
        let early = self.count_without_lock(connection).await?;
        let transaction = connection.begin().await?;
        let ticked = self.tick(&*transaction, early, overdue).await;
        connection.end(transaction, ticked).await
    }

    async fn tick(
        &self,
        connection: &impl ConnectionTrait,
        early: Option<Counted>,
        overdue: Overdue,
    ) -> Result<Option<TickReport>, Failure> {
        let counted = match early {
            Some(counted) => Some(counted),
            None => self.count(connection).await?,
        };
        let Some(Counted { queue, admissions }) = counted else { return Ok(None) };
        let Some(now) = self.now(connection).await? else { return Ok(None) };
        let (taken, now) = (admissions.len(), now.max(queue.last_tick));
        let input = self.look(connection, &queue, admissions, now).await?;
        let tick = calculate(|| Tick::plan(&queue, &self.order.sale, self.order.session, &input, now))?;
        self.wait_for_overdue(connection, &tick, overdue).await?;
        let locked = self.lock_buyers(connection, &tick).await?;
        let ticked = calculate(|| tick.carry_out(&locked))?;
        self.write(connection, &ticked, taken).await?;
        Ok(Some(TickReport {
            admitted: ticked.admitted.iter().map(|admission| admission.key).collect(),
            ended: ticked.ended.len(),
            quiet: ticked.quiet,
            queue: ticked.queue.row,
        }))
    }

    /// See [`Tick::instant`].
    async fn now(&self, connection: &impl ConnectionTrait) -> Result<Option<Instant>, Failure> {
        let ours = self.works.clock.now();
        if !self.works.hook.compares_clocks() {
            return Ok(Some(ours));
        }
        let theirs = self.works.database.dialect().time();
        self.statements.before(theirs)?;
        let theirs = Statement::from_string(connection.get_database_backend(), theirs);
        let theirs =
            connection.query_one_raw(theirs).await?.ok_or_else(|| Failure::Bug("the time is missing".into()))?;
        let theirs = Instant::from_micros(theirs.try_get_by_index(0)?);
        Ok(Tick::instant(ours, theirs))
    }

    /// Locks the queue, then reads the admissions. In one statement `PostgreSQL` would read them as of before the lock.
    async fn count(&self, connection: &impl ConnectionTrait) -> Result<Option<Counted>, Failure> {
        let sale = self.order.sale.id.uuid();
        let found = if self.works.texts.protection.lock {
            self.statements.lock_free::<queue::Entity>(connection, [sale]).await?
        } else {
            self.statements.read::<queue::Entity>(connection, [sale]).await?
        };
        let Some(row) = found.into_iter().next() else { return Ok(None) };
        let taken = admission::Entity::find().filter(admission::Column::SaleId.eq(sale));
        let admissions = self.all(connection, "read admissions", taken).await?;
        Ok(Some(Counted { queue: row.try_into()?, admissions: admissions.into_iter().map(Into::into).collect() }))
    }

    /// The negative control: what is counted is not locked, so others may admit before this does.
    async fn count_without_lock(&self, connection: &WorkerConnection) -> Result<Option<Counted>, Failure> {
        if self.works.texts.protection.lock {
            return Ok(None);
        }
        let counted = self.count(&**connection).await?;
        self.statements.hook.counted().await;
        Ok(counted)
    }

    async fn look(
        &self,
        connection: &impl ConnectionTrait,
        queue: &Queue,
        admissions: Vec<Admission>,
        now: Instant,
    ) -> Result<TickInput, Failure> {
        let groups = queue.groups.len();
        let mut input = TickInput {
            admissions,
            check_ins: vec![Vec::new(); groups],
            present: vec![0; groups],
            arrived: 0,
            any_gone: false,
            issued: self.order.issued.clone(),
            stock: self.order.stock,
            turned_away: self.order.turned_away,
        };
        for (group, present, arrived, gone) in self.count_check_ins(connection, queue, now).await? {
            input.arrived += arrived;
            input.any_gone |= gone > 0;
            if let Some(counted) = input.present.get_mut(group) {
                *counted = present;
            }
        }
        for (group, (check_in, present)) in Group::all(groups).zip(input.check_ins.iter_mut().zip(&input.present)) {
            if *present > 0 {
                *check_in = self.first_checked_in(connection, group, now).await?;
            }
        }
        Ok(input)
    }

    /// By group: how many are present, how many have come since the last tick, and how many have gone.
    async fn count_check_ins(
        &self,
        connection: &impl ConnectionTrait,
        queue: &Queue,
        now: Instant,
    ) -> Result<Vec<(usize, u64, u64, u64)>, Failure> {
        let counted = check_in_counts(queue.sale, now, queue.last_tick);
        self.statements.before("count the check-ins")?;
        let rows: Vec<(i16, i64, i64, i64)> = counted.into_tuple().all(connection).await?;
        let count = |count| u64::try_from(count).unwrap_or(0);
        let rows = rows.into_iter().map(|(group, present, arrived, gone)| {
            (usize::try_from(group).unwrap_or(usize::MAX), count(present), count(arrived), count(gone))
        });
        Ok(rows.collect())
    }

    async fn first_checked_in(
        &self,
        connection: &impl ConnectionTrait,
        group: Group,
        now: Instant,
    ) -> Result<Vec<CheckIn>, Failure> {
        let rows = self.all(connection, "read the check-ins", first_checked_in(self.order.sale.id, group, now)).await?;
        rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
    }

    /// Waits before anything but the queue is locked, and in the order of keys, so it can't be part of a deadlock.
    async fn wait_for_overdue(
        &self,
        connection: &impl ConnectionTrait,
        tick: &Tick,
        overdue: Overdue,
    ) -> Result<(), Failure> {
        let buyers = tick.overdue();
        let Some([briefly, as_usual]) = self.statements.texts.dialect.waits_briefly().filter(|_| !buyers.is_empty())
        else {
            return Ok(());
        };
        if overdue == Overdue::PassOver {
            return Ok(());
        }
        self.waits.store(true, Ordering::SeqCst);
        connection.execute_unprepared(briefly).await?;
        let locked = self.statements.lock::<buyer::Entity>(connection, buyers.iter().map(buyer::key)).await;
        // Whatever came of it: where this is the session's, and not the transaction's, nothing else would ever restore it.
        let restored = connection.execute_unprepared(as_usual).await;
        locked?;
        restored?;
        self.waits.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// The buyers that could be locked; `None` stands for one whose row is a placeholder, or need not be there.
    async fn lock_buyers(
        &self,
        connection: &impl ConnectionTrait,
        tick: &Tick,
    ) -> Result<BTreeMap<BuyerKey, Option<Buyer>>, Failure> {
        let keys: Vec<BuyerKey> = tick.buyers().into_iter().collect();
        let mut locked = BTreeMap::new();
        if !self.statements.texts.dialect.locks_rows() {
            // Where BEGIN locks everything, absent rows are locked as well.
            locked.extend(keys.iter().map(|key| (*key, None)));
        }
        for keys in keys.chunks(CHUNK) {
            let keys = keys.iter().map(buyer::key);
            let rows = if tick.waits() {
                self.statements.lock::<buyer::Entity>(connection, keys).await?
            } else {
                self.statements.lock_free::<buyer::Entity>(connection, keys).await?
            };
            for row in rows {
                let is_placeholder = is_placeholder(&row);
                let buyer: Buyer = row.try_into()?;
                locked.insert(buyer.key, (!is_placeholder).then_some(buyer));
            }
        }
        Ok(locked)
    }

    /// Writes everything, unless a row has changed since it was read. `taken` is how many people were admitted.
    async fn write(
        &self,
        connection: &impl ConnectionTrait,
        ticked: &TickOutcome,
        taken: usize,
    ) -> Result<(), Failure> {
        let left = taken + ticked.admitted.len() - ticked.ended.len();
        self.write_queue(connection, ticked, left).await?;
        let statements = &self.statements;
        let placed = statements.texts.makes_placeholders();
        for buyers in ticked.buyers.chunks(CHUNK) {
            let changed = changed_or_placed(buyers, placed)?;
            statements.update::<buyer::ActiveModel>(connection, changed).await?;
        }
        for buyers in ticked.buyers.chunks(CHUNK) {
            let new = new_and_not_placed(buyers, placed)?;
            statements.insert::<buyer::ActiveModel>(connection, new).await?;
        }
        for ended in ticked.ended.chunks(CHUNK) {
            statements.delete::<admission::Entity>(connection, ended.iter().map(buyer::key)).await?;
        }
        for extended in ticked.extended.chunks(CHUNK) {
            // The lock on the buyer's row guards this one, too.
            statements.update_unguarded::<admission::ActiveModel>(connection, rows(extended)?).await?;
        }
        for admitted in ticked.admitted.chunks(CHUNK) {
            statements.insert::<admission::ActiveModel>(connection, rows(admitted)?).await?;
        }
        for log in ticked.log.chunks(CHUNK) {
            statements.insert::<admission_log::ActiveModel>(connection, rows(log)?).await?;
        }
        // Some may have been deleted by their owners meanwhile.
        statements.delete_if_there::<check_in::Entity>(connection, ticked.left.iter().map(buyer::key)).await?;
        match ticked.gone_before {
            Some(before) => self.remove_gone(connection, before).await,
            None => Ok(()),
        }
    }

    /// Removes check-ins that nobody has renewed since then. It comes last, and waits for nobody: who is just coming back
    /// has locked theirs, and keeps it.
    async fn remove_gone(&self, connection: &impl ConnectionTrait, before: Instant) -> Result<(), Failure> {
        let found = self.all(connection, "find who is gone", gone(self.order.sale.id, before)).await?;
        let keys = |rows: Vec<check_in::Model>| rows.into_iter().map(|row| (row.sale_id, row.user_id));
        let mut locked = self.statements.lock_free::<check_in::Entity>(connection, keys(found)).await?;
        locked.retain(|row| row.seen_at < before.micros());
        self.statements.delete_if_there::<check_in::Entity>(connection, keys(locked)).await
    }

    /// `left` is how many people are admitted from now on.
    async fn write_queue(
        &self,
        connection: &impl ConnectionTrait,
        ticked: &TickOutcome,
        left: usize,
    ) -> Result<(), Failure> {
        let queue = &ticked.queue;
        let live = queue.row.phase != Phase::Closed || left > 0;
        let row = queue::row(&queue.row, live)?;
        let read = queue.read.ok_or_else(|| Failure::Bug("a tick makes no queue".into()))?;
        if self.works.texts.protection.guard {
            self.statements.update(connection, vec![Changed { row, read: read.get().into() }]).await
        } else {
            self.statements.update_unguarded(connection, vec![row]).await
        }
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

/// A rule that panics must not take its worker along.
fn calculate<T>(rule: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(rule)).map_err(|_| Failure::Bug("a tick panicked".into()))
}

/// Check-ins by group: people who are present, people who came since the last tick, and people who have gone.
fn check_in_counts(sale: SaleId, now: Instant, last_tick: Instant) -> Select<check_in::Entity> {
    let came = check_in::Column::CheckedInAt;
    let arrived = came.gt(last_tick.micros()).and(came.lte(now.micros()));
    let count = |counted: SimpleExpr| SimpleExpr::from(Func::count(Expr::case(counted, 1)));
    check_in::Entity::find()
        .select_only()
        .column(check_in::Column::GroupIndex)
        .column_as(count(check_in::Column::SeenAt.gt((now - CheckIn::PRESENCE).micros())), "present")
        .column_as(count(arrived), "arrived")
        .column_as(count(check_in::Column::SeenAt.lt((now - CheckIn::GONE).micros())), "gone")
        .filter(check_in::Column::SaleId.eq(sale.uuid()))
        .group_by(check_in::Column::GroupIndex)
}

/// Check-ins that were last seen before then, as many as one tick removes.
pub(in crate::sql) fn gone(sale: SaleId, before: Instant) -> Select<check_in::Entity> {
    check_in::Entity::find()
        .filter(check_in::Column::SaleId.eq(sale.uuid()))
        .filter(check_in::Column::SeenAt.lt(before.micros()))
        .order_by_asc(check_in::Column::UserId)
        .limit(GONE_AT_ONCE)
}

/// Those of a group who are present, the lowest ranks first, as many as one tick can admit.
pub(in crate::sql) fn first_checked_in(sale: SaleId, group: Group, now: Instant) -> Select<check_in::Entity> {
    check_in::Entity::find()
        .filter(check_in::Column::SaleId.eq(sale.uuid()))
        .filter(check_in::Column::GroupIndex.eq(i16::from(group.get())))
        .filter(check_in::Column::SeenAt.gt((now - CheckIn::PRESENCE).micros()))
        .order_by_asc(check_in::Column::QueueRank)
        .order_by_asc(check_in::Column::UserId)
        .limit(Tick::BATCH as u64)
}
