//! Everything that is on, read as a whole when something of it has changed, and from memory for a second at most.

use super::Database;
use super::on_sale::ReadFor;
use super::readers::sales::with_performances;
use super::rows::{Guarded, concert, performance, sale, venue};
use crate::recent_reads::RecentReads;
use frontrow_application::Outage;
use frontrow_application::port::{Programme, StoreError};
use frontrow_domain::{Concert, Instant, Performance, Venue};
use parking_lot::Mutex;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
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
    /// To read it all may take longer than anybody waits: then the next one waits here, and finds it read.
    turn: tokio::sync::Mutex<()>,
}

impl ProgrammeCache {
    /// Something was saved.
    pub(super) fn forget(&self) {
        self.recent.forget();
    }

    /// While it takes long to read a large one again, what was read last.
    pub(super) async fn programme(
        self: &Arc<Self>,
        database: &Arc<Database>,
        now: Instant,
    ) -> Result<Arc<Programme>, StoreError> {
        let (cache, of) = (Arc::clone(self), Arc::clone(database));
        let read = move || async move { cache.read(&of).await.map(Some) };
        let late = |begun| database.late("wait for the programme", begun);
        match self.recent.find(database.runtime(), ((), ReadFor::Browsing), now, read, late).await {
            Ok(found) => Ok(found.map_or_else(Arc::default, |programme| Arc::clone(&*programme))),
            Err(busy @ StoreError::Outage(Outage::Busy { .. })) => self.known().ok_or(busy),
            Err(error) => Err(error),
        }
    }

    fn known(&self) -> Option<Arc<Programme>> {
        self.latest.lock().as_ref().map(|(_, programme)| Arc::clone(programme))
    }

    async fn read(&self, database: &Database) -> Result<Arc<Programme>, StoreError> {
        let _turn = self.turn.lock().await;
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

/// Rows of one statement: so many are read well within the time that a statement may take.
const CHUNK: usize = 2000;

const NAME: &str = "read the programme";

async fn read_all(database: &Database) -> Result<Programme, StoreError> {
    // What can't be read is logged, and in no other's way.
    let concerts = all(database, concert::Entity::find(), concert::Column::Id, |row| row.id).await?;
    let (concerts, _) = database.readable::<_, Concert>(NAME, concerts, |row| row.id);
    let public = performance::Entity::find().filter(performance::is_public());
    let performances = all(database, public, performance::Column::Id, |row| row.id).await?;
    let (performances, _) = database.readable::<_, Performance>(NAME, performances, |row| row.id);
    let venues = all(database, venue::Entity::find(), venue::Column::Id, |row| row.id).await?;
    let (venues, _) = database.readable::<_, Venue>(NAME, venues, |row| row.id);
    let public = sale::Entity::find().filter(sale::Column::Published.eq(true));
    let rows = all(database, public, sale::Column::Id, |row| row.id).await?;
    let mut sales = Vec::with_capacity(rows.len());
    let (readers, mut rows) = (ReadFor::Browsing.readers(database), rows.into_iter().peekable());
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(CHUNK).collect();
        sales.extend(database.read(NAME, with_performances(readers, database.texts(), chunk)).await?);
    }
    Ok(Programme::of(concerts, performances, venues, sales))
}

/// All rows, a few thousand at a time.
async fn all<E: EntityTrait>(
    database: &Database,
    query: Select<E>,
    id: E::Column,
    id_of: impl Fn(&E::Model) -> Uuid,
) -> Result<Vec<E::Model>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let mut chunk = query.clone().order_by_asc(id).limit(CHUNK as u64);
        if let Some(after) = after {
            chunk = chunk.filter(id.gt(after));
        }
        let rows = database.read(NAME, chunk.all(ReadFor::Browsing.readers(database))).await?;
        let is_last = rows.len() < CHUNK;
        after = rows.last().map(&id_of);
        all.extend(rows);
        if is_last {
            return Ok(all);
        }
    }
}
