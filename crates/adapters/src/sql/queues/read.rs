//! What is read of waiting rooms, through connections that can't write: what passes, check-ins and ticks need through
//! those for bookings, and what operators look at through the others.

use super::context::QueueContext;
use crate::sql::Database;
use crate::sql::rows::{Reading, written};
use crate::sql::rows::{admission, admission_log, buyer, check_in, operator_action, queue, queue_counter, queue_entry};
use frontrow_application::port::{BuyerPresence, EndedFigures, OperatorAction, QueueFigures, StoreError};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::waiting_room::{Admitted, CheckIn, Group, Queue, QueueEntry, QueueNumber};
use frontrow_domain::{Buyer, BuyerKey, Instant, SaleId, UserId};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

/// Where a page of the log goes on: a tick, a group and a rank.
type LogPosition = (i64, u8, u64);

/// Buyers that are looked up in one statement.
const CHUNK: usize = 1000;

pub(super) async fn queues(database: &Database) -> Result<Vec<Queue>, StoreError> {
    let query = async {
        let rows = live_queues().all(database.booking_readers()).await?;
        Ok(database.readable("list queues", rows, |row| row.sale_id).0)
    };
    database.read("list queues", query).await
}

pub(super) async fn over_queues(database: &Database) -> Result<Vec<Queue>, StoreError> {
    let query = async {
        let over = queue::Entity::find().filter(queue::Column::Live.eq(queue::OVER));
        let rows = over.all(database.booking_readers()).await?;
        Ok(database.readable("list queues that are over", rows, |row| row.sale_id).0)
    };
    database.read("list queues that are over", query).await
}

pub(super) async fn queue(database: &Database, sale: SaleId) -> Result<Option<Queue>, StoreError> {
    let query = queue::Entity::find_by_id(sale.uuid());
    let query = async { query.one(database.booking_readers()).await?.map(Queue::try_from).transpose() };
    database.read("read queue", query).await
}

pub(super) async fn whereabouts(database: &Database, key: BuyerKey) -> Result<BuyerPresence, StoreError> {
    let id = (key.sale.uuid(), key.user.uuid());
    let query = async {
        // A row of version 0 is a placeholder.
        let row =
            buyer::Entity::find_by_id(id).filter(buyer::Column::Version.gt(0)).one(database.booking_readers()).await?;
        let check_in = check_in::Entity::find_by_id(id).one(database.booking_readers()).await?;
        Ok(BuyerPresence {
            buyer: row.map(Buyer::try_from).transpose()?,
            check_in: check_in.map(CheckIn::try_from).transpose()?,
        })
    };
    database.read("find a buyer", query).await
}

pub(super) async fn admitted(works: &QueueContext, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError> {
    let (database, now) = (&works.database, works.clock.now());
    let query = async {
        let mut buyers = Vec::new();
        for keys in keys.chunks(CHUNK) {
            let statement = database.texts().reading::<buyer::Entity>(keys.iter().map(buyer::key))?;
            let Some(statement) = statement else { continue };
            for row in buyer::Entity::find().from_raw_sql(statement).all(database.booking_readers()).await? {
                buyers.push(Buyer::try_from(row)?);
            }
        }
        buyers.retain(|buyer| buyer.live_admission(now).is_some());
        Ok(buyers)
    };
    database.read("find who is admitted", query).await
}

pub(super) async fn log(
    database: &Database,
    sale: SaleId,
    page: PageRequest<LogPosition>,
) -> Result<Page<Admitted, LogPosition>, StoreError> {
    let query = async {
        let rows = log_page(sale, &page).all(database.browsing_readers()).await?;
        rows.into_iter().map(Admitted::try_from).collect::<Result<Vec<_>, DbErr>>()
    };
    let admitted = database.read("list admissions", query).await?;
    Ok(Page::of(admitted, page.limit, |admitted| (admitted.tick, admitted.group.get(), admitted.rank.get())))
}

pub(super) async fn actions(
    database: &Database,
    sale: SaleId,
    page: PageRequest<Uuid>,
) -> Result<Page<OperatorAction, Uuid>, StoreError> {
    let query = async {
        let rows = actions_page(sale, &page).all(database.browsing_readers()).await?;
        Ok(rows.into_iter().map(OperatorAction::from).collect())
    };
    let actions = database.read("list operators' actions", query).await?;
    Ok(Page::of(actions, page.limit, |action| action.id))
}

pub(super) async fn figures(database: &Database, sale: SaleId, now: Instant) -> Result<QueueFigures, StoreError> {
    let query = async {
        let readers = database.browsing_readers();
        let queue = queue::Entity::find_by_id(sale.uuid()).one(readers).await?.map(Queue::try_from).transpose()?;
        let present = check_in::Entity::find()
            .filter(check_in::Column::SaleId.eq(sale.uuid()))
            .filter(check_in::Column::SeenAt.gt((now - CheckIn::PRESENCE).micros()));
        let active = admission::Entity::find().filter(admission::Column::SaleId.eq(sale.uuid()));
        let mut ended = EndedFigures::default();
        for (code, count) in endings(sale).into_tuple::<(i16, i64)>().all(readers).await? {
            let how =
                buyer::ended(code).ok_or_else(|| Reading::of("buyer", sale).error("it ended in some other way"))?;
            ended.add(how, u64::try_from(count).unwrap_or(0));
        }
        Ok(QueueFigures {
            present: present.count(readers).await?,
            active: active.count(readers).await?,
            admitted: queue.map_or(0, |queue| queue.admitted),
            ended,
        })
    };
    database.read("count a queue's figures", query).await
}

pub(super) async fn issued(database: &Database, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
    let query = async {
        let rows = queue_counter::Entity::find().filter(queue_counter::Column::SaleId.eq(sale.uuid()));
        let rows = rows.all(database.booking_readers()).await?;
        let of = |group: Group| rows.iter().find(|row| row.group_index == i16::from(group.get())).map(|row| row.issued);
        let issued = Group::all(groups).map(|group| u64::try_from(of(group).unwrap_or(0)).unwrap_or(0));
        Ok(issued.collect())
    };
    database.read("read how many have joined", query).await
}

pub(super) async fn entry_of(database: &Database, key: BuyerKey) -> Result<Option<QueueEntry>, StoreError> {
    let query = queue_entry::Entity::find_by_id((key.sale.uuid(), key.user.uuid()));
    let query = async { query.one(database.booking_readers()).await?.map(QueueEntry::try_from).transpose() };
    database.read("read a queue entry", query).await
}

pub(super) async fn entries(
    database: &Database,
    sale: SaleId,
    group: Group,
    after: u64,
    limit: u32,
) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
    let query = async {
        let rows = entries_after(sale, group, after, limit).all(database.booking_readers()).await?;
        let entries = rows.into_iter().map(|row| {
            let number = Reading::of("queue_entry", row.user_id).queue_number(row.number)?;
            Ok((number, UserId::new(row.user_id)))
        });
        entries.collect()
    };
    database.read("list queue entries", query).await
}

/// Those that are not over.
pub(in crate::sql) fn live_queues() -> Select<queue::Entity> {
    queue::Entity::find().filter(queue::Column::Live.eq(queue::LIVE))
}

/// A page of the log and one more, the oldest first.
pub(in crate::sql) fn log_page(sale: SaleId, page: &PageRequest<LogPosition>) -> Select<admission_log::Entity> {
    use admission_log::Column;
    let mut query = admission_log::Entity::find().filter(Column::SaleId.eq(sale.uuid()));
    if let Some((tick, group, rank)) = page.after {
        let (group, rank) = (i16::from(group), written(rank));
        let later_group = Condition::all().add(Column::Tick.eq(tick)).add(Column::GroupIndex.gt(group));
        let later_rank = Condition::all()
            .add(Column::Tick.eq(tick))
            .add(Column::GroupIndex.eq(group))
            .add(Column::QueueRank.gt(rank));
        let later = Condition::any().add(Column::Tick.gt(tick)).add(later_group).add(later_rank);
        // Where to begin, for a planner that can't see it in the rest.
        query = query.filter(Column::Tick.gte(tick)).filter(later);
    }
    let order = [Column::Tick, Column::GroupIndex, Column::QueueRank];
    order.into_iter().fold(query, QueryOrder::order_by_asc).limit(u64::from(page.limit) + 1)
}

/// How many of a sale's admissions ended in which way. It reads every buyer of the sale: for whoever asks now and then.
pub(in crate::sql) fn endings(sale: SaleId) -> Select<buyer::Entity> {
    buyer::Entity::find()
        .select_only()
        .column(buyer::Column::Ended)
        .column_as(Expr::col(buyer::Column::UserId).count(), "buyers")
        .filter(buyer::Column::SaleId.eq(sale.uuid()))
        .filter(buyer::Column::Ended.is_not_null())
        .group_by(buyer::Column::Ended)
}

/// A page of what operators did and one more, the newest first.
pub(in crate::sql) fn actions_page(sale: SaleId, page: &PageRequest<Uuid>) -> Select<operator_action::Entity> {
    use operator_action::Column;
    let mut query = operator_action::Entity::find().filter(Column::SaleId.eq(sale.uuid()));
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after));
    }
    query.order_by_desc(Column::Id).limit(u64::from(page.limit) + 1)
}

/// Who has the numbers above one, ascending.
pub(in crate::sql) fn entries_after(sale: SaleId, group: Group, after: u64, limit: u32) -> Select<queue_entry::Entity> {
    queue_entry::Entity::find()
        .filter(queue_entry::Column::SaleId.eq(sale.uuid()))
        .filter(queue_entry::Column::GroupIndex.eq(i16::from(group.get())))
        .filter(queue_entry::Column::Number.gt(written(after)))
        .order_by_asc(queue_entry::Column::Number)
        .limit(u64::from(limit))
}
