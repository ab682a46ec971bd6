//! Sales with their performances.

use crate::sql::rows::{sale, sale_performance};
use crate::sql::statements::Texts;
use frontrow_domain::{PerformanceId, Sale};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, SelectTwoMany};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The sales of these rows, in the same order.
pub(in crate::sql) async fn with_performances(
    connection: &impl ConnectionTrait,
    texts: &Texts,
    rows: Vec<sale::Model>,
) -> Result<Vec<Sale>, DbErr> {
    let mut performances: BTreeMap<Uuid, BTreeSet<PerformanceId>> = BTreeMap::new();
    if let Some(statement) = texts.reading_performances_of(rows.iter().map(|row| row.id))? {
        for row in sale_performance::Entity::find().from_raw_sql(statement).all(connection).await? {
            performances.entry(row.sale_id).or_default().insert(PerformanceId::new(row.performance_id));
        }
    }
    let sales = rows.into_iter().map(|row| {
        let performances = performances.remove(&row.id).unwrap_or_default();
        row.into_sale(performances)
    });
    sales.collect()
}

/// The published sales of a performance, each with all its performances, by ascending opening and id.
pub(in crate::sql) fn published_sales(
    performance: PerformanceId,
) -> SelectTwoMany<sale::Entity, sale_performance::Entity> {
    let of_performance = Query::select()
        .column(sale_performance::Column::SaleId)
        .from(sale_performance::Entity)
        .and_where(sale_performance::Column::PerformanceId.eq(performance.uuid()))
        .take();
    // The id is what `find_with_related` sorts by at the end.
    sale::Entity::find()
        .filter(sale::Column::Id.in_subquery(of_performance))
        .filter(sale::Column::Published.eq(true))
        .order_by_asc(sale::Column::Opens)
        .find_with_related(sale_performance::Entity)
}
