//! A sale.

use super::{Guarded, Reading, json, sale_performance};
use frontrow_domain::{Instant, PerformanceId, Sale, SaleId};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::entity::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sale")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub opens: i64,
    pub closes: i64,
    pub pay_until: i64,
    pub cancel_until: i64,
    pub limit_per_person: i32,
    pub hold_duration: i64,
    pub waiting_room: Option<String>,
    pub published: bool,
    pub revision: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

/// The performances that it sells. Said here, and not by the rows that name the sale, as modules import each other in one
/// direction only.
impl Related<sale_performance::Entity> for Entity {
    fn to() -> RelationDef {
        Self::belongs_to(sale_performance::Entity).from(Column::Id).to(sale_performance::Column::SaleId).into()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The sale of these performances.
    pub(crate) fn into_sale(self, performances: BTreeSet<PerformanceId>) -> Result<Sale, DbErr> {
        let reading = Reading::of("sale", self.id);
        let hold = u64::try_from(self.hold_duration).map_err(|error| reading.error(error))?;
        Ok(Sale {
            id: SaleId::new(self.id),
            limit_per_person: reading.count(self.limit_per_person.into())?,
            hold_duration: Duration::from_micros(hold),
            name: self.name,
            performances,
            opens: Instant::from_micros(self.opens),
            closes: Instant::from_micros(self.closes),
            pay_until: Instant::from_micros(self.pay_until),
            cancel_until: Instant::from_micros(self.cancel_until),
            waiting_room: self.waiting_room.map(|room| reading.text(&room)).transpose()?,
            published: self.published,
        })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Revision;
}

/// Without its performances, which have a table of their own, and without the revision, which whoever saves it knows.
impl TryFrom<&Sale> for ActiveModel {
    type Error = DbErr;

    fn try_from(sale: &Sale) -> Result<Self, DbErr> {
        let out_of_range = |error: std::num::TryFromIntError| DbErr::Custom(format!("sale {}: {error}", sale.id));
        Ok(Self {
            id: Unchanged(sale.id.uuid()),
            name: Set(sale.name.clone()),
            opens: Set(sale.opens.micros()),
            closes: Set(sale.closes.micros()),
            pay_until: Set(sale.pay_until.micros()),
            cancel_until: Set(sale.cancel_until.micros()),
            limit_per_person: Set(sale.limit_per_person.try_into().map_err(out_of_range)?),
            hold_duration: Set(sale.hold_duration.as_micros().try_into().map_err(out_of_range)?),
            waiting_room: Set(sale.waiting_room.as_ref().map(json).transpose()?),
            published: Set(sale.published),
            revision: NotSet,
        })
    }
}
