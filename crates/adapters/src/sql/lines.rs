//! Waiting rooms: their lines, who has which place, who stands at the door, and who is admitted.
//!
//! What happens often goes through desks, each with a connection of its own, so that ticks, joins and claims wait neither
//! for each other nor for anybody else here. A desk serves all that wait in front of it in one transaction. What operators
//! do, and what is read, goes the way of everything else.

mod claims;
mod desk;
mod joins;
mod leases;
mod operate;
pub(super) mod read;
mod shape;
pub(super) mod source;
mod texts;
pub(super) mod tick;

use super::Database;
use async_trait::async_trait;
use claims::Claims;
use desk::{Desk, Works};
use frontrow_application::port::{
    Clock, IdSource, Join, Joined, LineFigures, LineStore, NumberDispenser, OperatorAction, StoreError, TickOrder,
    TickReport, Whereabouts,
};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::waiting_room::{Admitted, Claim, Claimed, Group, Line, LineUpdate, NotNow, QueueNumber};
use frontrow_domain::{Buyer, BuyerKey, Instant, SaleId, UserId};
use joins::Joins;
use std::sync::Arc;
use texts::{LineProtection, LineTexts};
use tick::Ticks;
use uuid::Uuid;

#[cfg(feature = "hooks")]
use super::store::hook::Hook;

/// [`LineStore`], [`NumberDispenser`] and [`NumberLeases`](frontrow_application::port::NumberLeases) on a SQL database.
pub struct SqlLines {
    works: Arc<Works>,
    ticks: Desk<Ticks>,
    joins: Desk<Joins>,
    claims: Desk<Claims>,
}

impl SqlLines {
    /// Opens the desks. Must be called on the runtime that they shall live on, which must outlive those who wait.
    pub async fn open(
        database: &Arc<Database>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, StoreError> {
        let texts = LineTexts::new(database.dialect(), LineProtection::FULL);
        Self::open_desks(Works::new(database, clock, ids, texts)).await
    }

    /// [`SqlLines::open`] with faults; for tests.
    #[cfg(feature = "hooks")]
    pub async fn open_with_hook(
        database: &Arc<Database>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        hook: Arc<dyn Hook>,
    ) -> Result<Self, StoreError> {
        let protection = LineProtection { lock: hook.locks(), guard: hook.guards() };
        let texts = LineTexts::new(database.dialect(), protection);
        let works = Works { hook: Some(hook), ..Works::new(database, clock, ids, texts) };
        Self::open_desks(works).await
    }

    async fn open_desks(works: Works) -> Result<Self, StoreError> {
        let works = Arc::new(works);
        Ok(Self {
            ticks: Desk::open(Ticks, &works).await?,
            joins: Desk::open(Joins, &works).await?,
            claims: Desk::open(Claims, &works).await?,
            works,
        })
    }

    /// Serves nobody new, and returns when those who waited have their answers.
    pub async fn drain(&self) {
        self.joins.drain().await;
        self.claims.drain().await;
        self.ticks.drain().await;
    }
}

#[async_trait]
impl LineStore for SqlLines {
    async fn open_line(&self, line: &Line) -> Result<(), StoreError> {
        operate::open_line(&self.works.database, line).await
    }

    async fn lines(&self) -> Result<Vec<Line>, StoreError> {
        read::lines(&self.works.database).await
    }

    async fn line(&self, sale: SaleId) -> Result<Option<Line>, StoreError> {
        read::line(&self.works.database, sale).await
    }

    async fn update_line(
        &self,
        sale: SaleId,
        update: &LineUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Line, NotNow>>, StoreError> {
        operate::update_line(&self.works.database, sale, update, action).await
    }

    async fn note(&self, action: &OperatorAction) -> Result<(), StoreError> {
        operate::note(&self.works.database, action).await
    }

    async fn actions(&self, sale: SaleId, page: PageRequest<Uuid>) -> Result<Page<OperatorAction, Uuid>, StoreError> {
        read::actions(&self.works.database, sale, page).await
    }

    async fn tick(&self, order: &TickOrder) -> Result<Option<TickReport>, StoreError> {
        self.ticks.ask(order.clone()).await
    }

    async fn claim(&self, claim: Claim, lapsed: bool) -> Result<Claimed, StoreError> {
        self.claims.ask((claim, lapsed)).await
    }

    async fn whereabouts(&self, key: BuyerKey) -> Result<Whereabouts, StoreError> {
        read::whereabouts(&self.works.database, key).await
    }

    async fn admitted(&self, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError> {
        read::admitted(&self.works, keys).await
    }

    async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, StoreError> {
        read::log(&self.works.database, sale, page).await
    }

    async fn figures(&self, sale: SaleId, now: Instant) -> Result<LineFigures, StoreError> {
        read::figures(&self.works.database, sale, now).await
    }
}

#[async_trait]
impl NumberDispenser for SqlLines {
    async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        self.joins.ask(join).await
    }

    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError> {
        read::issued(&self.works.database, sale, groups).await
    }

    async fn places(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError> {
        read::places(&self.works.database, sale, group, after, limit).await
    }

    /// Who had which place is part of the books: the audit looks at it.
    async fn forget(&self, _: SaleId) -> Result<(), StoreError> {
        Ok(())
    }
}
