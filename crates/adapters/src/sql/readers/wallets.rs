//! Wallets and charges.

use super::SqlReaders;
use crate::sql::rows::Reading;
use crate::sql::rows::{payment, transfer, wallet};
use async_trait::async_trait;
use frontrow_application::port::{Entry, StoreError, WalletReader};
use frontrow_application::{Page, PageRequest};
use frontrow_domain::{
    Instant, Payment, PaymentId, PaymentKind, PaymentState, Points, ReservationId, Transfer, TransferId, UserId, Wallet,
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

#[async_trait]
impl WalletReader for SqlReaders {
    async fn balance(&self, user: UserId) -> Result<Points, StoreError> {
        let query = wallet::Entity::find_by_id(user.uuid());
        let query = async { query.one(self.database.booking_readers()).await?.map(Wallet::try_from).transpose() };
        let wallet = self.database.read("read wallet", query).await?;
        Ok(wallet.map_or(Points::ZERO, |wallet| wallet.balance))
    }

    async fn entries(
        &self,
        user: UserId,
        page: PageRequest<TransferId>,
    ) -> Result<Page<Entry, TransferId>, StoreError> {
        let query = async {
            let transfers = self.transfers(user, &page).await?;
            self.with_payments(transfers).await
        };
        let entries = self.database.read("list wallet entries", query).await?;
        Ok(Page::of(entries, page.limit, |entry| entry.transfer.id))
    }

    async fn charge(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let query =
            payment::Entity::find_by_id(id.uuid()).filter(payment::Column::Kind.eq(PaymentKind::Charge.as_str()));
        let query = async { query.one(self.database.booking_readers()).await?.map(Payment::try_from).transpose() };
        self.database.read("read charge", query).await
    }

    async fn unsettled(&self, from: Instant, before: Instant, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let query = async {
            let mut found = Vec::new();
            // Each state has its range of the index, where the oldest comes first.
            for state in PaymentState::ALL.into_iter().filter(|state| state.is_open()) {
                found.extend(unsettled(state, from, before, limit).all(self.database.booking_readers()).await?);
            }
            found.sort_by_key(|row| (row.at, row.id));
            found.truncate(limit as usize);
            found.into_iter().map(Payment::try_from).collect()
        };
        self.database.read("find unsettled charges", query).await
    }
}

impl SqlReaders {
    /// The page's transfers and one more, the newest first. Each leg has an index of its own, which `OR` would not read
    /// in order.
    async fn transfers(&self, user: UserId, page: &PageRequest<TransferId>) -> Result<Vec<Transfer>, DbErr> {
        let mut transfers = Vec::new();
        for leg in [transfer::Column::Debit, transfer::Column::Credit] {
            for row in one_leg(leg, user, page).all(self.database.browsing_readers()).await? {
                transfers.push(Transfer::try_from(row)?);
            }
        }
        transfers.sort_by_key(|transfer| Reverse(transfer.id));
        transfers.truncate(page.limit as usize + 1);
        Ok(transfers)
    }

    async fn with_payments(&self, transfers: Vec<Transfer>) -> Result<Vec<Entry>, DbErr> {
        let ids: BTreeSet<Uuid> = transfers.iter().map(|transfer| transfer.payment.uuid()).collect();
        let Some(statement) = self.database.texts().reading::<payment::Entity>(ids)? else { return Ok(Vec::new()) };
        let rows = payment::Entity::find().from_raw_sql(statement).all(self.database.browsing_readers()).await?;
        let payments: HashMap<Uuid, (String, Option<Uuid>)> =
            rows.into_iter().map(|row| (row.id, (row.kind, row.reservation_id))).collect();
        let entries = transfers.into_iter().map(|transfer| {
            let reading = Reading::of("transfer", transfer.id);
            let payment = payments.get(&transfer.payment.uuid());
            let (kind, reservation) = payment.ok_or_else(|| reading.error("its payment does not exist"))?;
            let kind = reading.word(kind, payment::kind(kind))?;
            Ok(Entry { transfer, kind, reservation: reservation.map(ReservationId::new) })
        });
        entries.collect()
    }
}

/// Charges in that state, the oldest first.
pub(in crate::sql) fn unsettled(
    state: PaymentState,
    from: Instant,
    before: Instant,
    limit: u32,
) -> Select<payment::Entity> {
    payment::Entity::find()
        .filter(payment::Column::State.eq(state.as_str()))
        .filter(payment::Column::At.gte(from.micros()))
        .filter(payment::Column::At.lt(before.micros()))
        .filter(payment::Column::Kind.eq(PaymentKind::Charge.as_str()))
        .order_by_asc(payment::Column::At)
        .limit(u64::from(limit))
}

/// What a user gave, or got, the newest first.
pub(in crate::sql) fn one_leg(
    leg: transfer::Column,
    user: UserId,
    page: &PageRequest<TransferId>,
) -> Select<transfer::Entity> {
    let mut query = transfer::Entity::find().filter(leg.eq(user.uuid()));
    if let Some(after) = page.after {
        query = query.filter(transfer::Column::Id.lt(after.uuid()));
    }
    query.order_by_desc(transfer::Column::Id).limit(u64::from(page.limit) + 1)
}
