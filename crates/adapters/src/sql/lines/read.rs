//! What is read of waiting rooms, through connections that can't write.

use super::desk::Works;
use crate::sql::Database;
use crate::sql::entity::{admission, admission_log, buyer, counter, door, line, operator_action, place};
use crate::sql::row::Reading;
use crate::sql::store::shape::buyer_key;
use crate::sql::store::shape::number;
use frontrow_application::port::{EndedFigures, LineFigures, OperatorAction, StoreError, Whereabouts};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::waiting_room::{Admitted, Claim, Group, Line, QueueNumber, Tick};
use frontrow_domain::{Buyer, BuyerKey, Instant, SaleId, UserId};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

/// Where a page of the log goes on: a tick, a group and a rank.
type PlaceInLog = (i64, u8, u64);

/// Buyers that are looked up in one statement.
const CHUNK: usize = 1000;

pub(super) async fn lines(database: &Database) -> Result<Vec<Line>, StoreError> {
    let query = async {
        let rows = live_lines().all(database.readers()).await?;
        rows.into_iter().map(Line::try_from).collect()
    };
    database.read("list lines", query).await
}

pub(super) async fn line(database: &Database, sale: SaleId) -> Result<Option<Line>, StoreError> {
    let query = line::Entity::find_by_id(sale.uuid());
    let query = async { query.one(database.readers()).await?.map(Line::try_from).transpose() };
    database.read("read line", query).await
}

pub(super) async fn whereabouts(database: &Database, key: BuyerKey) -> Result<Whereabouts, StoreError> {
    let id = (key.sale.uuid(), key.user.uuid());
    let query = async {
        // A row of version 0 only holds a place.
        let row = buyer::Entity::find_by_id(id).filter(buyer::Column::Version.gt(0)).one(database.readers()).await?;
        let claim = door::Entity::find_by_id(id).one(database.readers()).await?;
        Ok(Whereabouts { buyer: row.map(Buyer::try_from).transpose()?, claim: claim.map(Claim::try_from).transpose()? })
    };
    database.read("find a buyer", query).await
}

pub(super) async fn admitted(works: &Works, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError> {
    let (database, now) = (&works.database, works.clock.now());
    let query = async {
        let mut buyers = Vec::new();
        for keys in keys.chunks(CHUNK) {
            let keys = keys.iter().map(buyer_key).collect();
            let statement = works.statements().statement(&works.texts.buyers, keys);
            for row in buyer::Entity::find().from_raw_sql(statement).all(database.readers()).await? {
                buyers.push(Buyer::try_from(row)?);
            }
        }
        buyers.retain(|buyer| buyer.live_slot(now).is_some());
        Ok(buyers)
    };
    database.read("find who is admitted", query).await
}

pub(super) async fn log(
    database: &Database,
    sale: SaleId,
    page: PageRequest<PlaceInLog>,
) -> Result<Page<Admitted, PlaceInLog>, StoreError> {
    let query = async {
        let rows = log_page(sale, &page).all(database.readers()).await?;
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
        let rows = actions_page(sale, &page).all(database.readers()).await?;
        Ok(rows.into_iter().map(OperatorAction::from).collect())
    };
    let actions = database.read("list operators' actions", query).await?;
    Ok(Page::of(actions, page.limit, |action| action.id))
}

pub(super) async fn figures(database: &Database, sale: SaleId, now: Instant) -> Result<LineFigures, StoreError> {
    let admitted = line(database, sale).await?.map_or(0, |line| line.admitted);
    let query = async {
        let at_door = door::Entity::find()
            .filter(door::Column::SaleId.eq(sale.uuid()))
            .filter(door::Column::SeenAt.gt((now - Tick::PRESENCE).micros()));
        let active = admission::Entity::find().filter(admission::Column::SaleId.eq(sale.uuid()));
        let readers = database.readers();
        let mut ended = EndedFigures::default();
        for (code, count) in endings(sale).into_tuple::<(i16, i64)>().all(readers).await? {
            let how =
                buyer::ended(code).ok_or_else(|| Reading::of("buyer", sale).error("it ended in some other way"))?;
            ended.add(how, u64::try_from(count).unwrap_or(0));
        }
        Ok(LineFigures {
            at_door: at_door.count(readers).await?,
            active: active.count(readers).await?,
            admitted,
            ended,
        })
    };
    database.read("count a line's figures", query).await
}

pub(super) async fn issued(database: &Database, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
    let query = async {
        let rows = counter::Entity::find().filter(counter::Column::SaleId.eq(sale.uuid()));
        let rows = rows.all(database.readers()).await?;
        let of = |group: Group| rows.iter().find(|row| row.grp == i16::from(group.get())).map(|row| row.issued);
        let issued = Group::all(groups).map(|group| u64::try_from(of(group).unwrap_or(0)).unwrap_or(0));
        Ok(issued.collect())
    };
    database.read("read how many have joined", query).await
}

pub(super) async fn places(
    database: &Database,
    sale: SaleId,
    group: Group,
    after: u64,
    limit: u32,
) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
    let query = async {
        let rows = places_after(sale, group, after, limit).all(database.readers()).await?;
        let places = rows.into_iter().map(|row| {
            let number = Reading::of("place", row.user_id).queue_number(row.number)?;
            Ok((number, UserId::new(row.user_id)))
        });
        places.collect()
    };
    database.read("list places", query).await
}

/// Those that are not over.
pub(in crate::sql) fn live_lines() -> Select<line::Entity> {
    line::Entity::find().filter(line::Column::Live.eq(line::LIVE))
}

/// A page of the log and one more, the oldest first.
pub(in crate::sql) fn log_page(sale: SaleId, page: &PageRequest<PlaceInLog>) -> Select<admission_log::Entity> {
    use admission_log::Column;
    let mut query = admission_log::Entity::find().filter(Column::SaleId.eq(sale.uuid()));
    if let Some((tick, group, rank)) = page.after {
        let (group, rank) = (i16::from(group), number(rank));
        let later_group = Condition::all().add(Column::Tick.eq(tick)).add(Column::Grp.gt(group));
        let later_rank =
            Condition::all().add(Column::Tick.eq(tick)).add(Column::Grp.eq(group)).add(Column::Turn.gt(rank));
        let later = Condition::any().add(Column::Tick.gt(tick)).add(later_group).add(later_rank);
        // Where to begin, for who can't see it in the rest.
        query = query.filter(Column::Tick.gte(tick)).filter(later);
    }
    let order = [Column::Tick, Column::Grp, Column::Turn];
    order.into_iter().fold(query, QueryOrder::order_by_asc).limit(u64::from(page.limit) + 1)
}

/// How many of a sale's admissions ended in which way. It reads every buyer of the sale: for who asks now and then.
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
pub(in crate::sql) fn places_after(sale: SaleId, group: Group, after: u64, limit: u32) -> Select<place::Entity> {
    place::Entity::find()
        .filter(place::Column::SaleId.eq(sale.uuid()))
        .filter(place::Column::Grp.eq(i16::from(group.get())))
        .filter(place::Column::Number.gt(number(after)))
        .order_by_asc(place::Column::Number)
        .limit(u64::from(limit))
}
