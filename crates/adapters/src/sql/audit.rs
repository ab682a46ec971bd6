//! `frontrow verify`: the books as one snapshot, and lapsed holds tried out for real.

use super::catalogue::with_performances;
use super::error::RETRY_AFTER;
use super::store::{Rehearsed, rehearse};
use super::transaction::Connection;
use super::{Database, entity};
use async_trait::async_trait;
use frontrow_application::port::{Auditor, Clock, StoreError};
use frontrow_domain::{
    Bookable, Books, BuyerKey, Catalogue, Command, Finding, Hold, Instant, Line, LineRecords, PerformanceId, Rejection,
    ReservationId, Rule, Sale, SaleId, SaleTerms, SeatNumber, SeatState, UserId, What, audit, audit_lines,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IsolationLevel, QueryFilter, QuerySelect, TransactionTrait,
};
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
/// Transactions that trying them out may take.
const ATTEMPTS: u32 = 4;

impl SqlAuditor {
    /// An auditor of that database.
    pub fn new(database: Arc<Database>, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Tries to hold every seat whose hold has lapsed, in transactions that are rolled back.
    async fn rehearse(&self, books: &Books, now: Instant) -> Result<Vec<Finding>, StoreError> {
        let mut lapsed: BTreeMap<PerformanceId, Vec<SeatNumber>> = BTreeMap::new();
        for seat in books.seats.values() {
            if matches!(seat.state, SeatState::Held { .. }) && seat.state.can_be_taken(now) {
                lapsed.entry(seat.key.performance).or_default().push(seat.key.number);
            }
        }
        if lapsed.is_empty() {
            return Ok(Vec::new());
        }
        let (connection, _) = self.database.lane_connection().await?;
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
        let mut attempt = 0;
        while !numbers.is_empty() {
            let hold = self.hold(performance, &numbers, now);
            let tried = rehearse(self.database.dialect(), connection, &hold, &*self.clock).await;
            match tried.map_err(|failure| self.database.told("rehearse", failure.class(), &failure))? {
                Rehearsed::Possible => return Ok(None),
                Rehearsed::Refused(Rejection::SeatsTaken(taken)) => numbers.retain(|number| !taken.contains(number)),
                Rehearsed::Refused(rejection) => return Ok(Some(rejection.to_string())),
                Rehearsed::Failed(cause) => return Ok(Some(cause)),
                Rehearsed::Prevented(cause) => {
                    attempt += 1;
                    if attempt == ATTEMPTS {
                        tracing::warn!(cause, "others were in the way of the audit");
                        return Err(StoreError::Busy { retry_after: RETRY_AFTER });
                    }
                    self.database.pause(attempt).await;
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
        Command::unkeyed(What::Hold(Hold {
            reservation: ReservationId::new(self.database.id()),
            performance,
            user: UserId::new(self.database.id()),
            terms,
            lines: numbers.iter().map(|number| Line::free(*number, "", "")).collect(),
        }))
    }
}

#[async_trait]
impl Auditor for SqlAuditor {
    async fn audit(&self, now: Instant) -> Result<Vec<Finding>, StoreError> {
        let Snapshot { books, catalogue, lines, mut findings } =
            snapshot(&self.database).await.map_err(|error| self.database.fault("audit", &error))?;
        findings.extend(audit(&books, &catalogue, now));
        findings.extend(audit_lines(&books, &lines));
        findings.extend(self.rehearse(&books, now).await?);
        findings.sort();
        findings.dedup();
        Ok(findings)
    }
}

/// Everything that there is at one moment, and what can't even be read.
struct Snapshot {
    books: Books,
    catalogue: Catalogue,
    lines: LineRecords,
    findings: Vec<Finding>,
}

/// Everything, in one transaction that only reads.
async fn snapshot(database: &Database) -> Result<Snapshot, DbErr> {
    let isolation = database.is_server().then_some(IsolationLevel::RepeatableRead);
    let connection = database.audit_connection().await?;
    let transaction = connection.begin_with_config(isolation, None).await?;
    let read = read_all(&transaction).await;
    transaction.rollback().await?;
    drop(connection.close().await);
    read
}

async fn read_all(connection: &impl ConnectionTrait) -> Result<Snapshot, DbErr> {
    let (books, findings) = read_books(connection).await?;
    Ok(Snapshot { books, catalogue: catalogue(connection).await?, lines: lines(connection).await?, findings })
}

/// What is kept of waiting rooms; the places only where the database hands out the numbers.
async fn lines(connection: &impl ConnectionTrait) -> Result<LineRecords, DbErr> {
    let with_room = entity::sale::Entity::find().filter(entity::sale::Column::WaitingRoom.is_not_null());
    let sales = with_performances(connection, with_room.all(connection).await?).await?;
    let lines = entity::line::Entity::find().all(connection).await?;
    let log = entity::admission_log::Entity::find().all(connection).await?;
    let claims = entity::door::Entity::find().all(connection).await?;
    let places = entity::place::Entity::find().all(connection).await?.into_iter().map(|row| {
        let key = BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) };
        Ok((key, row.try_into()?))
    });
    Ok(LineRecords {
        lines: lines.into_iter().map(TryInto::try_into).collect::<Result<_, DbErr>>()?,
        terms: sales.iter().map(Sale::terms).collect(),
        places: places.collect::<Result<_, DbErr>>()?,
        claims: claims.into_iter().map(TryInto::try_into).collect::<Result<_, DbErr>>()?,
        log: log.into_iter().map(TryInto::try_into).collect::<Result<_, DbErr>>()?,
    })
}

async fn read_books(connection: &impl ConnectionTrait) -> Result<(Books, Vec<Finding>), DbErr> {
    let mut books = Books::default();
    let mut findings = Vec::new();
    for row in entity::buyer::Entity::find().all(connection).await? {
        let row: frontrow_domain::Buyer = row.try_into()?;
        books.buyers.insert(row.key, row);
    }
    for row in entity::reservation::Entity::find().all(connection).await? {
        let row: frontrow_domain::Reservation = row.try_into()?;
        books.reservations.insert(row.id, row);
    }
    for row in entity::payment::Entity::find().all(connection).await? {
        let row: frontrow_domain::Payment = row.try_into()?;
        books.payments.insert(row.id, row);
    }
    for row in entity::wallet::Entity::find().all(connection).await? {
        if row.balance < 0 || row.pending < 0 {
            let row = format!("wallet {} has {}, and {} pending", row.user_id, row.balance, row.pending);
            findings.push(Finding { rule: Rule::NoNegativeBalance, row });
            continue;
        }
        let row: frontrow_domain::Wallet = row.try_into()?;
        books.wallets.insert(row.user, row);
    }
    for row in entity::seat::Entity::find().all(connection).await? {
        let row: frontrow_domain::Seat = row.try_into()?;
        books.seats.insert(row.key, row);
    }
    for row in entity::ticket::Entity::find().all(connection).await? {
        let row: frontrow_domain::Ticket = row.try_into()?;
        books.tickets.insert(row.key, row);
    }
    for row in entity::transfer::Entity::find().all(connection).await? {
        let row: frontrow_domain::Transfer = row.try_into()?;
        books.transfers.insert(row.id, row);
    }
    for row in entity::admission::Entity::find().all(connection).await? {
        let row: frontrow_domain::waiting_room::Admission = row.into();
        books.admissions.insert(row.key, row);
    }
    Ok((books, findings))
}

async fn catalogue(connection: &impl ConnectionTrait) -> Result<Catalogue, DbErr> {
    let performances = entity::performance::Entity::find().select_only().column(entity::performance::Column::Id);
    let sales = entity::sale::Entity::find().select_only().column(entity::sale::Column::Id);
    let users = entity::user::Entity::find().select_only().column(entity::user::Column::Id);
    let performances: Vec<Uuid> = performances.into_tuple().all(connection).await?;
    let sales: Vec<Uuid> = sales.into_tuple().all(connection).await?;
    let users: Vec<Uuid> = users.into_tuple().all(connection).await?;
    Ok(Catalogue {
        performances: performances.into_iter().map(PerformanceId::new).collect(),
        sales: sales.into_iter().map(SaleId::new).collect(),
        users: users.into_iter().map(UserId::new).collect(),
    })
}
