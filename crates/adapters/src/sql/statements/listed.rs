//! What readers, housekeeping and the catalogue say to the database. Each statement has one text for any number of
//! rows, because every connection of every instance keeps the texts that it has prepared, and a server allows so many
//! in all (`max_prepared_stmt_count` of `MySQL`: 16,382).

use super::Texts;
use super::columns::values;
use super::lists::{Existing, Lists};
use super::locking::Locking;
use super::texts::{Name, What};
use crate::sql::connection::Failure;
use crate::sql::rows::{Key, sale_performance, ticket};
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, Statement, Value};
use uuid::Uuid;

/// Statements of lists; `None` for no rows.
impl Texts {
    /// Reads the rows that the keys name.
    pub(in crate::sql) fn reading<E: EntityTrait>(
        &self,
        keys: impl IntoIterator<Item = Key<E>>,
    ) -> Result<Option<Statement>, DbErr> {
        only(self.find::<E>(Locking::None, &values::<E>(keys)))
    }

    /// Reads the valid tickets of a reservation, for these seats of its performance.
    pub(in crate::sql) fn reading_tickets(
        &self,
        reservation: Uuid,
        performance: Uuid,
        numbers: impl IntoIterator<Item = i32>,
    ) -> Result<Option<Statement>, DbErr> {
        let name = Name::of::<ticket::Entity>(What::TicketsOfSeats);
        let rows = numbers
            .into_iter()
            .map(|number| vec![performance.into(), number.into(), reservation.into(), ticket::LIVE.into()]);
        only(self.list(name, &rows.collect::<Vec<_>>(), Lists::tickets_of_seats))
    }

    /// Reads which performances the sales sell.
    pub(in crate::sql) fn reading_performances_of(
        &self,
        sales: impl IntoIterator<Item = Uuid>,
    ) -> Result<Option<Statement>, DbErr> {
        let name = Name::of::<sale_performance::Entity>(What::PerformancesOfSales);
        let rows: Vec<Vec<Value>> = sales.into_iter().map(|sale| vec![sale.into()]).collect();
        only(self.list(name, &rows, Lists::performances_of_sales))
    }

    /// Inserts rows, all with the same columns.
    pub(in crate::sql) fn inserting<A: ActiveModelTrait>(&self, rows: &[A]) -> Result<Option<Statement>, DbErr> {
        only(self.insert(What::Insert, rows, || Existing::Fails))
    }

    /// Deletes the rows that the keys name, as they are.
    pub(in crate::sql) fn deleting<E: EntityTrait>(&self, keys: &[Vec<Value>]) -> Result<Option<Statement>, DbErr> {
        only(self.delete::<E>(keys))
    }
}

/// Who is not a worker has all rows in one list. A statement that can't be made is a defect of ours.
fn only(statements: Result<Vec<Statement>, Failure>) -> Result<Option<Statement>, DbErr> {
    Ok(statements.map_err(|failure| DbErr::Custom(failure.to_string()))?.pop())
}
