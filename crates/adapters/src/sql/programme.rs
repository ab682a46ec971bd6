//! Everything that is on, read as a whole when something of it has changed, and from memory for a second at most.

use super::Database;
use super::on_sale::ReadFor;
use super::rows::{Guarded, concert, performance, sale, sale_performance, venue};
use crate::recent_reads::RecentReads;
use frontrow_application::port::{Programme, StoreError};
use frontrow_domain::{Instant, PerformanceId, Sale};
use parking_lot::Mutex;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, Select};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// How many rows of concerts, performances, venues and sales there are, and how often they have been saved. Rows are never
/// deleted and every save counts, so that two programmes with the same counts are the same.
type Counts = [(i64, i64); 4];

/// What was read lately.
#[derive(Default)]
pub(super) struct ProgrammeCache {
    recent: Arc<RecentReads<(), Arc<Programme>, ReadFor>>,
    /// What was read last, and the counts that there were before.
    latest: Mutex<Option<(Counts, Arc<Programme>)>>,
}

impl ProgrammeCache {
    /// Something was saved.
    pub(super) fn forget(&self) {
        self.recent.forget();
    }

    pub(super) async fn programme(
        self: &Arc<Self>,
        database: &Arc<Database>,
        now: Instant,
    ) -> Result<Arc<Programme>, StoreError> {
        let (cache, of) = (Arc::clone(self), Arc::clone(database));
        let read = move || async move { cache.read(&of).await.map(Some) };
        let late = |begun| database.late("wait for the programme", begun);
        let found = self.recent.find(database.runtime(), ((), ReadFor::Browsing), now, read, late).await?;
        Ok(found.map_or_else(Arc::default, |programme| Arc::clone(&*programme)))
    }

    async fn read(&self, database: &Database) -> Result<Arc<Programme>, StoreError> {
        // What is saved between the two is counted the next time, and read again.
        let counts = database.read("count what is saved of the programme", count(database)).await?;
        if let Some((_, latest)) = self.latest.lock().as_ref().filter(|(counted, _)| *counted == counts) {
            return Ok(Arc::clone(latest));
        }
        let programme = Arc::new(read_all(database).await?);
        *self.latest.lock() = Some((counts, Arc::clone(&programme)));
        Ok(programme)
    }
}

async fn count(database: &Database) -> Result<Counts, DbErr> {
    let readers = ReadFor::Browsing.readers(database);
    let backend = readers.get_database_backend();
    Ok([
        counts::<concert::Entity>(backend).into_tuple().one(readers).await?.unwrap_or_default(),
        counts::<performance::Entity>(backend).into_tuple().one(readers).await?.unwrap_or_default(),
        counts::<venue::Entity>(backend).into_tuple().one(readers).await?.unwrap_or_default(),
        counts::<sale::Entity>(backend).into_tuple().one(readers).await?.unwrap_or_default(),
    ])
}

/// How many rows there are, and the sum of their revisions.
pub(super) fn counts<E: Guarded>(backend: DbBackend) -> Select<E> {
    let revisions: SimpleExpr = Func::coalesce([Expr::from(Func::sum(Expr::col(E::GUARD))), Expr::val(0)]).into();
    // Servers sum a BIGINT up to something wider.
    let bigint = Alias::new(if backend == DbBackend::MySql { "SIGNED" } else { "BIGINT" });
    E::find().select_only().expr(Func::count(Expr::col(E::GUARD))).expr(revisions.cast_as(bigint))
}

async fn read_all(database: &Database) -> Result<Programme, StoreError> {
    const NAME: &str = "read the programme";
    let readers = ReadFor::Browsing.readers(database);
    let rows = async {
        Ok((
            concert::Entity::find().all(readers).await?,
            public_performances().all(readers).await?,
            venue::Entity::find().all(readers).await?,
            sales(readers).await?,
        ))
    };
    let (concerts, performances, venues, sales) = database.read(NAME, rows).await?;
    // What can't be read is logged, and in no other's way.
    let (concerts, _) = database.readable::<_, frontrow_domain::Concert>(NAME, concerts, |row| row.id);
    let (performances, _) = database.readable::<_, frontrow_domain::Performance>(NAME, performances, |row| row.id);
    let (venues, _) = database.readable::<_, frontrow_domain::Venue>(NAME, venues, |row| row.id);
    Ok(Programme::of(concerts, performances, venues, sales))
}

fn public_performances() -> Select<performance::Entity> {
    performance::Entity::find().filter(performance::is_public())
}

async fn sales(readers: &super::reading::ReadPool) -> Result<Vec<Sale>, DbErr> {
    let mut performances: HashMap<Uuid, BTreeSet<PerformanceId>> = HashMap::new();
    for row in sale_performance::Entity::find().all(readers).await? {
        performances.entry(row.sale_id).or_default().insert(PerformanceId::new(row.performance_id));
    }
    let rows = sale::Entity::find().filter(sale::Column::Published.eq(true)).all(readers).await?;
    rows.into_iter()
        .map(|row| {
            let performances = performances.remove(&row.id).unwrap_or_default();
            row.into_sale(performances)
        })
        .collect()
}
