//! `frontrow verify`: the books as one snapshot, and lapsed holds tried out for real.

use super::dialect::class::RETRY_AFTER;
use super::readers::sales::with_performances;
use super::statements::Texts;
use super::store::{Rehearsed, rehearse};
use super::transaction::Connection;
use super::{Database, rows};
use async_trait::async_trait;
use frontrow_application::Outage;
use frontrow_application::port::{Auditor, Clock, StoreError};
use frontrow_domain::{
    Bookable, BookingState, BuyerKey, Catalogue, Command, Finding, Hold, Instant, LineItem, Operation, PerformanceId,
    PerformanceStatus, QueueRecords, Rejection, ReservationId, Rule, Sale, SaleId, SaleTerms, SeatNumber, SeatState,
    UserId, audit, audit_queues,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, TransactionTrait};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// [`Auditor`] of a SQL database, live or not. Reads all of the hot path into memory: some 500 bytes a seat sold.
pub struct SqlAuditor {
    database: Arc<Database>,
    clock: Arc<dyn Clock>,
}

/// Seats that are tried out in one transaction: it holds the write lock, so it is short.
const REHEARSAL: usize = 50;

impl SqlAuditor {
    /// An auditor of that database.
    pub fn new(database: Arc<Database>, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// All rows that commands write, idempotency records among them, for tests that know what they have to be.
    #[cfg(feature = "hooks")]
    pub async fn bookings(&self) -> Result<BookingState, StoreError> {
        let read = async {
            let connection = self.database.audit_connection().await?;
            let (mut bookings, _) = read_bookings(&connection).await?;
            for row in rows::idempotency_record::Entity::find().all(&connection).await? {
                let row: frontrow_domain::IdempotencyRecord = row.try_into()?;
                bookings.idempotency_records.insert(row.key.clone(), row);
            }
            drop(connection.close().await);
            Ok(bookings)
        };
        let mut bookings = read.await.map_err(|error: DbErr| self.database.fault("read the books", &error))?;
        let placeholder = frontrow_domain::Version::new(rows::PLACEHOLDER);
        bookings.buyers.retain(|_, buyer| buyer.version != placeholder);
        bookings.wallets.retain(|_, wallet| wallet.version != placeholder);
        Ok(bookings)
    }

    /// Tries to hold every seat whose hold has lapsed, in transactions that are rolled back.
    async fn rehearse(&self, bookings: &BookingState, now: Instant) -> Result<Vec<Finding>, StoreError> {
        let mut lapsed: BTreeMap<PerformanceId, Vec<SeatNumber>> = BTreeMap::new();
        for seat in bookings.seats.values() {
            if matches!(seat.state, SeatState::Held { .. }) && seat.state.can_be_taken(now) {
                lapsed.entry(seat.key.performance).or_default().push(seat.key.number);
            }
        }
        if lapsed.is_empty() {
            return Ok(Vec::new());
        }
        let (connection, _) = self.database.worker_connection().await?;
        let mut findings = Vec::new();
        for (performance, numbers) in lapsed {
            for numbers in numbers.chunks(REHEARSAL) {
                if let Some(reason) = self.try_out(&connection, performance, numbers.to_vec(), now).await? {
                    let row = format!("performance {performance}, seats {numbers:?}: {reason}");
                    findings.push(Finding { rule: Rule::LapsedCanBeTaken, row });
                }
            }
        }
        drop(connection.close().await);
        Ok(findings)
    }

    /// Why the seats can't be held; `None` if they can. Seats that somebody has taken since the snapshot are left out. An
    /// error if others are in the way all the time, which says nothing about the seats.
    async fn try_out(
        &self,
        connection: &Connection,
        performance: PerformanceId,
        mut numbers: Vec<SeatNumber>,
        now: Instant,
    ) -> Result<Option<String>, StoreError> {
        let mut retry = self.database.retry();
        while !numbers.is_empty() {
            let hold = self.hold(performance, &numbers, now);
            let tried = rehearse(self.database.dialect(), connection, &hold, &*self.clock).await;
            match tried.map_err(|failure| self.database.told("rehearse", failure.class(), &failure))? {
                Rehearsed::Possible => return Ok(None),
                Rehearsed::Refused(Rejection::SeatsTaken { seats, .. }) => {
                    numbers.retain(|number| !seats.contains(number));
                }
                Rehearsed::Refused(rejection) => return Ok(Some(rejection.to_string())),
                Rehearsed::Failed(cause) => return Ok(Some(cause)),
                Rehearsed::Prevented(cause) => {
                    if !retry.again().await {
                        tracing::warn!(cause, "others were in the way of the audit");
                        return Err(StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER }));
                    }
                }
            }
        }
        Ok(None)
    }

    /// A hold by nobody, in no sale: by somebody else each time, because audits that undo the same rows' insertions at once
    /// would deadlock.
    fn hold(&self, performance: PerformanceId, numbers: &[SeatNumber], now: Instant) -> Command {
        let long = Duration::from_hours(1);
        let terms = SaleTerms {
            sale: SaleId::new(self.database.id()),
            opens: now - long,
            closes: now + long,
            pay_until: now + long,
            cancel_until: now,
            limit_per_person: u32::MAX,
            hold_duration: long,
            admission: None,
            bookable: Bookable::ALWAYS,
        };
        Command::unkeyed(Operation::Hold(Hold {
            reservation: ReservationId::new(self.database.id()),
            performance,
            user: UserId::new(self.database.id()),
            terms,
            line_items: numbers.iter().map(|number| LineItem::free(*number, "", "")).collect(),
        }))
    }
}

#[async_trait]
impl Auditor for SqlAuditor {
    async fn audit(&self, now: Instant) -> Result<Vec<Finding>, StoreError> {
        let Snapshot { bookings, catalogue, queues, mut findings } =
            snapshot(&self.database).await.map_err(|error| self.database.fault("audit", &error))?;
        findings.extend(audit(&bookings, &catalogue, now));
        findings.extend(audit_queues(&bookings, &queues));
        findings.extend(self.rehearse(&bookings, now).await?);
        findings.sort();
        findings.dedup();
        Ok(findings)
    }
}

/// Everything that there is at one moment, and what can't even be read.
struct Snapshot {
    bookings: BookingState,
    catalogue: Catalogue,
    queues: QueueRecords,
    findings: Vec<Finding>,
}

/// Everything, in one transaction that only reads.
async fn snapshot(database: &Database) -> Result<Snapshot, DbErr> {
    let isolation = database.dialect().snapshot();
    let connection = database.audit_connection().await?;
    let transaction = connection.begin_with_config(isolation, None).await?;
    let read = read_all(&transaction, database.texts()).await;
    transaction.rollback().await?;
    drop(connection.close().await);
    read
}

async fn read_all(connection: &impl ConnectionTrait, texts: &Texts) -> Result<Snapshot, DbErr> {
    let (bookings, findings) = read_bookings(connection).await?;
    let (catalogue, queues) = (catalogue(connection).await?, queues(connection, texts).await?);
    Ok(Snapshot { bookings, catalogue, queues, findings })
}

/// What is kept of waiting rooms; the queue entries only where the database hands out the numbers.
async fn queues(connection: &impl ConnectionTrait, texts: &Texts) -> Result<QueueRecords, DbErr> {
    let with_room = rows::sale::Entity::find().filter(rows::sale::Column::WaitingRoom.is_not_null());
    let sales = with_performances(connection, texts, with_room.all(connection).await?).await?;
    let queues = rows::queue::Entity::find().all(connection).await?;
    let log = rows::admission_log::Entity::find().all(connection).await?;
    let check_ins = rows::check_in::Entity::find().all(connection).await?;
    let entries = rows::queue_entry::Entity::find().all(connection).await?.into_iter().map(|row| {
        let key = BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) };
        Ok((key, row.try_into()?))
    });
    Ok(QueueRecords {
        queues: queues.into_iter().map(TryInto::try_into).collect::<Result<_, DbErr>>()?,
        terms: sales.iter().map(Sale::terms).collect(),
        entries: entries.collect::<Result<_, DbErr>>()?,
        check_ins: check_ins.into_iter().map(TryInto::try_into).collect::<Result<_, DbErr>>()?,
        log: log.into_iter().map(TryInto::try_into).collect::<Result<_, DbErr>>()?,
    })
}

async fn read_bookings(connection: &impl ConnectionTrait) -> Result<(BookingState, Vec<Finding>), DbErr> {
    let mut bookings = BookingState::default();
    let mut findings = Vec::new();
    for row in rows::buyer::Entity::find().all(connection).await? {
        let row: frontrow_domain::Buyer = row.try_into()?;
        bookings.buyers.insert(row.key, row);
    }
    for row in rows::reservation::Entity::find().all(connection).await? {
        let row: frontrow_domain::Reservation = row.try_into()?;
        bookings.reservations.insert(row.id, row);
    }
    for row in rows::payment::Entity::find().all(connection).await? {
        let row: frontrow_domain::Payment = row.try_into()?;
        bookings.payments.insert(row.id, row);
    }
    for row in rows::wallet::Entity::find().all(connection).await? {
        if row.balance < 0 || row.pending < 0 {
            let row = format!("wallet {} has {}, and {} pending", row.user_id, row.balance, row.pending);
            findings.push(Finding { rule: Rule::NoNegativeBalance, row });
            continue;
        }
        let row: frontrow_domain::Wallet = row.try_into()?;
        bookings.wallets.insert(row.user, row);
    }
    for row in rows::seat::Entity::find().all(connection).await? {
        let row: frontrow_domain::Seat = row.try_into()?;
        bookings.seats.insert(row.key, row);
    }
    for row in rows::ticket::Entity::find().all(connection).await? {
        let row: frontrow_domain::Ticket = row.try_into()?;
        bookings.tickets.insert(row.key, row);
    }
    for row in rows::transfer::Entity::find().all(connection).await? {
        let row: frontrow_domain::Transfer = row.try_into()?;
        bookings.transfers.insert(row.id, row);
    }
    for row in rows::admission::Entity::find().all(connection).await? {
        let row: frontrow_domain::waiting_room::Admission = row.into();
        bookings.admissions.insert(row.key, row);
    }
    Ok((bookings, findings))
}

async fn catalogue(connection: &impl ConnectionTrait) -> Result<Catalogue, DbErr> {
    use rows::performance::Column;
    let performances = rows::performance::Entity::find().select_only().column(Column::Id);
    let cancelled = rows::performance::status_word(PerformanceStatus::Cancelled);
    let settled = performances.clone().filter(Column::Status.eq(cancelled)).filter(Column::Owing.is_null());
    let sales = rows::sale::Entity::find().select_only().column(rows::sale::Column::Id);
    let users = rows::user::Entity::find().select_only().column(rows::user::Column::Id);
    let performances: Vec<Uuid> = performances.into_tuple().all(connection).await?;
    let settled: Vec<Uuid> = settled.into_tuple().all(connection).await?;
    let sales: Vec<Uuid> = sales.into_tuple().all(connection).await?;
    let users: Vec<Uuid> = users.into_tuple().all(connection).await?;
    Ok(Catalogue {
        performances: performances.into_iter().map(PerformanceId::new).collect(),
        sales: sales.into_iter().map(SaleId::new).collect(),
        users: users.into_iter().map(UserId::new).collect(),
        settled: settled.into_iter().map(PerformanceId::new).collect(),
    })
}
